"""Activations of torch and jax, where they are installed, prepared for timing on the CPU."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.compare.timing import TYPES, Peer, Timed
from actcli.exits import DataError, UsageError
from actcli.sources.optional import turn_reporting_off

KNOWN = ("torch", "jax")
_OTHER_FORMS: Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]] = {
    ("torch", "gelu_tanh"): ("nn.functional.gelu", {"approximate": "tanh"}),
    ("jax", "gelu"): ("nn.gelu", {"approximate": False}),
    ("keras", "gelu_tanh"): ("activations.gelu", {"approximate": True}),
    ("keras", "erf"): ("ops.erf", {}),
}
_TRIED = np.array([-2.31, -0.71, -0.23, 0.37, 0.93, 2.61])
_NO_FIT = (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError)
"""The errors of a library that has no such name, or does not take the parameters."""


def peers(names: Sequence[str]) -> tuple[Peer, ...]:
    """Return the libraries of these names, loaded, each once, in this order.

    Raises UsageError for an unknown name, DataError for a library that is not installed.
    """
    libraries = list(dict.fromkeys(name.strip().lower() for name in names))
    for name in libraries:
        if name not in KNOWN:
            raise UsageError(f"--with takes {' and '.join(KNOWN)}, not {name!r}")
    makers = {"torch": _torch, "jax": _jax}
    return tuple(makers[name]() for name in libraries)


def _torch() -> Peer:
    torch = _load("torch")

    def forward(function: Callable[[Any], Any], x: Any) -> Timed:
        def run() -> object:
            with torch.no_grad():
                return function(x)

        return run

    def backward(function: Callable[[Any], Any], x: Any) -> Timed:
        leaf = x.detach().requires_grad_()
        ones = torch.ones_like(x)
        return lambda: torch.autograd.grad(function(leaf), leaf, ones)[0]

    return Peer(
        name="torch",
        version=_short(torch.__version__),
        load=torch.from_numpy,
        prepare=partial(_prepare, torch, "torch", torch.from_numpy, (forward, backward)),
        use_threads=torch.set_num_threads,
        note="eager on the CPU; f' is timed as forward and backward through autograd.",
    )


def _jax() -> Peer:
    jax = _load("jax")
    for part in ("jax.nn", "jax.numpy", "jax.scipy.special"):
        import_module(part)
    # otherwise JAX computes every float64 silently in float32
    jax.config.update("jax_enable_x64", True)

    def forward(function: Callable[[Any], Any], x: Any) -> Timed:
        compiled = jax.jit(function)
        return lambda: compiled(x).block_until_ready()

    def backward(function: Callable[[Any], Any], x: Any) -> Timed:
        compiled = jax.jit(jax.vmap(jax.grad(function)))
        return lambda: compiled(x).block_until_ready()

    return Peer(
        name="jax",
        version=_short(jax.__version__),
        load=jax.numpy.asarray,
        prepare=partial(_prepare, jax, "jax", jax.numpy.asarray, (forward, backward)),
        use_threads=lambda _: None,
        note="compiled by jit on the CPU, on as many threads as it takes; f' is vmap of grad.",
        compiles=True,
    )


def _load(name: str) -> Any:
    turn_reporting_off()
    try:
        return import_module(name)
    except ImportError as error:
        raise DataError(f"{name} is not installed: pip install {name}") from error


def _short(version: str) -> str:
    return ".".join(version.partition("+")[0].split(".")[:2])


def _prepare(
    library: Any,
    framework: str,
    load: Callable[[NDArray[Any]], Any],
    ways: Sequence[Callable[[Callable[[Any], Any], Any], Timed]],
    f: Activation,
    order: int,
) -> Callable[[Any], Timed] | None:
    """Return the first function of the library with the values of f, so that no wrong one is timed."""
    for function in candidates(library, framework, f):
        if all(_agrees(function, f, load, ways, order, dtype) for dtype in TYPES):
            return partial(ways[order], function)
    return None


def _agrees(
    function: Callable[[Any], Any],
    f: Activation,
    load: Callable[[NDArray[Any]], Any],
    ways: Sequence[Callable[[Callable[[Any], Any], Any], Timed]],
    order: int,
    dtype: str,
) -> bool:
    """Return whether the values, and for order 1 the derivatives, are those of f, and x stays unchanged."""
    x = _TRIED.astype(dtype)
    copy = x.copy()
    try:
        theirs = [np.asarray(ways[i](function, load(copy))()) for i in {0, order}]
    except _NO_FIT:
        return False
    expected = [f.grad(x) if i else f(x) for i in {0, order}]
    same = (np.allclose(a, b, 1e-3, 1e-4, equal_nan=True) for a, b in zip(theirs, expected, strict=True))
    return all(same) and np.array_equal(copy, x)


def candidates(library: Any, framework: str, f: Activation) -> Iterator[Callable[[Any], Any]]:
    """Yield the functions of the library under the names of f, without parameters and with those of f by position."""
    if (framework, f.name) in _OTHER_FORMS:
        name, more = _OTHER_FORMS[framework, f.name]
        yield partial(_attribute(library, name), **more)
    for names in f.definition.frameworks:
        if names.framework != framework:
            continue
        # a module of torch wraps the function of the same name; the function comes first
        for name in sorted(names.names, key=lambda name: name.rpartition(".")[2][:1].isupper()):
            target = _attribute(library, name)
            # without parameters first: an `inplace` may follow them
            for values in ((), tuple(f.parameters[key] for key in names.order or f.parameters)):
                try:
                    yield target(*values) if isinstance(target, type) else _with(target, values)
                except _NO_FIT:
                    continue


def _with(target: Callable[..., Any], values: tuple[float, ...]) -> Callable[[Any], Any]:
    return (lambda x: target(x, *values)) if values else target


def _attribute(library: Any, name: str) -> Any:
    """Return the attribute of a dotted name; None where an older version has none."""
    target = library
    for part in name.split("."):
        target = getattr(target, part, None)
    return target
