"""The options that several commands share, and those of the program."""

from functools import partial
from typing import Annotated, Literal

from actcli.commands.declaration import Argument, Option
from actcli.commands.values import finite_number, memory_size, one_of, whole_number
from actcli.dataclass import dataclass

ColorChoice = Literal["auto", "always", "never"]
Precision = Literal["bfloat16", "float16", "float32", "float64"]
Float8Name = Literal["float8_e4m3", "float8_e5m2"]
"""Types in which nothing is computed."""
PatternName = Literal["bfloat16", Float8Name]
"""Types that NumPy lacks: .npy files hold their bit patterns as voids."""
DtypeName = Literal[Precision, Float8Name]
WholeType = Literal["bfloat16", "float16", "float32", "float64"]
"""Types all of whose numbers may be asked for."""
Landmark = Literal["kinks", "zeros"]
Framework = Literal["pytorch", "torch", "jax", "keras", "tensorflow", "onnx"]
ErrorChoice = Literal["stop", "nan", "skip"]
FormatName = Literal["table", "plain", "csv", "tsv", "json", "jsonl", "markdown"]
InputFormat = Literal["csv", "tsv", "json", "jsonl", "npy", "text"]
DecimalSign = Literal[".", ","]
HIGHEST_ORDER = 100
MOST_POINTS = 10**8
POINTS = 101

FUNCTIONS = "Functions"
NUMBERS = "Numbers"
RESULTS = "Results"
PROGRAM = "Program"
_function_option = partial(Option, section=FUNCTIONS)
_number_option = partial(Option, section=NUMBERS)
_result_option = partial(Option, section=RESULTS)
_program_option = partial(Option, section=PROGRAM)

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
    _result_option(
        "--format",
        metavar="FORMAT",
        help=f"{one_of(FormatName)}. Without it the suffix of -o decides, else a table on a terminal, plain in a pipe.",
    ),
]
Document = Annotated[
    str | None,
    _result_option(
        "--output -o",
        metavar="FILE",
        help="Write to FILE: .csv, .tsv, .json, .jsonl, .txt or .md. FILE appears when it is complete.",
    ),
]
Digits = Annotated[
    int | None,
    _result_option(
        "--digits",
        metavar="N",
        parse=whole_number(1, 17),
        help="Significant digits in a table, 1 to 17. Other formats are exact.",
    ),
]

FUNCTION_FILES = _function_option(
    "--functions",
    metavar="FILE",
    help="Read functions of your own from FILE (TOML), in addition to ACTCLI_CONFIG or "
    "~/.config/actcli/functions.toml. Repeatable; all are used, the last definition of a name wins.",
)
ARRAY = _number_option(
    "--array", metavar="NAME", help="Read one array of an .npz or .safetensors file, not all."
)
COLUMN = _number_option(
    "--column",
    metavar="NAME|N",
    help="Column of a table (.csv, .json, .parquet): its name, or its number from 1. Repeatable; all are used.",
)
INPUT_FORMAT = _number_option(
    "--input-format",
    metavar="FORMAT",
    help=f"Format of the input: {one_of(InputFormat)}.",
    default="by the suffix, else by the content",
)
DECIMAL = _number_option(
    "--decimal", metavar="SIGN", help="Decimal sign of text, csv and tsv: a point or a comma.", default="."
)
NULL = _number_option("--null -z", help="Numbers in text end in NUL, and so do those of plain results.")


ALL = _number_option(
    "--all",
    metavar="TYPE",
    help=f"All numbers of a type, by their bit patterns: {one_of(WholeType)}.",
)
STRIDE = _number_option(
    "--stride",
    metavar="N",
    parse=whole_number(1, 1 << 63),
    help="Of --all every N-th bit pattern.",
    default="1",
    needs=("--all",),
    excludes=("--around",),
)
AROUND = _number_option(
    "--around",
    metavar="WHAT",
    help=f"Of --all only the 64 numbers on either side of the function's {one_of(Landmark)}.",
    needs=("--all",),
)


