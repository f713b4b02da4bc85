"""A model run on shards of its data: its file is sent to each worker, the data are read where they are used."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from actcli.cluster.shards import ShardPlace
from actcli.exits import DataError, UsageError
from actcli.sources.onnx import Model, Observation, open_model
from actcli.sources.onnx.observe import ModelObserver, groups_of_batches
from actcli.sources.records.described import version_of

if TYPE_CHECKING:
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.sources.onnx.shards import Shards

_MOST_SENT = 2**31 - 1
"""Bytes of a model and the weights beside it: they pass through the scheduler."""
_SHARD_BYTES = 256 << 20
"""Bytes of a shard of a large .npy file."""
_KEPT = 2
"""Models that a worker keeps."""
_FILE = "model.onnx"
_KEPT_PATH = re.compile(rf"\S*/actcli-[0-9a-f]{{32}}/{re.escape(_FILE)}")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The bytes of a model, and of the files beside it that hold its weights, by their names in its folder."""

    path: str
    content: Mapping[str, bytes]
    digest: str


@dataclass(frozen=True, slots=True)
class ModelShard:
    """Consecutive groups of batches.

    Attributes:
        inputs: their samples, with the files that hold them.
        groups: the first group, and the number after the last.
        batches: the batches of each group.
        start: the place of the first sample in the whole data.
        layers: the layers that are watched.
        versions: what tells the present content of each file from another.

    """

    inputs: "Shards"
    groups: tuple[int, int]
    batches: tuple[range, ...]
    start: int
    layers: tuple[str, ...]
    versions: tuple[tuple[int, ...], ...]

    @property
    def origin(self) -> str:
        """The first file."""
        return self.inputs.files[0].origin

    @property
    def key(self) -> str:
        """The files, their versions, and the samples."""
        files = [
            [file.origin, version, file.first, file.samples]
            for file, version in zip(self.inputs.files, self.versions, strict=True)
        ]
        return json.dumps([self.origin, files, self.groups, self.start])

    @property
    def nbytes(self) -> int:
        """The bytes of the samples."""
        return sum(file.nbytes for file in self.inputs.files)

    @property
    def samples(self) -> int:
        """The samples."""
        return self.inputs.samples


@dataclass(frozen=True, slots=True)
class ModelReader:
    """Runs a model on shards.

    Attributes:
        files: the model.
        batch: samples per run.
        mask: the input that tells which positions count; None without.
        quick: the place of the first sample by which the elements of few samples are counted; None for those of all.
        memory: the bytes that may be used; None for half of what is available.
        runtime: the version of onnxruntime here, which workers must have too.

    """

    files: ModelFiles
    batch: int
    mask: str | None
    quick: int | None
    memory: int | None
    runtime: str

    @property
    def activity(self) -> str:
        """What a worker may die of."""
        return (
            f"running {self.files.path} on it; give the workers more memory, and see without --cluster whether "
            "onnxruntime crashes"
        )

    def states(self, shard: ModelShard, threads: int) -> "Iterator[tuple[ShardPlace, LayerState]]":
        """Yield the statistics of each group of batches.

        With a mask, places count from a group's first sample. Raises DataError for a shard that cannot be read or run,
        UsageError for another version of onnxruntime.
        """
        import onnxruntime

        if onnxruntime.__version__ != self.runtime:
            raise UsageError(
                f"a worker has onnxruntime {onnxruntime.__version__}, this is {self.runtime}: last digits "
                "differ; install the same on both"
            )
        for file, version in zip(shard.inputs.files, shard.versions, strict=True):
            if version_of(file.origin)[1:] != version:
                raise DataError(
                    f"{file.origin}: was changed while actcli looked at it; run the command again"
                )
        observer = _observer_of(self, threads)
        try:
            quick = None if self.quick is None else self.quick + shard.start
            found = observer.groups(shard.inputs, self.batch, shard.batches, shard.start, quick)
            for group, states in enumerate(found, shard.groups[0]):
                if tuple(state.name for state in states) != shard.layers:
                    raise UsageError(f"{self.files.path}: its layers have other shapes on {shard.origin}")
                for state in states:
                    yield ShardPlace(state.name, group, state.start if self.mask is None else None), state
        except DataError as error:
            raise DataError(_KEPT_PATH.sub(self.files.path, str(error))) from error


