"""History of a training: what happened to each network, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.hidden_layer import learned_names
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]
NOT_DIVERGED = -1
_MEASURES = (
    "train_loss", "train_score", "test_score", "test_loss", "gradient", "rare", "saturated", "seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One network to train: activations by layer, learning rate, seed of weights and batch order, split of the data."""

    stack: Stack
    rate: float
    seed: int
    split: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The measurements of P members. Row 0 of each array is before training, row e after epoch e.

    Attributes:
        members: in the order of the columns.
        epochs: the last measured row; -1 before the first measurement. Later rows are NaN, or False.
        train_loss: (E + 1, P): the mean over the epoch's batches, each before its step; inf once diverged.
        train_score, test_score: accuracy, or R² for regression, of all samples.
        test_loss: mean loss on the test set; inf once diverged.
        gradient: (E + 1, P, weight layers): norm of the gradient of a layer's weights, root mean square over the
            epoch's steps; NaN once diverged.
        dead: for each hidden layer (E + 1, P, width): silent or gate-dead on the test set; False once diverged.
        rare, saturated: (E + 1, P, hidden layers): shares of units; NaN once diverged.
        learned: the trained parameters of the activations by name, (E + 1, P, hidden layers): NaN in layers whose
            function has none of that name, and once diverged.
        plan: the settings of the networks.
        seconds: (E + 1, P): training time per epoch, a member's part of its group's; varies from run to run.
        diverged: (P,): the epoch in which the loss stopped being finite, or NOT_DIVERGED.

    """

    members: tuple[Member, ...]
    plan: TrainingPlan
    epochs: int
    train_loss: Array
    train_score: Array
    test_score: Array
    test_loss: Array
    gradient: Array
    dead: tuple[NDArray[np.bool_], ...]
    learned: Mapping[str, Array]
    rare: Array
    saturated: Array
    seconds: Array
    diverged: NDArray[np.int64]

    @classmethod
    def joined(cls, columns: Sequence[tuple["History", int]], epochs: int) -> "History":
        """Return one history of members that are columns of several, up to an epoch."""

        def join(arrays: list[Array]) -> Array:
            return np.stack(
                [array[:, place] for array, (_, place) in zip(arrays, columns, strict=True)], axis=1
            )

        measures: dict[str, Any] = {
            name: join([getattr(history, name) for history, _ in columns]) for name in _MEASURES
        }
        members = tuple(history.members[place] for history, place in columns)
        return cls(
            members,
            columns[0][0].plan,
            epochs,
            dead=tuple(map(join, map(list, zip(*(h.dead for h, _ in columns), strict=True)))),
            learned={
                name: join([history.of_parameter(name) for history, _ in columns])
                for name in learned_names((one.stack for one in members), columns[0][0].plan.learn)
            },
            diverged=np.array([history.diverged[place] for history, place in columns]),
            **measures,
        )

    @classmethod
    def unwritten(cls, members: tuple[Member, ...], plan: TrainingPlan) -> "History":
        """Return a history with room for all epochs of these members."""
        rows, count, layers = plan.epochs + 1, len(members), len(plan.hidden)

        more = {"gradient": (layers + 1,), "rare": (layers,), "saturated": (layers,)}
        measures: dict[str, Any] = {
            name: np.full((rows, count, *more.get(name, ())), np.nan) for name in _MEASURES
        }
        return cls(
            members,
            plan,
            -1,
            dead=tuple(np.zeros((rows, count, width), np.bool_) for width in plan.hidden),
            learned={
                name: np.full((rows, count, layers), np.nan)
                for name in learned_names((one.stack for one in members), plan.learn)
            },
            diverged=np.full(count, NOT_DIVERGED, np.int64),
            **measures,
        )

    def of_parameter(self, name: str) -> Array:
        """Return a trained parameter (E + 1, P, hidden layers); NaN where there is none of that name."""
        return self.learned.get(name, np.full_like(self.rare, np.nan))

    @property
    def gone(self) -> NDArray[np.bool_]:
        """(E + 1, P): whether a member has diverged by then."""
        rows = np.arange(len(self.test_score))[:, None]
        return np.asarray((self.diverged != NOT_DIVERGED) & (rows >= self.diverged), np.bool_)

    def dead_share(self) -> Array:
        """Return the dead share (E + 1, P) of all hidden units together; NaN once diverged."""
        units = sum(layer.shape[2] for layer in self.dead)
        share = np.asarray(sum(layer.sum(axis=2) for layer in self.dead) / units)
        return np.where(self.gone, np.nan, share)
