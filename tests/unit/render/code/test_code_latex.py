"""`--code latex`: what it looks like, that it is whole, and that matplotlib's mathtext reads what it knows."""

import re

import pytest
from emitted import ELEMENTWISE, ROWS

from actcli import activation
from actcli.activations.names import GREEK
from actcli.render.code import code_for

SPECS = (*ELEMENTWISE, *ROWS)
COMMANDS = {
    "operatorname", "mathrm", "mathbf", "text", "frac", "sqrt", "left", "right", "begin", "end", "cdot", "quad",
    "qquad", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "min", "max", "sum", "Phi",
    "Delta", "pi", "sigma", "leq", "geq", "neq", "in", "wedge", "vee", "neg", "bmod", "lfloor", "rfloor", "infty",
    "varepsilon", *GREEK.values(),
}  # fmt: skip
"""Commands of LaTeX and amsmath."""

EXPECTED = {
    "gelu": r"\operatorname{gelu}(x) = x \, \Phi(x)",
    "sigmoid": r"\sigma(x) = \frac{1}{1 + e^{-x}}",
    "leaky_relu:0.2": r"\operatorname{leaky\_relu}(x) = \begin{cases} x & \text{if } x > 0 \\ "
    r"\alpha x & \text{otherwise} \end{cases}, \qquad \alpha = 0.2",
    "softshrink": r"\operatorname{softshrink}(x) = \begin{cases} x - \lambda & \text{if } x > \lambda \\ "
    r"x + \lambda & \text{if } x < -\lambda \\ 0 & \text{otherwise} \end{cases}, \qquad \lambda = 0.5",
    "selu": r"\operatorname{selu}(x) = \mathrm{scale} \, \left(\begin{cases} x & \text{if } x > 0 \\ "
    r"\alpha \left(e^{x} - 1\right) & \text{otherwise} \end{cases}\right), "
    r"\qquad \alpha = 1.6732632423543772, \mathrm{scale} = 1.0507009873554805",
    "softplus": r"\operatorname{softplus}(x) = \frac{\log\left(1 + e^{\beta x}\right)}{\beta}, \qquad \beta = 1",
    "gelu_tanh": r"\operatorname{gelu\_tanh}(x) = "
    r"x \, \sigma\left(\sqrt{\frac{8}{\pi}} \left(x + 0.044715 x^{3}\right)\right)",
    "relu6": r"\operatorname{relu6}(x) = \min(\max(x, 0), 6)",
    "logit": r"\operatorname{logit}(x) = \log(x) - \log(1 - x)",
    "tanh": r"\tanh(x)",
    "softmax": r"\operatorname{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}",
    "maxout:3": r"\operatorname{maxout}(x)_i = \max_{0 \leq k < g} x_{i + k m}, \qquad m = \frac{n}{g}, \quad g = 3",
    "x*tanh(softplus(b*x)):b=1.5": r"f(x) = x \, \tanh(\operatorname{softplus}(b x)), \qquad b = 1.5",
    "x/(1+exp(-x))": r"f(x) = \frac{x}{1 + e^{-x}}",
    "(x>0)*x^2": r"f(x) = \mathbf{1}\left[x > 0\right] x^{2}",
    "(x/2)^2 - (-x)^3": r"f(x) = \left(\frac{x}{2}\right)^{2} - (-x)^{3}",
    "x*2*3": r"f(x) = x \cdot 2 \cdot 3",
    "x - (x - 1) - -x": r"f(x) = x - (x - 1) - (-x)",
    "2.5e-7*x + 1e-8": r"f(x) = 2.5 \cdot 10^{-7} x + 10^{-8}",
    "beta_1*x^w2:beta_1=1,w2=2": r"f(x) = \beta_{1} x^{w_{2}}, \qquad \beta_{1} = 1, w_{2} = 2",
    "my_scale*x:my_scale=2": r"f(x) = \mathrm{my\_scale} \, x, \qquad \mathrm{my\_scale} = 2",
    "x if 0 < x and not x > 5 else x % 2": r"f(x) = \begin{cases} x & \text{if } 0 < x \wedge \neg (x > 5) \\ "
    r"x \bmod 2 & \text{otherwise} \end{cases}",
    "leaky_relu(2*x, alpha=0.3)": r"f(x) = \operatorname{leaky\_relu}(2 x; \alpha = 0.3)",
}


def equation(spec, free=()):
    comment, formula = code_for("latex", activation(spec, free=free)).splitlines()
    assert comment.startswith("% ")
    return formula


@pytest.mark.parametrize("spec", EXPECTED)
def test_what_is_written(spec):
    assert equation(spec) == EXPECTED[spec]


def test_a_parameter_without_a_value_is_a_letter_alone():
    assert equation("x*tanh(alpha*x)", free=("alpha",)) == r"f(x) = x \, \tanh(\alpha x)"


@pytest.mark.parametrize("spec", SPECS)
def test_is_whole(spec):
    text = equation(spec)
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    assert text.isascii()
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
    assert text.count(r"\begin{cases}") == text.count(r"\end{cases}")
    bare = re.sub(r"\\[{}]", "", text)
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("(") == bare.count(")")


@pytest.mark.parametrize("spec", SPECS)
def test_mathtext_reads_it(spec):
    mathtext = pytest.importorskip("matplotlib.mathtext", exc_type=ImportError)
    text = equation(spec)
    if r"\begin{" in text or r"\operatorname*" in text or r"\bmod" in text:
        return  # amsmath, which mathtext does not know
    mathtext.MathTextParser("path").parse(f"${text}$")
