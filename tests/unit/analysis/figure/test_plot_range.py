"""Figures without a curve: the message names a range where the function has values."""

import pytest

from actcli.activations import activation
from actcli.analysis.figure.curves import Quantity, build_figure
from actcli.analysis.figure.plot_range import require_values
from actcli.exits import UsageError

NOWHERE = ["x/0", "1/(x-x)", "x/0*0"]


def refusal(text: str, between: tuple[float, float] = (-5.0, 5.0)) -> str:
    f = activation(text)
    with pytest.raises(UsageError) as error:
        require_values(build_figure([f], [Quantity()], between, 400), [f])
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "between"),
    [
        ("sqrt(x-100)", (-5.0, 5.0)),
        ("log(x-1e10)", (-5.0, 5.0)),
        ("log(-x-40)", (-5.0, 5.0)),
        ("sqrt(x-1e250)", (-1.0, 1e9)),
        ("log(x)", (-3.0, -2.0)),
        ("sqrt(1-x^2)", (4.0, 5.0)),
    ],
)
def test_a_range_with_values_is_named_and_can_be_drawn(text, between):
    message = refusal(text, between)
    low, high = map(float, message.split("range=")[1].split("`")[0].split())
    f = activation(text)
    require_values(build_figure([f], [Quantity()], (low, high), 400), [f])


@pytest.mark.parametrize("text", NOWHERE)
def test_a_formula_without_values_is_said_to_have_none(text):
    assert "check the formula" in refusal(text)


def test_values_where_no_chart_reaches_are_said_to_be_there():
    assert "1e+300" in refusal("sqrt(x-1e300)")


def test_one_curve_is_enough():
    functions = [activation("sqrt(x-100)"), activation("relu")]
    require_values(build_figure(functions, [Quantity()], (-5.0, 5.0), 400), functions)
