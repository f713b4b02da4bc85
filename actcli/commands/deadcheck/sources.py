"""What `deadcheck` watches: recorded arrays, statistics files or a model, as one stream of statistics."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from actcli.exits import UsageError
from actcli.sources.records.unit_axis import UnitAxes, fits, require_layer, unit_axes

if TYPE_CHECKING:
    from actcli.analysis.deadness.causes import Weights
    from actcli.analysis.deadness.firing_rule import RecordedValue as RecordedAs
    from actcli.analysis.deadness.firing_rule import Rule
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Settings, Unobserved
    from actcli.analysis.deadness.watching import LayerRecording, Watch
    from actcli.commands.deadcheck.request import Request
    from actcli.commands.session import Session

_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Sources:
    """What is watched.

    Attributes:
        steps: what is known so far, again and again, until all is known.
        ops: the operator of each layer, where a model says it.
        unobserved: what a model has and nobody can watch.
        weights: of each layer, where a model says them.
        layers: the patterns of --activation, which must fit some layer.
        notes: what is to be said of the states at the end.
        certainty: when no more samples are wanted; None without --stop-when-certain.

    """

    steps: "Iterator[Watch]"
    ops: Mapping[str, str]
    unobserved: "tuple[Unobserved, ...]"
    weights: "Mapping[str, Weights]"
    layers: tuple[str, ...]
    notes: "Callable[[Mapping[str, LayerState]], tuple[str, ...]]"
    certainty: "Certainty | None" = None

    def require_used(self, states: "Mapping[str, LayerState]") -> None:
        """Raise UsageError for an --activation of a layer that there is not: relu has taken its place."""
        _require_activated(self.layers, list(states))


@dataclass(slots=True)
class Certainty:
    """When no more samples are wanted: of one layer, whose recordings then end, and of all.

    Attributes:
        settings: what is asked of the evidence.
        limit: the share of dead units that is allowed; None where none was said.
        units: of all layers, those to come too.
        enough: the layers of which no more samples are wanted.
        cut: whether samples were left out.

    """

    settings: "Settings"
    limit: float | None
    units: int
    enough: set[str] = field(default_factory=set)
    cut: bool = False

    def until(self, recordings: "Iterator[LayerRecording]") -> "Iterator[LayerRecording]":
        """The same recordings, each to end as soon as its layer has enough."""
        for recording in recordings:
            yield replace(recording, blocks=self._blocks(recording))

    def _blocks(self, recording: "LayerRecording") -> "Iterator[Any]":
        for block in recording.blocks:
            if recording.name in self.enough:
                self.cut = True
                return
            yield block

    def reached(self, watch: "Watch") -> bool:
        """Whether all is certain; remembers the layer of which more samples cannot change anything.

        A layer is certain when none of its units can be dead any more, or its samples suffice for the units of
        all layers.
        """
        from actcli.analysis.deadness.confidence import samples_needed
        from actcli.analysis.deadness.report import is_certain
        from actcli.analysis.deadness.unit_class import can_be_dead

        needed = samples_needed(max(self.units, 1), self.settings.rare, self.settings.confidence)
        state = watch.states.get(watch.doing)
        if state is not None and (state.samples >= needed or not can_be_dead(state).any()):
            self.enough.add(watch.doing)
        return is_certain(watch.states.values(), self.settings, self.limit, self.units)


def open_sources(kind: str, asked: "Request", session: "Session") -> Sources:
    """What is to be watched. Raises UsageError and DataError for what can be seen to be wrong before it is read."""
    return _OPENED[kind](asked, session)


def _of_arrays(asked: "Request", session: "Session") -> Sources:
    from actcli.analysis.deadness.watching import watch
    from actcli.sources.records.recorded import hint, recorded

    patterns = tuple(layer for layer, _ in map(of_layer, asked.activations) if layer is not None)
    axes = unit_axes(asked.unit_axes)
    recorded(asked.sources, axes, session.terminal)  # whether the files are there
    axes, notes = _seen_beforehand(asked, axes, patterns)
    rules, _ = rules_of(asked.activations, asked.recorded or "post")
    recordings = recorded(asked.sources, axes, session.terminal)
    certainty = None
    if asked.stop_when_certain:
        certainty = Certainty(asked.settings, _limit(asked), _units_of_arrays(asked, axes, session))
        recordings = certainty.until(recordings)
    steps = _possible(watch(recordings, rules, session.threads))
    many = hint(asked.sources)
    notes = notes if many is None else (*notes, f"{many[:1].upper()}{many[1:]}.")
    return Sources(
        steps, {}, (), {}, patterns, lambda states: (*notes, *_notes_of_records(states)), certainty
    )


def _seen_beforehand(
    asked: "Request", axes: UnitAxes, patterns: Sequence[str]
) -> tuple[UnitAxes, tuple[str, ...]]:
    """The axes of the layers there are, and notes: a mistake in a name need not wait for gigabytes to be read.

    Of what can be read only once nothing is known; alone it is one layer, whatever it is called.
    """
    from actcli.sources.records.recorded import heads

    seen = heads(asked.sources)
    if seen is None and axes.bare is not None and len(asked.sources) > 1:
        raise UsageError(
            f"--unit-axis {axes.bare}: what comes through a pipe cannot be looked at beforehand; "
            f"say LAYER={axes.bare} for each layer that is meant"
        )
    if seen is None:
        return replace(axes, for_all=len(asked.sources) == 1), ()
    names = list(dict.fromkeys(head.layer for head in seen))
    _require_activated(patterns, names)
    _require_judged(asked, names)
    return axes.settled(seen)


def _require_activated(patterns: Iterable[str], names: Sequence[str]) -> None:
    for pattern in patterns:
        require_layer(f"--activation {pattern}=...", pattern, names)


def _require_judged(asked: "Request", names: Sequence[str]) -> None:
    if asked.layer is not None:
        require_layer(f"--layer {asked.layer!r}", asked.layer, names)


def _possible(steps: "Iterator[Watch]") -> "Iterator[Watch]":
    """The same statistics, up to the first outputs that cannot be what they are said to be."""
    from actcli.analysis.deadness.possible_outputs import require_possible

    with closing(cast("Any", steps)):
        for step in steps:
            require_possible(step.states[step.doing])
            yield step


def _limit(asked: "Request") -> float | None:
    """The limit on all units together; None where it is one on each layer, which all units do not decide."""
    return asked.fail_above if asked.layer is None else None


def _units_of_arrays(asked: "Request", axes: UnitAxes, session: "Session") -> int:
    """The units of all layers, from the heads of the files: how many samples it takes depends on all of them."""
    from actcli.sources.records.recorded import recorded

    if asked.sources == (_STDIN,):
        return 0  # the only layer, and it cannot be read twice
    if _STDIN in asked.sources:
        raise UsageError("--stop-when-certain has to know all layers beforehand: leave out - or the files")
    units: dict[str, int] = {}
    for recording in recorded(asked.sources, axes, session.terminal):
        units[recording.name] = recording.units
    return sum(units.values())


def _notes_of_records(states: "Mapping[str, LayerState]") -> tuple[str, ...]:
    """A hint for each layer whose values cannot be what --recorded and --activation say they are."""
    from actcli.analysis.deadness.possible_outputs import hint_out_of_range

    hints = map(hint_out_of_range, states.values())
    return tuple(hint[:1].upper() + hint[1:] for hint in hints if hint is not None)


def _of_statistics(asked: "Request", session: "Session") -> Sources:  # noqa: ARG001 - as the others
    from actcli.sources.records.state_file import merged_files

    return Sources(merged_files(asked.sources), {}, (), {}, (), lambda _: ())


def _of_model(asked: "Request", session: "Session") -> Sources:
    from actcli.sources.onnx import observe_model, open_model, random_inputs, recorded_inputs

    model = open_model(asked.sources[0])
    notes: tuple[str, ...] = ()
    if asked.data is None:
        noise = random_inputs(model.inputs, asked.random or 0, asked.seed or 0)
        notes = tuple(f"{note[:1].upper()}{note[1:]}." for note in noise.notes)
        steps = observe_model(model, noise, batch=asked.batch, threads=session.threads)
    else:
        data = recorded_inputs(model.inputs, asked.data, asked.limit)
        steps = observe_model(model, data, batch=asked.batch, threads=session.threads)
    _require_judged(asked, [layer.name for layer in steps.layers])
    certainty = None
    if asked.stop_when_certain:
        units = sum(layer.units for layer in steps.layers)
        certainty = Certainty(asked.settings, _limit(asked), units)
    return Sources(
        steps=steps,
        ops={layer.name: layer.op for layer in steps.layers},
        unobserved=steps.unobserved,
        weights={layer.name: layer.weights for layer in steps.layers if layer.weights is not None},
        layers=(),
        notes=lambda _: notes,
        certainty=certainty,
    )


_OPENED = {"arrays": _of_arrays, "statistics": _of_statistics, "model": _of_model}


def rules_of(activations: Sequence[str], recorded: str) -> "tuple[Callable[[str], Rule], tuple[str, ...]]":
    """When the units of a layer of some name fire, and the names and patterns that were given.

    `activations` are `SPEC` or `LAYER=SPEC`; the last that fits a name holds, relu where none does. Raises
    UsageError for an unknown activation, and for one of which the record does not tell firing.
    """
    from actcli.activations import activation
    from actcli.analysis.deadness.firing_rule import firing_rule

    said: RecordedAs = "pre" if recorded == "pre" else "post"
    of_layers = [of_layer(text) for text in activations] or [(None, "relu")]
    rules = [(pattern, firing_rule(activation(spec), said)) for pattern, spec in of_layers]

    def rule_of(name: str) -> "Rule":
        for pattern, rule in reversed(rules):
            if pattern is None or fits(name, pattern):
                return rule
        return firing_rule(activation("relu"), said)

    return rule_of, tuple(pattern for pattern, _ in of_layers if pattern is not None)


def of_layer(text: str) -> tuple[str | None, str]:
    """`LAYER=SPEC` taken apart; the layer is None where the text is an activation as it stands.

    A parameter has `=` too, and so may a layer's name: the first `=` after which there is an activation
    divides them. Raises UsageError where there is none.
    """
    from actcli.activations import activation

    try:
        activation(text)
    except UsageError as error:
        wrong = error
    else:
        return None, text
    divisions = [place for place, character in enumerate(text) if character == "=" and place]
    for place in divisions:
        try:
            activation(text[place + 1 :])
        except UsageError as error:
            if place == divisions[0] and ":" not in text[:place]:
                wrong = error
        else:
            return text[:place], text[place + 1 :]
    raise UsageError(f"--activation {text}: {wrong}") from None
