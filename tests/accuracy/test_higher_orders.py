"""Derivatives of order 3 to 10: within 2**-50 of the largest of the neighbouring orders, and NaN nowhere."""

import math

import numpy as np
import pytest
from balls import derivatives
from measure import away_from_kinks
from specs import NAMES
from test_accuracy import SEED

from actcli import activation

LARGEST = np.finfo(np.float64).max
SMOOTH = [name for name in NAMES if activation(name).definition.smoothness > 2]
SPECS = [
    *SMOOTH,
    *("elu", "selu", "softsign", "celu:0.3", "celu:-1.7", "silu:0.3", "silu:-2.7", "quick_gelu:0.7", "softplus:3.3"),
    *("torch.softplus", "squareplus:1e-3", "squareplus:0", "snake:0.37", "snake:-2", "laplace:-2,3", "relu_squared"),
]  # fmt: skip


def places(f):
    rng = np.random.default_rng(SEED)
    if f.name == "logit":
        return np.concatenate([rng.uniform(0, 1, 20), 10.0 ** rng.uniform(-20, 0, 8)])
    far = rng.choice([-1, 1], 12) * 10.0 ** rng.uniform(-10, 308, 12)
    ends = [1e100, 1e155, 1e200, LARGEST]
    uniform = [rng.uniform(-w, w, 15) for w in (3, 12, 60)]
    return away_from_kinks(f, np.concatenate([*uniform, far, ends, np.negative(ends)]))


@pytest.mark.parametrize("spec", SPECS)
def test_orders_3_to_10(spec):
    f = activation(spec)
    x = places(f)
    exact = [derivatives(f, float(p), 11) for p in x]
    for order in range(3, 11):
        for got, balls, point in zip(f.grad(x, order=order), exact, x, strict=True):
            size = max(abs(float(balls[k].mid())) for k in (order - 1, order, order + 1))
            assert not math.isnan(got), (spec, order, point)
            if math.isfinite(size) and math.isfinite(got):
                off = abs(float((balls[order] - float(got)).mid()))
                assert off <= 2.0**-50 * size + 5e-324, (spec, order, point, got)


@pytest.mark.parametrize("spec", SPECS)
def test_high_orders_keep_nan_and_have_limits(spec):
    f = activation(spec)
    for order in (3, 4, 10):
        y = f.grad([np.nan, -np.inf, np.inf], order=order)
        assert math.isnan(y[0])
        if f.name in {"sigmoid", "tanh", "gelu", "mish", "softplus", "arctan", "squareplus"}:
            assert y[1] == y[2] == 0.0
