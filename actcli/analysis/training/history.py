"""Histories of trainings: what happened to each network, epoch by epoch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]
NOT_DIVERGED = -1


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
    def unwritten(cls, members: tuple[Member, ...], plan: TrainingPlan) -> "History":
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
