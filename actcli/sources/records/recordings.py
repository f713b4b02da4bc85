"""Recorded activations: each file is opened once and described, then read as layers whose samples stream past."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError
from actcli.remote import is_url
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers.formats import stream_numbers
from actcli.sources.records.described import Described, describe_file, layer_of, version_of
from actcli.sources.records.index_lookalikes import refuse_indices
from actcli.sources.records.record_files import STDIN, RecordFile, record_files
from actcli.sources.records.unit_axis import Head, UnitAxes, listed
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from actcli.analysis.deadness.watching import LayerRecording
    from actcli.analysis.stream.evaluation import Numbers

BLOCK = 1 << 20
"""Elements handed on at a time."""
MANY = 20
"""Arrays of one shape, each in a file of its own, above which they may be shards of one layer."""
_FEW_URLS, _AT_ONCE = 2, 32
"""From so many files behind URLs on, many are looked at at once, and how many."""
_NPY = b"\x93NUMPY"


@dataclass(frozen=True, slots=True)
class Records:
    """The recorded activations that a command line names, looked at and not yet read."""

    files: tuple[Described, ...]
    terminal: Terminal
    request: NumberRequest = field(default_factory=NumberRequest)
    arrays: Counter[str] = field(default_factory=Counter)
    """The arrays read of each source that is no archive."""

    @property
    def heads(self) -> list[Head] | None:
        """The layers of all files in their order; None where a file can be read only once."""
        heads: list[Head] = []
        for described in self.files:
            if described.heads is None:
                return None
            heads += described.heads
        return heads

    @property
    def samples(self) -> dict[str, int]:
        """The samples of each layer, as far as they are known before the numbers are read."""
        samples: Counter[str] = Counter()
        for head in self.heads or ():
            samples[head.layer] += head.shape[0] if head.shape else 0
        return {head.layer: samples[head.layer] for head in self.heads or () if head.shape is not None}

    def arrays_in_turn(self) -> Iterator["Numbers"]:
        """Yield the arrays of all files, each to be drawn before the next; text comes in rows."""
        for described in self.files:
            yield from _open(described, self.terminal, self.request)

    @property
    def hint(self) -> str | None:
        """A sentence where more than 20 .npy files of one shape are layers of their own; else None."""
        shapes = Counter(one.header.shape for one in self.files if one.header and not one.file.is_named)
        shape, count = shapes.most_common(1)[0] if shapes else ((), 0)
        if count <= MANY:
            return None
        return (
            f"{count:,} files of the shape {shape} are taken as {count:,} layers; "
            "if they are shards of one, name it: layer='shards/*.npy'"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about samples that count once or twice, after all were read."""
        return (
            tuple(
                f"{origin} holds {count:,} arrays, taken as consecutive samples of one layer."
                for origin, count in self.arrays.items()
                if count > 1
            )
            + self._repeated()
        )

    def _repeated(self) -> tuple[str, ...]:
        """Return the note where layers are in several archives, which may be of the same inputs."""
        parts: dict[str, list[tuple[str, int]]] = {}
        for one in self.files:
            for head in one.heads or ():
                if one.members and head.shape and not one.file.is_named:
                    parts.setdefault(head.layer, []).append((one.file.path, head.shape[0]))
        several = {layer: places for layer, places in parts.items() if len(places) > 1}
        if not several:
            return ()
        places = next(iter(several.values()))
        samples = [count for _, count in places]
        twice = f"{sum(samples) - max(samples):,} of {sum(samples):,} samples were counted twice"
        files = listed([path for path, _ in places])
        note = (
            f"{listed(list(several))}: in {len(places):,} files ({files}), taken as parts of one run. If they hold "
            f"the same inputs, as two epochs do, {twice}: check each file by itself."
        )
        return (note,)

    def read(
        self,
        axes: UnitAxes,
        mask: "Callable[[LayerRecording, str], LayerRecording] | None" = None,
        *,
        ask: bool = False,
    ) -> Iterator["LayerRecording"]:
        """Yield the layers of all files, one after the other, each to be drawn before the next.

        `mask` maps a recording and its file to a recording of which only some positions count. `ask` refuses whole
        numbers that look like indices of units.

        A layer has its array's name in an archive, else its file's without the suffix. Arrays of one name are
        consecutive parts of one layer, and their samples are counted on. Drawing raises DataError for damaged
        numbers and rows of two lengths, UsageError where the axis of the units is unknown or does not fit.
        """
        counts: Counter[str] = Counter()
        for described in self.files:
            for numbers in _open(described, self.terminal, self.request):
                self.arrays[numbers.origin] += 1
                layer = _recorded(numbers, layer_of(described.file, numbers.array), axes, counts)
                layer = refuse_indices(layer) if ask and numbers.whole else layer
                yield layer if mask is None else mask(layer, described.file.path)

    def count_units(self, axes: UnitAxes) -> int:
        """Return the units of all layers; of text the first row is read. 0 where a file can be read only once."""
        if any(described.heads is None for described in self.files):
            return 0
        units: dict[str, int] = {}
        for described in self.files:
            for head in described.heads or ():
                axis = axes.of(head)
                units[head.layer] = self._width(described) if head.shape is None else head.shape[axis]
        return sum(units.values())

    def _width(self, described: Described) -> int:
        with closing(
            cast("Any", Records((described,), self.terminal, self.request).read(UnitAxes()))
        ) as layers:
            return int(next(layers).units)


