"""What the tests of timelines share: small runs whose units die and wake at chosen epochs."""

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.timeline.timeline import Epoch, Timeline

SAMPLES = 1000


def layer(name, fates, epoch, samples=SAMPLES, function="relu", recorded="post"):
    """A layer in one epoch; fates: for each unit a text with one letter per epoch, `x` where it is dead."""
    values = np.random.default_rng(len(name) + epoch).uniform(0.1, 1, (samples, len(fates)))
    values *= np.arange(samples)[:, None] % 2
    for unit, fate in enumerate(fates):
        if fate[epoch] == "x":
            values[:, unit] = 0
    return observe(firing_rule(activation(function), recorded), name, values, None)


def run_of(layers, epochs=None, **options):
    """A timeline; layers: {name: fates}, epochs numbered from 1."""
    epochs = epochs or len(next(iter(layers.values()))[0])
    return Timeline(
        tuple(
            Epoch(place + 1, tuple(layer(name, fates, place) for name, fates in layers.items()), passes=10)
            for place in range(epochs)
        ),
        **options,
    )
