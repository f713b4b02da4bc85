"""The samples that a model is run on, in several files or from standard input."""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from actcli.exits import DataError, UsageError
from actcli.sources.budget import byte_text, default_budget, require_memory
from actcli.sources.numbers.foreign import refuse_foreign
from actcli.sources.numbers.npy_header import read_header
from actcli.sources.onnx.inputs import Recorded, recorded_inputs
from actcli.sources.onnx.model_input import Batch, ModelInput, take_samples
from actcli.sources.records.record_files import matching_files
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.terminal import Terminal

STDIN = "-"
_PIECE = 1 << 20
_NO_END = 1 << 80
"""Bytes that a stream may have: more than any header promises."""
_ARRAY, _ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Shards:
    """The samples of several files, one after the other.

    Attributes:
        files: the samples of each file.
        origin: the pattern that names them.
        limit: how many samples count at most; None for all.
        folder: the temporary folder that keeps standard input; None for files.

    """

    files: tuple[Recorded, ...]
    origin: str
    limit: int | None = None
    folder: str | None = None

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
        """Yield the samples in order, `size` at a time, across the ends of files; the last batch may be shorter."""
        left = self.samples
        held: tuple[int, Batch] | None = None
        for file in self.files:
            for part in file.batches(size):
                held = part if held is None else self._join(held, part)
                while held is not None and held[0] >= size and left:
                    whole, held = self._split(held, size)
                    whole, _ = self._split(whole, left)
                    left -= whole[0]
                    yield whole
        if held is not None and left:
            yield self._split(held, left)[0]

    def part(self, first: int, samples: int) -> "Shards":
        """Return some consecutive samples, with only the files that hold them."""
        parts, begin = [], 0
        for file in self.files:
            low, high = max(first, begin), min(first + samples, begin + file.samples)
            if low < high:
                parts.append(file.part(low - begin, high - low))
            begin += file.samples
        return replace(self, files=tuple(parts), limit=None, folder=None)

    def close(self) -> None:
        """Remove the temporary folder that keeps standard input; there is none for files."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _join(self, one: tuple[int, Batch], other: tuple[int, Batch]) -> tuple[int, Batch]:
        """Return two batches as one; inputs without samples are those of the first."""
        axes = self._axes
        joined = {
            name: array if axes[name] is None else np.concatenate([array, other[1][name]], axes[name])
            for name, array in one[1].items()
        }
        return one[0] + other[0], joined

    def _split(
        self, batch: tuple[int, Batch], size: int
    ) -> tuple[tuple[int, Batch], tuple[int, Batch] | None]:
        """Return the first `size` samples of a batch, and the others; None where there are none."""
        count, arrays = batch
        if count <= size:
            return batch, None
        first, others = (take_samples(arrays, self.inputs, part) for part in (slice(size), slice(size, None)))
        return (size, first), (count - size, others)

    @property
    def _axes(self) -> dict[str, int | None]:
        """The axis of the samples, by input."""
        return {one.name: one.axis for one in self.inputs}


def model_samples(
    inputs: Sequence[ModelInput],
    data: str,
    limit: int | None,
    memory: int | None,
    terminal: Terminal,
) -> Shards:
    """Open the samples of a file, of the files that match a pattern, in their natural order, or of standard input.

    Raises what `recorded_inputs` raises; DataError for a pattern that matches no file, and for files whose inputs
    differ; UsageError for a terminal as standard input.
    """
    if data == STDIN:
        return _from_stdin(inputs, limit, memory, terminal)
    if os.path.exists(data) or not glob.has_magic(data):  # noqa: PTH110 - a name may hold brackets
        return Shards((recorded_inputs(inputs, data, limit, memory),), data, limit)
    paths = matching_files(data, f"--data {data!r}")
    files = tuple(recorded_inputs(inputs, path, None, memory) for path in paths)
    for path, file in zip(paths, files, strict=True):
        if _shapes(file) != _shapes(files[0]):
            raise DataError(f"{path}: its inputs have other shapes than those of {paths[0]}")
    return Shards(files, data, limit)


def _from_stdin(
    inputs: Sequence[ModelInput], limit: int | None, memory: int | None, terminal: Terminal
) -> Shards:
    """Return the samples of standard input, kept in a temporary folder until they are closed."""
    if terminal.stdin_is_tty:
        raise UsageError(
            "--data -: standard input is a terminal: send an .npy array or an .npz archive to it"
        )
    stream = open_stdin(terminal.stdin)
    is_array = stream.starts_with(_ARRAY)
    if not is_array and not stream.starts_with(_ARCHIVE):
        refuse_foreign(stream)
        raise DataError("stdin: is neither an .npy array nor an .npz archive")
    folder = tempfile.mkdtemp(prefix="actcli-")
    try:
        path = f"{folder}/stdin{'.npy' if is_array else '.npz'}"
        _copy(stream, path, is_array, default_budget() if memory is None else memory)
        return Shards((recorded_inputs(inputs, path, limit, memory),), "stdin", limit, folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, DataError):
            raise DataError(str(error).replace(f"{folder}/", "")) from error
        raise


def _copy(stream: ByteStream, path: str, is_array: bool, memory: int) -> None:
    """Keep a stream in a file.

    The header of an array says how long it is; an archive does not say it, and may have `memory` bytes, since the
    temporary folder is often in memory. Raises DataError where something follows an array, before all of that is kept;
    for an array that does not fit the disk; and for a longer archive.
    """
    kept, most = 0, None
    try:
        with open(path, "wb") as file:  # noqa: PTH123
            while piece := stream.read(_PIECE):
                file.write(piece)
                kept += len(piece)
                if is_array and most is None:
                    file.flush()
                    most = _array_size(path)
                    free = shutil.disk_usage(path).free
                    if most - kept > free:
                        raise DataError(
                            f"{path}: needs {byte_text(most)} of the temporary folder, which has {byte_text(free)}; "
                            "name a file, or another folder by TMPDIR"
                        )
                if not is_array:
                    require_memory(
                        kept, memory, f"{path}: keeping it", "name a file, or allow more with --memory"
                    )
                if most is not None and kept > most:
                    raise DataError(
                        f"{path}: more bytes follow the array; send one array, or name files with --data "
                        "'shards/*.npy'"
                    )
    except OSError as error:
        raise DataError(f"{path}: cannot keep standard input in a file: {error.strerror or error}") from error


def _array_size(path: str) -> int:
    """Return the bytes of the .npy file that begins here, with its header."""
    with open_file(path) as stream:
        header = read_header(stream, _NO_END)
        return (stream.position() or 0) + header.nbytes


def _shapes(file: Recorded) -> list[tuple[str, int | None, tuple[int, ...]]]:
    """Return each input with the axis of its samples, and the shape of one."""
    shapes = {array.model_input.name: array.sample_shape for array in file.arrays}
    return [(one.name, one.axis, shapes.get(one.name, ())) for one in file.inputs]
