"""Plan of a training: the settings that all networks of a population share."""

from dataclasses import dataclass
from typing import Literal, get_args

from actcli.analysis.training.initial import Init

Optimizer = Literal["sgd", "momentum", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
MOMENTS = {"sgd": 0, "momentum": 1, "adam": 2}
"""Arrays that an optimizer remembers for each array that it trains."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The settings that all members of a population share.

    Attributes:
        hidden: the widths of the hidden layers.
        epochs, batch: passes over the training set, samples per step.
        optimizer: sgd, momentum (0.9; Polyak 1964) or adam (Kingma and Ba 2015, its usual constants).
        decay: L2 penalty: decay·w is added to the gradient of a weight.
        init: the initial weights; biases start at 0.
        learn: parameters of the activations that are trained with the weights, by our names.
        dtype: float32, or float64 for tests.

    """

    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 20
    batch: int = 32
    optimizer: Optimizer = "sgd"
    decay: float = 0.0
    init: Init = "he"
    learn: tuple[str, ...] = ()
    dtype: Literal["float32", "float64"] = "float32"
