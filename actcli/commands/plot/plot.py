"""`actcli plot`: activation functions, their derivatives and the data on them, as a chart."""

from typing import TYPE_CHECKING

from actcli.commands.build import build_command
from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.picture_options import choose_picture, require_pipe
from actcli.commands.plot.options import (
    POINTS_OF_A_SERIES,
    SERIES,
    PlotOptions,
    choose_form,
    mode_of,
)
from actcli.commands.plot.output import ChartForm, choose_style, read_data, widen_range, write_figure
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.activations import Activation
    from actcli.analysis.figure.curves import Quantity
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli plot relu
  actcli plot relu leaky_relu:0.1 gelu silu --grad
  actcli plot leaky_relu --sweep alpha=0.01,0.1,0.3
  actcli plot gelu -i activations.npy --hist
  actcli plot tanh sigmoid --grad -o figure.pdf --size column
  actcli plot step relu --marker ascii --width 100
"""


def plot_functions(options: PlotOptions, session: "Session") -> None:
    """Draw activation functions, their derivatives, and where data lie on them.

    Kinks are sharp, jumps stay open, curves are named where they end. With -i
    a line below says which share of the numbers gets no gradient.
    """
    form, path = choose_form(options.format, options.output)
    refuse_conflicts(
        options,
        mode_of(form),
        {"characters": "charts of characters", "figure": "drawn charts", "series": form},
    )
    lettering, paper = choose_picture(options, form)
    require_pipe(form, path, session.terminal)

    from actcli.analysis.figure.curves import build_figure, require_drawable
    from actcli.analysis.figure.plot_range import require_values, usual_range
    from actcli.analysis.stream.evaluation import require_elementwise
    from actcli.commands.functions import load_functions, specifications, tell_rewritings
    from actcli.render.figure.figure_text import MOST_CURVES

    load_functions(options.function_files, session.terminal)
    functions = functions_to_draw(specifications(options.functions, options), options.sweep)
    tell_rewritings(functions, session.terminal)
    require_elementwise(functions)
    style = choose_style(form, options, session.terminal)
    quantities = quantities_to_draw(functions, options)
    if options.range is not None:
        require_drawable(options.range)
    if len(functions) * (len(quantities) if options.overlay else 1) > MOST_CURVES and form not in SERIES:
        raise UsageError(f"a frame holds at most {MOST_CURVES} curves; name fewer functions or values")
    if path is not None:
        from actcli.render.output.outfile import require_writable

        require_writable(path)
    data = read_data(functions, options, session)
    between = options.range or widen_range(usual_range(functions), data)
    samples = options.points or (POINTS_OF_A_SERIES if form in SERIES else max(1000, 8 * style.width))
    picture = build_figure(functions, quantities, between, samples, overlay=options.overlay)
    if form not in SERIES:
        require_values(picture, functions)
    look = ChartForm(form, path, style, lettering, paper)
    session.writes()
    write_figure(picture, functions, look, data, session)


def functions_to_draw(specs: "Sequence[str]", sweep: str | None) -> "tuple[Activation, ...]":
    """Return the functions, each at every value of the sweep. Raises UsageError for a function that does not exist."""
    from actcli.activations import activation

    if sweep is None:
        return tuple(activation(spec) for spec in specs)
    from actcli.analysis.card.sweep import expand, parse_sweep

    values = parse_sweep(sweep)
    functions = [activation(spec, (values.parameter,)) for spec in specs]
    return tuple(member for f in functions for member in expand(f, [values]))


def quantities_to_draw(functions: "Sequence[Activation]", options: PlotOptions) -> "tuple[Quantity, ...]":
    """Return f and the derivatives asked for. Raises UsageError when a function has no such parameter."""
    from actcli.analysis.figure.curves import Quantity

    grad, order, wrt = options.grad, options.order, options.wrt
    if wrt is not None and wrt != "x":
        for f in functions:
            f.resolve_parameter(wrt)
        if order is not None and order > 1:
            raise UsageError(
                f"--order {order} belongs to --wrt x; by {wrt} there is the first derivative only"
            )
        by_parameter = Quantity(1, wrt)
        return (Quantity(), Quantity(1), by_parameter) if grad or order else (Quantity(), by_parameter)
    if order is not None:
        return tuple(Quantity(k) for k in range(order + 1))
    return (Quantity(), Quantity(1)) if grad or wrt else (Quantity(),)


command = build_command("plot", PlotOptions, plot_functions, epilog=EPILOG)
