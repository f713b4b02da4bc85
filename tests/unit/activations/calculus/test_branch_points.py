"""Kinks of formulas: found from the expression, to the last bit, with the derivatives of both branches."""

import numpy as np
import pytest

from actcli import activation

KINKS = [
    ("max(x, 0)", [(0.0, (0.0, 1.0), 0.5)]),
    ("abs(x)", [(0.0, (-1.0, 1.0), 0.0)]),
    ("relu(x)", [(0.0, (0.0, 1.0), 0.0)]),
    ("x if x > 0 else 0.1*x", [(0.0, (0.1, 1.0), 0.1)]),
    ("x if x >= 0 else 0.1*x", [(0.0, (0.1, 1.0), 1.0)]),
    ("where(x < 1/3, 3*x, 1)", [(1 / 3, (3.0, 0.0), 0.0)]),
    ("min(max(x, 0), 6)", [(0.0, (0.0, 1.0), 0.5), (6.0, (1.0, 0.0), 0.5)]),
    ("clip(3*x - 1, 0, 1)", [(1 / 3, (0.0, 3.0), 3.0), (2 / 3, (3.0, 0.0), 3.0)]),
    ("hard_swish(2*x - 1)", [(-1.0, (0.0, -1.0), 0.0), (2.0, (3.0, 2.0), 2.0)]),
    ("max(x, x^2)", [(0.0, (0.0, 1.0), 0.5), (1.0, (1.0, 2.0), 1.5)]),
    (
        "relu(x^2 - 2)",
        [(-np.sqrt(2), (-2 * np.sqrt(2), 0.0), None), (np.sqrt(2), (0.0, 2 * np.sqrt(2)), None)],
    ),
    ("max(x, 1e20)", [(1e20, (0.0, 1.0), 0.5)]),
    ("abs(x - 1e-9)", [(1e-9, (-1.0, 1.0), 0.0)]),
    ("relu(-x)", [(0.0, (-1.0, 0.0), 0.0)]),
    ("sqrt(abs(x))", [(0.0, (-np.inf, np.inf), None)]),
]


@pytest.mark.parametrize(("text", "expected"), KINKS, ids=[text for text, _ in KINKS])
def test_kinks_are_found_where_branches_meet(text, expected):
    found = activation(text).kinks
    assert len(found) == len(expected)
    for kink, (at, slopes, default) in zip(found, expected, strict=True):
        assert kink.at == pytest.approx(at, rel=4e-16, abs=1e-300)
        assert kink.slopes == pytest.approx(slopes, rel=1e-12)
        assert not kink.jump
        if default is not None:
            assert kink.default[0] == pytest.approx(default, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("abs(x^2 - 1e-6)", [-1e-3, 1e-3]),
        ("max(0, 1e-4 - abs(x - 0.3))", [0.2999, 0.3, 0.3001]),
        ("max(0, 1e-9 - abs(x - 0.3))", [0.3 - 1e-9, 0.3, 0.3 + 1e-9]),
        ("abs((x - 0.3)^2 - 1e-8)", [0.2999, 0.3001]),
        ("abs((x - 100.3)^2 - 1e-6)", [100.299, 100.301]),
        ("abs((x - 0.5)*(x - 0.5001))", [0.5, 0.5001]),
        ("1 if 0.3 < x < 0.3001 else 0", [0.3, 0.3001]),
        ("hard_tanh(100*(x - 0.3)^2 + 0.9999)", [0.299, 0.301]),
        ("clip(exp(-x^2), 0, 0.9999999)", [-np.sqrt(-np.log(0.9999999)), np.sqrt(-np.log(0.9999999))]),
    ],
)
def test_two_kinks_that_lie_close_together_are_found(text, places):
    found = [kink.at for kink in activation(text).kinks]
    assert found == pytest.approx(places, rel=1e-7)


def test_whole_parts_that_are_reached_between_two_points_of_the_grid_are_found():
    found = [kink.at for kink in activation("floor(1e-4 - abs(x - 0.3))").kinks if 0.2 < kink.at < 0.4]
    assert found == pytest.approx([0.2999, 0.3001])
    found = [kink.at for kink in activation("(abs(x - 0.3) - 1e-4) % 1").kinks if 0.2 < kink.at < 0.4]
    assert found == pytest.approx([0.2999, 0.3, 0.3001])


@pytest.mark.parametrize(
    "text", ["abs(x^2 - 0.6*x + 0.09)", "abs(1 - sin(x))", "max(sin(x), 1)", "abs((x - 0.3)^2)"]
)
def test_what_rounding_alone_takes_past_zero_is_no_kink(text):
    assert activation(text).kinks == ()


