"""`--code python`, run: values, types, silence, and what a person gets that pastes it."""

import numpy as np
import pytest
from emitted import ELEMENTWISE, FORMULAS, NAMES, ROWS, VARIANTS, emitted, grid, wrong

from actcli import activation
from actcli.render.code import code_for

EXACT = 4 * 2.0**-52
"""float64: a few roundings of the operations that are written, by the largest of 1, |x| and |f|."""
SINGLE = 4 * 2.0**-23
AT_INFINITY_UNKNOWN = {  # inf·0 and inf − inf, as NumPy answers them; the limit is known to actcli alone
    "keras.relu", "hard_swish", "gelu_tanh", "quick_gelu", "silu", "mish", "gelu", "squareplus", "softsign", "snake",
    "logit", "sine", "silu:1.7", "snake:2.5", "squareplus:0.5",
    "gelu_10", "golu", "telu", "serf", "logish", "smish", "phish", "elish", "hard_elish", "acon_c", "isru",
    "isrlu", "xielu",
}  # fmt: skip


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_agrees_without_a_warning(spec):
    x = grid(spec)
    if (
        spec == "floor(x/2)*2"
    ):  # half of the smallest number is 0 in float64; actcli alone computes it without loss
        x = x[np.abs(x) != np.nextafter(0, 1)]
    assert wrong(emitted("python", spec)(x), activation(spec)(x), x, EXACT) == []


@pytest.mark.parametrize("spec", [s for s in (*NAMES, *VARIANTS) if s not in AT_INFINITY_UNKNOWN])
def test_limits_at_infinity(spec):
    x = np.array([-np.inf, np.inf])
    assert wrong(emitted("python", spec)(x), activation(spec)(x), [1.0, 1.0], EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_nan_stays_nan(spec):
    with np.errstate(invalid="ignore"):  # np.logaddexp warns of NaN
        assert np.isnan(emitted("python", spec)(np.array([np.nan, 1.0]))[0])


@pytest.mark.parametrize("spec", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_keeps_the_type(spec, dtype):
    by_value = np.lib.NumpyVersion(np.__version__) < "2.0.0"  # there float16 and 800 make float32
    if dtype == np.float16 and (by_value or "special." in code_for("python", activation(spec))):
        dtype = np.float32  # SciPy answers float16 in another type
    assert emitted("python", spec)(np.array([-1.0, 0.25, 2.0], dtype)).dtype == dtype


@pytest.mark.parametrize("spec", [*NAMES, *FORMULAS])
def test_single_precision(spec):
    x = np.array([-20.0, -3.5, -1.0, -0.25, 0.25, 0.75, 3.5, 20.0], np.float32)
    assert wrong(emitted("python", spec)(x), activation(spec)(x), x, SINGLE) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_takes_numbers_lists_and_matrices(spec):
    f = emitted("python", spec)
    wanted = activation(spec)(np.array([2.0, -1.0]))
    assert wrong(f([2, -1]), wanted, [2.0, -1.0], EXACT) == []
    assert wrong(np.reshape(f(2), 1), wanted[:1], [2.0], EXACT) == []
    assert f(np.ones((2, 3))).shape == (2, 3)


@pytest.mark.parametrize("spec", ROWS)
def test_rows(spec):
    x = np.array([[1.0, 2.0, -3.0, 0.5], [800.0, -800.0, 0.0, 799.0], [0.1, 0.1, 0.1, 0.1]])
    f = emitted("python", spec)
    wanted = activation(spec)(x)
    assert wrong(f(x), wanted, np.zeros_like(wanted), EXACT) == []
    assert np.array_equal(f(x.T, axis=0), f(x).T)
    assert f(x.astype(np.float32)).dtype == np.float32


def test_parameters_are_keywords_with_the_values_that_were_given():
    f = emitted("python", "leaky_relu:0.2")
    assert f(-1.0) == -0.2
    assert f(-1.0, alpha=0.5) == -0.5
    assert list(f(np.array([-1.0, -1.0]), alpha=np.array([0.5, 2.0]))) == [-0.5, -2.0]


def test_a_parameter_without_a_value_must_be_given():
    f = emitted("python", "x*tanh(b*x)", free=("b",))
    assert f(1.0, b=2.0) == np.tanh(2.0)
    with pytest.raises(TypeError, match="'b'"):
        f(1.0)
