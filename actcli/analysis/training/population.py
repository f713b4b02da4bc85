"""A population of networks through its epochs: groups on threads, and what is measured of each after every epoch."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule, fires, firing_rule
from actcli.analysis.stream.memory import keep_freed_memory
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.training import Group, Plan
from actcli.exits import UsageError

Array = NDArray[Any]
NOT_DIVERGED = -1
MOST_IN_A_GROUP = 64
"""Members that are trained in step; more are trained in several groups.

Large arrays keep the threads out of each other's way: 120 networks take 1.8 times as long in groups of 10 (measured).
"""
_FEWEST_IN_A_GROUP = 4
_GROUP_BYTES = 1 << 24
"""Weights of a group, and what becomes of its batch, unless a single network has more of them."""
MOST_BYTES = 1 << 32
_SAMPLES_AT_ONCE = 128
"""Samples of all members that are looked at together: what they make of them stays in the caches."""
_TURN = 1e-4
"""Seconds after which a thread that waits for the interpreter asks for it.

The arrays of a step take some 100 µs each. By default a thread asks after 5 ms, and finds the other at work again
whenever it wakes up.
"""
_SATURATED = 0.95
_RARE = 0.01
_NARROW = 1e-2


@dataclass(frozen=True, slots=True)
class Member:
    """One network to be: its activations by layer, learning rate and seed (of weights and of the batches' order)."""

    stack: Stack
    rate: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What happened to P members. Row 0 of each array is before training, row e after epoch e.

    Attributes:
        members: in the order of the columns.
        epochs: the last row that is filled in; -1 before the first look. Later rows are NaN, or False.
        train_loss: (E + 1, P): the mean over the epoch's batches, each before its step; inf once diverged.
        train_score, test_score: accuracy, or R² for regression, of all samples.
        test_loss: mean loss on the test set; inf once diverged.
        gradient: (E + 1, P, weights' layers): the root mean square over the epoch's steps of the norm of the
            gradient of a layer's weights; NaN once diverged.
        dead: for each hidden layer (E + 1, P, width): silent, or gate-dead, on the test set; False once diverged.
        rare, saturated: (E + 1, P, hidden layers): shares of units; NaN once diverged.
        seconds: (E + 1, P): of training per epoch, a member's part of its group's: a measurement, never the same.
        diverged: (P,): the epoch in which the loss was no longer finite; NOT_DIVERGED.

    """

    members: tuple[Member, ...]
    epochs: int
    train_loss: Array
    train_score: Array
    test_score: Array
    test_loss: Array
    gradient: Array
    dead: tuple[NDArray[np.bool_], ...]
    rare: Array
    saturated: Array
    seconds: Array
    diverged: NDArray[np.int64]

    @classmethod
    def unwritten(cls, members: tuple[Member, ...], plan: Plan) -> "History":
        """Room for all epochs of these members."""
        rows, count, layers = plan.epochs + 1, len(members), len(plan.hidden)

        def nothing(*more: int) -> Array:
            return np.full((rows, count, *more), np.nan)

        return cls(
            members,
            -1,
            train_loss=nothing(),
            train_score=nothing(),
            test_score=nothing(),
            test_loss=nothing(),
            gradient=nothing(layers + 1),
            dead=tuple(np.zeros((rows, count, width), np.bool_) for width in plan.hidden),
            rare=nothing(layers),
            saturated=nothing(layers),
            seconds=nothing(),
            diverged=np.full(count, NOT_DIVERGED, np.int64),
        )

    def dead_share(self) -> Array:
        """(E + 1, P): of all hidden units together; NaN once diverged, as such units are neither dead nor alive."""
        units = sum(layer.shape[2] for layer in self.dead)
        share = np.asarray(sum(layer.sum(axis=2) for layer in self.dead) / units)
        rows = np.arange(len(share))[:, None]
        gone = (self.diverged != NOT_DIVERGED) & (rows >= self.diverged)
        return np.where(gone, np.nan, share)


@dataclass(slots=True)
class _Cohort:
    """A group and its history while it is being written, up to the row `reached`."""

    group: Group
    history: History
    look: "_Look"
    reached: int = -1


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a training: epochs done of all groups together, of how many; and what is known of the members."""

    done: int
    total: int
    cohorts: tuple[_Cohort, ...]

    def of(self, wanted: Sequence[Member]) -> History:
        """The history of some members, in this order, as far as all of them have come."""
        places = self._places()
        at = [places[member] for member in wanted]
        epochs = min(cohort.reached for cohort, _ in at)

        def joined(of: Callable[[History], Array]) -> Array:
            return np.stack([of(cohort.history)[:, column] for cohort, column in at], axis=1)

        layers = range(len(at[0][0].history.dead))
        return History(
            tuple(wanted),
            epochs,
            train_loss=joined(lambda h: h.train_loss),
            train_score=joined(lambda h: h.train_score),
            test_score=joined(lambda h: h.test_score),
            test_loss=joined(lambda h: h.test_loss),
            gradient=joined(lambda h: h.gradient),
            dead=tuple(np.stack([c.history.dead[i][:, p] for c, p in at], axis=1) for i in layers),
            rare=joined(lambda h: h.rare),
            saturated=joined(lambda h: h.saturated),
            seconds=joined(lambda h: h.seconds),
            diverged=np.array([cohort.history.diverged[column] for cohort, column in at]),
        )

    def network(self, member: Member) -> tuple[list[Array], list[Array], list[dict[str, float]]]:
        """A member's weights (fan_in, fan_out), biases (fan_out,) and the learned parameters, layer by layer."""
        cohort, column = self._places()[member]
        weights = [array[column] for array in cohort.group.weights]
        biases = [array[column, 0] for array in cohort.group.biases]
        return weights, biases, cohort.group.learned_by(column)

    def _places(self) -> dict[Member, tuple[_Cohort, int]]:
        return {m: (c, i) for c in self.cohorts for i, m in enumerate(c.history.members)}


def train(members: Sequence[Member], plan: Plan, data: Dataset, threads: int) -> Iterator[Progress]:
    """Train all members, each different; a step after every epoch of a group, the last when all are done.

    Groups take turns on the threads, epoch by epoch; every member's numbers are the same for any count of them,
    but for `seconds`. A member that diverges is frozen and goes on as a network that gets nothing right.
    Raises UsageError for functions over rows, for an init that an activation does not allow, and for more
    networks than memory should hold.
    """
    require_room(len(members), plan, data)
    parts = _parts(members, plan, data, threads)
    data = data.in_dtype(plan.dtype)
    groups = [
        Group([m.stack for m in p], [m.rate for m in p], [m.seed for m in p], plan, data) for p in parts
    ]
    histories = [History.unwritten(part, plan) for part in parts]
    cohorts = [_Cohort(g, h, _Look(g, h)) for g, h in zip(groups, histories, strict=True)]
    return _trained(tuple(cohorts), plan, threads)


def require_room(members: int, plan: Plan, data: Dataset) -> None:
    """Raise UsageError when weights, histories and batches of so many networks would take more than 4 GiB."""
    weights = _weights_of_one(plan, data)
    copies = 1 + {"sgd": 0, "momentum": 1, "adam": 2}[plan.optimizer]
    epoch = sum(plan.hidden) + 8 * (6 + 3 * len(plan.hidden))
    needed = members * (copies * weights * np.dtype(plan.dtype).itemsize + (plan.epochs + 1) * epoch)
    # what a step makes of a group's weights and batch
    needed += 3 * min(members * _bytes_of_one(plan, data), max(_GROUP_BYTES, _bytes_of_one(plan, data)))
    if needed > MOST_BYTES:
        raise UsageError(
            f"{members} networks of {weights} weights over {plan.epochs} epochs, in batches of {plan.batch}, need "
            f"{needed / 2**30:.1f} GiB, allowed are {MOST_BYTES >> 30}; "
            "train fewer (--seeds), smaller (--width, --depth, --batch) or shorter (--epochs)"
        )


def _weights_of_one(plan: Plan, data: Dataset) -> int:
    widths = (data.features, *plan.hidden, data.outputs)
    return sum((before + 1) * after for before, after in pairwise(widths))


def _bytes_of_one(plan: Plan, data: Dataset) -> int:
    """The weights of a network, and its batch with what every layer makes of it: preactivation, activation, slope."""
    samples = max(min(plan.batch, len(data.train_y)), _SAMPLES_AT_ONCE)
    numbers = samples * (data.features + 3 * sum(plan.hidden) + 2 * data.outputs)
    return (_weights_of_one(plan, data) + numbers) * np.dtype(plan.dtype).itemsize


def _trained(cohorts: tuple[_Cohort, ...], plan: Plan, threads: int) -> Iterator[Progress]:
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
    sys.setswitchinterval(_TURN)
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


def _parts(members: Sequence[Member], plan: Plan, data: Dataset, threads: int) -> list[tuple[Member, ...]]:
    """Groups that are not too large, one a thread at least; each has its share of every stack, and so the same work."""
    by_stack: dict[str, list[Member]] = {}
    for member in members:
        by_stack.setdefault(member.stack.spec, []).append(member)
    ordered = [member for own in by_stack.values() for member in own]
    most = max(1, min(MOST_IN_A_GROUP, _GROUP_BYTES // _bytes_of_one(plan, data)))
    groups = max(-(-len(ordered) // most), min(threads, max(1, len(ordered) // _FEWEST_IN_A_GROUP)))
    return [tuple(ordered[first::groups]) for first in range(groups)]


def _work(
    waiting: "SimpleQueue[_Cohort | None]",
    plan: Plan,
    news: "SimpleQueue[BaseException | None]",
    stop: Event,
) -> None:
    """A thread: an epoch of the group that has waited longest, again and again; every one is told of."""
    try:
        with np.errstate(all="ignore"):
            while (cohort := waiting.get()) is not None:
                epoch = cohort.reached + 1
                if epoch:
                    _train_epoch(cohort, epoch, stop)
                if stop.is_set():
                    return
                cohort.look.measure(epoch)
                cohort.reached = epoch
                news.put(None)
                if epoch < plan.epochs:
                    waiting.put(cohort)
    except BaseException as error:  # noqa: BLE001 - it is raised again where the results are waited for
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
        loss, square = group.step(x[places], y[places])
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


class _Look:
    """What is measured of a group after an epoch, on samples that are the same for all members."""

    def __init__(self, group: Group, history: History) -> None:
        self.group, self.history = group, history
        self.rules = [[firing_rule(part.f, "pre") for part in layer.parts] for layer in group.activations]

    def measure(self, epoch: int) -> None:
        """Fill in the row of an epoch."""
        history, group = self.history, self.group
        data, frozen = group.data, group.frozen
        units = [
            [_Units(rule, part.members, width) for rule, part in zip(rules, layer.parts, strict=True)]
            for rules, layer, width in zip(self.rules, group.activations, group.plan.hidden, strict=True)
        ]
        score, loss = self._seen(data.test_x, data.test_y, units=units)
        history.test_score[epoch] = score
        history.test_loss[epoch] = np.where(frozen, np.inf, loss)
        for layer, parts in enumerate(units):
            for seen in parts:
                gone = frozen[seen.members]
                history.dead[layer][epoch, seen.members] = seen.dead & ~gone[:, None]
                history.rare[epoch, seen.members, layer] = np.where(gone, np.nan, seen.rare.mean(axis=1))
                history.saturated[epoch, seen.members, layer] = np.where(
                    gone, np.nan, seen.saturated.mean(axis=1)
                )
        # from then on the batches tell the loss
        history.train_score[epoch], loss = self._seen(data.train_x, data.train_y, with_loss=epoch == 0)
        if epoch == 0:
            history.train_loss[0] = loss

    def _seen(
        self, x: Array, y: Array, *, with_loss: bool = True, units: "Sequence[Sequence[_Units]]" = ()
    ) -> tuple[Array, Array]:
        """Score and mean loss (P,) of all samples, a block at a time; their units are watched."""
        group = self.group
        credit, losses = np.zeros(group.size), np.zeros(group.size)
        for start in range(0, len(x), _SAMPLES_AT_ONCE):
            targets = y[start : start + _SAMPLES_AT_ONCE]
            inputs, preactivations, outputs = group.forward(x[None, start : start + _SAMPLES_AT_ONCE])
            outputs[group.frozen] = np.nan
            credit += group.data.credit(outputs, targets)
            if with_loss:
                losses += group.data.loss_and_error(outputs, targets[None])[0] * len(targets)
            for parts, z, h in zip(units, preactivations, inputs[1:], strict=False):
                for seen in parts:
                    seen.watch(z[seen.members], h[seen.members])
        return group.data.score_of(credit, y), losses / len(y)


class _Units:
    """The units of one layer of some members while samples pass: how often each fires, and over which range."""

    def __init__(self, rule: Rule, members: slice, width: int) -> None:
        self.rule, self.members = rule, members
        shape = members.stop - members.start, width
        self.samples = 0
        self.fired = np.zeros(shape, np.int64)
        self.lowest = np.full(shape, np.inf)
        self.highest = np.full(shape, -np.inf)

    def watch(self, z: Array, h: Array) -> None:
        """Take in a block of preactivations and their activations (P, samples, width)."""
        self.samples += z.shape[1]
        # at most 255 samples: bytes hold their number, and are added up many at a time
        self.fired += fires(self.rule, z).view(np.uint8).sum(axis=1, dtype=np.uint8)
        if self.rule.kind != "relu_like":
            np.minimum(self.lowest, h.min(axis=1), out=self.lowest)
            np.maximum(self.highest, h.max(axis=1), out=self.highest)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Never fires; without a zero branch it also hardly moves, beside the other units of its layer."""
        silent: NDArray[np.bool_] = self.fired == 0
        if self.rule.kind == "relu_like":
            return silent
        spread = self.highest - self.lowest
        silent &= spread < _NARROW * np.median(spread, axis=1, keepdims=True)
        return silent

    @property
    def rare(self) -> NDArray[np.bool_]:
        """Fires, on less than 1 % of the samples."""
        return (self.fired > 0) & (self.fired < _RARE * self.samples)

    @property
    def saturated(self) -> NDArray[np.bool_]:
        """Has a slope as good as 0 on at least 95 % of the samples; with a zero branch that is not saturation."""
        if self.rule.kind == "relu_like":
            return np.zeros(self.fired.shape, np.bool_)
        return self.samples - self.fired >= _SATURATED * self.samples
