"""Every option of the commands about numbers, declared once; help and completions are made from this."""

import math
from collections.abc import Callable
from typing import Annotated, Literal, get_args

import typer

from actcli.exits import UsageError

ColorChoice = Literal["auto", "always", "never"]
Precision = Literal["float16", "float32", "float64"]
ErrorChoice = Literal["stop", "nan", "skip"]
FormatName = Literal["table", "plain", "csv", "tsv", "json", "jsonl", "markdown"]
HIGHEST_ORDER = 100
KinkRule = Literal["default", "left", "right", "mean", "nan"]

FUNCTIONS = "Functions"
READ = "Numbers"
DERIVATIVE = "Derivative"
WRITE = "Results"
PROGRAM = "Program"

MOST_POINTS = 10**8


def whole_number(option: str, low: int, high: int) -> Callable[[str], int]:
    """A parser for whole numbers from `low` to `high` that raises UsageError in the name of `option`."""

    def parse(text: str) -> int:
        digits = text.removeprefix("-") if low < 0 else text
        # Twenty digits are beyond every bound; int() would take any number of them, and other scripts'.
        if digits.isascii() and digits.isdigit() and len(digits) < 20 and low <= int(text) <= high:
            return int(text)
        raise UsageError(f"{option} {text!r} is not a whole number from {low} to {high}")

    return parse


def finite_number(option: str, *, positive: bool = False) -> Callable[[str], float]:
    """A parser for finite numbers that raises UsageError in the name of `option`."""

    def parse(text: str) -> float:
        from actcli.sources.numbers.arguments import numbers_in

        numbers = numbers_in(text)
        if len(numbers) == 1 and math.isfinite(numbers[0]) and (numbers[0] > 0 or not positive):
            return numbers[0]
        raise UsageError(f"{option} {text!r} is not a finite number{' above 0' if positive else ''}")

    return parse


def one_of(choices: object) -> str:
    """The values of a Literal as a person would say them: `auto, always or never`."""
    *most, last = get_args(choices)
    return f"{', '.join(most)} or {last}"


