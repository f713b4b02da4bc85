"""Fates of the units of trained networks: how many die, when, and above which learning rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.history import History
from actcli.analysis.training.rates import Rates
from actcli.analysis.training.significance import ONE_SPLIT, Nesting
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Survival = Literal["lives", "dies", "diverges"]

CLOSE = 1.1
"""Largest ratio of two rates between which a search goes no further."""
_FIRST = (0.1, 1.0, 10.0, 100.0)
"""Rates with which a search begins, in multiples of the optimizer's usual rate."""
_SMALLEST, _LARGEST = 1e-6, 1e4


@dataclass(frozen=True, slots=True)
class Course:
    """Networks that differ in their seeds and splits alone: one stack of functions, one depth, one learning rate."""

    stack: Stack
    depth: int
    rate: float
    rates: Rates = ()
    """The rates by split, where each has its own; `rate` then stands for them."""

    @property
    def rate_text(self) -> str:
        """The rate, or the lowest and the highest: `0.1`, `0.1-0.3`."""
        ends = sorted({min(self.rates, default=self.rate), max(self.rates, default=self.rate)})
        return "-".join(f"{rate:g}" for rate in ends)


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """The fate of a course's units. Arrays have one row per epoch; the first is before training.

    Shares are of all hidden units of all its networks. Units of a diverged network are neither dead nor alive; they
    count in the total, and in `gone` from then on.

    Attributes:
        course: the networks.
        networks, units: the number of networks, and of hidden units of all of them together.
        dead, rare, saturated, gone: (epochs + 1,) shares.
        dead_interval: (epochs + 1,): half the 95 % interval of `dead`, over networks; NaN if unknown.
        deaths, revivals: (epochs + 1,): units that died, or revived, in an epoch; 0 in the first row.
        layers: (hidden layers,): the dead share of each layer at the end.
        died: the median epoch in which the units that are dead at the end died, 0 for before training; None if none
            is dead.
        test_score: (epochs + 1,): the mean over networks; a diverged network gets nothing right.
        interval: half the 95 % interval of the last test score; None if unknown.
        diverged: the number of diverged networks.
        born_dead: the share dead before training, among networks that did not diverge; NaN if all did.
        lost: the share dead at the end of those units of these networks that were not born dead; NaN if all diverged.

    """

    course: Course
    networks: int
    units: int
    dead: Array
    rare: Array
    saturated: Array
    gone: Array
    dead_interval: Array
    deaths: Array
    revivals: Array
    layers: Array
    died: float | None
    test_score: Array
    interval: float | None
    diverged: int
    born_dead: float
    lost: float

    @property
    def epochs(self) -> int:
        """The last epoch."""
        return len(self.dead) - 1

    @property
    def survivors_dead(self) -> float:
        """The dead share at the end among networks that did not diverge; NaN if all did."""
        left = 1 - float(self.gone[-1])
        return float(self.dead[-1]) / left if left > 0 else math.nan

    def survival(self, limit: float) -> Survival:
        """Return `diverges` if most networks did, else `dies` if more units of the others died than the limit."""
        if self.gone[-1] > 0.5:
            return "diverges"
        return "dies" if self.lost > limit else "lives"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The learning rates between which the networks of a function begin to fail.

    Attributes:
        stack, depth: the networks.
        within: the largest rate below `above` at which no more units die than the limit; None if there is none.
        above: the smallest rate at which units die or most networks diverge; None if there is none.
        survival: the survival there; `lives` if there is none.
        again: rates above it that are within the limit nevertheless.
        within_share, above_share: the shares of units that died at the two, of those not born dead, among networks that
            did not diverge; None if all did.
        within_dead, above_dead: the same of all units that are dead, those born dead included.
        born_dead: the share dead before training, at the smallest rate; None if all networks diverged.

    """

    stack: Stack
    depth: int
    within: float | None
    above: float | None
    survival: Survival
    again: tuple[float, ...]
    within_share: float | None
    above_share: float | None
    within_dead: float | None
    above_dead: float | None
    born_dead: float | None


def find_fate(course: Course, history: History, nesting: Nesting = ONE_SPLIT) -> Fate:
    """Return the fate of a course's units, from the history of its networks."""
    last = history.epochs
    dead = np.concatenate([layer[: last + 1] for layer in history.dead], axis=2)
    gone = history.gone[: last + 1]
    dead &= ~gone[:, :, None]
    stays = ~gone[1:, :, None]
    none = np.zeros(1, np.int64)
    interval = nesting.half_width(history.test_score[last])
    born = dead[0, ~gone[last]]
    return Fate(
        course=course,
        networks=dead.shape[1],
        units=dead.shape[1] * dead.shape[2],
        dead=dead.mean(axis=(1, 2)),
        rare=np.where(gone[:, :, None], 0.0, history.rare[: last + 1]).mean(axis=(1, 2)),
        saturated=np.where(gone[:, :, None], 0.0, history.saturated[: last + 1]).mean(axis=(1, 2)),
        gone=gone.mean(axis=1),
        dead_interval=np.array([nesting.half_width(row) for row in dead.mean(axis=2)]),
        deaths=np.concatenate([none, (dead[1:] & ~dead[:-1]).sum(axis=(1, 2))]),
        revivals=np.concatenate([none, (dead[:-1] & ~dead[1:] & stays).sum(axis=(1, 2))]),
        layers=np.array([(layer[last] & ~gone[last][:, None]).mean() for layer in history.dead]),
        died=_median_death(dead),
        test_score=history.test_score[: last + 1].mean(axis=1),
        interval=None if math.isnan(interval) else interval,
        diverged=int(gone[last].sum()),
        born_dead=float(born.mean()) if born.size else math.nan,
        lost=_share_lost(born, dead[last, ~gone[last]]),
    )


