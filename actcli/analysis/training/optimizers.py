"""Optimizers: the step that a trained array takes along its gradient."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.plan import MOMENTS, TrainingPlan

Array = NDArray[Any]

MOMENTUM = 0.9
BETAS = (0.9, 0.999)
SMOOTHING = 0.99
"""How much of its mean square rmsprop keeps from step to step."""
EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class TrainedArray:
    """An array that is trained, with the optimizer's moments; its first axis is its members."""

    value: Array
    members: slice
    decays: bool
    moments: tuple[Array, ...]

    @classmethod
    def of(cls, value: Array, members: slice, plan: TrainingPlan, *, decays: bool) -> "TrainedArray":
        """Return the array with moments of 0."""
        return cls(
            value, members, decays, tuple(np.zeros_like(value) for _ in range(MOMENTS[plan.optimizer]))
        )

    def move(self, gradient: Array, rates: Array, steps: int, plan: TrainingPlan) -> None:
        """Take a step of the optimizer, the `steps`-th from 1 on; overwrites the gradient."""
        if plan.decay and self.decays:
            if plan.optimizer == "adamw":
                np.subtract(self.value, rates * plan.decay * self.value, out=self.value)
            else:
                np.add(gradient, plan.decay * self.value, out=gradient)
        np.subtract(self.value, self._direction(gradient, rates, steps, plan), out=self.value)

    def _direction(self, gradient: Array, rates: Array, steps: int, plan: TrainingPlan) -> Array:
        """Return what is subtracted from the array; overwrites the gradient."""
        match plan.optimizer:
            case "sgd":
                return np.multiply(rates, gradient, out=gradient)
            case "momentum":
                (velocity,) = self.moments
                velocity *= MOMENTUM
                velocity += gradient
                return np.multiply(rates, velocity, out=gradient)
            case "rmsprop":
                (second,) = self.moments
                second *= SMOOTHING
                second += (1 - SMOOTHING) * np.square(gradient)
                gradient /= np.sqrt(second) + EPSILON
                gradient *= rates
                return gradient
        first, second = self.moments
        first *= BETAS[0]
        first += (1 - BETAS[0]) * gradient
        second *= BETAS[1]
        np.square(gradient, out=gradient)
        gradient *= 1 - BETAS[1]
        second += gradient
        np.divide(second, 1 - BETAS[1] ** steps, out=gradient)
        np.sqrt(gradient, out=gradient)
        gradient += EPSILON
        np.divide(first, gradient, out=gradient)
        gradient *= rates / (1 - BETAS[0] ** steps)
        return gradient
