"""The options that several commands share, and those of the program."""

from dataclasses import dataclass
from typing import Annotated, Literal

from actcli.commands.declaration import Argument, Option
from actcli.commands.values import finite_number, one_of, whole_number

ColorChoice = Literal["auto", "always", "never"]
Precision = Literal["float16", "float32", "float64"]
ErrorChoice = Literal["stop", "nan", "skip"]
FormatName = Literal["table", "plain", "csv", "tsv", "json", "jsonl", "markdown"]
HIGHEST_ORDER = 100
MOST_POINTS = 10**8
POINTS = 101

FUNCTIONS = "Functions"
NUMBERS = "Numbers"
RESULTS = "Results"
PROGRAM = "Program"

Function = Annotated[
    str,
    Argument(
        "FUNCTION",
        help="An activation and its parameters: relu, leaky_relu:0.2, softplus:beta=2,threshold=20. "
        "torch.gelu, jax.gelu, keras.gelu and onnx.Gelu follow the frameworks. Or a formula in x: "
        "'x*sigmoid(1.702*x)', with parameters: 'x*tanh(b*x):b=2'.",
    ),
]
Format = Annotated[
    FormatName | None,
    Option(
        "--format",
        metavar="FORMAT",
        help=f"{one_of(FormatName)}. Without it the suffix of -o decides, else a table on a terminal, plain in a pipe.",
        section=RESULTS,
    ),
]
Document = Annotated[
    str | None,
    Option(
        "--output -o",
        metavar="FILE",
        help="Write to FILE: .csv, .tsv, .json, .jsonl, .txt or .md. FILE appears when it is complete.",
        section=RESULTS,
    ),
]
Digits = Annotated[
    int | None,
    Option(
        "--digits",
        metavar="N",
        parse=whole_number(1, 17),
        help="Significant digits in a table, 1 to 17. Other formats are exact.",
        section=RESULTS,
    ),
]

FUNCTION_FILES = Option(
    "--functions",
    metavar="FILE",
    help="Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or "
    "~/.config/actcli/functions.toml. Repeatable; all are used, the last definition of a name wins.",
    section=FUNCTIONS,
)
ARRAY = Option("--array", metavar="NAME", help="Read one array of an .npz file, not all.", section=NUMBERS)
COLUMN = Option(
    "--column",
    metavar="NAME|N",
    help="Column of a .csv or .tsv file: its name, or its number from 1.",
    section=NUMBERS,
)


@dataclass(frozen=True, kw_only=True)
class FunctionOptions:
    """Options about the functions that a command names."""

    settings: Annotated[
        tuple[str, ...],
        Option(
            "--set",
            metavar="NAME=VALUE",
            help="Set a parameter of the function, as after a colon. Repeatable; all are used.",
            section=FUNCTIONS,
        ),
    ] = ()
    no_rewrite: Annotated[
        bool,
        Option(
            "--no-rewrite",
            help="Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into "
            "log1p(u).",
            section=FUNCTIONS,
        ),
    ] = False
    function_files: Annotated[tuple[str, ...], FUNCTION_FILES] = ()


@dataclass(frozen=True, kw_only=True)
class NumberOptions:
    """Options about the numbers that a function is applied to."""

    x: Annotated[
        tuple[str, ...],
        Argument(
            "X",
            help="Numbers (-1 .5 1e-3 inf nan -1,0,1), a file, or - for standard input. "
            "Without X standard input is read, unless it is a terminal.",
        ),
    ] = ()
    input: Annotated[
        str | None,
        Option(
            "--input -i",
            metavar="FILE",
            help="Read numbers from FILE: .npy, .npz, .csv, .tsv, or text.",
            section=NUMBERS,
        ),
    ] = None
    range: Annotated[
        tuple[float, float] | None,
        Option(
            "--range",
            metavar="LO HI",
            parse=finite_number(),
            help="Evenly spaced numbers from LO to HI, both included.",
            section=NUMBERS,
        ),
    ] = None
    points: Annotated[
        int | None,
        Option(
            "--points",
            metavar="N",
            parse=whole_number(1, MOST_POINTS),
            help="Count of numbers in --range.",
            default=str(POINTS),
            section=NUMBERS,
            needs=("--range",),
        ),
    ] = None
    array: Annotated[str | None, ARRAY] = None
    column: Annotated[str | None, COLUMN] = None
    axis: Annotated[
        int | None,
        Option(
            "--axis",
            metavar="N",
            parse=whole_number(-64, 63),
            help="For functions over rows: the axis of the array that holds a row.",
            default="the last",
            section=NUMBERS,
        ),
    ] = None
    dtype: Annotated[
        Precision | None,
        Option(
            "--dtype",
            metavar="TYPE",
            help=f"Compute in {one_of(Precision)}.",
            default="the file's type; float64 for text and integers",
            section=NUMBERS,
        ),
    ] = None
    on_error: Annotated[
        ErrorChoice,
        Option(
            "--on-error",
            metavar="WHAT",
            help=f"At text that is not a number: {one_of(ErrorChoice)}.",
            default="stop",
            section=NUMBERS,
        ),
    ] = "stop"


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """Options about results that have the shape of the numbers they were computed from."""

    format: Format = None
    output: Annotated[
        str | None,
        Option(
            "--output -o",
            metavar="FILE",
            help="Write to FILE: .npy, .npz, .csv, .tsv, .json, .jsonl, .txt or .md. "
            "FILE appears when it is complete.",
            section=RESULTS,
        ),
    ] = None
    with_x: Annotated[bool, Option("--with-x", help="Show x beside each result.", section=RESULTS)] = False
    digits: Digits = None


COLOR = Option(
    "--color", metavar="WHEN", help=f"Colour: {one_of(ColorChoice)}.", default="auto", section=PROGRAM
)
THREADS = Option(
    "--threads",
    metavar="N",
    parse=whole_number(1, 1024),
    help="Worker threads.",
    default="ACTCLI_THREADS, or the cores this process may use",
    section=PROGRAM,
)
DEBUG = Option("--debug", help="Show the traceback of an error.", section=PROGRAM)
VERSION = Option("--version -V", help="Show the version.", section=PROGRAM)
