"""Formulas of two inputs, g and u, against the gated functions of the catalogue, mpmath, and what they refuse."""

import json

import mpmath as mp
import numpy as np
import pytest
from invocation import invoke

from actcli import activation
from actcli.exits import UsageError

ROWS = np.random.default_rng(4).normal(size=(30, 8)) * np.array([1, 5, 20]).repeat(10)[:, None]
SAME = {
    "silu(min(g,7))*clip(u,-7,7)": "swiglu:limit=7",
    "min(silu(g),7)*clip(u,-7,7)": "swiglu_step",
    "gelu(g)*u": "geglu",
    "relu(g)*relu(u)": "drelu",
    "g*σ(b*g)*u:b=1": "swiglu",
    "u*sigmoid(g)": "glu",
}


@pytest.mark.parametrize("text", SAME)
def test_a_formula_is_the_function_that_it_describes(text):
    f, known = activation(text), activation(SAME[text])
    x = np.roll(ROWS, 4, axis=1) if SAME[text] == "glu" else ROWS
    np.testing.assert_allclose(f(ROWS), known(x), rtol=2e-15)
    theirs = known.jacobian(x)
    theirs = np.roll(theirs, 4, axis=2) if SAME[text] == "glu" else theirs
    np.testing.assert_allclose(f.jacobian(ROWS), theirs, rtol=4e-15, atol=1e-300)


def test_the_first_half_is_g():
    f = activation("g - 2*u")
    assert f([1.0, 10.0, 100.0, 1000.0]).tolist() == [-199.0, -1990.0]
    assert f.jacobian([1.0, 2.0]).tolist() == [[1.0, -2.0]]
    assert f(np.ones((3, 2, 4), np.float32)).dtype == np.float32
    assert f(np.ones((3, 2, 4))).shape == (3, 2, 2)
    assert f.jacobian(np.ones((3, 4))).shape == (3, 2, 4)
    assert f(np.empty((2, 0))).shape == (2, 0)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("(exp(g) - 1 - g)*u", lambda g, u: (mp.exp(g) - 1 - g) * u),
        ("log(1 + g*u)", lambda g, u: mp.log(1 + g * u)),
        ("sqrt(g^2 + u^2) - g", lambda g, u: mp.sqrt(g * g + u * u) - g),
        ("tanh(g + u) - tanh(g)", lambda g, u: mp.tanh(g + u) - mp.tanh(g)),
        (
            "mish(20 + g)*u - (20 + g)*u",
            lambda g, u: u * (20 + g) * (mp.tanh(mp.log(1 + mp.exp(20 + g))) - 1),
        ),
    ],
)
def test_digits_that_float64_loses_are_given_back(text, exact):
    f = activation(text)
    for g, u in ((1e-9, 3.0), (1e-7, -1e-8), (0.5, 1e-12), (7.0, 1e-9), (12.0, -0.05)):
        got, by = float(f([g, u])[0]), f.jacobian([g, u])[0]
        with mp.workdps(80):
            true = exact(mp.mpf(g), mp.mpf(u))
            slopes = [mp.diff(exact, (mp.mpf(g), mp.mpf(u)), n) for n in ((1, 0), (0, 1))]
        assert abs(got - true) <= 1e-14 * abs(true), (g, u)
        for ours, theirs in zip(by, slopes, strict=True):
            assert abs(ours - theirs) <= 1e-13 * abs(theirs), (g, u)


def test_at_a_kink_a_formula_has_the_derivative_of_autograd():
    assert activation("min(g, 7)*u").jacobian([7.0, 1.0]).tolist() == [[0.5, 7.0]]
    assert activation("clip(g, -7, 7)*u").jacobian([7.0, 1.0]).tolist() == [[1.0, 7.0]]
    assert activation("max(g, u)").jacobian([1.0, 1.0]).tolist() == [[0.5, 0.5]]


