"""How units die while networks are trained: by function, learning rate and epoch, and the rate above which they do."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.causes import Weights
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.unit_statistics import observed
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.population import NOT_DIVERGED, History, Member, Progress, require_room, train
from actcli.analysis.training.rates import best_rates, candidates, rate_grid
from actcli.analysis.training.significance import half_width
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.training_comparison import Trial, require_trainable
from actcli.exits import UsageError

Array = NDArray[Any]
Flags = NDArray[np.bool_]
Outcome = Literal["lives", "dies", "diverges"]

CLOSE = 1.1
"""Two rates whose ratio is no larger are told apart no further."""
_FIRST = (0.1, 1.0, 10.0, 100.0)
"""Where a search begins: these multiples of the optimizer's usual rate."""
_SMALLEST, _LARGEST = 1e-6, 1e4
_MOST_PAIRS = 1 << 24
"""Pairs of units in two layers, of all networks, for which it is worked out who feeds whom."""


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

    def outcome(self, limit: float) -> Outcome:
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
    outcome: Outcome
    again: tuple[float, ...]
    within_share: float | None
    above_share: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Dying:
    """What is known of all courses: worked out when it is asked for, for it is asked for seldom.

    Attributes:
        trial, data: what was trained, on what.
        runs: each training, with the courses that were trained in it.
        limit: the dead share whose learning rate is looked for; None where none is.

    """

    trial: Trial
    data: Dataset
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...]
    limit: float | None = None

    @property
    def courses(self) -> tuple[Course, ...]:
        """Those with an epoch to show, in the order of functions, depths, rates."""
        known = [
            course
            for run, courses in self.runs
            for course in courses
            if self._history(run, course).epochs >= 0
        ]
        if self.limit is None:
            return tuple(known)
        order = list(dict.fromkeys(course.stack.spec for course in known))
        return tuple(sorted(known, key=lambda c: (order.index(c.stack.spec), c.depth, c.rate)))

    def fates(self) -> tuple[Fate, ...]:
        """Of every course."""
        return tuple(fate(course, self._history(self._run(course), course)) for course in self.courses)

    def thresholds(self) -> tuple[Threshold, ...]:
        """Of every function at every depth; none without a limit."""
        if self.limit is None:
            return ()
        # half a training tells nothing about its rate
        fates = [one for one in self.fates() if one.epochs == self.trial.plan.epochs]
        teams = dict.fromkeys((f.course.stack, f.course.depth) for f in fates)
        return tuple(
            threshold([f for f in fates if (f.course.stack, f.course.depth) == team], self.limit)
            for team in teams
        )

    def histories(self) -> tuple[History, ...]:
        """Of every course."""
        return tuple(self._history(self._run(course), course) for course in self.courses)

    def network(self, course: Course) -> tuple[list[Array], list[Array], list[dict[str, float]]]:
        """Weights, biases and learned parameters, layer by layer, of the first network of a course."""
        return self._run(course).network(self._members(course)[0])

    def has_diverged(self, course: Course) -> bool:
        """Whether its first network has."""
        return bool(self._history(self._run(course), course).diverged[0] != NOT_DIVERGED)

    def states(self) -> dict[str, LayerState]:
        """The units of each course's layers on the test set, those of all its networks side by side."""
        found = {}
        for course in self.courses:
            for layer, z in enumerate(self._preactivations(course)):
                name = layer_name(course, layer, self.trial)
                found[name] = observed(firing_rule(course.stack.at(layer), "pre"), name, z, 0)
        return found

    def weights(self) -> dict[str, Weights]:
        """What feeds each of those layers."""
        found: dict[str, Weights] = {}
        for course in self.courses:
            networks = [self._run(course).network(member) for member in self._members(course)]
            before: str | None = None
            for layer in range(course.depth):
                name = layer_name(course, layer, self.trial)
                incoming = [weights[layer] != 0 for weights, _, _ in networks]
                found[name] = Weights(
                    bias=np.concatenate([biases[layer] for _, biases, _ in networks]),
                    zero=np.concatenate([~feeds.any(axis=0) for feeds in incoming]),
                    upstream=before,
                    reaches=None if before is None else _side_by_side(incoming),
                    first=layer == 0,
                )
                before = name
        return found

    def _members(self, course: Course) -> list[Member]:
        return members(course, self.trial)

    def _history(self, run: Progress, course: Course) -> History:
        return run.of(self._members(course))

    def _run(self, course: Course) -> Progress:
        return next(run for run, courses in self.runs if course in courses)

    def _preactivations(self, course: Course) -> list[Array]:
        """(samples, units of all networks) a layer; of a diverged network all are NaN."""
        run, own = self._run(course), self._members(course)
        diverged = self._history(run, course).diverged != NOT_DIVERGED
        x = self.data.test_x.astype(self.trial.plan.dtype)
        by_layer: list[list[Array]] = [[] for _ in range(course.depth)]
        with np.errstate(all="ignore"):
            for member, gone in zip(own, diverged.tolist(), strict=True):
                weights, biases, learned = run.network(member)
                h = x
                for layer in range(course.depth):
                    z = np.matmul(h, weights[layer])
                    z += biases[layer]
                    by_layer[layer].append(np.full_like(z, np.nan) if gone else z)
                    f = course.stack.at(layer)
                    h = np.asarray(f.definition.value(z, **{**f.parameters, **learned[layer]}), z.dtype)
        return [np.concatenate(layer, axis=1) for layer in by_layer]


