"""The chart on a function's card: a few lines, drawn as `plot` draws it."""

from actcli.activations import Activation
from actcli.analysis.figure.curves import Quantity, build_figure
from actcli.analysis.figure.plot_range import usual_range
from actcli.render.figure.figure_text import Style, figure_text
from actcli.render.output.surface import Surface


def small_chart(f: Activation, width: int, height: int, surface: Surface) -> str:
    """Return f on its usual range, in `width` by `height` characters. Raises UsageError for a function over rows."""
    style = Style(
        width=width,
        height=height,
        marker="braille" if surface.unicode else "ascii",
        color=surface.color,
        theme=surface.colors,
    )
    return figure_text(build_figure([f], [Quantity(0)], usual_range([f]), max(1000, 8 * width)), style)