Function = Annotated[
    str,
    typer.Argument(
        metavar="FUNCTION",
        help="An activation and its parameters: relu, leaky_relu:0.2, softplus:beta=2,threshold=20; "
        "torch.gelu, jax.gelu, keras.gelu and onnx.Gelu are the frameworks' own. Or a formula in x: "
        "'x*sigmoid(1.702*x)', with its parameters: 'x*tanh(b*x):b=2'.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="The value of a function's parameter, as after a colon; again for another.",
        rich_help_panel=FUNCTIONS,
    ),
]
NoRewrite = Annotated[
    bool,
    typer.Option(
        "--no-rewrite",
        help="Compute formulas as they are typed, also where that loses digits: log(1+u) is not log1p(u).",
        rich_help_panel=FUNCTIONS,
    ),
]
Definitions = Annotated[
    list[str] | None,
    typer.Option(
        "--functions",
        metavar="FILE",
        help="Functions of your own in FILE (TOML), beside those in ACTCLI_CONFIG or else in "
        "~/.config/actcli/functions.toml; again for another, the last holds.",
        show_default=False,
        rich_help_panel=FUNCTIONS,
    ),
]
X = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="X",
        help="Numbers (-1 .5 1e-3 inf nan -1,0,1), or a file, or - for standard input. "
        "Without X standard input is read, unless it is a terminal.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        "-i",
        metavar="FILE",
        help="Read numbers from FILE: .npy, .npz, .csv, .tsv, else text.",
        rich_help_panel=READ,
    ),
]
Range = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--range",
        metavar="LO HI",
        parser=finite_number("--range"),
        help="Evenly spaced numbers from LO to HI, both included.",
        rich_help_panel=READ,
    ),
]
Points = Annotated[
    int | None,
    typer.Option(
        "--points",
        metavar="N",
        parser=whole_number("--points", 1, MOST_POINTS),
        help="How many numbers --range stands for.  [default: 101]",
        rich_help_panel=READ,
    ),
]
ArrayName = Annotated[
    str | None,
    typer.Option(
        "--array",
        metavar="NAME",
        help="One array of an .npz file, instead of all of them.",
        rich_help_panel=READ,
    ),
]
Column = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME|N",
        help="The column of a .csv or .tsv file: its name, or its number from 1 on.",
        rich_help_panel=READ,
    ),
]
Axis = Annotated[
    int | None,
    typer.Option(
        "--axis",
        metavar="N",
        parser=whole_number("--axis", -64, 63),
        help="For functions over rows: the axis of the array along which a row lies.  [default: the last]",
        rich_help_panel=READ,
    ),
]
Dtype = Annotated[
    Precision | None,
    typer.Option(
        "--dtype",
        metavar="TYPE",
        help=f"{one_of(Precision)}; the file's own, or float64 for text and integers.",
        rich_help_panel=READ,
    ),
]
WhatOnError = Annotated[
    ErrorChoice,
    typer.Option(
        "--on-error",
        metavar="WHAT",
        help=f"{one_of(ErrorChoice)} at something in a text that is no number.",
        rich_help_panel=READ,
    ),
]
Order = Annotated[
    int | None,
    typer.Option(
        "--order",
        metavar="N",
        parser=whole_number("--order", 1, HIGHEST_ORDER),
        help=f"The order of the derivative, 1 to {HIGHEST_ORDER}; over rows 1 or 2.  [default: 1]",
        rich_help_panel=DERIVATIVE,
    ),
]
Wrt = Annotated[
    str,
    typer.Option(
        "--wrt",
        metavar="NAME",
        help="With respect to x, or to a parameter of the function (first order).",
        rich_help_panel=DERIVATIVE,
    ),
]
AtKink = Annotated[
    KinkRule,
    typer.Option(
        "--at-kink",
        metavar="RULE",
        help=f"{one_of(KinkRule)}: what to give where the derivative jumps; the default is what the "
        "framework's autograd returns, PyTorch's for plain names.",
        show_default=False,
        rich_help_panel=DERIVATIVE,
    ),
]
Jacobian = Annotated[
    bool,
    typer.Option(
        "--jacobian",
        help="The whole Jacobian of a function over rows, instead of its diagonal.",
        rich_help_panel=DERIVATIVE,
    ),
]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Compare with extrapolated differences of the value; without X on a built-in grid. "
        "Exit status 3 when they disagree.",
        rich_help_panel=DERIVATIVE,
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        metavar="T",
        parser=finite_number("--tolerance", positive=True),
        help="The largest relative error that --check accepts.  [default: 1e-6]",
        rich_help_panel=DERIVATIVE,
    ),
]
Format = Annotated[
    FormatName | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{one_of(FormatName)}; a table on a terminal, plain in a pipe, or what the suffix of -o says.",
        rich_help_panel=WRITE,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE: .npy, .npz, .csv, .tsv, .json, .jsonl, .txt or .md. "
        "The file appears when it is complete.",
        rich_help_panel=WRITE,
    ),
]
Document = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE: .csv, .tsv, .json, .jsonl, .txt or .md. The file appears when it is complete.",
        rich_help_panel=WRITE,
    ),
]
WithX = Annotated[
    bool,
    typer.Option("--with-x", help="Show x beside each result.", rich_help_panel=WRITE),
]
Digits = Annotated[
    int | None,
    typer.Option(
        "--digits",
        metavar="N",
        parser=whole_number("--digits", 1, 17),
        help="Significant digits in a table, 1 to 17; everything else is exact.",
        rich_help_panel=WRITE,
    ),
]
Color = Annotated[
    ColorChoice | None,
    typer.Option(
        "--color",
        metavar="WHEN",
        help=f"Colour: {one_of(ColorChoice)}.  [default: auto]",
        rich_help_panel=PROGRAM,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        parser=whole_number("--threads", 1, 1024),
        help="Worker threads.  [default: ACTCLI_THREADS, or the cores this process may use]",
        rich_help_panel=PROGRAM,
    ),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=PROGRAM),
]