@dataclass(frozen=True, slots=True)
class Moment:
    """A step of the work: how much of what it is doing is done, and what is known by then."""

    done: int
    total: int
    doing: str
    so_far: Dying


def watch_dying(stacks: Sequence[Stack], data: Dataset, trial: Trial, threads: int) -> Iterator[Moment]:
    """Train every function at every depth and rate with every seed, all rates of a depth at once.

    Raises UsageError, before any work, for conditions that cannot be met.
    """
    _require_possible(stacks, data, trial)
    return _watched(stacks, data, trial, threads)


def find_limits(
    stacks: Sequence[Stack], data: Dataset, trial: Trial, limit: float, threads: int
) -> Iterator[Moment]:
    """Bisect, for every function at every depth, the logarithm of the rate above which units die.

    The trial's rates are where it begins. Ten times the largest is tried until something fails, a tenth of the
    smallest until nothing does, from 1e-6 to 1e4; then the middle, until two rates are within 10 %. All functions
    are trained side by side. Raises UsageError as `watch_dying`, and for rates that are to be found.
    """
    _require_possible(stacks, data, trial)
    if not trial.rates:
        raise UsageError(
            "--find-limit looks for a rate itself; give --lr rates to begin with, or leave it out"
        )
    return _bisected(stacks, data, trial, limit, threads)


def fate(course: Course, history: History) -> Fate:
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


def threshold(fates: Sequence[Fate], limit: float) -> Threshold:
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


def course_name(course: Course, trial: Trial) -> str:
    """`relu lr 0.1`, with its layers where there are several depths: `relu 8 layers lr 0.1`."""
    depth = f" {course.depth} layers" if len(trial.depths) > 1 else ""
    return f"{course.stack.spec}{depth} lr {course.rate:g}"


def layer_name(course: Course, layer: int, trial: Trial) -> str:
    """`relu lr 0.1 layer 2`; layers here count from 1."""
    return f"{course_name(course, trial)} layer {layer + 1}"


def members(course: Course, trial: Trial) -> list[Member]:
    """The networks of a course: a seed each."""
    return [Member(course.stack, course.rate, trial.seed + place) for place in range(trial.seeds)]


