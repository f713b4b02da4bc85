"""Plan of a training: the settings that all networks of a population share."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from actcli.analysis.training.initial import Init
from actcli.analysis.wording import listed, rounded

Optimizer = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
MOMENTS = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2, "adamw": 2}
"""Arrays that an optimizer remembers for each array that it trains."""
_CAPITALISED = {"No", "Not", "Dead"}
"""Words with which an answer begins, and which are not the name of a function."""
Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The settings that all members of a population share.

    Attributes:
        hidden: the widths of the hidden layers.
        epochs, batch: passes over the training set, samples per step.
        optimizer: sgd, momentum (0.9; Polyak 1964), rmsprop (0.99; Tieleman and Hinton 2012), adam (Kingma and Ba
            2015) or adamw (Loshchilov and Hutter 2019), with their usual constants.
        warmup: epochs, or parts of one, over which the learning rate rises linearly to its value.
        schedule: the learning rate after that: constant, or falling to 0 along half a cosine (Loshchilov and Hutter
            2017).
        decay: L2 penalty: decay·w is added to the gradient of a weight; with adamw a weight shrinks by rate·decay·w.
        init: the initial weights; biases start at 0.
        batch_norm: whether preactivations are normalised over each batch (Ioffe and Szegedy 2015).
        residual: whether a skip connection goes around each hidden layer but the first (He et al. 2016).
        learn: parameters of the activations that are trained with the weights, beside those that a function is
            defined to learn (alpha of prelu); None: not even those.
        dtype: float32, or float64 for tests.
        memory: the bytes that weights, histories and batches of the population may take.

    """

    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 20
    batch: int = 32
    optimizer: Optimizer = "sgd"
    warmup: float = 0.0
    schedule: Schedule = "constant"
    decay: float = 0.0
    init: Init = "he"
    batch_norm: bool = False
    residual: bool = False
    learn: tuple[str, ...] | None = ()
    dtype: Literal["float32", "float64"] = "float32"
    memory: int = 4 * 10**9

    def rate_factor(self, step: int, steps_per_epoch: int) -> float:
        """Return the share of the learning rate that a step takes; steps count from 0."""
        rising, total = round(self.warmup * steps_per_epoch), self.epochs * steps_per_epoch
        if step < rising:
            return (step + 1) / rising
        if self.schedule == "constant":
            return 1.0
        return 0.5 + 0.5 * math.cos(math.pi * (step - rising) / (total - rising))

    @property
    def optimizer_text(self) -> str:
        """The optimizer with its decay, warm-up and schedule, as a sentence names them."""
        decay = [f"decay {rounded(self.decay)}"] if self.decay else []
        return ", ".join([self.optimizer, *decay, *self._rate_words])

    @property
    def settings(self) -> dict[str, str | int | float | bool]:
        """The settings that files of a training name, by their keys."""
        return {
            "optimizer": self.optimizer,
            "decay": self.decay,
            "warmup": self.warmup,
            "schedule": self.schedule,
            "batch_norm": self.batch_norm,
            "residual": self.residual,
        }

    @property
    def _rate_words(self) -> list[str]:
        """The warm-up and the schedule of the learning rate, as words."""
        epochs = f"{rounded(self.warmup)} epoch{'' if self.warmup == 1 else 's'}"
        cosine = ["cosine schedule"] if self.schedule == "cosine" else []
        return [*([f"warm-up over {epochs}"] if self.warmup else []), *cosine]

    @property
    def _part_words(self) -> list[str]:
        """The parts of the networks beside their layers."""
        return [
            *(["batch norm"] if self.batch_norm else []),
            *(["residual connections"] if self.residual else []),
        ]

    def qualify(self, answer: str) -> str:
        """Return an answer that first names what is special about the training: `With batch norm, relu is best.`"""
        words = [*([] if self.optimizer == "sgd" else [self.optimizer]), *self._rate_words, *self._part_words]
        if not (answer and words):
            return answer
        first, space, rest = answer.partition(" ")
        # the name of a function keeps its capitals
        return f"With {listed(words)}, {first.lower() if first in _CAPITALISED else first}{space}{rest}"

    @property
    def init_text(self) -> str:
        """The initial weights and the parts of the networks, as a sentence names them."""
        return ", ".join([f"init {self.init}", *self._part_words])

    def skips(self, layer: int) -> bool:
        """Return whether a skip connection goes around a hidden layer, counted from 0."""
        return self.residual and layer > 0
