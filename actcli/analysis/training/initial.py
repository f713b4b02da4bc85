"""Initial weights of a network: their scale, and the draws."""

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.card.gaussian import expectation
from actcli.analysis.card.properties import with_facts
from actcli.exits import UsageError

UsualInit = Literal["he", "xavier", "lecun"]
DrawnInit = Literal[UsualInit, "gain", "orthogonal"]
Init = Literal[DrawnInit, "usual"]
INITS: tuple[Init, ...] = get_args(Init)


def usual_init(f: Activation) -> UsualInit:
    """Return the initialisation that is customary for a function: `lecun`, `xavier` or `he`.

    lecun for selu, whose fixed point assumes it (Klambauer et al. 2017). xavier for functions that are bounded and have
    one slope at 0, such as tanh and sigmoid, and for the identity, which it was derived for (Glorot and Bengio 2010).
    he for all others: rectifiers and their relatives (He et al. 2015).
    """
    if f.definition.name == "selu":
        return "lecun"
    bounded = all(map(math.isfinite, with_facts(f.definition).range))
    kinked = any(kink.at == 0 and (kink.jump or kink.slopes[0] != kink.slopes[1]) for kink in f.kinks)
    return "xavier" if f.definition.name == "identity" or (bounded and not kinked) else "he"


def second_moment_gain(f: Activation) -> float:
    """Return 1/√E f(z)², z ~ N(0, 1), the gain that keeps a signal's scale through f (He et al. 2015).

    Raises UsageError unless the second moment of f is finite and above 0.
    """
    square = float(expectation(lambda z: np.square(f(z))[None], [kink.at for kink in f.kinks])[0])
    if not (math.isfinite(square) and square > 0):
        raise UsageError(f"{f.spec} has no gain: E f(z)² is {square:g}; choose he, xavier or lecun")
    return 1 / math.sqrt(square)


def weight_std(init: DrawnInit, fan_in: int, fan_out: int, before: Activation | None) -> float:
    """Return the standard deviation of a layer's weights; `before` is the activation that feeds it, None for data.

    he √(2/fan_in) (He et al. 2015), xavier √(2/(fan_in + fan_out)) (Glorot and Bengio 2010), lecun √(1/fan_in)
    (LeCun et al. 1998); gain and orthogonal: the second-moment gain of `before` times √(1/fan_in).
    """
    match init:
        case "he":
            return math.sqrt(2 / fan_in)
        case "xavier":
            return math.sqrt(2 / (fan_in + fan_out))
        case "lecun":
            return math.sqrt(1 / fan_in)
        case _:
            return (1.0 if before is None else second_moment_gain(before)) / math.sqrt(fan_in)


def draw_weights(
    init: DrawnInit, fan_in: int, fan_out: int, before: Activation | None, seed: int, layer: int
) -> NDArray[np.float64]:
    """Draw the weights (fan_in, fan_out) of one layer of one network, the same draws for every activation.

    Orthogonal: the Q of a normal matrix with unique signs (Saxe, McClelland and Ganguli 2014), scaled to the variance
    of the other inits.
    """
    draws = np.random.default_rng((seed, layer)).standard_normal((fan_in, fan_out))
    std = weight_std(init, fan_in, fan_out, before)
    if init != "orthogonal":
        return draws * std
    tall = draws if fan_in >= fan_out else draws.T
    q, r = np.linalg.qr(tall)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    rows = q if fan_in >= fan_out else q.T
    return rows * (std * math.sqrt(max(fan_in, fan_out)))
