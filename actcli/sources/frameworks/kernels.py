"""The functions of each framework as kernels on bit patterns; imported in the process of one framework only."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.sources.optional import turn_reporting_off
from actcli.sources.peers import candidates

Patterns = NDArray[Any]
Run = Callable[[Callable[[Any], Any], Patterns, str, int], Patterns]
_TRIED = np.array([-2.3125, -0.71875, -0.234375, 0.375, 0.9375, 2.625], np.float32)
"""Numbers of every type at which a function must agree before it is measured."""
_CLOSE = 0.02
_NO_FIT = (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Framework:
    """A loaded framework.

    Attributes:
        version: its version, and that of the backend that computes for it.
        find: yields its functions that may be f.
        run: the patterns of a function's results, or of its derivative's (order 1), at patterns of x in a type.

    """

    version: str
    find: Callable[[Activation], Any]
    run: Run

    def compute(self, f: Activation, patterns: Patterns, dtype: str, order: int) -> Patterns | None:
        """Return the patterns of f, or f', as the framework computes it; None where it lacks it in this type."""
        for function in self.find(f):
            try:
                if self._is_it(function, f):
                    return self.run(function, patterns, dtype, order)
            except _NO_FIT:
                continue
            except Exception as error:  # onnxruntime's errors share no base class of their own
                if "onnxruntime" not in type(error).__module__:
                    raise
        return None

    def _is_it(self, function: Callable[[Any], Any], f: Activation) -> bool:
        values = self.run(function, _TRIED.view(np.uint32), "float32", 0).view(np.float32)
        return bool(np.allclose(values, f(_TRIED), _CLOSE, _CLOSE))


def load(name: str) -> Framework:
    """Return a framework. Raises ImportError where it is not installed."""
    turn_reporting_off()
    return {"torch": _torch, "jax": _jax, "keras": _keras, "onnxruntime": _onnxruntime}[name]()


def _torch() -> Framework:
    torch = import_module("torch")
    torch.set_num_threads(1)
    return Framework(_short(torch.__version__), lambda f: candidates(torch, "torch", f), _torch_run(torch))


def _torch_run(torch: Any) -> Run:
    signed = {2: np.int16, 4: np.int32, 8: np.int64}

    def run(function: Callable[[Any], Any], patterns: Patterns, dtype: str, order: int) -> Patterns:
        own = signed[patterns.itemsize]
        x = torch.from_numpy(patterns.view(own).copy()).view(getattr(torch, dtype))
        if order:
            leaf = x.detach().requires_grad_()
            y = torch.autograd.grad(function(leaf), leaf, torch.ones_like(x))[0]
        else:
            y = function(x).detach()
        if y.dtype != x.dtype:
            raise TypeError("the result has another type")
        return np.asarray(y.contiguous().view(getattr(torch, np.dtype(own).name)).numpy()).view(
            patterns.dtype
        )

    return run


def _jax() -> Framework:
    jax = import_module("jax")
    for part in ("jax.nn", "jax.numpy", "jax.scipy.special"):
        import_module(part)
    jax.config.update("jax_enable_x64", True)
    return Framework(_short(jax.__version__), lambda f: candidates(jax, "jax", f), _jax_run(jax))


def _jax_run(jax: Any) -> Run:
    def run(function: Callable[[Any], Any], patterns: Patterns, dtype: str, order: int) -> Patterns:
        x = jax.numpy.asarray(patterns.view(jax.numpy.dtype(dtype)))
        whole = jax.jit(jax.vmap(jax.grad(function)) if order else function)
        y = whole(x)
        if y.dtype != x.dtype:
            raise TypeError("the result has another type")
        return np.asarray(y).view(patterns.dtype)

    return run


def _keras() -> Framework:
    backend = os.environ.setdefault("KERAS_BACKEND", _installed("torch", "jax"))
    keras = import_module("keras")
    framework = _jax() if backend == "jax" else _torch()
    version = f"{_short(keras.__version__)} on {backend} {framework.version}"
    return Framework(version, lambda f: candidates(keras, "keras", f), framework.run)


def _installed(*names: str) -> str:
    from importlib.util import find_spec

    return next((name for name in names if find_spec(name)), names[0])


_X, _Y = "x", "y"
_COMPOSED: Mapping[str, tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...]] = {
    "gelu": (("Gelu", (_X,), {}),),
    "gelu_tanh": (("Gelu", (_X,), {"approximate": "tanh"}),),
    "silu": (("Sigmoid", (_X,), {}), ("Mul", (_X, "0"), {})),
    "log_sigmoid": (("Sigmoid", (_X,), {}), ("Log", ("0",), {})),
    "hard_swish": (("HardSwish", (_X,), {}),),
    **{name.lower(): ((name, (_X,), {}),) for name in
       ("Mish", "Softplus", "Tanh", "Sigmoid", "Elu", "Selu", "Softsign", "Erf", "Relu")},
}  # fmt: skip
"""The operators of each function, as PyTorch exports silu and log_sigmoid; `0` is the result of the first."""


def _onnxruntime() -> Framework:
    runtime, onnx = import_module("onnxruntime"), import_module("onnx")
    runtime.set_default_logger_severity(4)
    types = {
        "float64": onnx.TensorProto.DOUBLE,
        "float32": onnx.TensorProto.FLOAT,
        "float16": onnx.TensorProto.FLOAT16,
        "bfloat16": onnx.TensorProto.BFLOAT16,
    }

    def run(function: Callable[[Any], Any], patterns: Patterns, dtype: str, order: int) -> Patterns:
        if order:
            raise NotImplementedError("onnxruntime computes no derivatives")
        if dtype == "bfloat16":
            raise NotImplementedError("onnxruntime gives no bfloat16 to NumPy")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        model = function(types[dtype])
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        (y,) = session.run(None, {_X: patterns.view(np.dtype(dtype))})
        return np.asarray(y).view(patterns.dtype)

    def find(f: Activation) -> Any:
        steps = _COMPOSED.get(f.name)
        if steps is not None:
            yield lambda kind: _model(onnx, steps, kind)

    return Framework(_short(runtime.__version__), find, run)


def _model(onnx: Any, steps: Any, kind: int) -> bytes:
    """Return a model of operators one after the other, in a type."""
    nodes = []
    for place, (op, inputs, attributes) in enumerate(steps):
        output = _Y if place == len(steps) - 1 else str(place)
        nodes.append(onnx.helper.make_node(op, list(inputs), [output], **attributes))
    ends = [onnx.helper.make_tensor_value_info(name, kind, ["n"]) for name in (_X, _Y)]
    graph = onnx.helper.make_graph(nodes, "f", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


def _short(version: str) -> str:
    return version.partition("+")[0]
