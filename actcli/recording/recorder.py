"""Recorders: activations of any program in, statistics of their units out, epoch by epoch."""

import math
from collections.abc import Iterator
from os import PathLike
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import RecordedValue, Rule
from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.exits import UsageError
from actcli.recording.arrays import host_array, host_mask
from actcli.recording.epoch_report import EpochReport
from actcli.recording.history import RunHistory

_PIECE = 1 << 22
"""Elements that are widened at a time."""


class Recorder:
    """Statistics of the units of a network, of arrays that a program hands over while it runs.

    Only a few numbers per unit are kept, whatever the number of samples. Works with NumPy, JAX, TensorFlow and PyTorch,
    and may be called from several threads.

        recorder = Recorder()
        for epoch in range(epochs):
            for x in batches:
                recorder.add("block1", h, unit_axis=-1)
            print(recorder.epoch())
        recorder.save("run.npz")

    `resume`: a timeline that `save` wrote, to go on with; where there is no such file yet, a new one begins.
    `confidence` and `rare` are those of `actcli deadcheck`. Raises UsageError for values out of bounds, DataError
    for a timeline that cannot be read.
    """

    def __init__(
        self, *, resume: str | PathLike[str] | None = None, confidence: float = 0.95, rare: float = 0.01
    ) -> None:
        self._history = RunHistory(resume=resume, confidence=confidence, rare=rare)
        self._window: dict[str, LayerState] = {}
        self._rules: dict[tuple[str, str], Rule] = {}
        self._lock = Lock()

    def add(
        self,
        layer: str,
        values: Any,
        *,
        unit_axis: int | None = None,
        activation: str = "relu",
        recorded: RecordedValue = "post",
        mask: Any = None,
    ) -> None:
        """Add samples of a layer to the window. Parts of one layer add up.

        layer: its name. values: axis 0 is the sample; float32, float64, float16, bfloat16, float8, integers or
        booleans. unit_axis: the axis of features or channels, -1 for channels last; needed for more than two axes.
        activation: a function as `actcli eval` takes it. recorded: `post` for its outputs, `pre` for its inputs, which
        gelu, silu and mish need. mask: True or 1 for what counts, in the shape of the values without the units' axis,
        or one flag per sample.

        Raises UsageError for a wrong argument, and for outputs that the activation cannot give; DataError where units
        or activation differ from those of earlier parts. After an error nothing of the call was counted.
        """
        if not isinstance(layer, str) or not layer:
            raise UsageError(f"layer {layer!r}: must be a name")
        what = f"layer '{layer}'"
        array = host_array(values, what)
        axis = _unit_axis(array.shape, unit_axis, what)
        flags = None if mask is None else host_mask(mask, array.shape[:axis] + array.shape[axis + 1 :], what)
        rule = self._rule(activation, recorded, what)
        with self._lock:
            state = self._window.get(layer)
            for block, own in _pieces(array, axis, flags):
                part = _observe(rule, layer, block, own, state.samples if state else 0)
                state = part if state is None else merge(state, part)
            if state is not None:
                self._window[layer] = _require_possible(state)

    def epoch(self, number: int | None = None) -> EpochReport:
        """Close the window and return the report on it, which prints as a table; a new window begins.

        number: the epoch's own; by default one more than that of the last, from 1. A number that was there already, as
        after going back to a checkpoint, replaces that epoch and drops those after it. Raises DataError if nothing was
        added since the last epoch.
        """
        with self._lock:
            report = self._history.close(self._window.values(), number=number)
            self._window = {}
        return report

    def scalars(self) -> dict[str, float]:
        """Return the last epoch as numbers for a logger: `{"dead/block1": 0.12, ...}`, and totals.

        `dead/LAYER` and `dead_share` are shares from 0 to 1, `newly_dead` and `revived` count units since the epoch
        before. Raises UsageError before the first epoch.
        """
        return self._history.scalars()

    def save(self, path: str | PathLike[str]) -> None:
        """Write the timeline, completely or not at all; `actcli deadcheck` reads it.

        A window that is still open counts as the last epoch. Raises DataError if there is none, or if the file cannot
        be written.
        """
        with self._lock:
            self._history.save(path, self._window.values())

    def _rule(self, activation: str, recorded: str, what: str) -> Rule:
        key = (activation, recorded)
        if key not in self._rules:
            self._rules[key] = _firing_rule(activation, recorded, what)
        return self._rules[key]


def _firing_rule(activation: str, recorded: str, what: str) -> Rule:
    from actcli.activations import activation as activation_of
    from actcli.analysis.deadness.firing_rule import firing_rule

    if recorded not in {"pre", "post"}:
        raise UsageError(f"{what}: recorded={recorded!r}: must be 'pre' or 'post'")
    if not isinstance(activation, str):
        raise UsageError(
            f"{what}: activation={activation!r}: must be text such as 'relu' or 'leaky_relu:0.2'"
        )
    try:
        return firing_rule(activation_of(activation), "pre" if recorded == "pre" else "post")
    except UsageError as error:
        raise UsageError(f"{what}: {error}") from error


def _unit_axis(shape: tuple[int, ...], axis: int | None, what: str) -> int:
    """Return the axis of the units, counted from 1. Raises UsageError where it is unknown or not one of them."""
    rank = len(shape)
    if rank < 2:
        raise UsageError(
            f"{what}: has the shape {shape}; it takes an axis of samples and one of units, (samples, units)"
        )
    if axis is None:
        if rank > 2:
            raise UsageError(
                f"{what}: has the shape {shape}, which reads two ways: unit_axis=1 takes {shape[1]:,} units, "
                f"unit_axis=-1 takes {shape[-1]:,}; choose one"
            )
        axis = 1
    if isinstance(axis, bool) or not isinstance(axis, int) or not -rank <= axis < rank:
        raise UsageError(f"{what}: unit_axis={axis!r}: the axes of the shape {shape} are 0 to {rank - 1}")
    axis %= rank
    if not axis:
        raise UsageError(f"{what}: unit_axis=0: axis 0 is the sample")
    if not shape[axis]:
        raise UsageError(f"{what}: has the shape {shape}: no units")
    return axis


def _pieces(
    array: NDArray[Any], axis: int, flags: NDArray[np.bool_] | None
) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_] | None]]:
    """Yield consecutive samples as (samples, units, positions), each with its flags (samples, positions)."""
    samples, units = array.shape[0], array.shape[axis]
    positions = math.prod(array.shape[1:]) // units
    step = max(_PIECE // max(units * positions, 1), 1)
    for at in range(0, samples, step) or (0,):
        part = np.moveaxis(array[at : at + step], axis, 1)
        block = part.reshape(len(part), units, positions)
        yield block, None if flags is None else flags[at : at + step].reshape(len(part), positions)


def _observe(
    rule: Rule, layer: str, block: NDArray[Any], flags: NDArray[np.bool_] | None, start: int
) -> LayerState:
    if flags is None:
        from actcli.analysis.deadness.unit_statistics import observe

        return observe(rule, layer, block, start)
    from actcli.analysis.deadness.masked import observe_masked

    return observe_masked(rule, layer, block, flags, start)


def _require_possible(state: LayerState) -> LayerState:
    """Return a state whose outputs its activation can give. Raises UsageError for others."""
    from actcli.analysis.deadness.possible_outputs import describe_impossible

    wrong = describe_impossible(state)
    if wrong is not None:
        raise UsageError(
            f"layer '{state.name}' {wrong}: pass recorded='pre' for inputs of the activation, or activation= for "
            "outputs of another; gelu, silu and mish need recorded='pre'"
        )
    return state
