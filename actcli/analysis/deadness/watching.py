"""Statistics of recorded layers while they stream past."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import cache, partial
from time import perf_counter
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import LayerState, empty_state, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.merge_tree import MergeTree
from actcli.dataclass import dataclass
from actcli.exits import DataError

PART = 1024
"""Blocks of a recording that are merged one after the other; parts are merged in the order of a tree."""


class SampleBlock(Protocol):
    """Consecutive samples in another form than an array of all their numbers: masked, or sparse."""

    @property
    def size(self) -> int:
        """The numbers in it."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> Self: ...

    def state(self, rule: Rule, name: str) -> LayerState:
        """Return the statistics, with places counted from the block's first sample that counts."""


Block = NDArray[Any] | SampleBlock
"""Consecutive samples: (samples, units) or (samples, units, positions), or a form that observes itself."""


@dataclass(frozen=True, slots=True)
class LayerRecording:
    """Consecutive samples of one layer: the whole recording, or a shard of it.

    Attributes:
        name: the layer's name.
        units: the number of units.
        samples: the number of samples; None if it is unknown before the end.
        start: the place of the first sample in the whole data; None if unknown.
        blocks: consecutive samples: (samples, units) or (samples, units, positions), or as they observe themselves.
        on_disk: whether drawing a block waits for nobody, so that threads may draw them.

    """

    name: str
    units: int
    samples: int | None
    start: int | None
    blocks: Iterator[Block]
    on_disk: bool = False


@dataclass(frozen=True, slots=True)
class ShardTally:
    """How many shards are read, of how many, and the bytes of their numbers."""

    done: int
    total: int
    nbytes: int


class LaterStates(Mapping[str, LayerState]):
    """Statistics by layer, merged when they are asked for: of a thousand shards only the last ones are."""

    def __init__(self, states: Mapping[str, Callable[[], LayerState]]) -> None:
        self._states = dict(states)

    def __getitem__(self, name: str) -> LayerState:
        return self._states[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Progress of the observation, and the statistics so far.

    Attributes:
        done, total: samples of the recording that is being read; total is None if unknown.
        doing: the name of its layer.
        states: every layer seen so far, by name, in order of appearance.
        shards: where the data are read shard by shard, how far that is.
        newest: what the recording that is being read adds to the layer; None if that is not known.

    """

    done: int
    total: int | None
    doing: str
    states: Mapping[str, LayerState]
    shards: ShardTally | None = None
    newest: LayerState | None = None


def watch(
    recordings: Iterable[LayerRecording],
    rules: Callable[[str], Rule],
    threads: int,
    seconds_between: float = 0.05,
) -> Iterator[Snapshot]:
    """Yield the layers' statistics as they grow: every 50 ms of work, and at the end of each recording.

    rules: maps a layer's name to its firing rule; called once per recording. Recordings of one name are parts of one
    layer. The statistics do not depend on how fast anything is: blocks, parts of PART blocks and recordings are merged
    in an order that follows from their numbers. Raises DataError if parts of a layer have different unit counts, and
    whatever the blocks raise.
    """
    states: dict[str, Callable[[], LayerState]] = {}
    layers: dict[str, MergeTree[LayerState]] = {}
    for recording in recordings:
        layer = layers.setdefault(recording.name, MergeTree(merge))
        yield from _watch_one(recording, rules(recording.name), states, layer, threads, seconds_between)


def _observe(rule: Rule, name: str, block: Block) -> LayerState:
    return observe(rule, name, block, 0) if isinstance(block, np.ndarray) else block.state(rule, name)


def _watch_one(
    recording: LayerRecording,
    rule: Rule,
    states: dict[str, Callable[[], LayerState]],
    layer: MergeTree[LayerState],
    threads: int,
    seconds_between: float,
) -> Generator[Snapshot, None, None]:
    """Yield the statistics as they grow; `layer` holds the layer's earlier recordings and takes this one."""
    name, done = recording.name, 0
    before = states.get(name, partial(empty_state, name, rule, recording.units))
    units = layer.nodes[0].value.units if layer.end else recording.units
    if units != recording.units:
        raise DataError(f"layer '{name}' has {units} units in one part and {recording.units} in another")
    reported = perf_counter()
    # threads observe blocks in any order: each counts places from its own start, and is placed here
    observe_block = partial(_observe, rule, name)
    results = cast(
        "Iterator[tuple[Block, LayerState]]",
        in_order(
            cast("Any", observe_block), cast("Any", recording.blocks), threads, on_disk=recording.on_disk
        ),
    )
    parts, part = MergeTree(merge), empty_state(name, rule, recording.units)
    counted = 0  # of masked samples, those without a position do not count
    for number, (block, observed) in enumerate(results, 1):
        start = None if recording.start is None else recording.start + counted
        part = merge(part, place_at(observed, start))
        counted += observed.samples
        done += len(block)
        if perf_counter() - reported >= seconds_between:
            newest = _after(parts, part)
            states[name] = cache(partial(_merge_later, before, newest))
            yield Snapshot(done, recording.samples, name, LaterStates(states), newest=newest)
            reported = perf_counter()
        if number % PART == 0:
            parts.append(part)
            part = empty_state(name, rule, recording.units)
    if part.samples or not parts.nodes:
        parts.append(part)
    newest = parts.total or part
    layer.append(newest)
    states[name] = cache(layer.later_total())
    yield Snapshot(done, done, name, LaterStates(states), newest=newest)


def _merge_later(before: Callable[[], LayerState], newest: LayerState) -> LayerState:
    return merge(before(), newest)


def _after(parts: MergeTree[LayerState], part: LayerState) -> LayerState:
    """Return the parts of a recording and the one that is being read."""
    whole = parts.total
    return part if whole is None else merge(whole, part)
