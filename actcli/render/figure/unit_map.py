"""Units as squares, for print: the shade of each is its firing rate, and dead ones are black."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.render.figure.drawn import require_room, write_frame
from actcli.render.figure.figure_text import Style
from actcli.render.figure.page import Paper, open_page, save
from actcli.render.text.notation import thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Page

SHADES = ("#ffffff", "#d6e6f4", "#abcfe5", "#75add5", "#4a8cc0")
"""Never, and up to 25, 50, 75 and 100 % of the samples; white to blue, so that grey paper keeps their order."""
DEAD, BROKEN = "#000000", "#e65f00"
_COLUMNS = (32, 64, 128, 256, 512, 1024)
_HIGHEST = 9.0
"""Inches of a page, beyond which squares become smaller."""
_LEAST = 0.02
"""Inches of the height of a row of squares."""
_MOST_SQUARES = 4096
"""Units of a panel that are drawn as squares; of more an image is made."""
_KEY = ((DEAD, "dead"), (BROKEN, "NaN or inf (!)"), *zip(
    SHADES, ("never, not dead", "to 25 %", "to 50 %", "to 75 %", "to 100 % of samples"), strict=True
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitRow:
    """The units of one layer.

    Attributes:
        title: above the squares, as mathtext.
        levels: index into SHADES of each unit, (units,).
        dead, broken: which units are dead, and which gave NaN or inf.

    """

    title: str
    levels: NDArray[np.intp]
    dead: NDArray[np.bool_]
    broken: NDArray[np.bool_]


def drawn_units(form: str, rows: Sequence[UnitRow], style: Style, paper: Paper) -> bytes:
    """Return a panel of squares per layer as a picture; `form` is svg, png, pdf or eps.

    Raises UsageError for a picture that does not fit its size.
    """
    line = 1.35 * paper.size.points / 72
    columns = next((c for c in _COLUMNS if _inches(rows, c, paper, line) <= _HIGHEST), _COLUMNS[-1])
    heights = [-(-len(row.levels) // columns) for row in rows]
    texts = (7 + 1.5 * len(style.caption)) * line
    with open_page(paper, _inches(rows, columns, paper, line) + texts) as page:
        axes = list(page.subplots(len(rows), squeeze=False, height_ratios=heights).ravel())
        for one, row in zip(axes, rows, strict=True):
            _draw_row(page, one, row, columns, is_last=one is axes[-1])
        axes[-1].set_xlabel("unit, from 0, in rows")
        _write_key(page, rows)
        write_frame(page, style)
        page.draw_without_rendering()
        require_room(page, axes, _LEAST)
        return save(page, form)


def _inches(rows: Sequence[UnitRow], columns: int, paper: Paper, line: float) -> float:
    square = (paper.size.width - 0.8) / columns
    return sum(square * -(-len(row.levels) // columns) + 2.0 * line for row in rows)


def _draw_row(page: "Page", axes: "Axes", row: UnitRow, columns: int, *, is_last: bool) -> None:
    from matplotlib import rcParams
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb
    from matplotlib.ticker import MaxNLocator

    inks = np.array([to_rgb(ink) for ink in (*SHADES, DEAD, BROKEN)])
    place = np.where(row.broken, len(SHADES) + 1, np.where(row.dead, len(SHADES), row.levels))
    count = len(place)
    lines = -(-count // columns)
    if count <= _MOST_SQUARES:
        across, down = np.arange(count) % columns, np.arange(count) // columns
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        squares = np.stack([across, down], axis=-1)[:, None, :] + corners
        thin = 0.3 if columns == _COLUMNS[0] else 0.0
        edge = "0.6" if thin else "face"
        axes.add_collection(
            PolyCollection(list(squares), facecolors=inks[place], edgecolors=edge, linewidths=thin)
        )
    else:
        cells = np.ones((lines * columns, 3))
        cells[:count] = inks[place]
        axes.imshow(cells.reshape(lines, columns, 3), interpolation="nearest", extent=(0, columns, lines, 0))
    square = page.get_figwidth() * 72 / columns
    for unit in np.flatnonzero(row.broken)[:_MOST_SQUARES].tolist():
        x, y = unit % columns + 0.5, unit // columns + 0.5
        axes.text(x, y, "!", ha="center", va="center", fontsize=max(6.0, 0.6 * square))
    axes.set_aspect("equal")
    axes.set_anchor("W")
    axes.set_xlim(0, columns)
    axes.set_ylim(lines, 0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 4, 8]))
    named = range(0, lines, max(-(-lines // 4), math.ceil(1.4 * float(rcParams["font.size"]) / square), 1))
    axes.set_yticks([at + 0.5 for at in named], [thousands(columns * at) for at in named])
    axes.tick_params(length=0, labelbottom=is_last)
    axes.spines[:].set_visible(False)
    axes.set_title(row.title, loc="left")


def _write_key(page: "Page", rows: Sequence[UnitRow]) -> None:
    from matplotlib.patches import Patch

    shown = [(ink, text) for ink, text in _KEY if ink != BROKEN or any(row.broken.any() for row in rows)]
    patches = [Patch(facecolor=ink, edgecolor="0.6", linewidth=0.5, label=text) for ink, text in shown]
    for columns in (4, 3, 2, 1):
        legend = page.legend(
            handles=patches, loc="outside upper center", ncols=columns, handlelength=1.0, handleheight=1.0
        )
        if columns == 1 or legend.get_window_extent().width <= page.bbox.width:
            break
        legend.remove()
