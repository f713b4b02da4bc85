"""The sentence at the end of a card: what matters most about an activation in a network."""

import math

from actcli.activations import Activation
from actcli.analysis.card.landmarks import normal_mass
from actcli.analysis.card.properties import Properties
from actcli.analysis.wording import listed, percent, rounded

_SMOOTHNESS = {math.inf: "smooth", 0.0: "continuous with kinks", -1.0: "discontinuous"}


def answer(f: Activation, properties: Properties) -> str:
    """Return how smooth, monotone and bounded f is, for which inputs it has no gradient, and its initial gain."""
    if properties.direction == "none":
        return f"{f.spec} has no value on any interval."
    monotone = "not monotone" if properties.direction == "neither" else properties.direction
    words = [_SMOOTHNESS.get(properties.smoothness, ""), monotone]
    words += ["periodic"] if properties.period else []
    words += ["bounded" if properties.bounded else "unbounded"]
    subject = f"In float64, {f.spec}" if properties.approximate else f.spec
    sentence = f"{subject} is {listed([word for word in words if word])}"
    if properties.gains is None:
        return f"{sentence}."
    share = percent(math.fsum(map(normal_mass, properties.zero_gradient)))
    everywhere = {"none": "a gradient for all N(0, 1) inputs", "all": "no gradient for any input"}
    sentence += f", has {everywhere.get(share, f'no gradient for {share} of N(0, 1) inputs')}"
    gain = properties.gains.second_moment
    if math.isfinite(gain):
        sentence += f", and keeps the size of the signal with an initial gain of {rounded(gain)}"
    return f"{sentence}."