def _require_possible(stacks: Sequence[Stack], data: Dataset, trial: Trial) -> None:
    names = [stack.spec for stack in stacks]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise UsageError(f"--train {twice[0]} is named twice")
    require_trainable(stacks, trial)
    kinds = len(stacks) * len(trial.rates) * trial.seeds or candidates(len(stacks), trial.plan.optimizer)
    for depth in trial.depths:
        require_room(kinds, trial.plan_of(depth), data)


def _watched(stacks: Sequence[Stack], data: Dataset, trial: Trial, threads: int) -> Iterator[Moment]:
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...] = ()
    for depth in trial.depths:
        rates: Sequence[Sequence[float]] = [trial.rates] * len(stacks)
        where = f", {depth} layers" if len(trial.depths) > 1 else ""
        if not trial.rates:
            grid = rate_grid(trial.plan.optimizer)
            for share, found in best_rates(stacks, grid, trial.plan_of(depth), data, trial.seed, threads):
                yield Moment(int(1000 * share), 1000, "looking for rates" + where, Dying(trial, data, runs))
                rates = [(rate,) for rate in found]
        courses = tuple(
            Course(stack, depth, rate) for stack, own in zip(stacks, rates, strict=True) for rate in own
        )
        for progress in _trained(courses, depth, data, trial, threads):
            so_far = Dying(trial, data, (*runs, (progress, courses)))
            yield Moment(progress.done, progress.total, "training" + where, so_far)
        runs = so_far.runs


def _bisected(
    stacks: Sequence[Stack], data: Dataset, trial: Trial, limit: float, threads: int
) -> Iterator[Moment]:
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...] = ()
    for depth in trial.depths:
        wanted = [Course(stack, depth, rate) for stack in stacks for rate in sorted(trial.rates)]
        fates: dict[Stack, list[Fate]] = {stack: [] for stack in stacks}
        while wanted:
            courses = tuple(wanted)
            for progress in _trained(courses, depth, data, trial, threads):
                so_far = Dying(trial, data, (*runs, (progress, courses)), limit)
                yield Moment(progress.done, progress.total, _trying(courses), so_far)
            runs = so_far.runs
            for course in courses:
                fates[course.stack].append(fate(course, progress.of(members(course, trial))))
            following = ((stack, next_rate(threshold(own, limit))) for stack, own in fates.items())
            wanted = [Course(stack, depth, rate) for stack, rate in following if rate is not None]


def _trying(courses: Sequence[Course]) -> str:
    rates = sorted({course.rate for course in courses})
    return "trying lr " + (
        f"{rates[0]:g} to {rates[-1]:g}" if len(rates) > 3 else ", ".join(f"{rate:g}" for rate in rates)
    )


def _trained(
    courses: Sequence[Course], depth: int, data: Dataset, trial: Trial, threads: int
) -> Iterator[Progress]:
    networks = [member for course in courses for member in members(course, trial)]
    return train(networks, trial.plan_of(depth), data, threads)


def _median_death(dead: Flags) -> float | None:
    """The median epoch from which on the units stay dead that are dead in the last row of (rows, networks, units)."""
    ends = dead[:, dead[-1]]
    if not ends.size:
        return None
    rows = len(ends)
    back = (~ends[::-1]).argmax(axis=0)
    since = np.where(ends.all(axis=0), 0, rows - back)
    return float(np.median(since))


def _side_by_side(feeds: Sequence[Flags]) -> Flags | None:
    """Who feeds whom, bool (units, units upstream), of networks that do not touch; None where that is too large."""
    upstream, units = feeds[0].shape
    count = len(feeds)
    if count * count * upstream * units > _MOST_PAIRS:
        return None
    reaches = np.zeros((count * units, count * upstream), np.bool_)
    for place, own in enumerate(feeds):
        reaches[place * units : (place + 1) * units, place * upstream : (place + 1) * upstream] = own.T
    return reaches


def first_rates(usual: float) -> tuple[float, ...]:
    """Where a search begins, about an optimizer's usual rate."""
    return tuple(_rounded(factor * usual) for factor in _FIRST)


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")
