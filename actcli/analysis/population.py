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

from actcli.analysis.dataset import Dataset
from actcli.analysis.firing import Rule, fires, firing_rule
from actcli.analysis.memory import keep_freed_memory
from actcli.analysis.stack import Stack
from actcli.analysis.training import Group, Plan
from actcli.exits import UsageError

Array = NDArray[Any]
NOT_DIVERGED = -1
MOST_IN_A_GROUP = 24
"""Members whose weights and batches together stay in the caches; more are trained in several groups."""
MOST_BYTES = 1 << 32
_SAMPLES_AT_ONCE = 128
"""Samples of all members that are looked at together: what they make of them stays in the caches."""
_TURN = 5e-6
"""Seconds after which a thread that waits for the interpreter asks for it.

The arrays of a step take some 10 µs each. By default a thread asks after 5 ms, and finds the other at work again
whenever it wakes up: two threads then take 14.6 s for what takes 11.6 s like this (measured).
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
        learned = [
            {name: float(values[column]) for name, values in layer.items()} for layer in cohort.group.learned
        ]
        weights = [array[column] for array in cohort.group.weights]
        return weights, [array[column, 0] for array in cohort.group.biases], learned

    def _places(self) -> dict[Member, tuple[_Cohort, int]]:
        return {m: (c, i) for c in self.cohorts for i, m in enumerate(c.history.members)}


def train(members: Sequence[Member], plan: Plan, data: Dataset, threads: int) -> Iterator[Progress]:
    """Train all members, each different; a step after every epoch of a group, the last when all are done.

    Groups are trained side by side on threads; every member's numbers are the same for any count of them, but
    for `seconds`. A member that diverges is frozen and goes on as a network that gets nothing right.
    Raises UsageError for functions over rows, for an init that an activation does not allow, and for more
    networks than memory should hold.
    """
    require_room(len(members), plan, data)
    parts = _parts(members)
    data = data.in_dtype(plan.dtype)
    groups = [Group(p[0].stack, [m.rate for m in p], [m.seed for m in p], plan, data) for p in parts]
    cohorts = tuple(_Cohort(g, History.unwritten(p, plan)) for g, p in zip(groups, parts, strict=True))
    return _trained(cohorts, plan, threads)


def require_room(members: int, plan: Plan, data: Dataset) -> None:
    """Raise UsageError when the weights and histories of so many networks would take more than 4 GiB."""
    widths = (data.features, *plan.hidden, data.outputs)
    weights = sum((before + 1) * after for before, after in pairwise(widths))
    copies = 2 + {"sgd": 0, "momentum": 1, "adam": 2}[plan.optimizer]
    epoch = sum(plan.hidden) + 8 * (6 + 3 * len(plan.hidden))
    needed = members * (copies * weights * np.dtype(plan.dtype).itemsize + (plan.epochs + 1) * epoch)
    if needed > MOST_BYTES:
        raise UsageError(
            f"{members} networks of {weights} weights over {plan.epochs} epochs need {needed / 2**30:.1f} GiB, "
            f"allowed are {MOST_BYTES >> 30}; train fewer (--seeds), smaller (--width, --depth) or shorter (--epochs)"
        )


def _trained(cohorts: tuple[_Cohort, ...], plan: Plan, threads: int) -> Iterator[Progress]:
    from concurrent.futures import ThreadPoolExecutor

    keep_freed_memory()
    total = len(cohorts) * (plan.epochs + 1)
    news: SimpleQueue[BaseException | None] = SimpleQueue()
    stop = Event()
    pool = ThreadPoolExecutor(min(threads, len(cohorts)), "actcli")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        for cohort in cohorts:
            pool.submit(_live, cohort, plan, news, stop)
        for done in range(1, total + 1):
            failure = news.get()
            if failure is not None:
                raise failure
            yield Progress(done, total, cohorts)
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        sys.setswitchinterval(usual)


def _parts(members: Sequence[Member]) -> list[tuple[Member, ...]]:
    """Members with the same stack, in groups that are not too large."""
    by_stack: dict[str, list[Member]] = {}
    for member in members:
        by_stack.setdefault(member.stack.spec, []).append(member)
    parts = []
    for own in by_stack.values():
        groups = -(-len(own) // MOST_IN_A_GROUP)
        size = -(-len(own) // groups)
        parts += [tuple(own[start : start + size]) for start in range(0, len(own), size)]
    return parts


def _live(cohort: _Cohort, plan: Plan, news: "SimpleQueue[BaseException | None]", stop: Event) -> None:
    """All epochs of one group, on a thread of its own; every one is told of."""
    try:
        with np.errstate(all="ignore"):
            look = _Look(cohort)
            for epoch in range(plan.epochs + 1):
                if epoch:
                    _train_epoch(cohort, epoch, stop)
                if stop.is_set():
                    return
                look.measure(epoch)
                cohort.reached = epoch
                news.put(None)
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
    history.seconds[epoch] = (time.perf_counter() - started) / group.size
    new = group.frozen & (history.diverged == NOT_DIVERGED)
    history.diverged[new] = epoch
    history.train_loss[epoch] = np.where(group.frozen, np.inf, losses / samples)
    history.gradient[epoch] = np.where(group.frozen[:, None], np.nan, np.sqrt(squares / len(batches)))


class _Look:
    """What is measured of a group after an epoch, on samples that are the same for all members."""

    def __init__(self, cohort: _Cohort) -> None:
        self.history, self.group = cohort.history, cohort.group
        stack, layers = self.group.stack, len(self.group.plan.hidden)
        self.rules: list[Rule] = [firing_rule(stack.at(layer), "pre") for layer in range(layers)]

    def measure(self, epoch: int) -> None:
        """Fill in the row of an epoch."""
        history, group = self.history, self.group
        data, frozen = group.data, group.frozen
        units = [
            _Units(rule, group.size, width) for rule, width in zip(self.rules, group.plan.hidden, strict=True)
        ]
        score, loss = self._seen(data.test_x, data.test_y, units=units)
        history.test_score[epoch] = score
        history.test_loss[epoch] = np.where(frozen, np.inf, loss)
        for layer, seen in enumerate(units):
            alive = ~frozen[:, None]
            history.dead[layer][epoch] = seen.dead & alive
            history.rare[epoch, :, layer] = np.where(frozen, np.nan, seen.rare.mean(axis=1))
            history.saturated[epoch, :, layer] = np.where(frozen, np.nan, seen.saturated.mean(axis=1))
        # from then on the batches tell the loss
        history.train_score[epoch], loss = self._seen(data.train_x, data.train_y, with_loss=epoch == 0)
        if epoch == 0:
            history.train_loss[0] = loss

    def _seen(
        self, x: Array, y: Array, *, with_loss: bool = True, units: "Sequence[_Units]" = ()
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
            for seen, z, h in zip(units, preactivations, inputs[1:], strict=False):
                seen.watch(z, h)
        return group.data.score_of(credit, y), losses / len(y)


class _Units:
    """The units (P, width) of one layer while samples pass: how often each fires, and over which range."""

    def __init__(self, rule: Rule, members: int, width: int) -> None:
        self.rule = rule
        self.samples = 0
        self.fired = np.zeros((members, width), np.int64)
        self.lowest = np.full((members, width), np.inf)
        self.highest = np.full((members, width), -np.inf)

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
