"""A network that uses every kind of step."""

import numpy as np

from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.kernels import Convolution, Dense
from actcli.analysis.proof.linear import Affine, ChannelScale, Linear
from actcli.analysis.proof.network import Placed
from actcli.analysis.proof.piecewise import RELU, HardSigmoid
from actcli.analysis.proof.pooling import MaxPool, mean_of_rows
from actcli.analysis.proof.smooth import Smooth
from actcli.analysis.proof.steps import (
    Concatenate,
    Pad,
    Reshape,
    Slice,
    Take,
    TensorProduct,
    TensorSum,
    Transpose,
)

X = (1, 2, 5, 4)
MAPS = (1, 3, 5, 4)


def every_kind_of_step():
    """A network that uses each step once or more, to a single number."""
    rng = np.random.default_rng(4)
    conv = Convolution(X, 3, (3, 2), (1, 1), (1, 2), ((1, 1), (1, 1)), 1)
    pool = Convolution(MAPS, 3, (2, 2), (2, 1), (1, 1), ((0, 1), (0, 0)), 3)
    flat = 3 * 3 * 3
    return [
        Placed("a", ("x",), Linear.of(conv, rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(3))),
        Placed("b", ("a",), Apply(Smooth("tanh"))),
        Placed("c", ("b",), Affine(ChannelScale.product(rng.standard_normal((1, 3, 1, 1))))),
        Placed("d", ("c", "a"), TensorSum((MAPS, MAPS), -1.0, 1)),
        Placed("e", ("d", "b"), TensorProduct((MAPS, MAPS))),
        Placed("f", ("e",), MaxPool(pool)),
        Placed("g", ("f",), Transpose((0, 2, 3, 1))),
        Placed("h", ("g",), Pad((1, 3, 3, 3), ((0, 0), (1, 0), (0, 0), (0, 0)), 0.5)),
        Placed("i", ("h",), Slice((1, 4, 3, 3), (slice(None), slice(1, 4), slice(None), slice(None)))),
        Placed("r", ("i",), Take((1, 3, 3, 3), np.random.default_rng(5).integers(0, flat, (1, 3, 3, 3)))),
        Placed("j", ("r",), Reshape((1, 3, 3, 3), (1, flat))),
        Placed("k", ("j", "j"), Concatenate(1, (flat, flat))),
        Placed("l", ("k",), Apply(HardSigmoid(0.2, 0.5))),
        Placed("m", ("l",), Linear.of(Dense((1, 2 * flat), 4), rng.standard_normal((4, 2 * flat)), None)),
        Placed("n", ("m",), Apply(RELU)),
        Placed("o", ("n",), mean_of_rows(1, 4)),
    ]
