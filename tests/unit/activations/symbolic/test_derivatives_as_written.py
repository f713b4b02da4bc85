"""Derivatives in symbols read as a person would write them, and stay short."""

import pytest
from invocation import invoke, refused

from actcli.activations import activation
from actcli.activations.formula.functions import FUNCTIONS
from actcli.activations.symbolic.derive import derivative, derivatives, shown

WRITTEN = {
    "x*tanh(softplus(x))": "tanh(softplus(x)) + x*sigmoid(x)*(1 - tanh(softplus(x))^2)",
    "x/(1+exp(-x))": "sigmoid(x)*(1 + x*(1 - sigmoid(x)))",
    "x/(1+abs(x))": "1/(1 + abs(x))^2",
    "x/sqrt(1+x^2)": "1/sqrt(x^2 + 1)^3",
    "max(0,x)": "1 if x > 0 else 0",
    "relu(x)^2": "2*relu(x) if x > 0 else 0",
    "x^3 - 2*x": "3*x^2 - 2",
    "sin(x)/x": "(x*cos(x) - sin(x))/x^2",
    "exp(-x^2)": "-2*x*exp(-x^2)",
    "x*tanh(b*x):b=2": "tanh(b*x) + b*x*(1 - tanh(b*x)^2)",
    "2^x": "log(2)*2^x",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_the_first_derivative(text):
    assert shown(derivatives(activation(text), 1)[0]) == WRITTEN[text]


def test_the_second_derivative_shares_what_its_terms_share():
    assert shown(derivatives(activation("x/(1+exp(-x))"), 2)[1]) == (
        "sigmoid(x)*(1 - sigmoid(x))*(2 + x - 2*x*sigmoid(x))"
    )


@pytest.mark.parametrize("text", ["acosh(log2(x)/1e-320)", "x^2*1e-320/3", "sin(1e300*x)"])
def test_a_coefficient_that_float64_does_not_hold_is_not_shown_as_another(text):
    (slope, second) = map(shown, derivatives(activation(text), 2))
    assert "inf" not in slope
    assert second.startswith("not printed: ")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_every_function_of_the_language_has_a_rule(function):
    first = "x/3" if function.name in {"atanh", "erfinv"} else "x/3 + 2"
    operands = [first, "1.5", "4*x + 9"][: function.arity]
    f = activation(f"{function.name}({', '.join(operands)})")
    at = 0.3
    assert float(derivative(f, 1)(at)) == pytest.approx(float(f.grad(at)), rel=1e-14)


@pytest.mark.parametrize("text", ["gelu((x + 0.5)/abs(x))*x", "x^3/abs(x)^5 + exp(-1/abs(x))/abs(x)^2"])
def test_negative_powers_of_a_size_are_powers_of_x(text):
    f = activation(text)
    for order, found in enumerate(derivatives(f, 2), 1):
        if order == 1 or not shown(found).startswith("too long"):
            assert "abs(x)^" not in shown(found)
            for at in (0.7, -1.3):
                assert float(derivative(f, order)(at)) == pytest.approx(
                    float(f.grad(at, order=order)), rel=1e-12
                )


def test_a_long_derivative_says_how_long_it_would_be():
    text = "x*" + "*".join(f"tanh({k}*x + sin(x))" for k in range(1, 12))
    assert shown(derivatives(activation(text), 2)[1]).startswith("too long to print: ")
    deep = "sigmoid(x*" * 25 + "x" + ")" * 25
    assert "too long" in shown(derivatives(activation(deep), 2)[1])
    assert "too long to print" in refused("info", deep, "--code", "torch", "--order", "2")


def test_a_card_has_the_symbols():
    card = invoke("info", "x*tanh(b*x):b=2", "--format", "json").json
    assert card["derivative"] == WRITTEN["x*tanh(b*x):b=2"]
    assert card["second_derivative"] == "b*(1 - tanh(b*x)^2)*(2 - 2*b*x*tanh(b*x))"
    assert card["largest_curvature"] == pytest.approx(4.0)


def test_code_of_a_derivative_is_named_after_it():
    assert "def gelu_slope(x):" in invoke("info", "gelu", "--code", "python", "--order", "1").out
    assert (
        "def f_curvature(x, b=2.0):"
        in invoke("info", "x*sigmoid(b*x):b=2", "--code", "torch", "--order", "2").out
    )
    assert "f'(x) = 2 x" in invoke("info", "x^2", "--code", "latex", "--order", "1").out
    assert "float f_derivative_3_f32" in invoke("info", "tanh(x)*x", "--code", "c", "--order", "3").out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("gelu", "--order", "1"), "--order needs --code"),
        (("gelu", "--code", "torch", "--order", "0"), "--order"),
        (("gelu", "--code", "torch", "--order", "9"), "--order"),
        (("gelu", "--code", "torch", "--order", "-1"), "--order"),
        (("gelu", "--code", "torch", "--order", "1.5"), "--order"),
        (("gelu", "--code", "torch", "--order", "x"), "--order"),
        (("gelu", "--code", "torch", "--order", ""), "--order"),
        (("softmax", "--code", "torch", "--order", "1"), "works over rows"),
        (("gelu", "--code", "torch", "--order", "1", "--cost"), "--cost"),
        (("gelu", "--code", "torch", "--order", "1", "--order", "2"), "--order"),
    ],
)
def test_wrong_orders_are_refused(arguments, word):
    assert word in refused("info", *arguments)
