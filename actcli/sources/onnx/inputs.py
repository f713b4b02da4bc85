"""The samples that a model is run on: arrays of a file, checked and read in batches."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import widen
from actcli.exits import DataError, UsageError
from actcli.remote import absolute_path
from actcli.sources.budget import require_memory
from actcli.sources.numbers.archive import is_archive
from actcli.sources.numbers.npy_header import Header, read_header
from actcli.sources.onnx.model_input import Batch, ModelInput, require_numbers
from actcli.sources.streams.bytestream import ByteStream, open_file


class Samples(Protocol):
    """Samples for a model.

    `inputs`: the inputs, with the axes of their samples. `samples`: how many there are. `elements`: the numbers of
    one sample, all inputs together. `origin`: their name in messages.
    """

    @property
    def inputs(self) -> tuple[ModelInput, ...]: ...  # noqa: D102

    @property
    def samples(self) -> int: ...  # noqa: D102

    @property
    def elements(self) -> int: ...  # noqa: D102

    @property
    def origin(self) -> str: ...  # noqa: D102

    def batches(self, size: int) -> Iterator[tuple[int, Batch]]:
        """Yield the samples in order, `size` at a time: their number, and an array for each input."""


@dataclass(frozen=True, slots=True)
class _Array:
    """One array of a file, opened again for each pass."""

    origin: str
    path: str
    member: str | None
    header: Header
    model_input: ModelInput
    memory: int | None = None

    @property
    def samples(self) -> int:
        """The number of samples; 1 where it has no axis of them."""
        axis, shape = self.model_input.axis, self.header.shape
        return 1 if axis is None or axis >= len(shape) else shape[axis]

    @property
    def is_kept(self) -> bool:
        """Whether the whole array is kept in memory: its samples do not lie one after the other."""
        return self.model_input.axis != 0

    @property
    def held_bytes(self) -> int:
        """Bytes in memory of the array, or of one sample: as read, and as converted for the model."""
        shape = self.header.shape if self.is_kept else self.sample_shape
        dtype = self.model_input.dtype
        return math.prod(shape) * (self.header.dtype.itemsize + (0 if dtype is None else dtype.itemsize))

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        axis = self.model_input.axis
        return tuple(length for i, length in enumerate(self.header.shape) if i != axis)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The samples of a file: one array for each input, read on demand.

    Attributes:
        origin: the file.
        samples: how many there are.
        arrays: those with samples.
        constants: inputs without samples, which go along with every batch.
        repeated: inputs with one sample, and its axis; the sample is repeated for each of a batch.
        notes: sentences about inputs that may not be what the model expects.
        first: the place of the first of these samples in the file.

    """

    origin: str
    samples: int
    arrays: tuple[_Array, ...]
    constants: Mapping[ModelInput, NDArray[Any]] = field(default_factory=dict)
    repeated: Mapping[ModelInput, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    first: int = 0

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """The inputs, with the axes of their samples."""
        return (*(array.model_input for array in self.arrays), *self.constants, *self.repeated)

    @property
    def elements(self) -> int:
        """The numbers of one sample."""
        return sum(math.prod(array.sample_shape) for array in self.arrays)

    @property
    def nbytes(self) -> int:
        """The bytes of the numbers of these samples."""
        sample = sum(math.prod(one.sample_shape) * one.header.dtype.itemsize for one in self.arrays)
        return self.samples * sample

    @property
    def is_plain(self) -> bool:
        """Whether any sample can be gone to: an .npy file that is not packed."""
        array = self.arrays[0]
        return array.member is None and not array.is_kept and array.path.endswith(".npy")

    def absolute(self) -> "Recorded":
        """Return the same samples by the file's absolute path: the folder of another process may be another one."""
        arrays = tuple(replace(one, path=absolute_path(one.path)) for one in self.arrays)
        return replace(self, origin=absolute_path(self.origin), arrays=arrays)

    def part(self, first: int, samples: int) -> "Recorded":
        """Return some consecutive samples, counted from the first of these."""
        return replace(self, first=self.first + first, samples=samples)

    def batches(self, size: int) -> Iterator[tuple[int, Batch]]:
        """Yield the samples in order. Raises DataError when the file is damaged."""
        constants = {one.name: array for one, array in self.constants.items()}
        with ExitStack() as stack:
            readers = {array.model_input.name: _reader(array, stack, self.first) for array in self.arrays}
            for start in range(self.first, self.first + self.samples, size):
                count = min(size, self.first + self.samples - start)
                batch = {name: read(start, count) for name, read in readers.items()}
                same = {one.name: array.repeat(count, one.axis) for one, array in self.repeated.items()}
                yield count, {**constants, **same, **batch}


def _reader(array: _Array, stack: ExitStack, first: int) -> Callable[[int, int], NDArray[Any]]:
    """Return what reads the samples from a start on, so many; an array whose samples lie inside is held whole.

    `first` is the sample that is read first.
    """
    stream = stack.enter_context(_open_array(array, stack))
    axis = array.model_input.axis or 0
    if not axis:
        stream.skip(first * math.prod(array.sample_shape) * array.header.dtype.itemsize)
        return lambda _, count: _rows(stream, array, count)
    whole = _rows(stream, array, array.header.shape[0])
    before = (slice(None),) * axis
    return lambda start, count: np.ascontiguousarray(whole[(*before, slice(start, start + count))])


def recorded_inputs(
    inputs: Sequence[ModelInput], path: str, limit: int | None = None, memory: int | None = None
) -> Recorded:
    """Open the samples of an .npy (one input), or of an .npz with an array for each input, by name.

    An input that has one sample where others have more goes along with every batch. `limit` keeps the first samples.
    memory: the bytes that arrays without samples along their first axis may take; None for half of what is available.
    Raises DataError for a file that does not fit the model, naming the input and what it expects; for arrays of
    different lengths; and for a file without samples; UsageError for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit}: at least 1 sample is needed")
    if not inputs:
        raise DataError(f"{path}: the model has no inputs, so there is nothing to run it on")
    for model_input in inputs:
        require_numbers(model_input)
    arrays = _archive_arrays(inputs, path, memory) if is_archive(path) else [_npy_array(inputs, path)]
    most = max((array.samples for array in arrays if array.header.shape), default=0)
    arrays = [_with_samples(array, most) for array in arrays]
    most = max((array.samples for array in arrays), default=0)
    batches = {array.model_input.fixed_batch for array in arrays if array.samples == most}
    arrays = [_without_samples(array, most, batches) for array in arrays]
    held = 0
    for array in arrays:
        _require_fitting(array)
        held += array.held_bytes
        require_memory(
            held, memory, f"{array.origin}: keeping {'an array' if array.is_kept else 'one sample'}"
        )
    per_sample = [array for array in arrays if array.model_input.axis is not None]
    if not per_sample:
        raise DataError(f"{path}: no input of the model has an axis of samples")
    samples = max(array.samples for array in per_sample)
    single = [array for array in per_sample if array.samples == 1 < samples]
    per_sample = [array for array in per_sample if array not in single]
    first = per_sample[0]
    for array in per_sample[1:]:
        if array.samples != first.samples:
            raise DataError(
                f"{path}: input '{first.model_input.name}' has {first.samples} samples and "
                f"'{array.model_input.name}' has {array.samples}; they must agree"
            )
    if not samples:
        raise DataError(f"{path}: holds no samples: its shape is {first.header.shape}")
    # one sample fits a batch of one as it is, and is repeated for a longer one
    whole = [array for array in arrays if array.model_input.axis is None]
    whole += [
        replace(array, model_input=replace(array.model_input, axis=None))
        for array in single
        if array.model_input.fixed_batch == 1
    ]
    same = [array for array in single if array.model_input.fixed_batch != 1]
    return Recorded(
        path,
        samples if limit is None else min(limit, samples),
        tuple(per_sample),
        {array.model_input: _whole(array) for array in whole},
        {array.model_input: _whole(array) for array in same},
        _notes((*whole, *same), arrays),
    )


def _with_samples(array: _Array, samples: int) -> _Array:
    """Return the array with the axis of its samples, where the model takes it for a constant and it is none.

    That is the only free axis as long as others have samples, or a first axis longer than the model's constant.
    """
    one, shape = array.model_input, array.header.shape
    if one.axis is not None or not one.shape or len(shape) != len(one.shape):
        return array
    free = [axis for axis, length in enumerate(shape) if length == samples and one.fixed_length(axis) is None]
    if len(free) == 1 and samples > 1:
        return replace(array, model_input=replace(one, axis=free[0]))
    return array if shape[0] == one.shape[0] else replace(array, model_input=replace(one, axis=0))


def _without_samples(array: _Array, samples: int, batches: Collection[int | None]) -> _Array:
    """Return the array as a constant where it has the length that the model fixes, which is none of the batches."""
    one = array.model_input
    is_constant = one.axis == 0 and array.samples < samples and array.samples == one.fixed_batch
    if not is_constant or one.fixed_batch in batches:
        return array
    return replace(array, model_input=replace(one, axis=None))


def _whole(array: _Array) -> NDArray[Any]:
    with ExitStack() as stack:
        shape = array.header.shape
        stream = stack.enter_context(_open_array(array, stack))
        return _rows(stream, array, shape[0] if shape else 1).reshape(shape)


def _notes(same: Sequence[_Array], arrays: Sequence[_Array]) -> tuple[str, ...]:
    """Return the sentences about inputs without samples of their own, and about unscaled pixels."""
    names = [f"'{array.model_input.name}' {array.header.shape}" for array in same if array.header.shape]
    notes = [f"{', '.join(names)}: the same value goes along with every batch"] if names else []
    notes += [
        f"input '{array.model_input.name}' takes {array.model_input.dtype} and the data are uint8: the numbers 0 to "
        "255 are fed as they are; if the model was trained on scaled pixels, scale them the same way"
        for array in arrays
        if array.header.dtype == np.uint8
        and array.model_input.dtype is not None
        and array.model_input.dtype.kind == "f"
    ]
    return tuple(notes)


def _npy_array(inputs: Sequence[ModelInput], path: str) -> _Array:
    with open_file(path) as stream:
        if stream.is_named_file and stream.is_empty():
            raise DataError(f"{path}: is empty")
        header = read_header(stream)
    if len(inputs) != 1:
        names = ", ".join(f"'{model_input.name}' {model_input.shown}" for model_input in inputs)
        raise DataError(
            f"{path}: the model has {len(inputs)} inputs; save an .npz with an array for each: {names}"
        )
    return _Array(path, path, None, header, inputs[0])


def _archive_arrays(inputs: Sequence[ModelInput], path: str, memory: int | None) -> list[_Array]:
    from actcli.sources.numbers.archive import open_archive

    with open_archive(path, memory) as archive:
        members = {name: name for name in archive.names}
        if len(inputs) == 1 and len(members) == 1 and inputs[0].name not in members:
            members = {inputs[0].name: archive.names[0]}
        arrays = []
        for model_input in inputs:
            if model_input.name not in members:
                names = ", ".join(sorted(members)[:20]) or "none"
                raise DataError(
                    f"{path}: no array for the input '{model_input.name}' {model_input.shown}; the arrays are {names}"
                )
            member = members[model_input.name]
            header = archive.read_header(member)
            arrays.append(_Array(f"{path}:{model_input.name}", path, member, header, model_input, memory))
    return arrays


def _open_array(array: _Array, stack: ExitStack) -> ByteStream:
    if array.member is None:
        stream = open_file(array.path)
    else:
        from actcli.sources.numbers.archive import open_archive

        stream = stack.enter_context(open_archive(array.path, array.memory)).open_array(array.member)
    stream.read(array.header.length)
    return stream


def _rows(stream: ByteStream, array: _Array, count: int) -> NDArray[Any]:
    """Read the next samples, in the type of the input."""
    header = array.header
    shape = header.shape[1:]
    size = count * math.prod(shape)
    buffer = np.empty(size * header.dtype.itemsize, np.uint8)
    if stream.fill(buffer.data) < buffer.nbytes:
        raise DataError(f"{array.origin}: truncated: its header states more samples than there are")
    values: NDArray[Any] = buffer.view(header.dtype)
    if header.stored is not None:
        values = widen(header.stored, values)
    values = values.reshape(count, *shape)
    return np.ascontiguousarray(values.astype(array.model_input.dtype, copy=False))


def _require_fitting(array: _Array) -> None:
    """Check an array's rank, lengths and kind of number. Raises DataError, naming what the input expects."""
    model_input, header = array.model_input, array.header
    expects = f"input '{model_input.name}' expects {model_input.shown} of {model_input.dtype}"
    if model_input.shape is not None:
        if len(header.shape) != len(model_input.shape):
            raise DataError(f"{array.origin}: its shape is {header.shape}, {expects}")
        for axis, length in enumerate(header.shape):
            if axis != model_input.axis and model_input.fixed_length(axis) not in {None, length}:
                raise DataError(f"{array.origin}: its shape is {header.shape}, {expects}")
    elif not header.shape:
        raise DataError(f"{array.origin}: a single number, {expects}")
    if model_input.dtype is not None and model_input.dtype.kind in "iu" and header.holds_floats:
        raise DataError(
            f"{array.origin}: holds {header.dtype}, {expects}; save it with .astype('{model_input.dtype}')"
        )
    if header.fortran and len(header.shape) > 1:
        raise DataError(
            f"{array.origin}: is in Fortran order, which spreads a sample over the whole file; "
            "save it with np.ascontiguousarray"
        )
