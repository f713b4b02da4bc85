"""Names of layers made to fit a column: first without what all share, then without their middle; never two alike."""

from collections.abc import Sequence

from actcli.render.output.surface import Surface
from actcli.render.table.fit import column_width, cut_middle
from actcli.terminal import printable

_BOUNDARIES = "/.:_ "


def fit_names(names: Sequence[str], room: int, surface: Surface) -> list[str]:
    """Return the names on one line each, without control characters, in at most `room` terminal columns.

    Where one is too long, the ending that all share is left out, then as many words as needed of the beginning that
    all share, then the middle of names that are still too long. Names that would then be equal get a number in front.
    """
    whole = [_in_characters(name, surface) for name in names]
    if column_width(whole) <= room:
        return whole
    short = _without_shared(whole, room, surface.ellipsis)
    cut = [cut_middle(name, room, surface.ellipsis) for name in short]
    if len(set(cut)) == len(set(whole)):
        return cut
    return [cut_middle(f"{place} {name}", room, surface.ellipsis) for place, name in enumerate(short, 1)]


def _in_characters(name: str, surface: Surface) -> str:
    name = printable(name)
    return name if surface.unicode else name.encode("ascii", "replace").decode()


def _without_shared(names: Sequence[str], room: int, ellipsis: str) -> list[str]:
    if len(names) < 2:
        return list(names)
    start = _to_boundary(_shared_beginning(names))
    end = _to_boundary(_shared_beginning([name[:start:-1] for name in names]))
    # `…1` of `relu lr 0.1 layer 1` is unique, but tells a reader nothing
    begins = [at for at in range(start) if names[0][at - 1] in _BOUNDARIES and at > len(ellipsis)]
    for begin in [*begins, start]:
        before, after = ellipsis if begin else "", ellipsis if end else ""
        short = [before + name[begin : len(name) - end] + after for name in names]
        if column_width(short) <= room:
            break
    return short


def _shared_beginning(texts: Sequence[str]) -> str:
    """Return the beginning that all texts share: that of the first and the last of them in order."""
    low, high = min(texts), max(texts)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[:same]


def _to_boundary(shared: str) -> int:
    """Return how much of a shared beginning can go without cutting a word; too little is not worth an ellipsis."""
    length = max(shared.rfind(boundary) for boundary in _BOUNDARIES) + 1
    return length if length > 3 else 0
