"""The command line of `plot`, and the form of the chart that it asks for."""

from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Literal

from actcli.commands.declaration import Argument, Option
from actcli.commands.options import (
    ARRAY,
    COLUMN,
    DECIMAL,
    FUNCTIONS,
    HIGHEST_ORDER,
    INPUT_FORMAT,
    NUMBERS,
    RESULTS,
    DecimalSign,
    FormatName,
    FunctionOptions,
    InputFormat,
)
from actcli.commands.picture_options import LETTERING, PICTURE, PictureOptions
from actcli.commands.values import finite_number, one_of, whole_number
from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.render.figure.page import DRAWN

Marker = Literal["braille", "block", "dot", "ascii"]
ChartFormat = Literal[FormatName, "svg", "pdf", "eps", "png"]
Mode = Literal["characters", "figure", "series"]

WIDTHS, HEIGHTS = (20, 1000), (8, 500)
SERIES = ("csv", "tsv", "json", "jsonl")
CHARTS = ("txt", "html", *DRAWN)
CHART = "Chart"
MOST_POINTS = 10**6
POINTS_OF_A_SERIES = 101
_DERIVATIVES = ("--grad", "--order", "--wrt")
_figure_option = partial(Option, section=CHART, modes=("characters", "figure"))
_text_option = partial(Option, section=CHART, modes=("characters",))
_chart_option = partial(Option, section=CHART)
_result_option = partial(Option, section=RESULTS)


@dataclass(frozen=True, kw_only=True)
class PlotOptions(FunctionOptions, PictureOptions):
    """The command line of `plot`."""

    SECTIONS: ClassVar = (CHART, LETTERING, PICTURE, NUMBERS, RESULTS, FUNCTIONS)

    functions: Annotated[
        tuple[str, ...],
        Argument(
            "FUNCTION",
            help="Activations and their parameters: relu leaky_relu:0.2 torch.gelu 'x*tanh(b*x):b=2'.",
        ),
    ]
    range: Annotated[
        tuple[float, float] | None,
        _chart_option(
            "--range",
            metavar="LO HI",
            parse=finite_number(),
            help="Part of the x axis.",
            default="chosen from kinks and saturation",
        ),
    ] = None
    points: Annotated[
        int | None,
        _chart_option(
            "--points",
            metavar="N",
            parse=whole_number(2, MOST_POINTS),
            help="Samples of each curve.",
            default=f"what the chart shows; {POINTS_OF_A_SERIES} in a series",
        ),
    ] = None
    grad: Annotated[bool, _chart_option("--grad", help="Draw the derivative below.")] = False
    order: Annotated[
        int | None,
        _chart_option(
            "--order",
            metavar="N",
            parse=whole_number(1, HIGHEST_ORDER),
            help=f"Draw the derivatives up to order N, 1 to {HIGHEST_ORDER}, each in a frame below.",
        ),
    ] = None
    wrt: Annotated[
        str | None,
        _chart_option(
            "--wrt",
            metavar="NAME",
            help="Draw the derivative with respect to x or to a parameter below.",
        ),
    ] = None
    overlay: Annotated[
        bool,
        _figure_option(
            "--overlay",
            help="Draw the derivatives in the frame of f.",
            needs=_DERIVATIVES,
        ),
    ] = False
    sweep: Annotated[
        str | None,
        _chart_option(
            "--sweep",
            metavar="PARAM=VALUES",
            help="One curve for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log.",
        ),
    ] = None
    log_y: Annotated[
        bool,
        _figure_option(
            "--log-y",
            help="Logarithmic y axis.",
            excludes=("--symlog",),
        ),
    ] = False
    symlog: Annotated[
        bool,
        _figure_option(
            "--symlog",
            help="Y axis that is logarithmic to both sides, and linear around 0.",
        ),
    ] = False
    width: Annotated[
        int | None,
        _text_option(
            "--width",
            metavar="N",
            parse=whole_number(*WIDTHS),
            help="Columns.",
            default="the terminal's; 80 in a pipe",
        ),
    ] = None
    height: Annotated[
        int | None,
        _text_option(
            "--height",
            metavar="N",
            parse=whole_number(*HEIGHTS),
            help="Lines.",
            default="the terminal's; 24 in a pipe",
        ),
    ] = None
    marker: Annotated[
        Marker | None,
        _text_option(
            "--marker",
            metavar="KIND",
            help=f"{one_of(Marker)}; ascii draws the frame in ASCII too.",
            default="braille",
        ),
    ] = None
    input: Annotated[
        str | None,
        Option(
            "--input -i",
            metavar="FILE",
            help="Mark the numbers of FILE on the curves: .npy, .npz, .safetensors, .csv, .tsv, .json, .jsonl, or "
            "text.",
            section=NUMBERS,
        ),
    ] = None
    array: Annotated[str | None, replace(ARRAY, needs=("--input",))] = None
    column: Annotated[tuple[str, ...], replace(COLUMN, needs=("--input",))] = ()
    input_format: Annotated[InputFormat | None, replace(INPUT_FORMAT, needs=("--input",))] = None
    decimal: Annotated[DecimalSign, replace(DECIMAL, needs=("--input",))] = "."
    hist: Annotated[
        bool,
        Option(
            "--hist",
            help="Draw the numbers of -i as a histogram below, not as points on the curves.",
            section=NUMBERS,
            needs=("--input",),
        ),
    ] = False
    format: Annotated[
        ChartFormat | None,
        _result_option(
            "--format",
            metavar="FORMAT",
            help="Write the series instead of a chart: csv, tsv, json or jsonl; or a picture, as for -o.",
        ),
    ] = None
    output: Annotated[
        str | None,
        _result_option(
            "--output -o",
            metavar="FILE",
            help="Write to FILE: .txt or .html; .svg, .pdf, .eps or .png (with matplotlib); .csv, .tsv, .json, .jsonl. "
            "- is standard output.",
        ),
    ] = None


def choose_form(format_: str | None, output: str | None) -> tuple[str, str | None]:
    """Return the form and the file: `text` for a chart on stdout, else the suffix of a file.

    Raises UsageError when --format and -o disagree, or name no form of a chart.
    """
    if format_ is not None and format_ not in SERIES + DRAWN:
        raise UsageError(
            f"--format {format_} is for numbers; a chart has the series {', '.join(SERIES)}, and {', '.join(DRAWN)}"
        )
    if output is None or output == "-":
        return format_ or "text", None
    suffix = output.rpartition(".")[2].lower() if "." in output else ""
    if suffix in CHARTS + SERIES:
        if format_ is not None and format_ != suffix:
            raise UsageError(
                f"-o {output!r} is {suffix} by its suffix, but --format says {format_}; leave out one of them"
            )
        return suffix, output
    if format_ is None:
        known = ", ".join(f".{name}" for name in CHARTS + SERIES)
        raise UsageError(f"-o {output!r}: the suffix names no format; use one of {known}, or --format")
    return format_, output


def mode_of(form: str) -> Mode:
    """Return what a form is made of: characters, a drawn figure, or the series themselves."""
    return "series" if form in SERIES else "figure" if form in (*DRAWN, "html") else "characters"
