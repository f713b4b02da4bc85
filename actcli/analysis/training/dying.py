"""Units that die while networks are trained, at given rates or in a search for the rate above which they die."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.causes import Weights
from actcli.analysis.deadness.firing_rule import Rule, firing_rule
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.fates import Course, Fate, Threshold, find_fate, find_threshold, next_rate
from actcli.analysis.training.history import NOT_DIVERGED, History, Member
from actcli.analysis.training.population import NetworkArrays, Progress, Train, require_room, train
from actcli.analysis.training.rates import best_rates, candidates, rate_grid, typical_rate
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.trial import Trial, require_trainable
from actcli.exits import UsageError

Array = NDArray[Any]
Flags = NDArray[np.bool_]

_MOST_PAIRS = 1 << 24
"""Largest table of which unit feeds which, in pairs of units of two layers of all networks."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedCourses:
    """All courses of a trial with their networks. Fates and statistics are computed when they are called for.

    Attributes:
        trial, data: the networks and their data set.
        runs: each training, with the courses that were trained in it.
        limit: the dead share whose learning rate is searched; None without a search.

    """

    trial: Trial
    data: Dataset
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...]
    limit: float | None = None

    @property
    def courses(self) -> tuple[Course, ...]:
        """The courses with at least one measured epoch, ordered by function, depth and rate."""
        measured = [
            course
            for run, courses in self.runs
            for course in courses
            if self._history(run, course).epochs >= 0
        ]
        if self.limit is None:
            return tuple(measured)
        order = list(dict.fromkeys(course.stack.spec for course in measured))
        return tuple(sorted(measured, key=lambda c: (order.index(c.stack.spec), c.depth, c.rate)))

    def fates(self) -> tuple[Fate, ...]:
        """Return the fate of every course."""
        nesting = self.trial.nesting(self.data)
        pairs = zip(self.courses, self.histories(), strict=True)
        return tuple(find_fate(course, history, nesting) for course, history in pairs)

    def thresholds(self) -> tuple[Threshold, ...]:
        """Return the threshold of every function at every depth; none without a limit."""
        if self.limit is None:
            return ()
        teams: dict[tuple[Stack, int], list[Fate]] = {}
        for fate in self.fates():
            # a training that was cut short says nothing about its rate
            if fate.epochs == self.trial.plan.epochs:
                teams.setdefault((fate.course.stack, fate.course.depth), []).append(fate)
        return tuple(find_threshold(team, self.limit) for team in teams.values())

    def histories(self) -> tuple[History, ...]:
        """Return the history of every course."""
        return tuple(self._history(self._run(course), course) for course in self.courses)

    def network(self, course: Course) -> NetworkArrays:
        """Return weights, biases and learned parameters, layer by layer, of the first network of a course."""
        return self._run(course).network(networks_of(course, self.trial)[0])

    def has_diverged(self, course: Course) -> bool:
        """Return whether the first network of a course has diverged."""
        return bool(self._history(self._run(course), course).diverged[0] != NOT_DIVERGED)

    def states(self) -> dict[str, LayerState]:
        """Return the test-set statistics of each course's layers, with the units of all its networks side by side."""
        functions = {f.spec: f for course in self.courses for f in course.stack.functions}
        rules = {spec: firing_rule(f, "pre") for spec, f in functions.items()}
        return {
            name: observe(rules[course.stack.at(layer).spec], name, z, 0)
            for course in self.courses
            for layer, z in enumerate(self._preactivations(course))
            for name in [layer_name(course, layer, self.trial)]
        }

    def weights(self) -> dict[str, Weights]:
        """Return the weights that feed each of those layers."""
        weights_of: dict[str, Weights] = {}
        plan = self.trial.plan
        for course in self.courses:
            networks = [self._run(course).network(member) for member in networks_of(course, self.trial)]
            before: str | None = None
            for layer in range(course.depth):
                name = layer_name(course, layer, self.trial)
                incoming = [weights[layer] != 0 for weights, _, _ in networks]
                weights_of[name] = Weights(
                    bias=np.concatenate([biases[layer] for _, biases, _ in networks]),
                    zero=np.concatenate([~feeds.any(axis=0) for feeds in incoming]),
                    upstream=before,
                    reaches=None if before is None else _side_by_side(incoming),
                    # batch normalisation in training, and weight decay, change z where no gradient does
                    first=layer == 0 and not plan.batch_norm and not plan.decay,
                )
                # with a skip connection the next layer has other inputs than these units
                before = None if plan.skips(layer) else name
        return weights_of

    def _history(self, run: Progress, course: Course) -> History:
        return run.of(networks_of(course, self.trial))

    def _run(self, course: Course) -> Progress:
        return next(run for run, courses in self.runs if course in courses)

    def _preactivations(self, course: Course) -> list[Array]:
        """Return (samples, units of all networks) for each layer; NaN for a diverged network."""
        run, members = self._run(course), networks_of(course, self.trial)
        diverged = self._history(run, course).diverged != NOT_DIVERGED
        by_layer: list[list[Array]] = [[] for _ in range(course.depth)]
        with np.errstate(all="ignore"):
            for member, gone in zip(members, diverged.tolist(), strict=True):
                weights, biases, learned = run.network(member)
                h = self.data.at_split(member.split).test_x.astype(self.trial.plan.dtype)
                for layer in range(course.depth):
                    z = np.matmul(h, weights[layer])
                    z += biases[layer]
                    by_layer[layer].append(np.full_like(z, np.nan) if gone else z)
                    f = course.stack.at(layer)
                    after = np.asarray(f.definition.value(z, **{**f.parameters, **learned[layer]}), z.dtype)
                    h = h + after if self.trial.plan.skips(layer) else after
        return [np.concatenate(layer, axis=1) for layer in by_layer]


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A step of the work: its progress, what is being done, and the courses so far."""

    done: int
    total: int
    doing: str
    so_far: TrainedCourses


def watch_dying(
    stacks: Sequence[Stack], data: Dataset, trial: Trial, threads: int, elsewhere: Train | None = None
) -> Iterator[TrainingStep]:
    """Train every function at every depth and rate with every seed, all rates of a depth at once.

    elsewhere: trains the networks, in place of the threads. Raises UsageError, before any work, for conditions that
    cannot be met.
    """
    rules = _require_possible(stacks, data, trial)
    return _train_rates(stacks, data, trial, elsewhere or partial(train, threads=threads, rules=rules))


def find_limits(
    stacks: Sequence[Stack],
    data: Dataset,
    trial: Trial,
    limit: float,
    threads: int,
    elsewhere: Train | None = None,
) -> Iterator[TrainingStep]:
    """Bisect, for every function at every depth, the logarithm of the rate above which units die.

    The search begins with the trial's rates. It tries ten times the largest until something fails and a tenth of the
    smallest until nothing does, from 1e-6 to 1e4, then the middle, until two rates are within 10 %. All functions are
    trained side by side. Raises UsageError as `watch_dying`, and for a trial without rates.
    """
    rules = _require_possible(stacks, data, trial)
    if not trial.rates:
        raise UsageError(
            "`find_limit` searches a rate itself; give `lr` rates to begin with, or leave it out"
        )
    return _bisect(stacks, data, trial, limit, elsewhere or partial(train, threads=threads, rules=rules))


def course_name(course: Course, trial: Trial) -> str:
    """Return `relu lr 0.1`, or with several depths `relu 8 layers lr 0.1`."""
    depth = f" {course.depth} layers" if len(trial.depths) > 1 else ""
    return f"{course.stack.spec}{depth} lr {course.rate_text}"


def layer_name(course: Course, layer: int, trial: Trial) -> str:
    """Return `relu lr 0.1 layer 2`; the name counts layers from 1, the argument from 0."""
    return f"{course_name(course, trial)} layer {layer + 1}"


def networks_of(course: Course, trial: Trial) -> list[Member]:
    """Return the networks of a course, one per split and seed."""
    return trial.members(course.stack, course.rates or (course.rate,) * trial.splits)


def _require_possible(stacks: Sequence[Stack], data: Dataset, trial: Trial) -> dict[str, Rule]:
    """Return the firing rules of the functions, by specification; raise UsageError for what cannot be trained."""
    names = [stack.spec for stack in stacks]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise UsageError(f"`train={twice[0]}` is named twice")
    rules = require_trainable(stacks, trial)
    networks = len(stacks) * len(trial.rates) * trial.networks or candidates(
        len(stacks), trial.plan.optimizer, trial.splits
    )
    for depth in trial.depths:
        require_room(networks, trial.plan_of(depth), data)
    return rules


def _train_rates(stacks: Sequence[Stack], data: Dataset, trial: Trial, run: Train) -> Iterator[TrainingStep]:
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...] = ()
    for depth in trial.depths:
        courses = tuple(Course(stack, depth, rate) for stack in stacks for rate in trial.rates)
        where = f", {depth} layers" if len(trial.depths) > 1 else ""
        if not trial.rates:
            grid = rate_grid(trial.plan.optimizer)
            for share, best in best_rates(stacks, grid, trial.plan_of(depth), data, trial.seed, run):
                so_far = TrainedCourses(trial, data, runs)
                yield TrainingStep(int(1000 * share), 1000, "looking for rates" + where, so_far)
                courses = tuple(
                    Course(stack, depth, typical_rate(rates), rates if len(set(rates)) > 1 else ())
                    for stack, rates in zip(stacks, best, strict=False)
                )
        for progress in _train_courses(courses, depth, data, trial, run):
            so_far = TrainedCourses(trial, data, (*runs, (progress, courses)))
            yield TrainingStep(progress.done, progress.total, "training" + where, so_far)
        runs = so_far.runs


def _bisect(
    stacks: Sequence[Stack], data: Dataset, trial: Trial, limit: float, run: Train
) -> Iterator[TrainingStep]:
    runs: tuple[tuple[Progress, tuple[Course, ...]], ...] = ()
    for depth in trial.depths:
        courses = tuple(Course(stack, depth, rate) for stack in stacks for rate in sorted(trial.rates))
        fates: dict[Stack, list[Fate]] = {stack: [] for stack in stacks}
        while courses:
            for progress in _train_courses(courses, depth, data, trial, run):
                so_far = TrainedCourses(trial, data, (*runs, (progress, courses)), limit)
                yield TrainingStep(progress.done, progress.total, _list_rates(courses), so_far)
            runs = so_far.runs
            for course in courses:
                fates[course.stack].append(find_fate(course, progress.of(networks_of(course, trial))))
            following = ((stack, next_rate(find_threshold(own, limit))) for stack, own in fates.items())
            courses = tuple(Course(stack, depth, rate) for stack, rate in following if rate is not None)


def _list_rates(courses: Sequence[Course]) -> str:
    rates = sorted({course.rate for course in courses})
    if len(rates) > 3:
        return f"trying lr {rates[0]:g} to {rates[-1]:g}"
    return "trying lr " + ", ".join(f"{rate:g}" for rate in rates)


def _train_courses(
    courses: Sequence[Course], depth: int, data: Dataset, trial: Trial, run: Train
) -> Iterator[Progress]:
    networks = [member for course in courses for member in networks_of(course, trial)]
    return run(networks, trial.plan_of(depth), data)


def _side_by_side(feeds: Sequence[Flags]) -> Flags | None:
    """Join the weights of unconnected networks, bool (units, units upstream); None if that is too large."""
    upstream, units = feeds[0].shape
    count = len(feeds)
    if count * count * upstream * units > _MOST_PAIRS:
        return None
    reaches = np.zeros((count * units, count * upstream), np.bool_)
    for i, own in enumerate(feeds):
        reaches[i * units : (i + 1) * units, i * upstream : (i + 1) * upstream] = own.T
    return reaches
