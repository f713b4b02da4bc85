"""`info` says how many digits a formula as typed loses, and where: compared with ball arithmetic."""

import math

import numpy as np
import pytest

pytest.importorskip("flint", reason="python-flint computes the references")

from kept_aside import reference

from actcli import activation
from actcli.activations.formula import read_expression
from actcli.analysis.card.recognition import recognise

LOSING = (
    *(
        "exp(x)-1-x",
        "mish(x)-x",
        "erf(x)-1",
        "1-tanh(x)",
        "sqrt(1+x^2)-1",
        "x-sin(x)",
        "log(1+x)/x",
        "1-cos(x)",
    ),
    *("log(1+exp(x))-x", "tanh(x)-erf(x)"),
)
KEEPING = ("tanh(x)", "x/(1+x^2)", "exp(-x^2)", "x*arctan(x)")


def digits_lost(text: str, x: float) -> float:
    """Return how many of 16 digits float64 loses on the formula as it is typed."""
    plain = float(read_expression(activation(text).definition).literal.value(np.array([x]))[0])
    true = reference(text, x)
    assert true is not None
    return 16 + math.log10(min(max(abs(plain - true[0]) / abs(true[0]), 1e-16), 1.0))


@pytest.mark.parametrize("text", LOSING)
def test_the_loss_is_what_info_says_and_where(text):
    said = recognise(activation(text))
    assert said is not None
    assert said.lost_at is not None
    assert abs(digits_lost(text, said.lost_at) - said.digits_lost) < 0.1
    for part in said.lost_where:
        assert digits_lost(text, part.low) >= 2.5
        assert digits_lost(text, part.high) >= 2.5


@pytest.mark.parametrize("text", KEEPING)
def test_nothing_is_said_of_a_formula_that_keeps_its_digits(text):
    said = recognise(activation(text))
    assert said is not None
    assert (said.digits_lost, said.lost_where) == (0.0, ())
