"""How exact frameworks are, measured on one whose results are known."""

import math

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.number_types import BFLOAT16, narrow, numpy_type, widen
from actcli.analysis.precision.field import compare_field
from actcli.exits import UsageError

SINGLE = numpy_type(np.dtype(np.float32))


class Right:
    """Stand for a framework that rounds right in bfloat16 and float32, and has no derivative."""

    name = "torch"
    version = "0"

    def __init__(self, spoil=lambda y: y):
        self.spoil = spoil

    def compute(self, spec, patterns, dtype, order):
        if order:
            return None
        kind = BFLOAT16 if dtype == "bfloat16" else SINGLE
        with np.errstate(all="ignore"):
            y = activation(f"torch.{spec}")(widen(kind, patterns).astype(np.float64))
            return narrow(kind, self.spoil(kind.round(y)).astype(np.float32))


def measured(framework, types=(BFLOAT16, SINGLE), name="softplus"):
    *_, last = compare_field([activation(name)], types, lambda: iter([framework]), "a processor")
    return last.so_far


def test_right_results_are_half_a_ulp_off_at_most():
    found = measured(Right())
    (contender,) = found.contenders  # f alone: there is no derivative
    assert contender.function == "softplus torch"
    for name in ("bfloat16", "float32"):
        assert 0.4 < contender.values[f"{name}_max_ulp"] <= 0.5
        assert contender.values[f"{name}_max_ulp_anywhere"] <= 0.5
        assert contender.values[f"{name}_flaws"] == "none"
    assert found.settings == {"versions": "torch 0", "processor": "a processor"}
    assert "In bfloat16 the largest error" in found.answer


def test_flaws_have_names():
    def spoil(y):
        y = np.where(np.abs(y) < 2.0**-126, -0.0, y)
        return np.where(y > 1e30, math.inf, y)

    (contender,) = measured(Right(spoil), (BFLOAT16,)).contenders
    assert contender.values["bfloat16_flaws"] == "flushes, overflows, sign"
    assert contender.values["bfloat16_max_ulp_anywhere"] > 1


def test_functions_over_rows_are_refused():
    with pytest.raises(UsageError, match="works over rows"):
        measured(Right(), name="softmax")
