"""Every option of `compare`, declared once; help, documentation and completions are made from this."""

from typing import TYPE_CHECKING, Annotated

import typer

from actcli.commands import options, training_options
from actcli.commands.compare.modes import BITS, DEPTH, POINTS, SEED, SEEDS, WIDTH, ByName
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

WHICH = "What to compare"
VALUES = "By values, precision"
NETWORKS = "Networks (by gradients, training)"
GRADIENTS = "By gradients"
INFORMATION = "By information"
PRECISION = "By precision"
SPEED = "By speed"
NUMBERS = "Numbers (by values, information, precision)"

Functions = Annotated[
    list[str],
    typer.Argument(
        metavar="FUNCTION",
        help="Activations and their parameters: relu leaky_relu:0.2 torch.gelu; by gradients and training also "
        "a function a layer: relu/relu/tanh.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
By = Annotated[
    ByName | None,
    typer.Option(
        "--by",
        metavar="MEASURE",
        help=f"{options.one_of(ByName)}; without it the numbers that matter most.",
        rich_help_panel=WHICH,
    ),
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="PARAM=VALUES",
        help="A contender for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log. "
        "Of two parameters: --sweep twice, every value with every other.",
        rich_help_panel=WHICH,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=options.whole_number("--seed", 0, 2**63 - 1),
        help=f"Of the random numbers (by gradients, training, speed).  [default: {SEED}]",
        rich_help_panel=WHICH,
    ),
]
SortBy = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN",
        help="Order by a column, as JSON and TSV name it, the best first.",
        rich_help_panel=options.WRITE,
    ),
]
BestOf = Annotated[
    str | None,
    typer.Option(
        "--best",
        metavar="COLUMN",
        help="Print only the function that is best in a column.",
        rich_help_panel=options.WRITE,
    ),
]
Plot = Annotated[
    bool,
    typer.Option(
        "--plot",
        help="A chart below the table; with -o FILE the chart alone: .txt, .html, .svg, .png or .pdf.",
        rich_help_panel=options.WRITE,
    ),
]
Points = Annotated[
    int | None,
    typer.Option(
        "--points",
        metavar="N",
        parser=options.whole_number("--points", 2, options.MOST_POINTS),
        help=f"By values: how many numbers the range stands for.  [default: {POINTS}]",
        rich_help_panel=NUMBERS,
    ),
]
Range = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--range",
        metavar="LO HI",
        parser=options.finite_number("--range"),
        help="By values: evenly spaced numbers.  [default: chosen from kinks and saturation]",
        rich_help_panel=NUMBERS,
    ),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help="Compare at the numbers of FILE: .npy, .npz, .csv, .tsv, else text.",
        rich_help_panel=NUMBERS,
    ),
]
ArrayName = Annotated[
    str | None,
    typer.Option("--array", metavar="NAME", help="One array of an .npz file.", rich_help_panel=NUMBERS),
]
ColumnName = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME|N",
        help="The column of a .csv or .tsv file: its name, or its number from 1 on.",
        rich_help_panel=NUMBERS,
    ),
]
Order = Annotated[
    int | None,
    typer.Option(
        "--order",
        metavar="N",
        parser=options.whole_number("--order", 1, options.HIGHEST_ORDER),
        help=f"Compare a derivative instead of f: by values 1 to {options.HIGHEST_ORDER}, by precision 1 or 2.",
        rich_help_panel=VALUES,
    ),
]
Depth = Annotated[
    str | None,
    typer.Option(
        "--depth",
        metavar="N,...",
        help=f"Hidden layers; by training several depths with commas.  [default: {DEPTH}; "
        f"by training {training_options.DEPTH}, or those of the longest stack]",
        rich_help_panel=NETWORKS,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        "--init",
        metavar="NAMES",
        help="he, xavier, lecun or gain (each function's own); by gradients several with commas, by training also "
        "orthogonal.  [default: he]",
        rich_help_panel=NETWORKS,
    ),
]
WeightStd = Annotated[
    float | None,
    typer.Option(
        "--weight-std",
        metavar="S",
        parser=options.finite_number("--weight-std"),
        help="Instead: weights of standard deviation S/sqrt(fan_in).",
        rich_help_panel=GRADIENTS,
    ),
]
BiasStd = Annotated[
    float | None,
    typer.Option(
        "--bias-std",
        metavar="S",
        parser=options.finite_number("--bias-std"),
        help="The standard deviation of the biases.  [default: 0]",
        rich_help_panel=GRADIENTS,
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        metavar="N",
        parser=options.whole_number("--width", 1, 4096),
        help=f"Units a layer.  [default: {WIDTH}; by training {training_options.WIDTH}]",
        rich_help_panel=NETWORKS,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        parser=options.whole_number("--seeds", 1, 1000),
        help=f"How many random networks of each kind.  [default: {SEEDS}; by training {training_options.SEEDS}]",
        rich_help_panel=NETWORKS,
    ),
]
Bits = Annotated[
    int | None,
    typer.Option(
        "--bits",
        metavar="N",
        parser=options.whole_number("--bits", 1, 16),
        help=f"The output is told apart on 2^N levels.  [default: {BITS}]",
        rich_help_panel=INFORMATION,
    ),
]
Types = Annotated[
    str | None,
    typer.Option(
        "--types",
        metavar="NAMES",
        help="float32, float16, bfloat16, float8_e4m3, float8_e5m2, with commas; with --against the one "
        "whose ULP counts.  [default: all there are; the file's]",
        rich_help_panel=PRECISION,
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="FILE",
        help="The ULP error of results in FILE, computed elsewhere at the numbers of -i.",
        rich_help_panel=PRECISION,
    ),
]
MaxUlp = Annotated[
    float | None,
    typer.Option(
        "--max-ulp",
        metavar="U",
        parser=options.finite_number("--max-ulp"),
        help="Exit status 3 when a result of --against is farther off.",
        rich_help_panel=PRECISION,
    ),
]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="NAMES",
        help="Time torch, jax too, with commas, where they are installed.",
        rich_help_panel=SPEED,
    ),
]


def names_in(option: str, text: str | None) -> tuple[str, ...] | None:
    """The names that commas separate, each once. Raises UsageError for a blank one and for one named twice."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise UsageError(f"{option} {text!r}: a name is missing; separate names with single commas")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise UsageError(f"{option} {text!r} has {twice[0]} twice")
    return names


def given_options(context: typer.Context) -> "Mapping[str, str]":
    """The options on this command line: their names in the command, and as they are typed."""
    return {
        str(parameter.name): max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.param_type_name == "option" and context.params.get(str(parameter.name)) is not None
    }
