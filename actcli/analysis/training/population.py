"""Populations of networks, trained in groups on threads and measured after every epoch."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.memory import keep_freed_memory
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.epoch_measure import GroupMeasure
from actcli.analysis.training.group import SAMPLES_AT_ONCE, Group
from actcli.analysis.training.history import NOT_DIVERGED, History, Member
from actcli.analysis.training.plan import MOMENTS, TrainingPlan
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.firing_rule import Rule

Array = NDArray[Any]
MOST_IN_A_GROUP = 64
"""Members that are trained in step; more are split into several groups.

Large arrays keep the threads out of each other's way: 120 networks take 1.8 times as long in groups of 10 (measured).
"""
_FEWEST_IN_A_GROUP, _MANY_IN_A_GROUP = 4, 40
_GROUP_BYTES = 1 << 24
"""Bytes of a group's weights and of its batch on the way through it, unless a single network needs more."""
_SWITCH_SECONDS = 1e-4
"""Interval after which a waiting thread asks for the interpreter.

The arrays of a step take some 100 µs each. By default a thread asks after 5 ms, and finds the other one busy again
whenever it wakes up.
"""


NetworkArrays = tuple[list[Array], list[Array], list[dict[str, float]]]
"""A network's weights (fan_in, fan_out), biases (fan_out,) and learned parameters, layer by layer."""


class Cohort(Protocol):
    """Some of the networks, and their history up to the row `reached`."""

    @property
    def history(self) -> History:
        """Their history."""

    @property
    def reached(self) -> int:
        """The last measured row; -1 before the first."""

    def network(self, column: int) -> NetworkArrays:
        """Return the network of a column of the history, with batch normalisation folded in."""


@dataclass(slots=True)
class _Cohort:
    """A group and its history while it is written."""

    group: Group
    history: History
    measure: GroupMeasure
    reached: int = -1

    def network(self, column: int) -> NetworkArrays:
        group, own = self.group, slice(column, column + 1)
        layers = [group.folded(layer, own) for layer in range(len(group.weights))]
        weights, biases = [w[0] for w, _ in layers], [b[0, 0] for _, b in layers]
        return weights, biases, group.learned_by(column)


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a training: epochs done and in total, over all groups, and the networks so far."""

    done: int
    total: int
    cohorts: tuple[Cohort, ...]

    def of(self, members: Sequence[Member]) -> History:
        """Return the history of some members, in this order, up to the last epoch that all of them have reached."""
        places = self._places()
        columns = [places[member] for member in members]
        epochs = min(cohort.reached for cohort, _ in columns)
        return History.joined([(cohort.history, place) for cohort, place in columns], epochs)

    def network(self, member: Member) -> NetworkArrays:
        """Return the network of a member, with batch normalisation folded in."""
        cohort, column = self._places()[member]
        return cohort.network(column)

    def _places(self) -> dict[Member, tuple[Cohort, int]]:
        return {m: (c, i) for c in self.cohorts for i, m in enumerate(c.history.members)}


Train = Callable[[Sequence[Member], TrainingPlan, Dataset], Iterator[Progress]]
"""Trains networks, on threads as `train` or elsewhere."""


def train(
    members: Sequence[Member],
    plan: TrainingPlan,
    data: Dataset,
    threads: int,
    most_in_group: int = MOST_IN_A_GROUP,
    rules: "dict[str, Rule] | None" = None,
) -> Iterator[Progress]:
    """Train all members, each different from the others; yield after every epoch of a group.

    Groups take turns on the threads, epoch by epoch. A member's numbers do not depend on the number of threads, except
    for `seconds`. A member that diverges is frozen, and counts on as a network that gets nothing right. `rules`: the
    firing rules that are known already, by specification; it receives the others. Raises UsageError for functions over
    rows, for an init that an activation does not allow, and for more networks than memory should hold.
    """
    require_room(len(members), plan, data)
    parts = _split(members, plan, data, threads, most_in_group)
    data = data.in_dtype(plan.dtype)
    groups = [
        Group([m.stack for m in p], [m.rate for m in p], [m.seed for m in p], plan, data.at_split(p[0].split))
        for p in parts
    ]
    histories = [History.unwritten(part, plan) for part in parts]
    rules = {} if rules is None else rules
    cohorts = [_Cohort(g, h, GroupMeasure(g, h, rules)) for g, h in zip(groups, histories, strict=True)]
    return _train_cohorts(tuple(cohorts), plan, threads)


def require_room(members: int, plan: TrainingPlan, data: Dataset) -> None:
    """Raise UsageError if weights, histories and batches of so many networks take more than the plan allows."""
    weights = _weights_of_one(plan, data)
    copies = 1 + MOMENTS[plan.optimizer]
    epoch = sum(plan.hidden) + 8 * (6 + 3 * len(plan.hidden))
    needed = members * (copies * weights * np.dtype(plan.dtype).itemsize + (plan.epochs + 1) * epoch)
    # temporary arrays of a step on a group
    needed += 3 * min(members * _bytes_of_one(plan, data), max(_GROUP_BYTES, _bytes_of_one(plan, data)))
    if needed > plan.memory:
        raise UsageError(
            f"{members} networks of {weights} weights over {plan.epochs} epochs, in batches of {plan.batch}, need "
            f"{needed / 1e9:,.3g} GB of memory, {plan.memory / 1e9:.3g} GB are allowed; "
            "train fewer (`seeds`), smaller (`width`, `depth`, `batch`) or shorter (`epochs`), or allow more (`memory`)"
        )


def most_in_step(plan: TrainingPlan, data: Dataset) -> int:
    """Return how many networks are trained in step at most."""
    return max(1, min(MOST_IN_A_GROUP, _GROUP_BYTES // _bytes_of_one(plan, data)))


def _weights_of_one(plan: TrainingPlan, data: Dataset) -> int:
    widths = (data.features, *plan.hidden, data.outputs)
    # gains and running averages
    norms = 3 * sum(plan.hidden) if plan.batch_norm else 0
    return sum((before + 1) * after for before, after in pairwise(widths)) + norms


def _bytes_of_one(plan: TrainingPlan, data: Dataset) -> int:
    """Return the bytes of a network's weights and of its batch: inputs, and the arrays of each layer."""
    samples = max(min(plan.batch, len(data.train_y)), SAMPLES_AT_ONCE)
    arrays = 3 + 2 * plan.batch_norm + plan.residual
    numbers = samples * (data.features + arrays * sum(plan.hidden) + 2 * data.outputs)
    return (_weights_of_one(plan, data) + numbers) * np.dtype(plan.dtype).itemsize


