"""Other libraries' activations, where they are installed, made ready to be timed: torch and jax on the CPU."""

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
}
_TRIED = np.array([-2.31, -0.71, -0.23, 0.37, 0.93, 2.61])
_NO_FIT = (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError)
"""What a library raises when it has no such name, or does not take the parameters."""


def peers(names: Sequence[str]) -> tuple[Peer, ...]:
    """The libraries of these names, loaded; each once, in the order given.

    Raises UsageError for one that is not known here, DataError for one that is not installed.
    """
    wanted = list(dict.fromkeys(name.strip().lower() for name in names))
    for name in wanted:
        if name not in KNOWN:
            raise UsageError(f"--with takes {' and '.join(KNOWN)}, not {name!r}")
    makers = {"torch": _torch, "jax": _jax}
    return tuple(makers[name]() for name in wanted)


def _torch() -> Peer:
    torch = _loaded("torch")

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
        prepare=partial(_prepared, torch, "torch", torch.from_numpy, (forward, backward)),
        use_threads=torch.set_num_threads,
        note="eager on the CPU; f' is timed as forward and backward through autograd.",
    )


def _jax() -> Peer:
    jax = _loaded("jax")
    for part in ("jax.nn", "jax.numpy", "jax.scipy.special"):
        import_module(part)
    # without it every float64 is silently computed in float32
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
        prepare=partial(_prepared, jax, "jax", jax.numpy.asarray, (forward, backward)),
        use_threads=lambda _: None,
        note="compiled by jit on the CPU, on as many threads as it takes; f' is vmap of grad.",
        compiles=True,
    )


def _loaded(name: str) -> Any:
    turn_reporting_off()
    try:
        return import_module(name)
    except ImportError as error:
        raise DataError(f"{name} is not installed: pip install {name}") from error


def _short(version: str) -> str:
    return ".".join(version.partition("+")[0].split(".")[:2])


def _prepared(
    library: Any,
    framework: str,
    load: Callable[[NDArray[Any]], Any],
    ways: Sequence[Callable[[Callable[[Any], Any], Any], Timed]],
    f: Activation,
    order: int,
) -> Callable[[Any], Timed] | None:
    """The first of the library's functions whose values are f's: a wrong name or parameter cannot be timed."""
    for function in _candidates(library, framework, f):
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
    """Whether the values, and the derivatives where they are asked for, are f's; and x stays as it is."""
    x = _TRIED.astype(dtype)
    given = x.copy()
    try:
        found = [np.asarray(ways[i](function, load(given))()) for i in {0, order}]
    except _NO_FIT:
        return False
    expected = [f.grad(x) if i else f(x) for i in {0, order}]
    same = (np.allclose(a, b, 1e-3, 1e-4, equal_nan=True) for a, b in zip(found, expected, strict=True))
    return all(same) and np.array_equal(given, x)


def _candidates(library: Any, framework: str, f: Activation) -> Iterator[Callable[[Any], Any]]:
    """The library's functions of f's names, with no parameters and with f's by position."""
    if (framework, f.name) in _OTHER_FORMS:
        name, more = _OTHER_FORMS[framework, f.name]
        yield partial(_found(library, name), **more)
    for names in f.definition.frameworks:
        if names.framework != framework:
            continue
        # a module of torch wraps the function of the same name: that one is timed bare
        for name in sorted(names.names, key=lambda name: name.rpartition(".")[2][:1].isupper()):
            target = _found(library, name)
            # bare first: behind the parameters may stand an `inplace`
            for values in ((), tuple(f.parameters[key] for key in names.order or f.parameters)):
                try:
                    yield target(*values) if isinstance(target, type) else _with(target, values)
                except _NO_FIT:
                    continue


def _with(target: Callable[..., Any], values: tuple[float, ...]) -> Callable[[Any], Any]:
    return (lambda x: target(x, *values)) if values else target


def _found(library: Any, name: str) -> Any:
    """What stands under a dotted name; None where an older version has no such thing."""
    target = library
    for part in name.split("."):
        target = getattr(target, part, None)
    return target
