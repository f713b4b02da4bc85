"""What happens in a watched forward pass: every function of PyTorch passes by here, and activations are counted."""

import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from actcli.torch.functions import (
    FUSED,
    GLU,
    NONZERO,
    PRODUCTS,
    ROWS,
    activation_of,
    in_place,
    input_of,
    plain_name,
)
from actcli.torch.layers import ActivationCall, Layers
from actcli.torch.padding import Padding
from actcli.torch.unit_axis import Origin, Origins

_WRITTEN_OUT = {
    "NewGELUActivation": "gelu_tanh",
    "FastGELUActivation": "gelu_tanh",
    "AccurateGELUActivation": "gelu_tanh",
    "QuickGELUActivation": "quick_gelu",
    "GELUActivation": "gelu",
    "MishActivation": "mish",
    "ReLUSquaredActivation": "relu_squared",
    "LaplaceActivation": "laplace",
}
"""Classes of Hugging Face's transformers that compute an activation by several functions, or by one of two ways."""


@dataclass(frozen=True, slots=True)
class RunningModule:
    """A module that is running: its path, and whether it computes nothing but an activation."""

    path: str
    module: torch.nn.Module
    is_activation: bool


def in_backward() -> bool:
    """Return whether autograd is running backward, as while a checkpointed block is computed again."""
    return bool(torch._C._current_graph_task_id() != -1)  # noqa: SLF001 - torch has no public function for it


class Observer(TorchFunctionMode):
    """Watches one forward pass. frames: the modules that are running, innermost last; shared with the hooks."""

    def __init__(
        self, layers: Layers, frames: list[RunningModule], padding: Padding, written_out: dict[str, str]
    ) -> None:
        super().__init__()
        self._layers, self._frames, self._padding = layers, frames, padding
        self._origins = Origins()
        self._calls: Counter[str] = Counter()
        self._gates: dict[int, tuple[weakref.ref[Any], weakref.ref[Any], ActivationCall]] = {}
        self._written_out = written_out
        self._muted: list[tuple[RunningModule, Callable[[Any], None]]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of PyTorch as it was called, and count what is an activation."""
        kwargs = kwargs or {}
        name = plain_name(func)
        if not name or self._muted or in_backward():
            return func(*args, **kwargs)
        if name in PRODUCTS:
            return self._multiply(func, args, kwargs)
        function = activation_of(name, args, kwargs)
        if function is not None:
            return self._activate(func, name, function, args, kwargs)
        result = func(*args, **kwargs)
        self._origins.follow(func, args, kwargs, result)
        if name == GLU and isinstance(result, torch.Tensor):
            call = ActivationCall(self._name("glu"), "glu", NONZERO, "post")
            self._layers.add(call, result, self._origins.of(result), self._padding)
        elif name in ROWS:
            self._layers.refuse(self._name(name), name, "works over rows: its units do not fire one by one")
        elif name in FUSED:
            self._layers.refuse(self._name(name), name, "its activations are inside one kernel of PyTorch")
        return result

    def enter(self, frame: RunningModule, args: Sequence[Any]) -> None:
        """Note that a module begins. One that writes an activation out is counted here, not its functions."""
        function = _WRITTEN_OUT.get(type(frame.module).__name__) if frame.is_activation else None
        if function is None or self._muted or not args or not isinstance(args[0], torch.Tensor):
            return
        call = ActivationCall(self._name(function), type(frame.module).__name__, function)
        values = args[0]
        origin = self._origins.of(values)
        take = self._layers.add(call, values, origin, self._padding)
        self._muted.append((frame, self._taking(call, take, values, origin, None)))

    def leave(self, frame: RunningModule, result: Any) -> None:
        """Note that a module ended."""
        if self._muted and self._muted[-1][0] is frame:
            _, finish = self._muted.pop()
            if isinstance(result, torch.Tensor):
                finish(result)

    def _activate(
        self,
        func: Callable[..., Any],
        name: str,
        function: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        values = input_of(args, kwargs)
        if not isinstance(values, torch.Tensor):
            return func(*args, **kwargs)
        call = ActivationCall(self._name(function.partition(":")[0]), name.removesuffix("_"), function)
        origin = self._origins.of(values)
        overwrites = in_place(name, args, kwargs)
        composed = call.name in self._written_out
        take = (
            None
            if composed
            else self._layers.add(call, values, origin, self._padding, overwritten=overwrites)
        )
        result = func(*args, **kwargs)
        again = None if function.startswith("rrelu") else _again(func, args, kwargs)
        self._taking(call, take, None if overwrites else values, origin, again)(result)
        return result

    def _taking(
        self,
        call: ActivationCall,
        take: Callable[[Any, Callable[[torch.Tensor], torch.Tensor] | None], None] | None,
        values: torch.Tensor | None,
        origin: Origin,
        again: Callable[[torch.Tensor], torch.Tensor] | None,
    ) -> Callable[[Any], None]:
        """Return what is to be done with the outputs of an activation."""

        def finish(result: Any) -> None:
            if take is not None:
                take(result, again)
            if isinstance(result, torch.Tensor):
                self._origins.note(result, replace(origin, gate=call.op))
                if values is not None:
                    self._gates[id(result)] = weakref.ref(result), weakref.ref(values), call

        return finish

    def _multiply(self, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call a product. That of an activation and another branch is a layer; sigmoid(x)*x is silu of x."""
        factors = (*args, *(kwargs[name] for name in ("input", "other") if name in kwargs))[:2]
        own = self._own_gate(factors)
        gate = self._gate(factors)
        result = func(*args, **kwargs)
        self._origins.follow(func, args, kwargs, result)
        if own is not None:
            self._count_silu(*own, result)
        elif gate and isinstance(result, torch.Tensor):
            call = ActivationCall(self._name("product"), f"{gate} product", NONZERO, "post")
            self._layers.add(call, result, self._origins.of(result), self._padding)
        return result

    def _gate(self, factors: Sequence[Any]) -> str:
        """Return the activation that one of two factors is the output of, where the other comes from a layer too."""
        if len(factors) < 2 or factors[0] is factors[1]:
            return ""
        a, b = factors
        if not (isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)) or a.shape != b.shape:
            return ""
        if not (self._origins.has(a) and self._origins.has(b)):
            return ""
        return self._origins.of(a).gate or self._origins.of(b).gate

    def _own_gate(self, factors: Sequence[Any]) -> tuple[ActivationCall, torch.Tensor, Origin] | None:
        """Return the sigmoid's call, x, and the origin of x in the product of x and sigmoid(x)."""
        for gate, other in (factors, factors[::-1]) if len(factors) == 2 else ():
            known = self._gates.get(id(gate))
            if known is None or known[0]() is not gate or known[1]() is not other:
                continue
            if known[2].function == "sigmoid":
                return known[2], other, self._origins.of(other)
        return None

    def _count_silu(self, sigmoid: ActivationCall, values: torch.Tensor, origin: Origin, result: Any) -> None:
        """Count x·sigmoid(x) in place of the sigmoid, which from the next pass on is not counted any more."""
        if sigmoid.name not in self._written_out:
            self._written_out[sigmoid.name] = "silu"
            self._layers.forget(sigmoid.name)
        name = sigmoid.name if self._frames[-1].is_activation else self._name("silu")
        call = ActivationCall(name, "x·sigmoid(x)", "silu")
        take = self._layers.add(call, values, origin, self._padding)
        if take is not None:
            take(result, torch.nn.functional.silu)

    def _name(self, function: str) -> str:
        """Return the name of a layer: its module, or the module and the function; a later call has #2."""
        frame, path = self._frames[-1], path_in_call(self._frames)
        base = path if frame.is_activation and path else f"{path}.{function}".removeprefix(".")
        self._calls[base] += 1
        return base if self._calls[base] == 1 else f"{base}#{self._calls[base]}"


