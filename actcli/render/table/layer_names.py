"""Names of layers as they fit into a column: what all share is left out, then the middle; never two alike."""

from collections.abc import Sequence

from actcli.render.output.surface import Surface
from actcli.terminal import printable

_BOUNDARIES = "/.:_ "


def fitting_names(names: Sequence[str], room: int, surface: Surface) -> list[str]:
    """The names on one line each, without control characters, in at most `room` columns.

    Where one is too long, the end that all share is left out, and as many words of the beginning that all share as it
    takes, then the middle of those that still are. Two that would then look alike get their number in front.
    """
    from rich.cells import cell_len

    whole = [_shown(name, surface) for name in names]
    if max(map(cell_len, whole), default=0) <= room:
        return whole
    ellipsis = "…" if surface.unicode else "..."
    short = _without_shared(whole, room, ellipsis)
    cut = [_cut(name, room, ellipsis) for name in short]
    if len(set(cut)) == len(set(whole)):
        return cut
    return [_cut(f"{place} {name}", room, ellipsis) for place, name in enumerate(short, 1)]


def _shown(name: str, surface: Surface) -> str:
    name = printable(name)
    return name if surface.unicode else name.encode("ascii", "replace").decode()


def _without_shared(names: Sequence[str], room: int, ellipsis: str) -> list[str]:
    from rich.cells import cell_len

    if len(names) < 2:
        return list(names)
    start = _to_boundary(_shared(names))
    end = _to_boundary(_shared([name[:start:-1] for name in names]))
    # `…1` of `relu lr 0.1 layer 1` is told apart, but says nothing
    for begin in [at for at in range(start) if names[0][at - 1] in _BOUNDARIES and at > len(ellipsis)] + [
        start
    ]:
        short = [
            (ellipsis if begin else "") + name[begin : len(name) - end] + (ellipsis if end else "")
            for name in names
        ]
        if max(map(cell_len, short)) <= room:
            break
    return short


def _shared(texts: Sequence[str]) -> str:
    """The beginning that all have: that of the first and the last of them in order."""
    low, high = min(texts), max(texts)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return low[:same]


def _to_boundary(shared: str) -> int:
    """How much of a shared beginning can go without cutting a word; too little is not worth an ellipsis."""
    length = max(shared.rfind(boundary) for boundary in _BOUNDARIES) + 1
    return length if length > 3 else 0


def _cut(name: str, room: int, ellipsis: str) -> str:
    """The name with its middle left out: two thirds of what is left are its end, where layers differ."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(name) <= room:
        return name
    tail = (room - len(ellipsis)) * 2 // 3
    end = name[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(name, room - len(ellipsis) - cell_len(end)).rstrip() + ellipsis + end