def model_files(path: str, memory: int | None) -> ModelFiles:
    """Return the bytes of a model that was opened here. Raises UsageError for more than can be sent."""
    import onnx

    from actcli.sources.onnx.external import external_names
    from actcli.sources.onnx.load import folder_of, read_bytes

    data = read_bytes(path, memory)
    names = external_names(onnx.ModelProto.FromString(data), path)
    places = {name: os.path.join(folder_of(path), name) for name in names}  # noqa: PTH118
    total = len(data) + sum(map(os.path.getsize, places.values()))
    if total > _MOST_SENT:
        raise UsageError(
            f"{path}: with its weights it has {total:,} bytes, more than the {_MOST_SENT:,} that are sent to workers; "
            "leave --cluster out"
        )
    content = {_FILE: data}
    for name, place in places.items():
        with open(place, "rb") as file:  # noqa: PTH123
            content[name] = file.read()
    digest = sha256()
    for name, part in sorted(content.items()):
        digest.update(f"{name}\0{len(part)}\0".encode())
        digest.update(part)
    return ModelFiles(path, content, digest.hexdigest())


def cut_model(observation: Observation, samples: "Shards") -> list[ModelShard]:
    """Return the shards of a model's data: the batches that begin in a file, of a large .npy file some of them."""
    size = observation.batch
    layers = tuple(layer.name for layer in observation.layers)
    inputs = replace(samples, files=tuple(file.absolute() for file in samples.files))
    versions = {file.origin: version_of(file.origin)[1:] for file in inputs.files}
    groups = list(groups_of_batches(-(-samples.samples // size), observation.most_in_group))
    shards: list[ModelShard] = []
    first = 0
    while first < len(groups):
        start = groups[first].start * size
        last = first + 1
        while last < len(groups) and not _ends(inputs, start, groups[last].start * size):
            last += 1
        end = groups[last].start * size if last < len(groups) else samples.samples
        part = inputs.part(start, end - start)
        own = tuple(versions[file.origin] for file in part.files)
        shards.append(ModelShard(part, (first, last), tuple(groups[first:last]), start, layers, own))
        first = last
    return shards


def _ends(samples: "Shards", start: int, end: int) -> bool:
    """Return whether a shard that begins at one sample ends before another: in another file, or far enough on."""
    begin = 0
    for file in samples.files:
        if start < begin + file.samples:
            far = file.is_plain and file.nbytes // file.samples * (end - start) >= _SHARD_BYTES
            return end >= begin + file.samples or far
        begin += file.samples
    return True


def observe_in_this_process(reader: ModelReader, model: Model, threads: int) -> None:
    """Read shards here with a model that is open already."""
    _OBSERVERS[_key(reader, threads)] = _observer(reader, model, threads)


_OBSERVERS: dict[tuple[str, str | None, bool, int], ModelObserver] = {}
_OPENING = Lock()


def _observer_of(reader: ModelReader, threads: int) -> ModelObserver:
    """Return the model ready to run, opened once for all shards that a worker reads."""
    key = _key(reader, threads)
    with _OPENING:
        if key not in _OBSERVERS:
            while len(_OBSERVERS) >= _KEPT:
                oldest = next(iter(_OBSERVERS))
                del _OBSERVERS[oldest]
                if all(digest != oldest[0] for digest, *_ in _OBSERVERS):
                    shutil.rmtree(_folder_of(oldest[0]), ignore_errors=True)
            _OBSERVERS[key] = _observer(reader, _opened(reader), threads)
        return _OBSERVERS[key]


def _key(reader: ModelReader, threads: int) -> tuple[str, str | None, bool, int]:
    return reader.files.digest, reader.mask, reader.quick is not None, threads


def _observer(reader: ModelReader, model: Model, threads: int) -> ModelObserver:
    return ModelObserver(model, "its data", threads, reader.mask, quick=reader.quick is not None)


def _opened(reader: ModelReader) -> Model:
    """Open the model from a folder of this worker's own."""
    folder = _folder_of(reader.files.digest)
    try:
        for name, content in reader.files.content.items():
            place = os.path.join(folder, name)  # noqa: PTH118
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            with open(place, "wb") as file:  # noqa: PTH123
                file.write(content)
    except OSError as error:
        raise DataError(f"{folder}: a worker cannot keep the model: {error.strerror or error}") from error
    return open_model(_path_of(reader.files), reader.memory)


def _path_of(files: ModelFiles) -> str:
    return f"{_folder_of(files.digest)}/{_FILE}"


def _folder_of(digest: str) -> str:
    """Return the folder that keeps a model: in the worker's own, which Dask removes with the worker."""
    from distributed import get_worker

    return f"{get_worker().local_directory}/actcli-{digest[:32]}"
