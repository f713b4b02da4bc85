"""Names at the ends of curves: beside the axes, apart from each other, each with a line to its curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actcli.render.figure.spread import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Page
    from matplotlib.text import Text

_GAP = 0.35
"""From the axes to a line's end, and from there to the text, in heights of a letter."""
_LEADER, _SAMPLE = 0.9, 1.9
"""The lengths of the line to the curve, and of the piece of the curve, in heights of a letter."""


@dataclass(frozen=True, slots=True)
class CurveEnd:
    """A curve's name and where it ends.

    Attributes:
        place: its height, 0 at the lower end of the axes, 1 at the upper.
        label: mathtext.
        color: of the text.
        line: how the curve is drawn, for `Line2D`.

    """

    place: float
    label: str
    color: str
    line: dict[str, Any]


def write_endings(axes: "Axes", endings: Sequence[CurveEnd], *, samples: bool) -> "list[Text]":
    """Write the names beside the axes, one over the other, so that the layout leaves room for them."""
    from matplotlib.transforms import ScaledTranslation

    page: Any = axes.figure
    points = _points()
    across = (2 * _GAP + _LEADER + samples * (_SAMPLE + _GAP)) * points / 72
    place = axes.transAxes + ScaledTranslation(across, 0, page.dpi_scale_trans)
    return [
        axes.text(1, 0.5, one.label, color=one.color, transform=place, va="center_baseline", clip_on=False)
        for one in endings
    ]


def place_endings(
    page: "Page", axes: "Axes", endings: Sequence[CurveEnd], texts: "Sequence[Text]", *, samples: bool
) -> bool:
    """Move the names to their curves' ends and draw the lines to them; return whether they fit beside the axes.

    The page has its final layout.
    """
    from matplotlib.lines import Line2D

    box = axes.bbox
    heights = [1.08 * max(text.get_window_extent().height, _points() / 72 * page.dpi) for text in texts]
    fits = sum(heights) <= box.height
    wanted = [box.y0 + one.place * box.height for one in endings]
    middles = spread(wanted, heights, box.y0, box.y1)
    unit = _points() / 72 * page.dpi
    left = box.x1 + _GAP * unit
    for one, text, at, to in zip(endings, texts, wanted, middles, strict=True):
        text.set_y((to - box.y0) / box.height)
        ends = left + _LEADER * unit
        _draw(page, Line2D([left, ends], [at, to], color=one.color, linewidth=0.5 * axes_width()))
        if samples:
            _draw(page, Line2D([ends, ends + _SAMPLE * unit], [to, to], **one.line))
    return fits


def axes_width() -> float:
    """Return the width of axes in points."""
    from matplotlib import rcParams

    return float(rcParams["axes.linewidth"])


def _draw(page: "Page", line: Any) -> None:
    """Add a line in pixels of the page, which changes nothing of its layout."""
    place = page.transFigure.inverted()
    line.set_data(*place.transform(list(zip(*line.get_data(), strict=True))).T)
    line.set_transform(page.transFigure)
    line.set_in_layout(False)
    page.add_artist(line)


def _points() -> float:
    from matplotlib import rcParams

    return float(rcParams["font.size"])
