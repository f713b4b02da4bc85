"""`actcli plot`: activation functions, their derivatives and the data on them, as a chart."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from actcli.commands import options
from actcli.commands.parser import Command
from actcli.commands.plot.output import (
    CHARTS,
    HEIGHTS,
    SERIES,
    WIDTHS,
    range_with,
    read_data,
    style_of,
    write_figure,
)
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.activations import Activation
    from actcli.analysis.card.curves import Quantity
    from actcli.commands.session import Session

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli plot relu
  actcli plot relu leaky_relu:0.1 gelu silu --grad
  actcli plot leaky_relu --sweep alpha=0.01,0.1,0.3
  actcli plot gelu -i activations.npy --hist
  actcli plot tanh sigmoid --grad -o figure.pdf
  actcli plot step relu --marker ascii --width 100
"""

Marker = Literal["braille", "block", "dot", "ascii"]
ThemeName = Literal["default", "colorblind", "light", "mono"]

CHART = "Chart"
MOST_POINTS = 10**6
POINTS_OF_A_SERIES = 101


@command.command("plot", cls=Command, epilog=EPILOG)
def plot_functions(
    context: typer.Context,
    functions: Annotated[
        list[str],
        typer.Argument(
            metavar="FUNCTION",
            help="One or more activations and their parameters: relu leaky_relu:0.2 torch.gelu 'x*tanh(b*x):b=2'.",
            show_default=False,
            rich_help_panel="Arguments",
        ),
    ],
    set_: options.Set = None,
    no_rewrite: options.NoRewrite = False,
    definitions: options.Definitions = None,
    range_: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range",
            metavar="LO HI",
            parser=options.finite_number("--range"),
            help="The part of the x axis.  [default: chosen from kinks and saturation]",
            rich_help_panel=CHART,
        ),
    ] = None,
    points: Annotated[
        int | None,
        typer.Option(
            "--points",
            metavar="N",
            parser=options.whole_number("--points", 2, MOST_POINTS),
            help="Samples of each curve.  [default: what the chart shows; 101 in a series]",
            rich_help_panel=CHART,
        ),
    ] = None,
    grad: Annotated[
        bool, typer.Option("--grad", help="The derivative beneath.", rich_help_panel=CHART)
    ] = False,
    order: Annotated[
        int | None,
        typer.Option(
            "--order",
            metavar="N",
            parser=options.whole_number("--order", 1, options.HIGHEST_ORDER),
            help="1: the first derivative beneath, as --grad; 2: the second too, and so on to "
            f"{options.HIGHEST_ORDER}; a frame each.",
            rich_help_panel=CHART,
        ),
    ] = None,
    wrt: Annotated[
        str | None,
        typer.Option(
            "--wrt",
            metavar="NAME",
            help="The derivative beneath, with respect to x or to a parameter.",
            rich_help_panel=CHART,
        ),
    ] = None,
    overlay: Annotated[
        bool,
        typer.Option("--overlay", help="The derivatives in the frame of f.", rich_help_panel=CHART),
    ] = False,
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="PARAM=VALUES",
            help="A curve for each value: alpha=0.01,0.1,0.3, beta=0.5:4:8 (LO:HI:COUNT), beta=0.1:10:5:log.",
            rich_help_panel=CHART,
        ),
    ] = None,
    log_y: Annotated[
        bool, typer.Option("--log-y", help="A logarithmic y axis.", rich_help_panel=CHART)
    ] = False,
    symlog: Annotated[
        bool,
        typer.Option(
            "--symlog", help="A y axis logarithmic to both sides, linear around 0.", rich_help_panel=CHART
        ),
    ] = False,
    input_: options.Input = None,
    array: options.ArrayName = None,
    column: options.Column = None,
    hist: Annotated[
        bool,
        typer.Option(
            "--hist",
            help="The numbers of -i as a histogram beneath, not as points on the curves.",
            rich_help_panel=options.READ,
        ),
    ] = False,
    width: Annotated[
        int | None,
        typer.Option(
            "--width",
            metavar="N",
            parser=options.whole_number("--width", *WIDTHS),
            help="Columns.  [default: the terminal's; 80 in a pipe]",
            rich_help_panel=CHART,
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            "--height",
            metavar="N",
            parser=options.whole_number("--height", *HEIGHTS),
            help="Lines.  [default: the terminal's; 24 in a pipe]",
            rich_help_panel=CHART,
        ),
    ] = None,
    marker: Annotated[
        Marker | None,
        typer.Option(
            "--marker",
            metavar="KIND",
            help="braille, block, dot or ascii; ascii draws the frame in ASCII too.  [default: braille]",
            rich_help_panel=CHART,
        ),
    ] = None,
    theme: Annotated[
        ThemeName,
        typer.Option(
            "--theme",
            metavar="NAME",
            help="default, colorblind, light (for a white background) or mono.",
            rich_help_panel=CHART,
        ),
    ] = "default",
    format_: Annotated[
        options.FormatName | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="csv, tsv, json or jsonl: the series instead of a chart.",
            rich_help_panel=options.WRITE,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE: .txt or .html; .svg, .png or .pdf (with matplotlib); .csv, .tsv, .json, .jsonl.",
            rich_help_panel=options.WRITE,
        ),
    ] = None,
) -> None:
    """Draw activation functions, their derivatives, and where data lie on them.

    Kinks are sharp, jumps stay open, curves are named where they end. With -i
    the share of the numbers that get no gradient is said beneath.
    """
    session: Session = context.obj
    form, path = chosen_form(format_, output)
    refuse_contradictions(form, overlay, grad, order, wrt, sweep, hist, input_, array, column, log_y, symlog)
    for option, given in (("--width", width), ("--height", height), ("--marker", marker)):
        if given is not None and form not in {"text", "txt", "html"}:
            raise UsageError(f"{option} belongs to charts of characters; {form} has no use for it")
    if form in {"svg", "png", "pdf"}:
        from actcli.render.figure.figure_file import require_matplotlib

        require_matplotlib()

    from actcli.analysis.card.curves import figure, require_drawable, require_elementwise
    from actcli.analysis.card.plot_range import usual_range
    from actcli.commands.functions import know_functions, say_what_was_rewritten, specifications
    from actcli.render.figure.figure_text import MOST_CURVES

    know_functions(definitions, session.terminal)
    asked = activations_of(specifications(functions, set_, no_rewrite), sweep)
    say_what_was_rewritten(asked, session.terminal)
    require_elementwise(asked)
    style = style_of(session, form, width, height, marker, theme, log_y, symlog, hist)
    quantities = quantities_of(asked, grad, order, wrt)
    if range_ is not None:
        require_drawable(range_)
    if len(asked) * (len(quantities) if overlay else 1) > MOST_CURVES and form not in SERIES:
        raise UsageError(f"a frame holds {MOST_CURVES} curves at most; name fewer functions or values")
    data = read_data(asked, input_, array, column, session)
    between = range_ or range_with(usual_range(asked), data)
    samples = points or (POINTS_OF_A_SERIES if form in SERIES else max(1000, 8 * style.width))
    picture = figure(asked, quantities, between, samples, overlay=overlay)
    session.writes()
    write_figure(picture, asked, form, path, style, data, session)


