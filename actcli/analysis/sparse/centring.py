"""Before a sparse autoencoder is trained: how far a layer's activations lie from 0, compared with their spread."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from actcli.analysis.deadness.unit_state import LayerState

OFF_CENTRE = 1.0
"""The gamma above which the mean is larger than the deviation, and a layer is to be centred."""


@dataclass(frozen=True, slots=True)
class Centring:
    """The mean and the spread of a layer's activations.

    Attributes:
        layer: its name.
        units, samples: how many there are.
        mean, deviation: the lengths of the vectors of all units' means and standard deviations.
        gamma: mean / deviation; it predicts how many latents of a sparse autoencoder are dead before training
            (Simon, Adams & Zou 2026). NaN if the deviations were not observed.
        hardly_firing: the share of random ReLU latents that would fire on less than `rare` of the samples.
        largest: the unit whose mean is the largest part of the vector, and that part of its squared length.

    """

    layer: str
    units: int
    samples: int
    mean: float
    deviation: float
    gamma: float
    hardly_firing: float
    largest: tuple[int, float]

    @property
    def is_off_centre(self) -> bool:
        """Whether the layer is to be centred."""
        return self.gamma > OFF_CENTRE


def centring(state: LayerState, rare: float) -> Centring:
    """Return gamma of a layer, from the statistics of its values.

    gamma = |mu| / |sigma|. A latent with a random direction w of length 1 has the input w·x, of which the mean over
    the samples is about gamma times a standard normal number in units of its deviation |sigma| / sqrt(units). If w·x is
    normal, it is positive with p < rare where that number lies below -q / gamma, q the rare quantile: the share
    Phi(-q / gamma).
    """
    squares = np.square(np.nan_to_num(state.mean))
    mean, deviation = math.sqrt(squares.sum()), math.sqrt(float(state.variance.sum()))
    gamma = mean / deviation if deviation > 0 else math.nan if math.isnan(deviation) or not mean else math.inf
    largest = int(squares.argmax()) if squares.size else 0
    part = float(squares[largest] / squares.sum()) if squares.sum() else 0.0
    return Centring(
        layer=state.name,
        units=state.units,
        samples=state.samples,
        mean=mean,
        deviation=deviation,
        gamma=gamma,
        hardly_firing=_hardly_firing(gamma, rare),
        largest=(largest, part),
    )


def _hardly_firing(gamma: float, rare: float) -> float:
    if math.isnan(gamma) or gamma == 0:
        return gamma
    normal = NormalDist()
    return normal.cdf(normal.inv_cdf(rare) / gamma)