def inspect_records(
    tokens: Sequence[str], terminal: Terminal, request: NumberRequest | None = None
) -> Records:
    """Return the files that tokens name, each opened once, with its header and sizes checked.

    A token is a file (.npy, .npz, .safetensors, .csv, .tsv, other text), `-` for stdin, or `layer=pattern` for files
    that are shards of one layer. `request` says how they are read. Raises UsageError for a terminal as stdin, a file
    named twice, and a stored type that no array has; DataError for a file that is missing, damaged or no record.
    """
    request = replace(request or NumberRequest(), samples=BLOCK, by_rows=True, keep_open=True)
    files = _describe(record_files(tokens), terminal, request)
    stored = request.stored
    if stored is not None and not any(one.heads is None or one.holds(stored) for one in files):
        raise UsageError(f"--dtype {stored.name}: no array holds it; leave it out")
    return Records(files, terminal, request)


def _describe(
    files: Sequence[RecordFile], terminal: Terminal, request: NumberRequest
) -> tuple[Described, ...]:
    """Return the files, each looked at; those behind URLs many at once, since each look takes several round trips.

    Raises what looking at the first bad one raises.
    """
    look = partial(describe_file, terminal=terminal, request=request)
    if sum(is_url(file.path) for file in files) < _FEW_URLS:
        return tuple(map(look, files))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE, "actcli") as pool:
        try:
            return tuple(pool.map(look, files))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _open(described: Described, terminal: Terminal, request: NumberRequest) -> Iterator["Numbers"]:
    """Yield the arrays of a file, or its text in rows; what was read of it before is not read again."""
    file = described.file
    if described.version is not None and described.version != version_of(file.path):
        raise DataError(f"{file.path}: was changed while actcli looked at it; run the command again")
    if described.members:
        from actcli.sources.numbers.archive import archive_numbers

        own = NumberRequest(samples=BLOCK, by_rows=True, rows=request.rows, memory=request.memory)
        yield from archive_numbers(file.path, own, described.members)
        return
    stream = open_stdin(terminal.stdin) if file.path == STDIN else open_file(file.path)
    with stream.closed_on_error():  # and where nobody draws what it holds
        numbers = stream_numbers(stream, request, file.suffix, described.header)
        if request.rows is None:
            yield from _and_those_that_follow(numbers, stream, file.suffix, request)
        else:
            yield numbers


def _and_those_that_follow(
    numbers: "Numbers", stream: ByteStream, suffix: str, request: NumberRequest
) -> Iterator["Numbers"]:
    """Yield an array and those after it in the same stream; each is to be read before the next is drawn.

    Raises DataError where something else than an array of the same layer follows.
    """
    first, number = numbers.shape, 1
    while True:
        ended: list[bool] = []
        yield replace(numbers, blocks=_note_the_end(numbers.blocks, ended))
        if first is None or not ended:
            return  # text is read to its end; of an array left early, samples follow
        with stream.closed_on_error():
            if stream.is_empty():
                stream.close()
                return
            number += 1
            if not stream.starts_with(_NPY):
                raise DataError(
                    f"{stream.origin}: what follows array {number - 1} is no array: save it again by np.save"
                )
            numbers = stream_numbers(stream, request, suffix)
            if not numbers.shape or numbers.shape[1:] != first[1:]:
                raise DataError(
                    f"{stream.origin}: array {number} has the shape {numbers.shape} and array 1 {first}: arrays of "
                    "one stream are parts of one layer; save layers as files of their own, or one .npz"
                )


def _note_the_end(blocks: Iterator["NDArray[Any]"], ended: list[bool]) -> Iterator["NDArray[Any]"]:
    with closing(cast("Any", blocks)):
        yield from blocks
    ended.append(True)


def _recorded(numbers: "Numbers", name: str, axes: UnitAxes, counts: Counter[str]) -> "LayerRecording":
    from actcli.analysis.deadness.watching import LayerRecording

    start = counts[name]
    axis = axes.of(Head(name, numbers.shape, numbers.origin))
    if numbers.shape is None:
        rows = _rows(numbers, name, counts)
        first = next(rows, None)
        if first is None:
            raise DataError(f"{numbers.origin}: holds no numbers")
        return LayerRecording(name, first.shape[1], None, start, _before(first, rows))
    shape = numbers.shape
    counts[name] += shape[0]
    blocks = (_by_unit(block, shape, axis) for block in numbers.blocks)
    return LayerRecording(name, shape[axis], shape[0], start, blocks, numbers.on_disk)


def _by_unit(block: "NDArray[Any]", shape: tuple[int, ...], axis: int) -> "NDArray[Any]":
    """Return samples (n, size) as (n, units) or (n, units, positions), without a copy where their order allows it."""
    if len(shape) == 2:
        return block
    before, after = math.prod(shape[1:axis]), math.prod(shape[axis + 1 :])
    parts = block.reshape(len(block), before, shape[axis], after)
    return parts.swapaxes(1, 2).reshape(len(block), shape[axis], before * after)


def _rows(numbers: "Numbers", name: str, counts: Counter[str]) -> Iterator["NDArray[Any]"]:
    """Yield rows of text, counted. Raises DataError at a row of another width."""
    width = None
    with closing(cast("Any", numbers.blocks)) as blocks:
        for block in blocks:
            width = block.shape[1] if width is None else width
            if block.shape[1] != width:
                found = "1 number" if block.shape[1] == 1 else f"{block.shape[1]:,} numbers"
                raise DataError(
                    f"{numbers.origin}: sample {counts[name] + 1} has {found}, those before have {width:,}"
                )
            counts[name] += len(block)
            yield block


def _before(first: "NDArray[Any]", rest: Iterator["NDArray[Any]"]) -> Iterator["NDArray[Any]"]:
    yield first
    yield from rest