def test_a_number_that_rounding_holds_at_the_switch_passes_it_once():
    (kink,) = activation("max(tanh(x), 1 - 1e-9)").kinks
    assert kink.at == pytest.approx(np.arctanh(1 - 1e-9), rel=1e-7)


@pytest.mark.parametrize(
    "text",
    ["x*sigmoid(x)", "max(x, x)", "x^3*sign(x)", "abs(x)^5", "x if x > 0 else x", "max(relu(x), relu(x)) - relu(x)",
     "clip(x, -1, 1) - hard_tanh(x)", "sin(x)", "relu(x) - relu(-x)"],
)  # fmt: skip
def test_a_smooth_formula_with_branches_has_no_kink(text):
    assert activation(text).kinks == ()


def test_jumps_and_kinks_differ():
    assert [k.jump for k in activation("step(x - 2)").kinks] == [True]
    assert [k.jump for k in activation("sign(x)*x").kinks] == [False]
    assert [k.at for k in activation("floor(x)").kinks if abs(k.at) < 3] == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert all(k.jump for k in activation("x % 2").kinks)
    assert [k.at for k in activation("x % 2").kinks if abs(k.at) < 5] == [-4.0, -2.0, 0.0, 2.0, 4.0]
    assert [k.at for k in activation("floor(x/3 + 0.1)").kinks if abs(k.at) < 3] == pytest.approx([-0.3, 2.7])
    assert [k.jump for k in activation("1 if 0 < x < 1 else 0").kinks] == [True, True]


def test_a_curvature_that_breaks_is_a_kink_too():
    (kink,) = activation("x if x > 0 else expm1(x)").kinks
    assert (kink.slopes, kink.curvatures) == ((1.0, 1.0), (1.0, 0.0))


def test_the_place_of_a_kink_follows_the_parameters():
    for b in (0.5, 1.0, -3.0):
        assert [k.at for k in activation(f"max(x - b, 0):b={b}").kinks] == [b]
    assert activation("max(b*x, x):b=1").kinks == ()


@pytest.mark.parametrize(
    ("text", "order", "at", "left", "right"),
    [
        ("max(x, 0)", 1, 0.0, 0.0, 1.0),
        ("abs(x)^3", 3, 0.0, -6.0, 6.0),
        ("min(x^2, 1)", 1, 1.0, 2.0, 0.0),
        ("relu(x)^2", 2, 0.0, 0.0, 2.0),
        ("x if x > 1/3 else -x", 1, 1 / 3, -1.0, 1.0),
        ("leaky_relu(-x, alpha=0.5)", 1, 0.0, -1.0, -0.5),
        ("clip(x, -1, 2)", 1, 2.0, 1.0, 0.0),
    ],
)
def test_the_derivative_from_either_side(text, order, at, left, right):
    f = activation(text)
    said = {side: float(f.grad(at, order=order, at_kink=side)) for side in ("left", "right", "mean", "nan")}
    assert said["left"] == left
    assert said["right"] == right
    assert said["mean"] == (left + right) / 2
    assert np.isnan(said["nan"])
    assert f.grad(at + 0.1, order=order, at_kink="nan") == f.grad(at + 0.1, order=order)


def test_a_formula_of_a_catalogued_function_breaks_as_it_does():
    for text, name in (("relu(x)", "relu"), ("hard_swish(x)", "hard_swish"), ("softshrink(x)", "softshrink")):
        for mine, theirs in zip(activation(text).kinks, activation(name).kinks, strict=True):
            assert (mine.at, mine.slopes, mine.curvatures, mine.default) == (
                theirs.at, theirs.slopes, theirs.curvatures, theirs.default
            )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("log(x)", (0.0, np.inf)),
        ("sqrt(1 - x^2)", (-1.0, 1.0)),
        ("x^0.5", (0.0, np.inf)),
        ("logit(2*x)", (0.0, 0.5)),
        ("log1p(x)", (-1.0, np.inf)),
        ("log(1 + exp(x))", (-np.inf, np.inf)),
        ("plain(x*exp(x)/exp(x))", (-np.inf, np.inf)),
        ("sqrt(x) if x > 0 else x", (-np.inf, np.inf)),
        ("log(x - b):b=3", (3.0, np.inf)),
    ],
)
def test_the_domain_is_where_a_formula_is_real(text, domain):
    assert activation(text).definition.domain == domain
