"""The NumPy code run without text: the bits of the text, and the errors that the card states."""

import sys

import numpy as np
import pytest
from emitted import ELEMENTWISE, emitted, grid
from invocation import invoke, refused

from actcli import activation
from actcli.exits import DataError
from actcli.render.code.numpy_run import code_errors, run_numpy_code


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_the_bits_are_those_of_the_text(spec: str, dtype: str) -> None:
    written = emitted("python", spec)
    x = np.concatenate(
        [grid(spec), np.random.default_rng(4).normal(0, 3, 500), [1e-300, 1e30, -1e30, np.nan]]
    )
    with np.errstate(over="ignore"):
        x = x.astype(dtype)
    with np.errstate(all="ignore"):
        got, wanted = run_numpy_code(activation(spec), x), written(x)
    assert wanted.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(got, wanted)


def test_the_error_is_that_of_the_results() -> None:
    found = code_errors(activation("tanh"))["float32"]
    x = np.float32(found.largest_at)
    exact = activation("tanh")(np.float64(x))
    ulp = np.spacing(np.abs(np.float32(exact)))
    assert abs(float(np.tanh(x)) - float(exact)) / ulp == pytest.approx(found.largest, rel=1e-3)
    assert 0.4 < found.usual <= found.largest < 4
    assert abs(found.usual_at) <= 8


def test_exact_code_has_no_error() -> None:
    assert [one.largest for one in code_errors(activation("relu")).values()] == [0.0, 0.0]


def test_cancellation_and_a_lost_tail_are_found() -> None:
    assert code_errors(activation("tanhshrink"))["float64"].largest > 1e6
    gone = code_errors(activation("gelu_tanh"))["float64"]
    assert gone.usual < 100
    assert gone.largest > 1e3
    overflowing = code_errors(activation("sqrt(x^2+1)"))["float32"]
    assert overflowing.largest > 1e20  # x*x is inf


def test_it_stands_on_the_card_and_in_the_record() -> None:
    found = invoke("info", "tanh", "--accuracy", "--format", "json").json["measured_error"]
    assert list(found) == ["float64", "float32"]
    assert list(found["float64"]) == ["usual", "usual_at", "largest", "largest_at"]
    screen = invoke("info", "tanh", "--accuracy", "--format", "table").out
    assert "Measured error" in screen
    assert "ULP for |x| ≤ 8" in screen
    assert "measured_error.float32.usual\t" in invoke("info", "tanh", "--accuracy").out
    assert "Measured error" not in invoke("info", "tanh", "--format", "table").out
    assert "0, all results are right" in invoke("info", "relu", "--accuracy", "--format", "table").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["softmax", "--accuracy"], "softmax works over rows"),
        (["silu(g)*u", "--accuracy"], "works over rows"),
        (["gelu", "--accuracy", "--code", "python"], "--accuracy"),
        (["gelu", "--accuracy", "--accuracy"], "--accuracy is given twice"),
        (["gelu", "--accuracy=yes"], "--accuracy"),
        (["gelu", "--accuracy", "yes"], "yes"),
        (["nothing", "--accuracy"], "unknown function 'nothing'"),
        (["x*b", "--accuracy"], "b"),
        (["gelu", "--accuracy", "--order", "2"], "--order needs --code"),
        (["gelu", "--accuracy", "--dtype", "float64"], "--dtype needs --code"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    assert said in refused("info", *arguments)


def test_a_missing_scipy_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(DataError, match="pip install scipy"):
        invoke("info", "gelu", "--accuracy")