@dataclass(frozen=True, kw_only=True)
class FunctionOptions:
    """Options about the functions that a command names."""

    settings: Annotated[
        tuple[str, ...],
        _function_option(
            "--set",
            metavar="NAME=VALUE",
            help="Set a parameter of the function, as after a colon. Repeatable; all are used.",
        ),
    ] = ()
    framework: Annotated[
        Framework | None,
        _function_option(
            "--framework",
            metavar="NAME",
            help=f"Take names as those of {one_of(Framework)}: gelu is torch.gelu. tensorflow is keras.",
        ),
    ] = None
    no_rewrite: Annotated[
        bool,
        _function_option(
            "--no-rewrite",
            help="Compute formulas exactly as typed, even where that loses digits: log(1+u) is not turned into "
            "log1p(u).",
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
            help="Numbers (-1 .5 1e-3 1/3 -2pi inf nan -1,0,1), a file, or - for standard input. "
            "Without X standard input is read, unless it is a terminal.",
        ),
    ] = ()
    input: Annotated[
        str | None,
        _number_option(
            "--input -i",
            metavar="FILE",
            help="Read numbers from FILE: .npy, .npz, .safetensors, .csv, .tsv, .json, .jsonl, .parquet, .arrow or "
            "text; packed by gzip, bzip2, xz or zstd too.",
        ),
    ] = None
    range: Annotated[
        tuple[float, float] | None,
        _number_option(
            "--range",
            metavar="LO HI",
            parse=finite_number(),
            help="Evenly spaced numbers from LO to HI, both included.",
        ),
    ] = None
    points: Annotated[
        int | None,
        _number_option(
            "--points",
            metavar="N",
            parse=whole_number(1, MOST_POINTS),
            help="Count of numbers in --range.",
            default=str(POINTS),
            needs=("--range",),
        ),
    ] = None
    all: Annotated[WholeType | None, ALL] = None
    stride: Annotated[int | None, STRIDE] = None
    around: Annotated[Landmark | None, AROUND] = None
    array: Annotated[str | None, ARRAY] = None
    column: Annotated[tuple[str, ...], COLUMN] = ()
    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    decimal: Annotated[DecimalSign, DECIMAL] = "."
    null: Annotated[bool, NULL] = False
    axis: Annotated[
        int | None,
        _number_option(
            "--axis",
            metavar="N",
            parse=whole_number(-64, 63),
            help="For functions over rows: the axis of the array that holds a row.",
            default="the last",
        ),
    ] = None
    dtype: Annotated[
        DtypeName | None,
        _number_option(
            "--dtype",
            metavar="TYPE",
            help=f"Compute in {one_of(Precision)}: x and the result are rounded to it once. {one_of(Float8Name)}: "
            "what an .npy file holds where it says void; computed in float32.",
            default="the file's type; float64 for text and integers",
        ),
    ] = None
    bits: Annotated[
        bool,
        _number_option(
            "--bits",
            help="Write bit patterns, 0xbf80, and read them beside decimals; .npy of unsigned integers holds patterns.",
            needs=("--dtype", "--all"),
            excludes=("--digits",),
        ),
    ] = False
    on_error: Annotated[
        ErrorChoice,
        _number_option(
            "--on-error",
            metavar="WHAT",
            help=f"At text that is not a number: {one_of(ErrorChoice)}.",
            default="stop",
        ),
    ] = "stop"


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """Options about results that have the shape of the numbers they were computed from."""

    format: Format = None
    output: Annotated[
        str | None,
        _result_option(
            "--output -o",
            metavar="FILE",
            help="Write to FILE: .npy, .npz, .safetensors, .parquet, .csv, .tsv, .json, .jsonl, .txt or .md. "
            "FILE appears when it is complete.",
        ),
    ] = None
    with_x: Annotated[bool, _result_option("--with-x", help="Show x beside each result.")] = False
    append: Annotated[
        bool,
        _result_option(
            "--append",
            help="Write the table of the input as it came, with a column added for each function and --column. "
            "Further functions may be named before the file.",
            excludes=("--format", "--with-x", "--bits", "--null", "--array", "--axis", "--range", "--all"),
        ),
    ] = False
    digits: Annotated[
        int | None,
        _result_option(
            "--digits",
            metavar="N",
            parse=whole_number(1, 17),
            help="Significant digits, 1 to 17, in a table, plain text, csv, tsv and markdown. Others are exact.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class NumberCommandOptions(FunctionOptions, NumberOptions, ResultOptions):
    """The options of a command that applies a function to numbers."""


COLOR = _program_option("--color", metavar="WHEN", help=f"Colour: {one_of(ColorChoice)}.", default="auto")
THEME = _program_option(
    "--theme",
    metavar="NAME",
    help="Colours: auto, which is readable on any background; light or dark, for such a background; colorblind; mono.",
    default="ACTCLI_THEME, or auto",
)
THREADS = _program_option(
    "--threads",
    metavar="N",
    parse=whole_number(1, 1024),
    help="Worker threads.",
    default="ACTCLI_THREADS, or the cores this process may use",
)
MEMORY = _program_option(
    "--memory",
    metavar="SIZE",
    parse=memory_size,
    help="Memory that a run may take, such as 4GB. What needs more is refused before it is allocated.",
    default="half of what is available",
)
DEBUG = _program_option("--debug", help="Show the traceback of an error.")
VERSION = _program_option("--version -V", help="Show the version.")
