"""Merging many consecutive parts in one fixed order, whoever makes the parts and whenever they arrive."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class MergedParts(NamedTuple, Generic[T]):
    """The merged parts number, number + 1, …, number + parts - 1; parts is a power of two that divides number."""

    number: int
    parts: int
    value: T


class MergeTree(Generic[T]):
    """Consecutive parts, merged in pairs, the pairs in pairs, and so on.

    The order of the merges depends on the numbers of the parts alone, so that sums of floats have the same bits for
    one machine that goes through the parts and for many that share them. Of n parts, log2(n) are kept.
    """

    def __init__(self, merge: Callable[[T, T], T]) -> None:
        self._merge = merge
        self._nodes: dict[tuple[int, int], T] = {}
        self._end = 0

    def append(self, value: T) -> None:
        """Add the part after the last one."""
        self.add(MergedParts(self._end, 1, value))

    def add(self, node: MergedParts[T]) -> None:
        """Add merged parts, in any order; each part is added once."""
        number, parts, value = node
        self._end = max(self._end, number + parts)
        while True:
            first = number & parts == 0
            beside = self._nodes.pop((number + parts if first else number - parts, parts), None)
            if beside is None:
                break
            value = self._merge(value, beside) if first else self._merge(beside, value)
            number, parts = number & ~parts, 2 * parts
        self._nodes[number, parts] = value

    @property
    def nodes(self) -> list[MergedParts[T]]:
        """What is merged so far, in order."""
        return [
            MergedParts(*place, value)
            for place, value in sorted(self._nodes.items(), key=lambda item: item[0])
        ]

    @property
    def end(self) -> int:
        """The number after that of the last part."""
        return self._end

    @property
    def is_whole(self) -> bool:
        """Whether no part is missing before the last one."""
        return sum(parts for _, parts in self._nodes) == self._end

    @property
    def total(self) -> T | None:
        """All parts so far, the last and smallest merged first; None without any."""
        return self.later_total()() if self._nodes else None

    def later_total(self) -> Callable[[], T]:
        """Return a function that merges all parts so far, of which there is one at least, whenever it is called."""
        return partial(_merge_from_the_end, self._merge, [node.value for node in self.nodes])


def _merge_from_the_end(merge: Callable[[T, T], T], values: Sequence[T]) -> T:
    *others, total = values
    for value in reversed(others):
        total = merge(value, total)
    return total
