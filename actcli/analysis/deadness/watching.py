"""Recorded layers as they stream past: what is known of their units so far, again and again until the end."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, cast

from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import LayerState, empty, merged
from actcli.analysis.deadness.unit_statistics import observed, placed
from actcli.analysis.stream.blocks import in_order
from actcli.exits import DataError

_EVERY = 0.05
"""Seconds between two reports."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Some consecutive samples of one layer: all of it, or a shard.

    Attributes:
        name: of the layer.
        units: how many it has.
        samples: how many there are, None when it is not known before the end.
        start: the place of the first sample in the whole data, None when it is not known.
        blocks: consecutive samples: (samples, units) or (samples, units, positions).

    """

    name: str
    units: int
    samples: int | None
    start: int | None
    blocks: Iterator[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known after some work.

    Attributes:
        done, total: samples of what is being read, a layer or a shard of it; total is None when unknown.
        doing: its name.
        states: every layer seen so far, by its name, in the order in which they came.

    """

    done: int
    total: int | None
    doing: str
    states: Mapping[str, LayerState]


def watch(recordings: Iterable[Recorded], rules: Callable[[str], Rule], threads: int) -> Iterator[Watch]:
    """The layers' states as they grow, every 50 ms of work, and at the end of each recording.

    rules: from a layer's name to what firing means there; asked once a recording. Recordings of one name are
    parts of one layer. Raises DataError when such parts have different unit counts, and what the blocks raise.
    """
    states: dict[str, LayerState] = {}
    for recording in recordings:
        yield from _one(recording, rules(recording.name), states, threads)


def _one(
    recording: Recorded, rule: Rule, states: dict[str, LayerState], threads: int
) -> Generator[Watch, None, None]:
    name, done = recording.name, 0
    known = states.get(name)
    if known is not None and known.units != recording.units:
        raise DataError(
            f"layer '{name}' has {known.units} units in one part and {recording.units} in another"
        )
    states.setdefault(name, empty(name, rule, recording.units))
    said = perf_counter()
    # the places are counted where the blocks' order is known again
    observe = partial(observed, rule, name, start=0)
    results = cast(
        "Iterator[tuple[NDArray[Any], LayerState]]", in_order(cast("Any", observe), recording.blocks, threads)
    )
    for block, state in results:
        start = None if recording.start is None else recording.start + done
        states[name] = merged(states[name], placed(state, start))
        done += len(block)
        if perf_counter() - said >= _EVERY:
            yield Watch(done, recording.samples, name, dict(states))
            said = perf_counter()
    yield Watch(done, done, name, dict(states))
