"""The layers that are watched: their statistics since a window began, and what could not be watched."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from time import perf_counter
from typing import Any

import torch

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import RecordedValue, Rule, firing_rule
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import Unobserved
from actcli.exits import UsageError
from actcli.torch.padding import Padding
from actcli.torch.scratch import Scratch
from actcli.torch.unit_axis import Origin
from actcli.torch.unit_sums import CountedPiece, UnitSums

_VARYING = ("prelu", "rrelu")
"""Activations with parameters that change while the network trains, or from call to call."""


@dataclass(frozen=True, slots=True)
class WatchedLayer:
    """A layer that was found in a forward pass.

    Attributes:
        name: the path of its module; of a function, the path of the module that calls it and the function's name.
        op: the function as PyTorch calls it; of a gated product `silu product`.
        function: the activation, as `actcli deadcheck --activation` takes it.
        recorded: `pre` where the activation's inputs are counted, `post` where its outputs are.
        units: how many units it has.
        axis: the axis of the units.

    """

    name: str
    op: str
    function: str
    recorded: RecordedValue
    units: int
    axis: int


@dataclass(frozen=True, slots=True)
class ActivationCall:
    """One call of an activation: the layer's name, the operation, its activation, and what is counted."""

    name: str
    op: str
    function: str
    recorded: RecordedValue = "pre"


class Layers:
    """Watched layers, by name in the order of the first pass.

    patterns: names or patterns of the layers to watch; empty for all. unit_axis: the axis of the units by name or
    pattern. sample_axis: the axis of the samples in tensors of three and more axes.

    `seconds` is the time that the host has spent on counting each layer; on other devices than the CPU the work goes
    on after it. `devices` are the kinds of devices that layers were counted on.
    """

    def __init__(self, patterns: Sequence[str], unit_axis: Mapping[str, int], sample_axis: int = 0) -> None:
        self.found: dict[str, WatchedLayer] = {}
        self.unobserved: dict[str, Unobserved] = {}
        self._sums: dict[str, UnitSums] = {}
        self._patterns, self._unit_axis, self._sample_axis = tuple(patterns), dict(unit_axis), sample_axis
        self._scratch = Scratch()
        self._dropped: set[str] = set()
        self.additions = 0
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.devices: set[str] = set()

    def start_window(self) -> None:
        """Forget the statistics, not the layers."""
        self._sums = {}
        self.additions = 0

    def states(self) -> tuple[LayerState, ...]:
        """Return the statistics of each layer in the window. The host waits for the device here."""
        return tuple(sums.state(name) for name, sums in self._sums.items())

    def firing_positions(self) -> dict[str, tuple[int, Any]]:
        """Return positions, and at how many of them each unit fired, by layer."""
        return {name: (int(sums.elements), sums.firing_elements()) for name, sums in self._sums.items()}

    def forget(self, name: str) -> None:
        """Forget a layer that turned out to be a part of another activation."""
        self.found.pop(name, None)
        self._sums.pop(name, None)

    def selects(self, name: str) -> bool:
        """Return whether a layer is one of those to watch."""
        return not self._patterns or any(
            name == pattern or fnmatchcase(name, pattern) for pattern in self._patterns
        )

    def refuse(self, name: str, op: str, reason: str) -> None:
        """Note an activation that is not watched. The first reason is kept."""
        if self.selects(name):
            self.unobserved.setdefault(name, Unobserved(name, op, reason))

    def add(
        self,
        call: ActivationCall,
        values: Any,
        origin: Origin,
        padding: Padding,
        *,
        overwritten: bool = False,
    ) -> "Callable[[Any, Callable[[torch.Tensor], torch.Tensor] | None], None] | None":
        """Count the values of a call; return what takes its outputs, or None where it is not watched.

        An error in here must not end a training that runs for days: it is noted as the reason why the layer is not
        observed.
        """
        if not self.selects(call.name) or call.name in self._dropped:
            return None
        began = perf_counter()
        try:
            with aside(values):
                reason = _unsuitable(values)
                if reason is None:
                    return self._add(call, values.detach(), origin, padding, overwritten)
                self.refuse(call.name, call.op, reason)
        except UsageError as error:
            self.refuse(call.name, call.op, str(error))
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            self._drop(call, error)
        finally:
            self.seconds[call.name] += perf_counter() - began
        return None

    def _drop(self, call: ActivationCall, error: Exception) -> None:
        self.forget(call.name)
        self._dropped.add(call.name)
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self.refuse(call.name, call.op, f"it could not be counted: {line}")

    def _add(
        self,
        call: ActivationCall,
        values: torch.Tensor,
        origin: Origin,
        padding: Padding,
        overwritten: bool,
    ) -> "Callable[[Any, Callable[[torch.Tensor], torch.Tensor] | None], None] | None":
        axis = self._axis(call.name, values, origin)
        arrange = padding.arrangement(values, axis, self._sample_axis, origin.rows)
        arranged, own_axis = arrange(values)
        units = arranged.shape[own_axis]
        if not units:
            raise UsageError("it has no units")
        mask = padding.mask_for(arranged, own_axis)
        rule = _rule(call.function, call.recorded)
        sums = self._sums.get(call.name)
        if sums is None:
            constant = not call.function.startswith(_VARYING)
            sums = self._sums[call.name] = UnitSums(
                rule, units, values.device, self._scratch, constant=constant
            )
            self.found[call.name] = WatchedLayer(
                call.name, call.op, call.function, call.recorded, units, axis
            )
        if sums.units != units or sums.rule != rule or sums.device != values.device:
            raise UsageError(
                f"it has {units:,} units of {call.function} on {values.device} in one pass, and "
                f"{sums.units:,} units of {sums.rule.function} on {sums.device} in another"
            )
        self.devices.add(values.device.type)
        pieces = sums.add(arranged, own_axis, mask, overwritten=overwritten)
        self.additions += 1
        if call.recorded == "post":
            return None

        def take(outputs: Any, again: Callable[[torch.Tensor], torch.Tensor] | None) -> None:
            self._take(call, sums, pieces, arrange, outputs, again)

        return take

    def _take(
        self,
        call: ActivationCall,
        sums: UnitSums,
        pieces: tuple[CountedPiece, ...],
        arrange: Callable[[torch.Tensor], tuple[torch.Tensor, int]],
        outputs: Any,
        again: Callable[[torch.Tensor], torch.Tensor] | None,
    ) -> None:
        began = perf_counter()
        try:
            with aside(outputs):
                sums.add_outputs(pieces, arrange(outputs.detach())[0], again)
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            self._drop(call, error)
        finally:
            self.seconds[call.name] += perf_counter() - began

    def _axis(self, name: str, values: torch.Tensor, origin: Origin) -> int:
        """Return the axis of the units: as it was said, else as the tensor's origin tells."""
        said = [
            axis for pattern, axis in self._unit_axis.items() if name == pattern or fnmatchcase(name, pattern)
        ]
        axis = said[-1] if said else origin.axis
        shape = tuple(values.shape)
        if axis is None:
            raise UsageError(
                f"the axis of its units in the shape {shape} is not known: name it, unit_axis={{{name!r}: -1}}"
            )
        if not -values.ndim <= axis < values.ndim:
            raise UsageError(f"unit_axis={axis}: the axes of the shape {shape} are 0 to {values.ndim - 1}")
        axis %= values.ndim
        if axis == (self._sample_axis if values.ndim > 2 else 0):
            raise UsageError(f"axis {axis} of the shape {shape} holds its units, and should hold the samples")
        return axis


