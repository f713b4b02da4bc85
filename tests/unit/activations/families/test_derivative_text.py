"""The derivative that a definition states as text is the one that it computes."""

import math
import re

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.activations import Activation

_erf = np.vectorize(math.erf)
WORDS = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "tanh": np.tanh,
    "cos": np.cos,
    "sin": np.sin,
    "log": np.log,
    "max": max,
    "abs": abs,
    "sigmoid": activation("sigmoid"),
    "erf": math.erf,
    "Phi": lambda x: (1 + _erf(x / math.sqrt(2))) / 2,
    "phi": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "pi": math.pi,
}
CASES = [definition for definition in catalogue() if not definition.by_rows]


def in_python(text: str) -> str:
    """The mathematics as Python writes it; `min`, `max` and `lambda` as parameters get a `_`."""
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    for ours, theirs in (
        ("·", "*"),
        ("−", "-"),
        ("²", "**2"),
        ("³", "**3"),
        ("Φ", "Phi"),
        ("φ", "phi"),
        ("π", "pi"),
    ):
        text = text.replace(ours, theirs)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text.replace("√(", "sqrt(")).replace("tanh(x)**2", "(tanh(x))**2")
    text = re.sub(r"\be\^(\()", r"exp(", text)
    text = re.sub(r"\be\^(-?\w+)", r"exp(\1)", text)
    return re.sub(r"\b(min|max|lambda)\b(?!\()", r"\1_", text)


def value_of(text: str, names: dict) -> float:
    """The value of `expression`, of `expression, name = expression`, or of `expression, and 1 where condition`."""
    main, *more = re.split(r", (?=and |\w = |φ )", text)
    rest = "".join(more)
    names = dict(names)
    if rest.startswith("and "):
        value, condition = rest.removeprefix("and ").split(" where ")
        if eval(in_python(condition), names):  # noqa: S307 - the catalogue's own text
            main = value
    elif " = " in rest:
        name, inner = rest.split(" = ")
        names[name] = eval(in_python(inner), names)  # noqa: S307
    return float(eval(in_python(main), names))  # noqa: S307


@pytest.mark.parametrize("definition", CASES, ids=lambda d: d.name)
@pytest.mark.parametrize("shift", [0.0, 0.15])
def test_the_text_is_the_derivative(definition, shift: float) -> None:
    values = {p.name: p.default + shift for p in definition.parameters}
    f = Activation(definition.name, definition, values)
    names = {
        **WORDS,
        "f": f,
        **{f"{k}_" if k in {"min", "max", "lambda"} else k: v for k, v in values.items()},
    }
    low, high = definition.domain
    x = np.linspace(max(low, -7.03), min(high, 7.01), 97)[1:-1]
    said = [value_of(definition.derivative, {**names, "x": float(at)}) for at in x]
    assert said == pytest.approx(f.grad(x).tolist(), rel=1e-9, abs=1e-12)


def test_every_function_says_its_derivative() -> None:
    assert [definition.name for definition in catalogue() if not definition.derivative] == []
