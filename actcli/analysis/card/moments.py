"""The moments of an activation's value and slope under N(0, 1), and the gains of initial weights they call for."""

import math
from collections.abc import Sequence

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.gaussian import Floats, expectation
from actcli.dataclass import dataclass

_WITHIN = 6.0 * np.sin(np.arange(1.0, 1002.0))
_MOST_SAMPLES = 16
"""Grids of panels of which the values are kept, each of some thousand numbers."""
_MOST_NAN = 0.002
"""A share of NaN that is more than a few points."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and variance of a quantity of z ~ N(0, 1)."""

    mean: float
    variance: float

    @property
    def second(self) -> float:
        """Return the mean of the square."""
        return self.variance + self.mean * self.mean  # overflows to inf, where ** would raise


@dataclass(frozen=True, slots=True)
class Gains:
    """Factors of a layer's initial weights, each of which keeps one quantity the same through the layer.

    Attributes:
        second_moment: 1/√E f(z)² keeps E f², the scale of the signal (He et al. 2015).
        standard_deviation: 1/√Var f(z) keeps the variance of the outputs around their mean.
        gradient: 1/√E f'(z)² keeps the second moment of the gradients on their way back.
        torch: the gain of torch.nn.init.calculate_gain; None where it does not know the function.

    """

    second_moment: float
    standard_deviation: float
    gradient: float
    torch: float | None


def moments(f: Activation, breaks: Sequence[float]) -> tuple[Moments | None, Moments | None]:
    """Return the moments of f(z) and f'(z), split at `breaks`; None where z may leave the domain of f."""
    low, high = f.definition.domain
    if math.isfinite(low) or math.isfinite(high) or np.isnan(f(_WITHIN)).mean() > _MOST_NAN:
        return None, None
    samples: dict[bytes, Floats] = {}

    def sample(z: Floats) -> Floats:
        """Return f(z) and f'(z); both integrals begin with the same panels."""
        key = z.tobytes()
        if key in samples:
            return samples[key]
        y = np.stack([f(z), f.grad(z)])
        if len(samples) < _MOST_SAMPLES:
            samples[key] = y
        return y

    mean = expectation(sample, breaks)

    def spread(z: Floats) -> Floats:
        return np.square(sample(z) - mean[:, np.newaxis])

    # without a mean there is no variance; an infinite mean has an infinite one
    variance = np.where(np.isfinite(mean), expectation(spread, breaks), np.abs(mean))
    value, slope = (Moments(float(m), float(v)) for m, v in zip(mean, variance, strict=True))
    return value, slope


def gains(f: Activation, value: Moments | None, slope: Moments | None) -> Gains | None:
    """Return the gains of initial weights for these moments; None without moments."""
    if value is None or slope is None:
        return None
    second, spread, gradient = (_inverse_root(s) for s in (value.second, value.variance, slope.second))
    return Gains(second, spread, gradient, _torch_gain(f))


def _inverse_root(square: float) -> float:
    if math.isnan(square):  # the integral overflows on both sides
        return square
    return 1 / math.sqrt(square) if square > 0 else math.inf


def _torch_gain(f: Activation) -> float | None:
    """Return the gain of torch.nn.init.calculate_gain, which knows these six functions by name."""
    match f.name:
        case "identity" | "sigmoid":
            return 1.0
        case "tanh":
            return 5 / 3
        case "relu":
            return math.sqrt(2.0)
        case "leaky_relu":
            alpha = f.parameters["alpha"]
            return math.sqrt(2 / (1 + alpha**2)) if abs(alpha) < 1e150 else math.sqrt(2) / abs(alpha)
        case "selu" if all(
            math.isclose(f.parameters[p.name], p.default, rel_tol=1e-6) for p in f.definition.parameters
        ):
            return 3 / 4
        case _:
            return None
