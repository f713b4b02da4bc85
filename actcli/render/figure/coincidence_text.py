"""What a chart cannot show, in words: `leaky_relu = relu for x ≥ 0, at most 0.05 apart elsewhere`."""

from collections.abc import Sequence

from actcli.analysis.figure.coincidence import Coincidence, coincidences
from actcli.analysis.figure.curves import Curve, Figure
from actcli.render.figure.scale import Kind, y_scale
from actcli.render.table.fit import cut_middle
from actcli.render.text.notation import number, region
from actcli.terminal import printable

FIXED = "\N{NO-BREAK SPACE}"
"""The blank in a sentence at which a line must not end."""
LINES_OF_A_PAGE = 90
"""The differences that a frame of an HTML page shows: about two pixels."""
_MOST = 4
"""Statements about one frame."""
_LONGEST = 24


def coincidence_sentences(figure: Figure, kind: Kind, lines: int, axis: str = "x") -> list[str]:
    """Return a sentence per frame whose curves coincide or lie on one of its `lines`, the rows that it can tell apart.

    kind: of the y axes. axis: where it is not x, only curves that are equal throughout are mentioned.
    """
    found = []
    for panel in figure.panels:
        y = y_scale(kind, [values for curve in panel.curves for _, values in curve.segments], panel.quantity)
        visible = (y.high / lines - y.low / lines) if kind == "linear" and axis == "x" else 0.0
        statements = _statements(panel.curves, coincidences(panel.curves, visible), axis)
        if len(statements) > _MOST:
            statements = [*statements[:_MOST], f"and {len(statements) - _MOST} more"]
        if statements:
            name = f"{panel.quantity}: " if len(figure.panels) > 1 else ""
            found.append(f"{name}{'; '.join(statements)}.")
    return found


def _statements(curves: Sequence[Curve], found: Sequence[Coincidence], axis: str) -> list[str]:
    """Return one statement for all curves of which the same holds."""
    names: dict[str, list[str]] = {}
    for one in found:
        if axis == "x" or _is_whole(one):
            names.setdefault(_statement(one, _name(curves[one.other])), []).append(_name(curves[one.curve]))
    return [f"{', '.join(some)} {text}" for text, some in names.items()]


def _statement(one: Coincidence, other: str) -> str:
    apart = "" if one.apart is None else number(one.apart, 2)
    if _is_whole(one):
        return f"={FIXED}{other}"
    if not one.where:
        return f"{'is' if one.everywhere else 'within'} {apart} {'from' if one.everywhere else 'of'} {other}"
    rest = f", {'' if one.everywhere else 'at most '}{apart} apart elsewhere" if apart else ""
    return f"={FIXED}{other} for {region(one.where, 3).replace(' ', FIXED)}{rest}"


def _is_whole(one: Coincidence) -> bool:
    return len(one.where) == 1 and one.where[0].low == -one.where[0].high == -float("inf")


def _name(curve: Curve) -> str:
    label = printable(curve.label)
    return label if len(label) <= _LONGEST else cut_middle(label, _LONGEST, "…")
