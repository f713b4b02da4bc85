"""Measurements after each epoch: scores, losses and the hidden units of a group of networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule, fires, firing_rule
from actcli.analysis.deadness.unit_class import is_narrow
from actcli.analysis.training.group import SAMPLES_AT_ONCE, Group
from actcli.analysis.training.history import History

Array = NDArray[Any]
_SATURATED = 0.95
_RARE = 0.01


class GroupMeasure:
    """Measures a group after an epoch, on the same samples for all members, and writes its history.

    `rules` holds the firing rules of the functions so far, by specification.
    """

    def __init__(self, group: Group, history: History, rules: dict[str, Rule]) -> None:
        self.group, self.history = group, history
        for layer in group.activations:
            for part in layer.parts:
                if part.f.spec not in rules:
                    rules[part.f.spec] = firing_rule(part.f, "pre")
        self.rules = [[rules[part.f.spec] for part in layer.parts] for layer in group.activations]

    def measure(self, epoch: int) -> None:
        """Fill in the history's row of an epoch."""
        history, group = self.history, self.group
        data, frozen = group.data, group.frozen
        units = [
            [FiringCounts(rule, part.members, width) for rule, part in zip(rules, layer.parts, strict=True)]
            for rules, layer, width in zip(self.rules, group.activations, group.plan.hidden, strict=True)
        ]
        score, loss = self._pass(data.test_x, data.test_y, units=units)
        history.test_score[epoch] = score
        history.test_loss[epoch] = np.where(frozen, np.inf, loss)
        for layer, parts in enumerate(units):
            for counts in parts:
                gone = frozen[counts.members]
                history.dead[layer][epoch, counts.members] = counts.dead & ~gone[:, None]
                for shares, flags in ((history.rare, counts.rare), (history.saturated, counts.saturated)):
                    shares[epoch, counts.members, layer] = np.where(gone, np.nan, flags.mean(axis=1))
        for layer, activation in enumerate(group.activations):
            for part in activation.parts:
                for name, own in part.learned.items():
                    values = np.where(frozen[part.members], np.nan, own)
                    history.learned[name][epoch, part.members, layer] = values
        # after epoch 0 the batches measure the training loss
        history.train_score[epoch], loss = self._pass(data.train_x, data.train_y, with_loss=epoch == 0)
        if epoch == 0:
            history.train_loss[0] = loss

    def _pass(
        self, x: Array, y: Array, *, with_loss: bool = True, units: Sequence[Sequence["FiringCounts"]] = ()
    ) -> tuple[Array, Array]:
        """Return score and mean loss (P,) of all samples, and count the firings of units on the way."""
        group = self.group
        credit, losses = np.zeros(group.size), np.zeros(group.size)
        for start in range(0, len(x), SAMPLES_AT_ONCE):
            targets = y[start : start + SAMPLES_AT_ONCE]
            batch = x[None, start : start + SAMPLES_AT_ONCE]
            preactivations, activations, outputs = group.forward(batch, keeps=bool(units))
            outputs[group.frozen] = np.nan
            credit += group.data.credit(outputs, targets)
            if with_loss:
                losses += group.data.loss_and_error(outputs, targets[None])[0] * len(targets)
            for parts, z, h in zip(units, preactivations, activations, strict=False):
                for counts in parts:
                    counts.add(z[counts.members], h[counts.members])
        return group.data.score_of(credit, y), losses / len(y)


class FiringCounts:
    """The firings of the units of one layer of some members, and the ranges of inputs and outputs of silent units."""

    def __init__(self, rule: Rule, members: slice, width: int) -> None:
        self.rule, self.members = rule, members
        shape = members.stop - members.start, width
        self.samples = 0
        self.fired = np.zeros(shape, np.int64)
        self.lowest = np.full(shape, np.inf)
        self.highest = np.full(shape, -np.inf)
        self.smallest_z = np.full(shape, np.inf)
        self.largest_z = np.full(shape, -np.inf)

    def add(self, z: Array, h: Array) -> None:
        """Count a block of preactivations and their activations (P, samples, width)."""
        self.samples += z.shape[1]
        self.fired += _count(fires(self.rule, z))
        # of units that have fired, nothing else decides
        if self.rule.kind not in {"relu_like", "leaky"} and not self.fired.all():
            np.minimum(self.lowest, h.min(axis=1), out=self.lowest)
            np.maximum(self.highest, h.max(axis=1), out=self.highest)
            np.minimum(self.smallest_z, z.min(axis=1), out=self.smallest_z)
            np.maximum(self.largest_z, z.max(axis=1), out=self.largest_z)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Units that never fire and, without a zero branch, are stuck on one flat side, as `unit_classes` says."""
        silent: NDArray[np.bool_] = self.fired == 0
        if self.rule.kind == "relu_like":
            return silent
        if self.rule.kind == "leaky":
            return np.zeros_like(silent)
        one_side = (self.largest_z <= self.rule.flat_below) | (self.smallest_z >= self.rule.flat_above)
        return silent & one_side & is_narrow(self.highest - self.lowest, self.rule)

    @property
    def rare(self) -> NDArray[np.bool_]:
        """Units that fire, on less than 1 % of the samples."""
        return (self.fired > 0) & (self.fired < _RARE * self.samples)

    @property
    def saturated(self) -> NDArray[np.bool_]:
        """Units with a vanishing slope on at least 95 % of the samples; with a zero branch that is sparsity."""
        if self.rule.kind == "relu_like":
            return np.zeros(self.fired.shape, np.bool_)
        return self.samples - self.fired >= _SATURATED * self.samples


def _count(flags: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how many of up to 255 samples are true, (P, samples, width) to (P, width), halving the samples each time.

    Long rows of bytes are added in half the time of a sum over the axis.
    """
    counts: NDArray[np.uint8] = flags.view(np.uint8)
    while (samples := counts.shape[1]) > 1:
        half = samples // 2
        halves = counts[:, :half] + counts[:, half : 2 * half]
        if samples % 2:
            halves[:, 0] += counts[:, -1]
        counts = halves
    return counts[:, 0]
