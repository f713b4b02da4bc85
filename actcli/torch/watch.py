"""Watch: two lines in a training loop tell which units die, while it trains."""

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self

import torch

from actcli.analysis.deadness.unit_state import LayerState, merge, place_at
from actcli.analysis.deadness.verdict import Unobserved
from actcli.analysis.wording import counted
from actcli.exits import DataError, UsageError
from actcli.recording.epoch_report import EpochReport
from actcli.recording.history import RunHistory
from actcli.terminal import printable
from actcli.torch.layers import Layers, WatchedLayer
from actcli.torch.observer import Observer
from actcli.torch.padding import MaskSource, padding_of
from actcli.torch.passes import Passes, named_modules
from actcli.torch.tokens import TokenCounts, count_tokens, token_sentences

When = Literal["train", "eval", "always"]


class Watch:
    """Statistics of the units of a PyTorch model, counted while it runs.

        with Watch(model, every=10) as watch:
            for epoch in range(epochs):
                train(...)
                print(watch.epoch())
            watch.save("run.npz")

    Activations are found as modules (`nn.ReLU`) and as functions (`F.relu(x)`, `x.relu()`); `print(watch)` lists them,
    and what cannot be watched. The model's results and gradients do not change, and nothing stays behind at the end.

    Args:
        model: any module. A pass begins where a module of it is called from outside.
        when: the passes to watch: `train` those in which the called module is in training mode, `eval` the others.
        every: watch every n-th of these passes, or of the steps where `step` is called.
        mask: the positions that count, (samples, positions), True or 1 for tokens and 0 for padding: the name of an
            argument of the model, `attention_mask`, or a function of its arguments, `mask(args, kwargs)`.
        layers: a name or pattern, `blocks.*`, or several; by default all.
        per: `token` counts positions as well, which describe: see `tokens`. The verdict goes by samples.
        unit_axis: the axis of the units where it is not known, by layer or pattern: {"mixer.*": 1}.
        sample_axis: the axis of the samples in tensors of three and more axes; 1 for (token, sample, feature).
        resume, confidence, rare: as those of `actcli.Recorder`.

    Raises UsageError for a wrong argument, DataError for a timeline that cannot be read.

    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        when: When = "train",
        every: int = 1,
        mask: MaskSource | None = None,
        layers: str | Sequence[str] = (),
        per: Literal["sample", "token"] = "sample",
        unit_axis: Mapping[str, int] | None = None,
        sample_axis: int = 0,
        resume: str | PathLike[str] | None = None,
        confidence: float = 0.95,
        rare: float = 0.01,
    ) -> None:
        _require(isinstance(model, torch.nn.Module), "model", model, "a torch.nn.Module")
        _require(when in {"train", "eval", "always"}, "when", when, "'train', 'eval' or 'always'")
        _require(_is_whole(every, 1), "every", every, "a whole number from 1 on")
        _require(
            mask is None or isinstance(mask, str) or callable(mask), "mask", mask, "a name or a function"
        )
        _require(per in {"sample", "token"}, "per", per, "'sample' or 'token'")
        _require(_is_whole(sample_axis, 0) and sample_axis < 2, "sample_axis", sample_axis, "0 or 1")
        patterns: list[Any] = list(layers) if isinstance(layers, list | tuple) else [layers]
        _require(all(isinstance(one, str) for one in patterns), "layers", layers, "names or patterns")
        self._when, self._every, self._mask, self._per = when, every, mask, per
        self._sample_axis, self._confidence = sample_axis, confidence
        self._history = RunHistory(resume=resume, confidence=confidence, rare=rare)
        self._patterns = patterns
        self._layers = Layers(patterns, _axes(unit_axis), sample_axis)
        self._passes = Passes(model, self)
        self._model = model
        self._gathered: tuple[LayerState, ...] = ()
        self._seen = self._steps = self._counted = self._ever_counted = 0
        self._by_steps = self._warned = False
        self._written_out: dict[str, str] = {}

    def __enter__(self) -> Self:
        for path, module in named_modules(self._model):
            if isinstance(module, torch.jit.ScriptModule):
                self._layers.refuse(path or "model", "ScriptModule", "TorchScript runs without Python")
        self._passes.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._passes.detach()

    @property
    def layers(self) -> tuple[WatchedLayer, ...]:
        """The layers that were found so far, in the order of the first watched pass."""
        return tuple(self._layers.found.values())

    @property
    def unobserved(self) -> tuple[Unobserved, ...]:
        """Activations that were found and cannot be watched, with the reason."""
        return tuple(self._layers.unobserved.values())

    @property
    def passes(self) -> int:
        """Forward passes that were counted in the window."""
        return self._counted

    def states(self) -> tuple[LayerState, ...]:
        """Return the statistics of the window, those that `actcli deadcheck` computes. Waits for the device."""
        own = self._layers.states()
        if not self._gathered:
            return own
        merged = {state.name: state for state in self._gathered}
        for state in own:
            before = merged.get(state.name)
            merged[state.name] = state if before is None else merge(before, place_at(state, before.samples))
        return tuple(merged.values())

    def epoch(self, number: int | None = None) -> EpochReport:
        """Close the window and return the report on it, which prints as a table; a new window begins.

        number: as in `Recorder.epoch`. Raises DataError if no pass was counted since the last epoch.
        """
        self._passes.abandon()
        states = self.states()
        if not any(state.samples for state in states):
            raise DataError(self._why_empty())
        notes = [_not_observed(self.unobserved)] if self.unobserved else []
        if self._per == "token":
            notes += token_sentences(self.tokens())
        report = self._history.close(states, number=number, passes=self._counted or None, notes=notes)
        self._layers.start_window()
        self._gathered, self._counted = (), 0
        return report

    def _why_empty(self) -> str:
        """Return why the window has no statistics, and what to do."""
        if self._counted:
            return "nothing was counted in the passes that were watched: print(watch) says what was found"
        what = {"train": "in training mode", "eval": "in evaluation mode", "always": ""}[self._when]
        return (
            f"no forward pass {what}".rstrip()
            + " was watched since the last epoch: run it inside `with Watch(model) as watch:`; where a function of "
            "torch.compile calls it, call watch.step() after each step"
        )

    def scalars(self) -> dict[str, float]:
        """Return the last epoch as numbers for a logger: `{"dead/blocks.1.relu": 0.12, ...}`, as `Recorder.scalars`."""
        return self._history.scalars()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the timeline, which `actcli deadcheck` reads; a window that is still open counts as the last epoch."""
        self._history.save(path, self.states(), self._counted or None)

    def step(self) -> None:
        """Note that a step of the optimizer is done: `every` counts steps from now on, not passes."""
        self._by_steps = True
        self._steps += 1
        if self._steps % self._every == 0:
            self._passes.stance.hold()
        else:
            self._passes.stance.release()

    def gather(self) -> None:
        """Merge the window's statistics of all processes of torch.distributed; each of them must call this.

        Then every rank has the statistics of all, and `epoch` says the same on each. Raises UsageError without a
        process group.
        """
        from actcli.torch.gather import gather_states

        self._passes.abandon()
        own = gather_states(self._layers.states())
        self._layers.start_window()
        merged = {state.name: state for state in self._gathered}
        for state in own:
            before = merged.get(state.name)
            merged[state.name] = state if before is None else merge(before, place_at(state, before.samples))
        self._gathered = tuple(merged.values())

    def tokens(self) -> tuple[TokenCounts, ...]:
        """Return how many positions of this process each unit fired at in the window.

        Tokens of one sequence are not independent, and the bounds hold only if they were: the verdict goes by samples.
        """
        return count_tokens(self._layers.firing_positions(), self._confidence)

    def costs(self) -> dict[str, float]:
        """Return the seconds per watched pass that counting each layer has taken of the host, by layer.

        On other devices than the CPU the host only starts the work: what the device takes is not in it.
        """
        passes = max(self._ever_counted, 1)
        return {one.name: self._layers.seconds[one.name] / passes for one in self.layers}

    def __str__(self) -> str:
        if not self.layers and not self.unobserved:
            return "Watch: no pass was watched yet"
        costs = self.costs()
        units = sum(one.units for one in self.layers)
        total = f"{_milliseconds(sum(costs.values()))} per watched pass"
        lines = [f"Watch: {counted(len(self.layers), 'layer')}, {counted(units, 'unit')}, {total}"]
        lines += [
            f"  {one.name}: {counted(one.units, 'unit')} of {one.function}{_origin(one)}, axis {one.axis}, "
            f"{_milliseconds(costs[one.name])}"
            for one in self.layers
        ]
        lines += [
            f"  {device}: the times are those of the host; actcli is not tested on this device"
            for device in sorted(self._layers.devices - {"cpu"})
        ]
        lines += [f"  not observed: {one.name} ({one.op}): {one.reason}" for one in self.unobserved]
        return "\n".join(map(printable, lines))

    def begin(
        self, module: torch.nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Observer | None:
        """Return what watches a pass that begins now; None where it is not to be watched."""
        if self._when != "always" and module.training != (self._when == "train"):
            return None
        number = self._steps if self._by_steps else self._seen
        self._seen += 1
        if number % self._every:
            return None
        padding = padding_of(self._mask, args, kwargs, self._sample_axis)
        self._before = self._layers.additions
        return Observer(self._layers, self._passes.frames, padding, self._written_out)

    def end(self, observer: Observer, *, failed: bool) -> None:  # noqa: ARG002 - part of the protocol
        """Count a watched pass, and warn once where it had nothing to count."""
        if failed:
            return
        self._counted += 1
        self._ever_counted += 1
        if self._layers.additions == self._before and not self._warned:
            self._warned = True
            chosen = " that layers= names" if any(self._patterns) else ""
            nothing = f"no activation{chosen} was called"
            why = f": {_not_observed(self.unobserved) if self.unobserved else nothing}"
            warnings.warn(f"actcli.torch.Watch: a pass counted nothing{why}", stacklevel=2)

    def warn_of_compiled_caller(self) -> None:
        """Warn that a compiled function calls the model, where it can only be watched uncompiled."""
        if self._every > 1 and not self._by_steps:
            warnings.warn(
                "actcli.torch.Watch: a function of torch.compile calls the model; it runs uncompiled now. Call "
                "watch.step() after each step, and only the watched steps run uncompiled",
                stacklevel=2,
            )


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"


def _origin(layer: WatchedLayer) -> str:
    return f" ({layer.op})" if layer.op != layer.function else ""


def _not_observed(unobserved: Sequence[Unobserved]) -> str:
    first = unobserved[0]
    more = f", and {len(unobserved) - 1:,} more" if len(unobserved) > 1 else ""
    return printable(f"Not observed: {first.name}, {first.reason}{more}.")


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _axes(unit_axis: Any) -> dict[str, int]:
    axes = {} if unit_axis is None else unit_axis
    right = isinstance(axes, Mapping) and all(
        isinstance(name, str) and isinstance(axis, int) for name, axis in axes.items()
    )
    _require(right, "unit_axis", unit_axis, "a dict of names or patterns and axes")
    return dict(axes)


def _require(condition: bool, name: str, value: Any, right: str) -> None:
    if not condition:
        raise UsageError(f"{name}={value!r}: must be {right}")
