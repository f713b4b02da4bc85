"""Derivatives written in symbols against ball arithmetic, at fresh points: what is printed is the derivative."""

import numpy as np
import pytest

pytest.importorskip("flint")

from balls import BALLS, derivatives, exp, mish, normal_cdf, sigmoid, tanh, ulps
from flint import arb

from actcli.activations import activation, catalogue
from actcli.activations.symbolic.derive import derivative

MOST_ULP = 17.0
"""A formula promises 16 where float64 loses digits, and the rounding of its own float64 comes on top."""
OF_CONSTANTS = {"gelu_tanh": 200.0}
"""3·0.044715 is written as 0.134145, whose float64 is another number; far out that counts x^4 times."""
ZERO = 1.41838
"""Of its f'': next to it the constants count without bound."""
POINTS = 200
FORMULAS = {
    "x*tanh(softplus(x))": mish,
    "x/(1+exp(-x))": lambda x: x * sigmoid(x),
    "x*sigmoid(1.5*x)": lambda x: x * sigmoid(arb(1.5) * x),
    "exp(-x^2)*cos(3*x)": lambda x: exp(-(x * x)) * (3 * x).cos(),
    "x/(1+x^2)": lambda x: x / (1 + x * x),
    "x/sqrt(1+x^2)": lambda x: x / (1 + x * x).sqrt(),
    "log(x+sqrt(1+x^2))": lambda x: (x + (1 + x * x).sqrt()).log(),
    "x*normcdf(x)*tanh(x)": lambda x: x * normal_cdf(x) * tanh(x),
    "sin(x)/x": lambda x: x.sin() / x,
    "arctan(x)^3": lambda x: x.atan() * x.atan() * x.atan(),
    "1/(1+x^4)": lambda x: 1 / (1 + x * x * x * x),
    "tanh(tanh(x))": lambda x: tanh(tanh(x)),
    "(x^2+1)^x": lambda x: exp(x * (x * x + 1).log()),
    "sqrt(x^2+1)-1": lambda x: (x * x + 1).sqrt() - 1,
}
NAMED = [d.name for d in catalogue() if not d.by_rows and "." not in d.name]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("text", [*FORMULAS, *NAMED])
def test_the_symbols_are_the_derivative(text, order, monkeypatch):
    f = activation(text)
    if text in FORMULAS:
        monkeypatch.setitem(BALLS, text, FORMULAS[text])
    elif text not in BALLS:
        pytest.skip("no reference in ball arithmetic")
    written = derivative(f, order)
    rng = np.random.default_rng()
    x = np.concatenate([rng.normal(0, 1, POINTS // 2), rng.uniform(-12, 12, POINTS // 2)])
    if text in OF_CONSTANTS:
        x = x[np.abs(np.abs(x) - ZERO) > 0.01]
    x = x[(x > f.definition.domain[0]) & (x < f.definition.domain[1])]
    got = written(x)
    wrong = [
        (at, value, off)
        for at, value in zip(x.tolist(), got.tolist(), strict=True)
        if (off := ulps(value, derivatives(f, at)[order])) > OF_CONSTANTS.get(text, MOST_ULP)
    ]
    assert not wrong, f"{written.spec}: {wrong[:3]}"
