"""Statistics of recorded layers while they stream past."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, cast

from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import LayerState, empty_state, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.stream.blocks import in_order
from actcli.exits import DataError


@dataclass(frozen=True, slots=True)
class LayerRecording:
    """Consecutive samples of one layer: the whole recording, or a shard of it.

    Attributes:
        name: the layer's name.
        units: the number of units.
        samples: the number of samples; None if it is unknown before the end.
        start: the place of the first sample in the whole data; None if unknown.
        blocks: consecutive samples: (samples, units) or (samples, units, positions).

    """

    name: str
    units: int
    samples: int | None
    start: int | None
    blocks: Iterator[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Progress of the observation, and the statistics so far.

    Attributes:
        done, total: samples of the recording that is being read; total is None if unknown.
        doing: the name of its layer.
        states: every layer seen so far, by name, in order of appearance.

    """

    done: int
    total: int | None
    doing: str
    states: Mapping[str, LayerState]


def watch(
    recordings: Iterable[LayerRecording],
    rules: Callable[[str], Rule],
    threads: int,
    seconds_between: float = 0.05,
) -> Iterator[Snapshot]:
    """Yield the layers' statistics as they grow: every 50 ms of work, and at the end of each recording.

    rules: maps a layer's name to its firing rule; called once per recording. Recordings of one name are parts of one
    layer. Raises DataError if such parts have different unit counts, and whatever the blocks raise.
    """
    states: dict[str, LayerState] = {}
    for recording in recordings:
        yield from _watch_one(recording, rules(recording.name), states, threads, seconds_between)


def _watch_one(
    recording: LayerRecording,
    rule: Rule,
    states: dict[str, LayerState],
    threads: int,
    seconds_between: float,
) -> Generator[Snapshot, None, None]:
    name, done = recording.name, 0
    state = states.setdefault(name, empty_state(name, rule, recording.units))
    if state.units != recording.units:
        raise DataError(
            f"layer '{name}' has {state.units} units in one part and {recording.units} in another"
        )
    reported = perf_counter()
    # threads observe blocks in any order: each counts places from its own start, and is placed here
    observe_block = partial(observe, rule, name, start=0)
    results = cast(
        "Iterator[tuple[NDArray[Any], LayerState]]",
        in_order(cast("Any", observe_block), recording.blocks, threads),
    )
    for block, observed in results:
        start = None if recording.start is None else recording.start + done
        states[name] = merge(states[name], place_at(observed, start))
        done += len(block)
        if perf_counter() - reported >= seconds_between:
            yield Snapshot(done, recording.samples, name, dict(states))
            reported = perf_counter()
    yield Snapshot(done, done, name, dict(states))
