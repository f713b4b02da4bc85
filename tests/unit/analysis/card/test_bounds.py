"""Growth far out, proven by interval arithmetic; and what is bounded is never proven to grow."""

import math

import pytest

from actcli.activations import activation
from actcli.analysis.card.bounds import growth
from actcli.analysis.card.properties import measure

INF = math.inf
GROWING = {
    "cos(x)-x": (INF, -INF),
    "x+sin(x)": (-INF, INF),
    "x": (-INF, INF),
    "x^2": (INF, INF),
    "x*tanh(x)": (INF, INF),
    "x*(2+sin(x))": (-INF, INF),
    "x-x^2": (-INF, -INF),
    "x^3-x": (-INF, INF),
    "abs(x)+cos(x)": (INF, INF),
    "exp(x)-x": (INF, INF),
    "2*x-tanh(x)": (-INF, INF),
    "x*arctan(x)": (INF, INF),
    "elu(x)+x": (-INF, INF),
    "sqrt(1+x^2)": (INF, INF),
    "sin(x)+x^2/2": (INF, INF),
    "x-2*cos(x)*sin(x)": (-INF, INF),
    "cbrt(x)": (-INF, INF),
    "x-max(x,0)/2+sin(3*x)": (-INF, INF),
}
NOT_GROWING = (
    *("tanh(x)", "x-x", "1/x", "x/(1+x^2)", "sin(x)", "x*sin(x)", "exp(-x^2)", "x*exp(-x^2)", "sigmoid(x)"),
    *(
        "x*(1-tanh(x)^2)",
        "sin(x)/x",
        "x-sqrt(1+x^2)*sign(x)",
        "floor(x)-x",
        "gelu(x)-relu(x)",
        "arctan(x)-x/(1+abs(x))",
    ),
)


@pytest.mark.parametrize("text", GROWING)
def test_growth_is_proven_in_its_direction(text):
    f = activation(text)
    assert (growth(f, -1.0), growth(f, 1.0)) == GROWING[text]


@pytest.mark.parametrize("text", NOT_GROWING)
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_nothing_is_proven_of_what_does_not_grow(text, side):
    assert math.isnan(growth(activation(text), side))


@pytest.mark.parametrize("text", ["cos(x)-x", "x+sin(x)", "x*(2+sin(x))", "abs(x)+cos(x)"])
def test_the_card_is_certain_of_what_is_proven(text):
    card = measure(activation(text))
    left, right = GROWING[text]
    assert card.limits == (left, right)
    assert card.limits_certain == (True, True)
    assert card.highest.value == INF
    assert card.highest.certain
    assert card.lowest.certain
    assert (card.lowest.value == -INF) == (-INF in (left, right))
