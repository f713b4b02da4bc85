"""Frameworks in processes of their own: what they compute, and what is refused."""

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.number_types import narrow, widen
from actcli.exits import DataError, UsageError
from actcli.sources.frameworks import process
from actcli.sources.frameworks.process import FrameworkProcess
from actcli.sources.frameworks.processor import processor_name
from actcli.sources.numbers.low_precision import number_type

X = np.array([-3.0, -1.0, -0.5, 0.0, 0.25, 2.0])


def started(name):
    try:
        return FrameworkProcess(name)
    except DataError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", process.KNOWN)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_values_and_gradients_are_those_of_the_function(name, dtype):
    kind = number_type(dtype)
    f = activation("mish")
    with started(name) as framework:
        assert framework.version
        for order in (0, 1):
            results = framework.compute("mish", narrow(kind, kind.round(X)), dtype, order)
            if name == "onnxruntime" and (order or dtype in {"bfloat16", "float64"}):
                continue
            assert results is not None
            assert results.dtype == kind.pattern_type
            exact = f.grad(X) if order else f(X)
            np.testing.assert_allclose(
                widen(kind, results).astype(float), exact, atol=2 * kind.unit_roundoff + 1e-6
            )


def test_what_a_framework_lacks_is_none():
    with started("onnxruntime") as framework:
        patterns = narrow(number_type("float32"), X.astype(np.float32))
        assert framework.compute("mish", patterns, "float32", 1) is None
        assert framework.compute("snake", patterns, "float32", 0) is None
        assert framework.compute("tanh", patterns, "float32", 0) is not None


def test_wrong_requests(monkeypatch):
    with pytest.raises(UsageError, match="--with takes torch, jax, onnxruntime, keras, not 'mxnet'"):
        FrameworkProcess("mxnet")
    monkeypatch.setattr(process, "KNOWN", ("gone",))
    with pytest.raises(DataError, match="gone: its process ended"):
        FrameworkProcess("gone")


def test_the_processor_has_a_name():
    assert processor_name()
