"""Labels in a column, moved apart where they would overlap."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Return the middles of labels of these heights: apart, between low and high, as near as can be to those wanted.

    The squares of all moves have the smallest sum (pool adjacent violators, Ayer et al. 1955). Equal wishes keep their
    order from the high end to the low. Labels that do not fit share the room evenly.
    """
    room, total = high - low, sum(heights)
    if total > room:
        heights = [height * room / total for height in heights]
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], -i))
    # without the labels below it, each label could be at its wish; what is left are steps that must not go down
    offsets, below = {}, 0.0
    for i in order:
        offsets[i] = below + heights[i] / 2
        below += heights[i]
    pools: list[tuple[float, int]] = []
    for i in order:
        pools.append((wanted[i] - offsets[i], 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    starts = [min(max(at, low), max(high - below, low)) for at, count in pools for _ in range(count)]
    places = dict(
        zip(order, (start + offsets[i] for start, i in zip(starts, order, strict=True)), strict=True)
    )
    return [places[i] for i in range(len(wanted))]
