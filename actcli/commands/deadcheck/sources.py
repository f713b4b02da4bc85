"""The sources of `deadcheck`: recorded arrays, statistics files or a model, as one stream of statistics."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from actcli.commands.cluster import cluster_of
from actcli.commands.deadcheck.certainty import Certainty
from actcli.commands.deadcheck.layer_rules import firing_rules, split_layer
from actcli.commands.deadcheck.recorded import (
    open_recorded,
    require_activated,
    require_judged,
)
from actcli.commands.deadcheck.shards import by_shards, in_parts, in_shards, model_work, recorded_work
from actcli.dataclass import dataclass

if TYPE_CHECKING:
    from actcli.analysis.deadness.causes import Weights
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Unobserved
    from actcli.analysis.deadness.watching import LayerRecording, Snapshot
    from actcli.analysis.proof.prove import Proof
    from actcli.cluster.partial import PartialRun
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.proof.options import BoxChoice
    from actcli.commands.session import Session
    from actcli.sources.onnx import Model
    from actcli.sources.onnx.noise import Noise
    from actcli.sources.onnx.shards import Shards


_BYTES_PER_UNIT, _BYTES_PER_UNIT_IN_MARKDOWN = 400, 900
"""Memory for the statistics of a unit and its line in the report (measured); Markdown aligns all lines at once."""


def _nothing() -> None:
    """Do nothing: sources that keep no temporary file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The statistics of the sources as they grow, and facts about their layers.

    Attributes:
        steps: the statistics so far, again and again, until all samples are counted.
        ops: the operator of each layer of a model.
        unobserved: the activations of a model that cannot be watched.
        weights: the weights of each layer of a model that has them.
        layers: the patterns of --activation, each of which must match a layer.
        notes: makes the sentences about the final statistics.
        certainty: tells when the samples suffice; None without --stop-when-certain.
        close: removes what was kept for the run.
        model, samples, batch: a model, the samples that it is run on, and how many at once; None for other sources.
        prove: proves what the units of a report do on a box of inputs; None without --prove.
        partial: returns what a run has read that Ctrl-C ended, to be gone on with; None where that is not kept.
        part_of: returns the identity of the network, for statistics that are saved; blank if it is unknown.

    """

    steps: "Iterator[Snapshot]"
    ops: Mapping[str, str]
    unobserved: "tuple[Unobserved, ...]"
    weights: "Mapping[str, Weights]"
    layers: tuple[str, ...]
    notes: "Callable[[Mapping[str, LayerState]], tuple[str, ...]]"
    certainty: Certainty | None = None
    part_of: "Callable[[], str]" = str
    partial: "Callable[[], PartialRun] | None" = None
    prove: "Callable[[Report], Proof] | None" = None
    close: "Callable[[], None]" = _nothing
    model: "Model | None" = None
    samples: "Noise | Shards | None" = None
    batch: int | None = None

    def require_used(self, states: "Mapping[str, LayerState]") -> None:
        """Raise UsageError for an --activation that matches no layer: relu was used instead."""
        require_activated(self.layers, list(states))


def open_sources(mode: str, options: "DeadcheckOptions", session: "Session") -> Sources:
    """Open the sources of a mode. Raises UsageError and DataError for mistakes that show before the data are read."""
    return _OPENERS[mode](options, session)


def _open_arrays(options: "DeadcheckOptions", session: "Session") -> Sources:
    from actcli.analysis.deadness.watching import watch

    patterns = tuple(layer for layer, _ in map(split_layer, options.activations) if layer is not None)
    layers = open_recorded(options, session, patterns)
    rules, _ = firing_rules(options.activations, options.recorded or ("pre" if options.gamma else "post"))
    certainty, seconds_between, kept = None, 0.05, None
    if options.stop_when_certain:
        certainty = Certainty(options.settings, _limit(options), layers.count_units())
    address = cluster_of(options.cluster, session)
    if address is not None or by_shards(options, layers.records):
        require_memory_for_units(options, session.memory, layers.count_units())
        steps, kept = in_shards(recorded_work(options, layers, rules), address, options, session)
    else:
        recordings = _that_fit(layers.recordings, options, session.memory)
        if certainty is not None:
            # where reading stops depends on the samples, not on the clock
            recordings, seconds_between = certainty.until(recordings), 0.0
        steps = watch(recordings, rules, session.threads, seconds_between)
    return Sources(
        _possible(steps),
        {},
        (),
        {},
        patterns,
        lambda states: (*layers.notes(), *_notes_of_records(states)),
        certainty,
        partial=kept,
    )


def open_epochs(options: "DeadcheckOptions", session: "Session") -> "Iterator[LayerState]":
    """Yield the statistics of each array of a stream by itself.

    Raises UsageError and DataError as `open_sources` does for recorded activations.
    """
    from actcli.analysis.deadness.watching import watch

    layers = open_recorded(options, session, ())
    rules, _ = firing_rules(options.activations, options.recorded or "post")
    for recording in _that_fit(layers.recordings, options, session.memory):
        *_, last = _possible(watch([recording], rules, session.threads))
        yield last.states[recording.name]


def _bytes_per_unit(options: "DeadcheckOptions") -> int:
    in_markdown = options.format == "markdown" or any(
        output.lower().endswith(".md") for output in options.outputs
    )
    return _BYTES_PER_UNIT_IN_MARKDOWN if in_markdown else _BYTES_PER_UNIT


def require_memory_for_units(options: "DeadcheckOptions", memory: int | None, units: int) -> None:
    """Raise DataError where there is no memory for the statistics of so many units."""
    from actcli.sources.budget import require_memory

    require_memory(
        _bytes_per_unit(options) * units, memory, f"watching {units:,} units", "allow more with --memory"
    )


def _that_fit(
    recordings: "Iterator[LayerRecording]", options: "DeadcheckOptions", memory: int | None
) -> "Iterator[LayerRecording]":
    """Yield the recordings. Raises DataError before one with more units than there is memory for."""
    from actcli.sources.budget import default_budget, require_memory

    # once, not for each of thousands of layers
    budget, nbytes = default_budget() if memory is None else memory, _bytes_per_unit(options)
    names: set[str] = set()
    total = 0
    with closing(cast("Any", recordings)):
        for recording in recordings:
            total += 0 if recording.name in names else recording.units
            names.add(recording.name)
            require_memory(
                nbytes * total,
                budget,
                f"layer {recording.name}: watching {total:,} units",
                "allow more with --memory; of a text, each line is one sample and each number in it a unit",
            )
            yield recording


def _possible(steps: "Iterator[Snapshot]") -> "Iterator[Snapshot]":
    """Yield the same statistics; raises DataError at the first outputs that the activation cannot produce."""
    from actcli.analysis.deadness.possible_outputs import require_possible

    with closing(cast("Any", steps)):
        for step in steps:
            # what came before is known to be possible
            if step.newest is not None:
                require_possible(step.newest)
            else:
                read = step.states.get(step.doing)
                for state in step.states.values() if read is None else (read,):
                    require_possible(state)
            yield step


def _limit(options: "DeadcheckOptions") -> float | None:
    """Return the limit on all units together; None for a limit on each layer."""
    limits = options.limits
    return limits[0].share if len(limits) == 1 and limits[0].pattern is None else None


def _notes_of_records(states: "Mapping[str, LayerState]") -> tuple[str, ...]:
    """Return a hint for each layer whose values contradict --recorded and --activation."""
    from actcli.analysis.deadness.possible_outputs import hint_out_of_range

    hints = map(hint_out_of_range, states.values())
    return tuple(hint[:1].upper() + hint[1:] for hint in hints if hint is not None)


def _open_statistics(options: "DeadcheckOptions", session: "Session") -> Sources:
    from actcli.analysis.deadness.quick import counting_notes
    from actcli.sources.records.state_parts import StateParts

    parts = StateParts(options.sources, session.memory, _bytes_per_unit(options))
    return Sources(
        parts.merge(),
        {},
        (),
        {},
        (),
        lambda states: (*parts.notes(), *counting_notes(states.values())),
        part_of=lambda: parts.part_of,
    )


def _open_model(options: "DeadcheckOptions", session: "Session") -> Sources:
    from actcli.sources.onnx import model_samples, open_model, random_inputs

    in_parts(options, cluster_of(options.cluster, session))  # before standard input is read
    session.isolate(options.sources[0], session.memory)
    model = open_model(options.sources[0], session.memory)
    if options.data is None:
        noise = random_inputs(model.inputs, options.random or 0, options.seed or 0, session.memory)
        return _observed(model, noise, options, session)
    if options.data == "-":
        session.writes()  # a signal must not leave the temporary folder behind
    samples = model_samples(model.inputs, options.data, options.limit, session.memory, session.terminal)
    try:
        return replace(_observed(model, samples, options, session), close=samples.close)
    except BaseException:
        samples.close()
        raise


def _observed(
    model: "Model", samples: "Noise | Shards", options: "DeadcheckOptions", session: "Session"
) -> Sources:
    from actcli.analysis.deadness.quick import counting_notes
    from actcli.sources.onnx import identity, observe_model

    address = cluster_of(options.cluster, session) if options.random is None else None
    shared = in_parts(options, address)
    observation = observe_model(
        model,
        samples,
        batch=options.batch,
        threads=session.threads,
        memory=session.memory,
        mask=options.mask,
        quick=(options.start or 0) if options.quick else None,
    )
    notes = tuple(f"{note[:1].upper()}{note[1:]}." for note in samples.notes)
    require_judged(options, [layer.name for layer in observation.layers])
    certainty = None
    if options.stop_when_certain:
        units = sum(layer.units for layer in observation.layers)
        certainty = Certainty(options.settings, _limit(options), units)
    steps: Iterator[Snapshot] = observation
    kept = None
    if shared:
        observation.close()
        work = model_work(options, session, model, observation, cast("Shards", samples), here=address is None)
        steps, kept = in_shards(work, address, options, session)
    return Sources(
        steps=steps,
        ops={layer.name: layer.op for layer in observation.layers},
        unobserved=observation.unobserved,
        weights={layer.name: layer.weights for layer in observation.layers if layer.weights is not None},
        layers=(),
        notes=lambda states: (*notes, *counting_notes(states.values())),
        certainty=certainty,
        part_of=lambda: identity(model),
        partial=kept,
        model=model,
        samples=samples,
        batch=observation.batch,
        prove=None if options.prove is None else partial(_prove, model, options.prove, samples, session),
    )


def _prove(
    model: "Model", choice: "BoxChoice", samples: "Noise | Shards", session: "Session", report: "Report"
) -> "Proof":
    from actcli.commands.deadcheck.proof.proving import prove_beside_data

    return prove_beside_data(model, choice, samples, report, session)


_OPENERS = {"arrays": _open_arrays, "statistics": _open_statistics, "model": _open_model}