def test_nan_of_either_input_stays():
    f = activation("where(u > 0, 1, g)")
    assert np.isnan(f([np.nan, 1.0])).all()
    assert np.isnan(f([1.0, np.nan])).all()
    assert f([5.0, np.inf]).tolist() == [1.0]


@pytest.mark.parametrize("place", ["python", "torch", "jax"])
@pytest.mark.parametrize(
    "text", ["silu(min(g,2))*clip(u,-1,b):b=1.5", "where(u > 0, 1, b*g)*|u|:b=2", "g^2 + erf(u)"]
)
def test_its_code_computes_the_same(place, text):
    array = pytest.importorskip({"python": "numpy", "torch": "torch", "jax": "jax.numpy"}[place])
    code = invoke("info", text, "--code", place).out
    if "special" in code and place == "python":
        pytest.importorskip("scipy")
    names: dict = {}
    exec(compile(code, "<emitted>", "exec"), names)  # noqa: S102 - the code is what is tested
    x = ROWS[:10].astype(np.float32)
    convert = array.tensor if place == "torch" else array.asarray
    np.testing.assert_allclose(np.asarray(names["f"](convert(x))), activation(text)(x), rtol=2e-5, atol=1e-6)


def test_its_formula_in_latex():
    assert invoke("info", "relu(g)*u^2", "--code", "latex").out.endswith(
        "f(g, u) = \\operatorname{relu}(g) u^{2}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("eval", "x*g*u", "1", "2"), "a formula for pairs has g and u, but no x"),
        (("eval", "g*2", "1", "2"), "a formula for pairs has both g and u"),
        (("eval", "leaky_relu(g, alpha=u)", "1", "2"), "cannot depend on g or u"),
        (("eval", "b*g*u", "1", "2"), "the parameter b of b.g.u must have a value"),
        (("eval", "g*u:g=2", "1", "2"), "has no parameters"),
        (("eval", "softmax(g)*u", "1", "2"), "softmax works over rows"),
        (("eval", "g(u)", "1", "2"), "for a product write g"),
        (("eval", "g*u", "1", "2", "3"), "even length .first half g, second half u., not 3"),
        (("grad", "g*u", "1", "2"), "use --jacobian"),
        (("grad", "g*u", "1", "2", "--order", "3"), "order 1 and 2 only"),
        (("grad", "b*g*u:b=2", "1", "2", "--wrt", "b"), "no derivative by b"),
        (("plot", "g*u"), "works over rows"),
        (("compare", "g*u", "relu"), "maps rows to rows"),
        (("info", "g*u", "--code", "c"), "works over rows"),
        (("eval", "g*u/relu", "1", "2"), "relu is a function"),
    ],
)
def test_what_is_refused_is_said_in_one_line(arguments, word):
    with pytest.raises(UsageError, match=word):
        invoke(*arguments)


def test_a_formula_in_x_may_have_parameters_of_these_names():
    assert activation("g*x + u:g=2,u=1")([3.0]).tolist() == [7.0]


def test_a_persons_file_may_hold_one(tmp_path):
    path = tmp_path / "functions.toml"
    path.write_text('[gate]\nformula = "silu(min(g, top))*clip(u, -top, top)"\n[gate.parameters]\ntop = 7\n')
    own = ("--functions", str(path))
    row = ("8", "1", "2", "20", "--format", "plain")
    for own_gate, known in (("gate", "swiglu:limit=7"), ("gate:top=3", "swiglu:limit=3")):
        found, expected = (
            invoke("eval", *one).out.split() for one in ((own_gate, *row, *own), (known, *row))
        )
        assert [*map(float, found)] == pytest.approx([*map(float, expected)], rel=1e-15)
    card = json.loads(invoke("info", "gate", "--format", "json", *own).out)
    assert card["parameters"]["top"]["value"] == 7
    assert card["smoothness"] is None
    assert "def gate(x, top=7.0, axis=-1):" in invoke("info", "gate", "--code", "python", *own).out
