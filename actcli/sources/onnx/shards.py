"""The samples that a model is run on, in several files or from standard input."""

import glob
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actcli.exits import DataError, UsageError
from actcli.sources.numbers.npy_header import read_header
from actcli.sources.onnx.inputs import Recorded, recorded_inputs
from actcli.sources.onnx.model_input import Batch, ModelInput
from actcli.sources.records.record_files import matching_files
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.terminal import Terminal

STDIN = "-"
_PIECE = 1 << 20
_ARRAY, _ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Shards:
    """The samples of several files, one after the other.

    Attributes:
        files: the samples of each file.
        origin: the pattern that names them.
        limit: how many samples count at most; None for all.

    """

    files: tuple[Recorded, ...]
    origin: str
    limit: int | None = None

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """The inputs, with the axes of their samples: the same in all files."""
        return self.files[0].inputs

    @property
    def samples(self) -> int:
        """The number of samples."""
        total = sum(file.samples for file in self.files)
        return total if self.limit is None else min(total, self.limit)

    @property
    def elements(self) -> int:
        """The numbers of one sample, all inputs together."""
        return max(file.elements for file in self.files)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about inputs that may not be what the model expects, each once."""
        return tuple(dict.fromkeys(note for file in self.files for note in file.notes))

    def batches(self, size: int) -> Iterator[tuple[int, Batch]]:
        """Yield the samples in order; a batch does not span two files, so that the last of each may be shorter."""
        left = self.samples
        for file in self.files:
            for count, batch in file.batches(size):
                if not left:
                    return
                kept = min(count, left)
                left -= kept
                yield kept, batch if kept == count else self._first(batch, count, kept)

    def _first(self, batch: Batch, count: int, kept: int) -> Batch:
        """Return the first samples of a batch."""
        axes = {one.name: one.axis for one in self.inputs}
        first = {}
        for name, array in batch.items():
            axis = axes[name]
            has_samples = axis is not None and array.shape[axis] == count
            first[name] = array[(*(slice(None),) * (axis or 0), slice(kept))] if has_samples else array
        return first


def model_samples(
    inputs: Sequence[ModelInput],
    data: str,
    limit: int | None,
    memory: int | None,
    terminal: Terminal,
) -> Recorded | Shards:
    """Open the samples of a file, of the files that match a pattern, in their natural order, or of standard input.

    Raises what `recorded_inputs` raises; DataError for a pattern that matches no file, and for files whose inputs
    differ; UsageError for a terminal as standard input.
    """
    if data == STDIN:
        return _from_stdin(inputs, limit, memory, terminal)
    if os.path.exists(data) or not glob.has_magic(data):  # noqa: PTH110 - a name may hold brackets
        return recorded_inputs(inputs, data, limit, memory)
    paths = matching_files(data, f"--data {data!r}")
    files = tuple(recorded_inputs(inputs, path, None, memory) for path in paths)
    for path, file in zip(paths, files, strict=True):
        if _shapes(file) != _shapes(files[0]):
            raise DataError(f"{path}: its inputs have other shapes than those of {paths[0]}")
    return Shards(files, data, limit)


def _from_stdin(
    inputs: Sequence[ModelInput], limit: int | None, memory: int | None, terminal: Terminal
) -> Shards:
    """Return the samples of standard input, kept in a temporary file as long as they are used."""
    if terminal.stdin_is_tty:
        raise UsageError(
            "--data -: standard input is a terminal: send an .npy array or an .npz archive to it"
        )
    stream = open_stdin(terminal.stdin)
    is_array = stream.starts_with(_ARRAY)
    if not is_array and not stream.starts_with(_ARCHIVE):
        raise DataError("stdin: is neither an .npy array nor an .npz archive")
    folder = tempfile.mkdtemp(prefix="actcli-")
    try:
        path = f"{folder}/stdin{'.npy' if is_array else '.npz'}"
        _copy(stream, path)
        if is_array:
            _require_one_array(path)
        samples = Shards((recorded_inputs(inputs, path, limit, memory),), "stdin", limit)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, DataError):
            raise DataError(str(error).replace(f"{folder}/", "")) from error
        raise
    weakref.finalize(samples, shutil.rmtree, folder, ignore_errors=True)
    return samples


def _copy(stream: ByteStream, path: str) -> None:
    try:
        with open(path, "wb") as file:  # noqa: PTH123
            while piece := stream.read(_PIECE):
                file.write(piece)
    except OSError as error:
        raise DataError(f"{path}: cannot keep standard input in a file: {error.strerror or error}") from error


def _require_one_array(path: str) -> None:
    """Raise DataError where something follows the array."""
    with open_file(path) as stream:
        header = read_header(stream)
        more = (stream.remaining() or 0) - header.nbytes
    if more > 0:
        raise DataError(
            f"{path}: {more:,} bytes follow the array; send one array, or name files with --data 'shards/*.npy'"
        )


def _shapes(file: Recorded) -> list[tuple[str, int | None, tuple[int, ...]]]:
    """Return each input with the axis of its samples, and the shape of one."""
    shapes = {array.model_input.name: array.sample_shape for array in file.arrays}
    return [(one.name, one.axis, shapes.get(one.name, ())) for one in file.inputs]