def aside(tensor: Any) -> AbstractContextManager[Any]:
    """Return what computes beside a model: no gradient, and ordinary tensors in inference mode too."""
    if torch.is_inference_mode_enabled() or (isinstance(tensor, torch.Tensor) and tensor.is_inference()):
        stack = ExitStack()
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.no_grad())
        return stack
    return torch.no_grad()


def _unsuitable(values: Any) -> str | None:
    """Return why a value cannot be counted; None if it can."""
    if not isinstance(values, torch.Tensor):
        return "its input is no tensor"
    if type(values) not in {
        torch.Tensor,
        torch.nn.Parameter,
    } or torch._C._functorch.is_functorch_wrapped_tensor(values):  # noqa: SLF001 - torch has no public test
        return f"its input is a {type(values).__name__} of torch.func or of another library"
    if values.device.type == "meta" or values.layout is not torch.strided:
        return f"its input is on {values.device} in the layout {values.layout}"
    if values.dtype not in {torch.float16, torch.bfloat16, torch.float32, torch.float64}:
        return f"its input has the type {values.dtype}"
    if values.ndim < 2:
        return f"its input has the shape {tuple(values.shape)}: samples and units need two axes"
    return None


@lru_cache(maxsize=1024)
def _rule(function: str, recorded: RecordedValue) -> Rule:
    rule = firing_rule(activation(function), recorded)
    if rule.by_slope is not None or not rule.fires or math.isnan(rule.flat_below):
        raise UsageError(f"{function} fires on endless intervals: record its inputs, and use deadcheck")
    return rule