def find_threshold(fates: Sequence[Fate], limit: float) -> Threshold:
    """Return where the networks of one function and depth begin to fail."""
    ordered = sorted(fates, key=lambda f: f.course.rate)
    bad = next((f for f in ordered if f.survival(limit) != "lives"), None)
    good = [f for f in ordered if f.survival(limit) == "lives"]
    below = [f for f in good if bad is None or f.course.rate < bad.course.rate]
    first = ordered[0].course
    return Threshold(
        stack=first.stack,
        depth=first.depth,
        within=below[-1].course.rate if below else None,
        above=None if bad is None else bad.course.rate,
        survival="lives" if bad is None else bad.survival(limit),
        again=tuple(f.course.rate for f in good if f not in below),
        within_share=below[-1].lost if below else None,
        above_share=None if bad is None else _known(bad.lost),
        within_dead=below[-1].survivors_dead if below else None,
        above_dead=None if bad is None else _known(bad.survivors_dead),
        born_dead=_known(ordered[0].born_dead),
    )


def first_rates(usual: float) -> tuple[float, ...]:
    """Return the rates with which a search begins, around an optimizer's usual rate."""
    return tuple(_round(factor * usual) for factor in _FIRST)


def next_rate(threshold: Threshold) -> float | None:
    """Return the rate to try next, in three digits; None if the threshold is narrow enough, or out of reach."""
    if threshold.above is None:
        upwards = _round(10 * (threshold.within or 1.0))
        return upwards if upwards <= _LARGEST else None
    if threshold.within is None:
        downwards = _round(threshold.above / 10)
        return downwards if downwards >= _SMALLEST else None
    middle = _round(math.sqrt(threshold.within * threshold.above))
    if threshold.above <= CLOSE * threshold.within or not threshold.within < middle < threshold.above:
        return None
    return middle


def _median_death(dead: Flags) -> float | None:
    """Return the median epoch since which the units that are dead in the last of (rows, networks, units) are dead."""
    ends = dead[:, dead[-1]]
    if not ends.size:
        return None
    rows = len(ends)
    back = (~ends[::-1]).argmax(axis=0)
    since = np.where(ends.all(axis=0), 0, rows - back)
    return float(np.median(since))


def _share_lost(born: Flags, dead: Flags) -> float:
    """Return the share that is dead of those not born dead: 0 if all were, NaN without any unit."""
    alive = int((~born).sum())
    if not alive:
        return 0.0 if born.size else math.nan
    return float((dead & ~born).sum() / alive)


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share


def _round(rate: float) -> float:
    return float(f"{rate:.3g}")
