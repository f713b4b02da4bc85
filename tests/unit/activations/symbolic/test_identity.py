"""Two functions are called the same only by a proof: rewritings, pieces, exponentials; never by close values."""

import numpy as np
import pytest
from invocation import invoke

from actcli.activations import activation
from actcli.activations.symbolic.identity import is_same

SAME = {
    "relu(x)-relu(x-1)": "hard_tanh:0,1",
    "x if x>0.5 else 0": "thresholded_relu:0.5",
    "(exp(x)-1)/(exp(x)+1)": "tanh(x/2)",
    "max(0,x)": "relu",
    "(x+abs(x))/2": "relu",
    "relu(x)^2": "relu_squared",
    "x/(1+exp(-x))": "silu",
    "0.5*x*(1+erf(x/sqrt(2)))": "gelu",
    "x*(1-erfc(x/sqrt(2))/2)": "gelu",
    "0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x^3)))": "gelu_tanh",
    "log(1+exp(x))": "softplus",
    "logaddexp(x,0)": "softplus",
    "x*((1+exp(x))^2-1)/((1+exp(x))^2+1)": "mish",
    "1-2/(1+exp(2*x))": "tanh",
    "2*sigmoid(2*x)-1": "tanh",
    "log(1/(1+exp(-x)))": "log_sigmoid",
    "x-log(exp(x)+1)": "log_sigmoid",
    "min(max(x,-1),1)": "hard_tanh",
    "(abs(x+1)-abs(x-1))/2": "hard_tanh",
    "x*relu6(x+3)/6": "hard_swish",
    "max(0,x)+min(0,exp(x)-1)": "elu",
    "x if x > 0 else 0.2*x": "leaky_relu:0.2",
    "max(x,a*x):a=0.3": "leaky_relu:0.3",
    "(x+sqrt(x^2+4))/2": "squareplus",
    "1/cosh(x)^2": "1-tanh(x)^2",
}
OTHER = {
    "x*sigmoid(1.701*x)": "quick_gelu",
    "x if x>=0.5 else 0": "thresholded_relu:0.5",
    "sqrt(x^2)": "identity",
    "max(x,0)+1e-30": "relu",
    "tanh(x)": "erf",
    "x if x > 1e-300 else 0": "relu",
    "0.5*x*(1+tanh(0.7978845608028654*(x+0.044715*x^3)))": "gelu_tanh",
    "sin(x)": "x",
    "max(0.010000000000000002*x,x)": "leaky_relu",
    "floor(x)": "x",
    "x^x": "x",
}


@pytest.mark.parametrize("text", SAME)
def test_equal_functions_are_proven_equal(text):
    f, g = activation(text), activation(SAME[text])
    assert is_same(f, g)
    assert is_same(g, f)
    x = np.linspace(-7, 7, 1001)
    np.testing.assert_allclose(f(x), g(x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("text", OTHER)
def test_close_functions_are_not(text):
    assert not is_same(activation(text), activation(OTHER[text]))


def recognised(text):
    return invoke("info", text, "--format", "json").json["recognised"]


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("relu(x)-relu(x-1)", "clipped_relu"),
        ("relu(x)-relu(x-2)", "hard_tanh:min=0,max=2"),
        ("x if x>0.5 else 0", "thresholded_relu:theta=0.5"),
        ("(exp(x)-1)/(exp(x)+1)", "tanh(x/2)"),
        ("3*exp(-4*x^2)", "3*gaussian(2*x)"),
    ],
)
def test_a_card_says_what_a_formula_is(text, spec):
    assert recognised(text)["same_as"] == spec


def test_a_card_says_where_only_the_kink_differs():
    assert recognised("max(0,x)")["other_slopes_at"] == [{"at": 0.0, "formula": 0.5, "function": 0.0}]
    screen = " ".join(invoke("info", "max(0,x)", "--format", "table").out.split())
    assert "this is relu but f'(0) is 0.5 by autograd, and 0 for relu" in screen


def test_what_is_only_measured_says_so():
    card = recognised("0.5*x*(1+tanh(0.7978845608028654*(x+0.044715*x^3)))")
    assert (card["same_as"], card["same_as_measured"]) == (None, "gelu_tanh")


def test_a_near_miss_says_how_near_on_the_whole_line():
    card = recognised("0.5*x*(1+tanh(0.79788*(x+0.044715*x^3)))")
    x = np.linspace(-9, 9, 200_001)
    apart = np.abs(0.5 * x * (1 + np.tanh(0.79788 * (x + 0.044715 * x**3))) - activation("gelu_tanh")(x))
    assert card["nearest"] == "gelu_tanh"
    assert card["largest_difference_anywhere"] == pytest.approx(apart.max(), rel=1e-5)
    assert abs(card["largest_difference_anywhere_at"]) == pytest.approx(abs(x[apart.argmax()]), abs=1e-3)