def _train_cohorts(cohorts: tuple[_Cohort, ...], plan: TrainingPlan, threads: int) -> Iterator[Progress]:
    from concurrent.futures import ThreadPoolExecutor

    keep_freed_memory()
    workers = min(threads, len(cohorts))
    total = len(cohorts) * (plan.epochs + 1)
    waiting: SimpleQueue[_Cohort | None] = SimpleQueue()
    news: SimpleQueue[BaseException | None] = SimpleQueue()
    for cohort in cohorts:
        waiting.put(cohort)
    stop = Event()
    pool = ThreadPoolExecutor(workers, "actcli")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        for _ in range(workers):
            pool.submit(_work, waiting, plan, news, stop)
        for done in range(1, total + 1):
            failure = news.get()
            if failure is not None:
                raise failure
            yield Progress(done, total, cohorts)
    finally:
        stop.set()
        for _ in range(workers):
            waiting.put(None)
        pool.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(usual)


def _split(
    members: Sequence[Member], plan: TrainingPlan, data: Dataset, threads: int, most: int
) -> list[tuple[Member, ...]]:
    """Split members into groups with one split of the data each, not too large, and one per thread."""
    by_split: dict[int, list[Member]] = {}
    for member in members:
        by_split.setdefault(member.split, []).append(member)
    workers = -(-threads // len(by_split))
    return [part for own in by_split.values() for part in _split_evenly(own, plan, data, workers, most)]


def _split_evenly(
    members: Sequence[Member], plan: TrainingPlan, data: Dataset, threads: int, most: int
) -> list[tuple[Member, ...]]:
    """Split members into groups of equal size, with few stacks in each: one kernel then serves many members.

    The work of the groups differs. They take turns, so that threads share it evenly where each has several groups.
    """
    by_stack: dict[str, list[Member]] = {}
    for member in members:
        by_stack.setdefault(member.stack.spec, []).append(member)
    ordered = [member for own in by_stack.values() for member in own]
    most = min(most, most_in_step(plan, data))
    count = len(ordered)
    groups = max(
        -(-count // most),
        min(3 * threads, count // _MANY_IN_A_GROUP),
        min(threads, count // _FEWEST_IN_A_GROUP),
        1,
    )
    ends = [count * place // groups for place in range(groups + 1)]
    return [tuple(ordered[first:end]) for first, end in pairwise(ends)]


def _work(
    waiting: "SimpleQueue[_Cohort | None]",
    plan: TrainingPlan,
    news: "SimpleQueue[BaseException | None]",
    stop: Event,
) -> None:
    """Work on a thread: train an epoch of the group that has waited longest, report it, and repeat."""
    try:
        with np.errstate(all="ignore"):
            while (cohort := waiting.get()) is not None:
                epoch = cohort.reached + 1
                if epoch:
                    _train_epoch(cohort, epoch, stop)
                if stop.is_set():
                    return
                cohort.measure.measure(epoch)
                cohort.reached = epoch
                news.put(None)
                if epoch < plan.epochs:
                    waiting.put(cohort)
    except BaseException as error:  # noqa: BLE001 - raised again where the results are awaited
        news.put(error)


def _train_epoch(cohort: _Cohort, epoch: int, stop: Event) -> None:
    group, history = cohort.group, cohort.history
    x, y = group.data.train_x, group.data.train_y
    started = time.perf_counter()
    losses, squares, samples = np.zeros(group.size), np.zeros((group.size, len(group.weights))), 0
    batches = group.batches(epoch)
    for places in batches:
        if stop.is_set():
            return
        loss, square = group.step(x.take(places, axis=0, mode="clip"), y.take(places, axis=0, mode="clip"))
        losses += loss * places.shape[1]
        samples += places.shape[1]
        squares += square
    group.freeze_diverged(losses)
    own = group.own_seconds()
    history.seconds[epoch] = own + (time.perf_counter() - started - own.sum()) / group.size
    new = group.frozen & (history.diverged == NOT_DIVERGED)
    history.diverged[new] = epoch
    history.train_loss[epoch] = np.where(group.frozen, np.inf, losses / samples)
    history.gradient[epoch] = np.where(group.frozen[:, None], np.nan, np.sqrt(squares / len(batches)))
