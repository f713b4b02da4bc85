"""The command line of `compare`: every option, with the ways to compare in which it means something."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Annotated, ClassVar, Literal, cast, get_args

from actcli.commands import training_options as training
from actcli.commands.cluster import CLUSTER
from actcli.commands.declaration import Argument, Option
from actcli.commands.options import (
    ALL,
    AROUND,
    ARRAY,
    COLUMN,
    DECIMAL,
    FUNCTIONS,
    HIGHEST_ORDER,
    INPUT_FORMAT,
    MOST_POINTS,
    NUMBERS,
    RESULTS,
    STRIDE,
    DecimalSign,
    Digits,
    FormatName,
    FunctionOptions,
    InputFormat,
    Landmark,
    WholeType,
)
from actcli.commands.picture_options import LETTERING, PICTURE, PictureOptions
from actcli.commands.values import finite_number, names, one_of, whole_number, whole_numbers
from actcli.dataclass import dataclass
from actcli.exits import UsageError

UlpName = Literal["error", "steps"]
ReportFormat = Literal[FormatName, "html", "junit", "svg", "pdf", "eps", "png"]
ByName = Literal["properties", "values", "gradients", "training", "information", "precision", "speed"]

OTHER_WORDS: Mapping[str, ByName] = {
    **dict.fromkeys(("convergence", "accuracy", "generalisation", "generalization"), "training"),
    "vanishing": "gradients",
    "exploding": "gradients",
    "gradient": "gradients",
    "saturation": "properties",
    "cost": "speed",
    "time": "speed",
}
"""Words of articles for what is measured, and the ways to compare that measure it."""
_DEAD = ("dead", "dying", "deadness", "dead_units")

POINTS = 1001
DEPTH, WIDTH, SEEDS, BITS = 50, 256, 20, 8
SEED = 0
USUAL = "usual"
MOST_LAYERS = 10_000

WHICH = "What to compare"
VALUES = "By values, precision"
NETWORKS = "Networks (by gradients, training)"
GRADIENTS = "By gradients"
INFORMATION = "By information"
PRECISION = "By precision"
SPEED = "By speed"


def _way(text: str) -> ByName:
    """Return the way to compare that a word names. Raises UsageError with the nearest one, or another command."""
    word = text.strip().lower().replace("-", "_")
    for name in get_args(ByName):
        if word == name:
            return cast("ByName", name)
    if word in OTHER_WORDS:
        return OTHER_WORDS[word]
    if word in _DEAD:
        raise UsageError(
            f"{text!r} is a command of its own: actcli deadcheck --train relu --train leaky_relu; --by training counts "
            "dead units too"
        )
    near = get_close_matches(word, (*get_args(ByName), *OTHER_WORDS), n=1)
    raise UsageError(
        f"{text!r} is not one of {one_of(ByName)}" + (f"; did you mean {near[0]}?" if near else "")
    )


_OF_NUMBERS = ("values", "information", "precision")
_OF_NETWORKS = ("gradients", "training")
_values_option = partial(Option, section=NUMBERS, modes=("values",))
_network_option = partial(Option, section=NETWORKS, modes=_OF_NETWORKS)
_gradients_option = partial(Option, section=GRADIENTS, modes=("gradients",))
_precision_option = partial(Option, section=PRECISION, modes=("precision",))
_against_option = partial(Option, section=PRECISION, modes=("precision",), needs=("--against",))
_result_option = partial(Option, section=RESULTS)


@dataclass(frozen=True, kw_only=True)
class CompareOptions(FunctionOptions, training.TrainingOptions, PictureOptions):
    """The command line of `compare`."""

    SECTIONS: ClassVar = (
        FUNCTIONS,
        WHICH,
        NUMBERS,
        VALUES,
        NETWORKS,
        GRADIENTS,
        training.TRAINING,
        INFORMATION,
        PRECISION,
        SPEED,
        LETTERING,
        PICTURE,
    )

    functions: Annotated[
        tuple[str, ...],
        Argument(
            "FUNCTION",
            help="Activations and their parameters: relu leaky_relu:0.2 torch.gelu. By gradients and training "
            "also one function per layer: relu/relu/tanh.",
        ),
    ]
    by: Annotated[
        ByName | None,
        Option(
            "--by",
            metavar="MEASURE",
            parse=_way,
            help=f"{one_of(ByName)}; convergence, vanishing and cost are understood. Without it a summary.",
            section=WHICH,
        ),
    ] = None
    sweeps: Annotated[
        tuple[str, ...],
        Option(
            "--sweep",
            metavar="PARAM=VALUES",
            help="One contender for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log. "
            "Repeatable; every value is combined with every other.",
            section=WHICH,
        ),
    ] = ()
    seed: Annotated[
        int | None,
        Option(
            "--seed",
            metavar="N",
            parse=whole_number(0, training.MOST_SEED),
            help="Seed of the random numbers (by gradients, training, speed).",
            default=str(SEED),
            section=WHICH,
            modes=("gradients", "training", "speed"),
        ),
    ] = None
    input: Annotated[
        str | None,
        Option(
            "--input -i",
            metavar="FILE",
            help="Compare at the numbers of FILE: .npy, .npz, .safetensors, .csv, .tsv, or text.",
            section=NUMBERS,
            modes=_OF_NUMBERS,
            excludes=("--range", "--points"),
        ),
    ] = None
    all: Annotated[
        WholeType | None,
        replace(ALL, modes=_OF_NUMBERS, excludes=("--input", "--range", "--points")),
    ] = None
    stride: Annotated[int | None, replace(STRIDE, modes=_OF_NUMBERS)] = None
    around: Annotated[Landmark | None, replace(AROUND, modes=_OF_NUMBERS)] = None
    array: Annotated[str | None, replace(ARRAY, modes=_OF_NUMBERS, needs=("--input", "--against"))] = None
    column: Annotated[
        tuple[str, ...], replace(COLUMN, modes=_OF_NUMBERS, needs=("--input", "--against"))
    ] = ()
    input_format: Annotated[
        InputFormat | None, replace(INPUT_FORMAT, modes=_OF_NUMBERS, needs=("--input",))
    ] = None
    decimal: Annotated[
        DecimalSign,
        replace(DECIMAL, modes=(*_OF_NUMBERS, "training"), needs=("--input", "--against", "--data")),
    ] = "."
    range: Annotated[
        tuple[float, float] | None,
        _values_option(
            "--range",
            metavar="LO HI",
            parse=finite_number(),
            help="By values: evenly spaced numbers from LO to HI.",
            default="chosen from kinks and saturation",
        ),
    ] = None
    points: Annotated[
        int | None,
        _values_option(
            "--points",
            metavar="N",
            parse=whole_number(2, MOST_POINTS),
            help="By values: count of numbers in the range.",
            default=str(POINTS),
        ),
    ] = None
    order: Annotated[
        int | None,
        Option(
            "--order",
            metavar="N",
            parse=whole_number(1, HIGHEST_ORDER),
            help=f"Compare a derivative instead of f: by values 1 to {HIGHEST_ORDER}, by precision 1 or 2.",
            section=VALUES,
            modes=("values", "precision"),
        ),
    ] = None
    depths: Annotated[
        tuple[int, ...] | None,
        _network_option(
            "--depth",
            metavar="N,...",
            parse=whole_numbers(1, MOST_LAYERS),
            help="Hidden layers; by training several depths with commas.",
            default=f"{DEPTH}; by training {training.DEPTH}, or that of the longest stack",
        ),
    ] = None
    init: Annotated[
        tuple[str, ...] | None,
        _network_option(
            "--init",
            metavar="NAMES",
            parse=names,
            help="usual (what is customary for each function: xavier for tanh, he for relu), he, xavier, lecun or gain "
            "(each function's own); by gradients several with commas, by training also orthogonal.",
            default=f"{USUAL}; by training he",
        ),
    ] = None
    width: Annotated[
        int | None,
        _network_option(
            "--width",
            metavar="N",
            parse=whole_number(1, training.MOST_WIDTH),
            help="Units per layer.",
            default=f"{WIDTH}; by training {training.WIDTH}",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        _network_option(
            "--seeds",
            metavar="N",
            parse=whole_number(1, training.MOST_SEEDS),
            help="Random networks of each kind.",
            default=f"{SEEDS}; by training {training.SEEDS}",
        ),
    ] = None
    cluster: Annotated[str | None, replace(CLUSTER, modes=_OF_NETWORKS)] = None
    weight_std: Annotated[
        float | None,
        _gradients_option(
            "--weight-std",
            metavar="S",
            parse=finite_number(least=0),
            help="Draw weights of standard deviation S/sqrt(fan_in), instead of --init.",
            excludes=("--init",),
        ),
    ] = None
    bias_std: Annotated[
        float | None,
        _gradients_option(
            "--bias-std",
            metavar="S",
            parse=finite_number(least=0),
            help="Standard deviation of the biases.",
            default="0",
        ),
    ] = None
    bits: Annotated[
        int | None,
        Option(
            "--bits",
            metavar="N",
            parse=whole_number(1, 16),
            help="Distinguish 2^N levels of the output.",
            default=str(BITS),
            section=INFORMATION,
            modes=("information",),
        ),
    ] = None
    types: Annotated[
        tuple[str, ...] | None,
        _precision_option(
            "--types",
            metavar="NAMES",
            parse=names,
            help="float32, float16, bfloat16, float8_e4m3, float8_e5m2, with commas; with --against the one "
            "whose ULP counts.",
            default="all there are; the file's",
        ),
    ] = None
    against: Annotated[
        str | None,
        _precision_option(
            "--against",
            metavar="FILE",
            help="Measure the ULP error of results in FILE, computed elsewhere at the numbers of -i or --all.",
            needs=("--input", "--all"),
        ),
    ] = None
    ulp: Annotated[
        UlpName | None,
        _against_option(
            "--ulp",
            metavar="DEFINITION",
            help="What is counted: the error in units of the last place of the exact result, or steps from one number "
            f"of the type to the next: {one_of(UlpName)}.",
            default="error",
        ),
    ] = None
    ftz: Annotated[
        bool,
        _against_option("--ftz", help="Let a zero pass where the exact result is below the normal numbers."),
    ] = False
    daz: Annotated[
        bool,
        _against_option("--daz", help="Where x is subnormal, let the result for 0 pass."),
    ] = False
    ignore_zero_sign: Annotated[
        bool, _against_option("--ignore-zero-sign", help="Let a zero of the other sign pass.")
    ] = False
    regions: Annotated[
        bool, _against_option("--regions", help="Show the errors by the size and sign of x.")
    ] = False
    max_ulp: Annotated[
        float | None,
        _precision_option(
            "--max-ulp",
            metavar="U",
            parse=finite_number(least=0),
            help="Exit with 3 when a result of --against is off by more, or is a zero of the other sign.",
            needs=("--against",),
        ),
    ] = None
    frameworks: Annotated[
        tuple[str, ...] | None,
        Option(
            "--with",
            metavar="NAMES",
            parse=names,
            help="By speed: also time torch, jax, with commas, where they are installed. By precision: measure the "
            "errors of torch, jax, onnxruntime, keras.",
            section=SPEED,
            modes=("speed", "precision"),
            excludes=("--against", "--input", "--all", "--order", "--plot"),
        ),
    ] = None
    sort: Annotated[
        str | None,
        _result_option(
            "--sort",
            metavar="COLUMN",
            help="Order by a column, as JSON and TSV name it, the best first.",
        ),
    ] = None
    best: Annotated[
        str | None,
        _result_option(
            "--best",
            metavar="COLUMN",
            help="Print only the function that is best in a column.",
            excludes=("--sort", "--format", "--output", "--digits", "--plot"),
        ),
    ] = None
    plot: Annotated[
        bool,
        _result_option(
            "--plot",
            help="Draw a chart below the table; with -o FILE only the chart: .txt, .svg, .pdf, .eps or .png.",
        ),
    ] = False
    format: Annotated[
        ReportFormat | None,
        _result_option(
            "--format",
            metavar="FORMAT",
            help=f"{one_of(FormatName)}; html; junit of --against; svg, pdf, eps or png of --plot. Without it the "
            "suffix of -o decides, else a table on a terminal, plain in a pipe.",
        ),
    ] = None
    outputs: Annotated[
        tuple[str, ...],
        _result_option(
            "--output -o",
            metavar="FILE",
            help="Write to FILE: .html, a page with the tables and the chart; .csv, .tsv, .json, .jsonl, .txt, .md, or "
            ".xml for junit. FILE appears when it is complete. Repeatable; all are written.",
        ),
    ] = ()
    digits: Digits = None
