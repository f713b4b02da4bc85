"""No value and no slope of formulas that were kept aside is wrong in its first eight digits; some of them each run."""

import pytest

pytest.importorskip("flint", reason="python-flint computes the references")

from catastrophes import wrong_numbers
from kept_aside import COUNT, formulas, points
from seed import SEED


@pytest.mark.parametrize("place", range(0, COUNT, 16))
def test_no_value_and_no_slope_is_catastrophic(place):
    text = formulas(SEED)[place]
    assert wrong_numbers(text, points(SEED)[::3]) == ([], []), (SEED, text)


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("elu(((x)/sqrt(1 + (x)^2) - (x)/(1 + (1*x)^2)))", [-7.578607894367956e-16, 2.0492419860913596e-19]),
        ("max((x)/(1 + ((x + 0.044715))^2), x^2) + x*sin(expm1(x^2))", [59.20049428226001]),
        ("cos(expm1((x^2 + x^2)))", [-58.56434085813165]),
    ],
)
def test_formulas_that_once_were(text, x):
    assert wrong_numbers(text, x) == ([], [])
