"""`actcli grad` as a call: what it hands to the core, and what a failed check returns."""

from typing import Any

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.activations import Activation


def test_a_derivative_that_holds() -> None:
    status, out, _ = invoke("grad", "silu", "--check")
    assert status == 0
    assert "yes" in out


def test_a_wrong_derivative_is_caught_after_its_result_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Activation.grad

    def wrong(self: Activation, x: Any, *args: Any, **kwargs: Any) -> Any:
        return right(self, x, *args, **kwargs) * 1.001

    monkeypatch.setattr(Activation, "grad", wrong)
    status, out, _ = invoke("grad", "silu", "--check")
    assert status == 3
    assert "no" in out.split()
    assert invoke("grad", "silu", "--check", "--tolerance", "0.01").status == 0


def test_the_numbers_of_the_line_are_checked() -> None:
    status, out, _ = invoke("grad", "gelu", "1", "2", "--check", "--format", "json")
    assert status == 0
    assert '"points": 2' in out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["silu", "0"], [0.5]),
        (["silu", "0", "--order", "2"], [0.5]),
        (["leaky_relu:0.2", "-3", "--wrt", "alpha"], [-3.0]),
        (["torch.LeakyReLU:0.2", "-3", "--wrt", "negative_slope"], [-3.0]),
        (["relu", "0"], [0.0]),
        (["relu", "0", "--at-kink", "right"], [1.0]),
        (["relu", "0", "--at-kink", "mean"], [0.5]),
        (["softmax", "0,0", "--jacobian"], [0.25, -0.25, -0.25, 0.25]),
        (["softmax", "0,0"], [0.25, 0.25]),
    ],
)
def test_options_reach_the_core(arguments: list[str], wanted: list[float]) -> None:
    status, out, _ = invoke("grad", *arguments)
    assert status == 0
    assert np.allclose([float(word) for word in out.split()], wanted, rtol=0, atol=1e-15)


def test_a_derivative_by_a_parameter_is_of_the_first_order() -> None:
    message = refused("grad", "prelu", "1", "--order", "2", "--wrt", "alpha")
    assert "--order 2" in message
    assert "--wrt x" in message