def _again(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what computes a call again for other values of x, whose type the other arguments take."""

    def compute(x: torch.Tensor) -> torch.Tensor:
        others = [one.to(x.dtype) if isinstance(one, torch.Tensor) else one for one in args[1:]]
        named = {
            key: one.to(x.dtype) if isinstance(one, torch.Tensor) else one
            for key, one in kwargs.items()
            if key not in {"input", "self", "out"}
        }
        result: torch.Tensor = func(x, *others, **named)
        return result

    return compute


def path_in_call(frames: Sequence[RunningModule]) -> str:
    """Return the path of the innermost module; of one that several modules share, the path in that which calls it."""
    frame = frames[-1]
    caller = frames[-2] if len(frames) > 1 else frame
    if frame.path in {caller.path, ""} or frame.path.rpartition(".")[0] == caller.path:
        return frame.path
    names = (name for name, child in caller.module.named_children() if child is frame.module)
    name = next(names, None)
    return frame.path if name is None else f"{caller.path}.{name}".removeprefix(".")


def frame_of(path: str, module: torch.nn.Module) -> RunningModule:
    """Return the frame of a module. A module without parts and weights is an activation if it calls one.

    Dropout is no part: exported models have none.
    """
    leaf = all(isinstance(child, torch.nn.Dropout | torch.nn.Identity) for child in module.children())
    bare = next(module.parameters(recurse=False), None) is None
    known = type(module).__module__ == "torch.nn.modules.activation" and leaf
    written_out = type(module).__name__ in _WRITTEN_OUT
    return RunningModule(path, module, known or written_out or (leaf and bare))