def chosen_form(format_: str | None, output: str | None) -> tuple[str, str | None]:
    """What is written, and where: `text` for stdout's chart, else txt, html, svg, png, pdf, csv, tsv, json, jsonl.

    Raises UsageError when --format and -o disagree or say nothing that a chart can be.
    """
    if format_ is not None and format_ not in SERIES:
        raise UsageError(f"--format {format_} is for numbers; the series of a chart is {', '.join(SERIES)}")
    if output is None or output == "-":
        return format_ or "text", None
    suffix = output.rpartition(".")[2].lower() if "." in output else ""
    if suffix in CHARTS + SERIES:
        if format_ is not None and format_ != suffix:
            raise UsageError(
                f"-o {output!r} is {suffix} by its suffix, but --format says {format_}; leave one of them out"
            )
        return suffix, output
    if format_ is None:
        known = ", ".join(f".{name}" for name in CHARTS + SERIES)
        raise UsageError(
            f"-o {output!r}: the suffix does not say the format; use one of {known}, or --format"
        )
    return format_, output


def refuse_contradictions(
    form: str,
    overlay: bool,
    grad: bool,
    order: int | None,
    wrt: str | None,
    sweep: str | None,
    hist: bool,
    input_: str | None,
    array: str | None,
    column: str | None,
    log_y: bool,
    symlog: bool,
) -> None:
    """Raise UsageError for options of which one takes away, or lacks, what another asks for."""
    if overlay and not (grad or order or wrt):
        raise UsageError("--overlay puts derivatives into the frame of f; say which with --grad or --order 2")
    if overlay and form in SERIES:
        raise UsageError(f"--overlay is about frames, and {form} has none; leave it out")
    if wrt not in {None, "x"} and order is not None and order > 1:
        raise UsageError(f"--order {order} belongs to --wrt x; by {wrt} there is the first derivative only")
    if log_y and symlog:
        raise UsageError("one y axis at a time: --log-y or --symlog")
    if form in SERIES and (log_y or symlog):
        raise UsageError(
            f"{form} holds the numbers themselves; leave out {'--log-y' if log_y else '--symlog'}"
        )
    for option, given in (("--hist", hist), ("--array", array is not None), ("--column", column is not None)):
        if given and input_ is None:
            raise UsageError(
                f"{option} belongs to data; name a file with -i FILE, or -i - for standard input"
            )
    if sweep == "":
        raise UsageError("--sweep needs PARAM=VALUES after it")


def activations_of(specs: "Sequence[str]", sweep: str | None) -> "tuple[Activation, ...]":
    """The functions to draw, each at every value of the sweep. Raises UsageError for what does not exist."""
    from actcli.activations import activation

    if sweep is None:
        return tuple(activation(spec) for spec in specs)
    from actcli.analysis.card.sweep import parse_sweep, swept

    values = parse_sweep(sweep)
    functions = [activation(spec, (values.parameter,)) for spec in specs]
    return tuple(member for f in functions for member in swept(f, values))


def quantities_of(
    functions: "Sequence[Activation]", grad: bool, order: int | None, wrt: str | None
) -> "tuple[Quantity, ...]":
    """f and the derivatives asked for. Raises UsageError when a function has no such parameter."""
    from actcli.analysis.card.curves import Quantity

    if wrt is not None and wrt != "x":
        for f in functions:
            f.resolve_parameter(wrt)
        by_parameter = Quantity(1, wrt)
        return (Quantity(), Quantity(1), by_parameter) if grad or order else (Quantity(), by_parameter)
    if order is not None:
        return tuple(Quantity(k) for k in range(order + 1))
    return (Quantity(), Quantity(1)) if grad or wrt else (Quantity(),)
