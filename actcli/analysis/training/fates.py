"""Fates of trained units: how many die, when, and above which learning rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.history import NOT_DIVERGED, History
from actcli.analysis.training.significance import half_width
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Survival = Literal["lives", "dies", "diverges"]

CLOSE = 1.1
"""Two rates whose ratio is no larger are told apart no further."""
_FIRST = (0.1, 1.0, 10.0, 100.0)
"""Where a search begins: these multiples of the optimizer's usual rate."""
_SMALLEST, _LARGEST = 1e-6, 1e4


@dataclass(frozen=True, slots=True)
class Course:
    """Networks that differ in their seeds alone: one function, or one a layer, at one depth and one learning rate."""

    stack: Stack
    depth: int
    rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """What became of the units of a course. Arrays have a row an epoch, the first before training.

    Shares are of all hidden units of all its networks. Those of a diverged network are neither dead nor alive;
    they count among all units, and in `gone` from then on.

    Attributes:
        course: which it is.
        networks, units: of each: how many there are, and hidden units of all of them together.
        dead, rare, saturated, gone: (epochs + 1,) shares.
        deaths, revivals: (epochs + 1,): units that died, or came back, in an epoch; nobody knows of the first row.
        layers: (hidden layers,): the dead share of each at the end.
        died: the median over the units dead at the end of the epoch in which they died, 0 for before training;
            None where none is dead.
        test_score: (epochs + 1,): the mean over networks; a diverged one gets nothing right.
        interval: half the 95 % interval of the last of them; None where it is not known.
        diverged: how many networks.

    """

    course: Course
    networks: int
    units: int
    dead: Array
    rare: Array
    saturated: Array
    gone: Array
    deaths: Array
    revivals: Array
    layers: Array
    died: float | None
    test_score: Array
    interval: float | None
    diverged: int

    @property
    def epochs(self) -> int:
        """The last epoch that is known."""
        return len(self.dead) - 1

    @property
    def survivors_dead(self) -> float:
        """The dead share at the end among the networks that did not diverge; NaN where all did."""
        left = 1 - float(self.gone[-1])
        return float(self.dead[-1]) / left if left > 0 else math.nan

    def outcome(self, limit: float) -> Survival:
        """`diverges` where most networks did; else `dies` where more units of the others are dead than allowed."""
        if self.gone[-1] > 0.5:
            return "diverges"
        return "dies" if self.survivors_dead > limit else "lives"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The learning rates between which a function begins to fail.

    Attributes:
        stack, depth: of which networks.
        within: the largest rate below `above` at which the dead share is within the limit; None: there is none.
        above: the smallest rate at which units die or most networks diverge; None: there is none.
        outcome: what happens there; `lives` where there is none.
        again: rates above it that are within the limit all the same.
        within_share, above_share: the dead shares at the two, among networks that did not diverge; None where
            all did.

    """

    stack: Stack
    depth: int
    within: float | None
    above: float | None
    outcome: Survival
    again: tuple[float, ...]
    within_share: float | None
    above_share: float | None


def find_fate(course: Course, history: History) -> Fate:
    """What a history says of the units."""
    last = history.epochs
    dead = np.concatenate([layer[: last + 1] for layer in history.dead], axis=2)
    rows = np.arange(last + 1)[:, None]
    gone = (history.diverged != NOT_DIVERGED) & (rows >= history.diverged)
    dead &= ~gone[:, :, None]
    stays = ~gone[1:, :, None]
    none = np.zeros(1, np.int64)
    interval = half_width(history.test_score[last])
    return Fate(
        course=course,
        networks=dead.shape[1],
        units=dead.shape[1] * dead.shape[2],
        dead=dead.mean(axis=(1, 2)),
        rare=np.where(gone[:, :, None], 0.0, history.rare[: last + 1]).mean(axis=(1, 2)),
        saturated=np.where(gone[:, :, None], 0.0, history.saturated[: last + 1]).mean(axis=(1, 2)),
        gone=gone.mean(axis=1),
        deaths=np.concatenate([none, (dead[1:] & ~dead[:-1]).sum(axis=(1, 2))]),
        revivals=np.concatenate([none, (dead[:-1] & ~dead[1:] & stays).sum(axis=(1, 2))]),
        layers=np.array([(layer[last] & ~gone[last][:, None]).mean() for layer in history.dead]),
        died=_median_death(dead),
        test_score=history.test_score[: last + 1].mean(axis=1),
        interval=None if math.isnan(interval) else interval,
        diverged=int(gone[last].sum()),
    )


def find_threshold(fates: Sequence[Fate], limit: float) -> Threshold:
    """Where the networks of one function and depth begin to fail."""
    ordered = sorted(fates, key=lambda f: f.course.rate)
    bad = next((f for f in ordered if f.outcome(limit) != "lives"), None)
    good = [f for f in ordered if f.outcome(limit) == "lives"]
    below = [f for f in good if bad is None or f.course.rate < bad.course.rate]
    first = ordered[0].course
    return Threshold(
        stack=first.stack,
        depth=first.depth,
        within=below[-1].course.rate if below else None,
        above=None if bad is None else bad.course.rate,
        outcome="lives" if bad is None else bad.outcome(limit),
        again=tuple(f.course.rate for f in good if f not in below),
        within_share=below[-1].survivors_dead if below else None,
        above_share=None if bad is None or math.isnan(bad.survivors_dead) else bad.survivors_dead,
    )


def next_rate(found: Threshold) -> float | None:
    """The rate to be tried next, three digits long; None when the limit is known, or there is none to be found."""
    if found.above is None:
        upwards = _rounded(10 * (found.within or 1.0))
        return upwards if upwards <= _LARGEST else None
    if found.within is None:
        downwards = _rounded(found.above / 10)
        return downwards if downwards >= _SMALLEST else None
    middle = _rounded(math.sqrt(found.within * found.above))
    if found.above <= CLOSE * found.within or not found.within < middle < found.above:
        return None
    return middle


def _median_death(dead: Flags) -> float | None:
    """The median epoch from which on the units stay dead that are dead in the last row of (rows, networks, units)."""
    ends = dead[:, dead[-1]]
    if not ends.size:
        return None
    rows = len(ends)
    back = (~ends[::-1]).argmax(axis=0)
    since = np.where(ends.all(axis=0), 0, rows - back)
    return float(np.median(since))


def first_rates(usual: float) -> tuple[float, ...]:
    """Where a search begins, about an optimizer's usual rate."""
    return tuple(_rounded(factor * usual) for factor in _FIRST)


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")
