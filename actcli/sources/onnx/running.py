"""Sessions of onnxruntime: a model with other outputs than its own."""

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.unit_statistics import observe
from actcli.exits import DataError
from actcli.sources.onnx.inputs import Batch
from actcli.sources.onnx.load import folder_of, one_line
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.outputs import Arrays, Outputs, units_first
from actcli.sources.onnx.reductions import Extension

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Run:
    """A session of onnxruntime, asked for the outputs of some layers."""

    def __init__(self, model: Model, origin: str, outputs: Sequence[Outputs], threads: int) -> None:
        self._path, self._origin = model.path, origin
        self._session = _session(model, threads)
        self.ask_for([name for one in outputs for name in one.names])

    def ask_for(self, names: Sequence[str]) -> None:
        """What to fetch from now on."""
        self._names = list(dict.fromkeys(names))

    def __call__(self, feed: Batch) -> Arrays:
        """The outputs by name. Raises DataError with onnxruntime's own words when the model does not run."""
        names = self._names  # another thread may ask for others meanwhile
        if not names:
            return {}
        try:
            found: list[NDArray[Any]] = self._session.run(names, feed)
        except Exception as error:  # onnxruntime's errors have no common class
            raise DataError(f"{self._path}: does not run on {self._origin}: {one_line(error)}") from error
        return dict(zip(names, found, strict=True))


class Whole:
    """The same model with z itself as output, for the layers and batches of which reductions say too little.

    That is where NaN or inf is among the numbers, which must be counted, and where a unit of a function with
    several firing intervals has its extremes outside of all of them. Sample by sample, so that it stays small.
    """

    def __init__(self, model: Model, origin: str, threads: int) -> None:
        self._model, self._origin, self._threads = model, origin, threads
        self._sessions: dict[str, tuple[Run, Outputs]] = {}
        self._making = Lock()

    def __call__(self, layers: Sequence[str], feed: Batch, count: int) -> list[LayerState]:
        """The states of these layers over the first `count` samples of a batch."""
        runs = [self._of(name) for name in layers]
        found = []
        for run, outputs in runs:
            z = run(feed)[outputs.tensor]
            found.append(observe(outputs.layer.rule, outputs.layer.name, units_first(outputs, z)[:count], 0))
        return found

    def _of(self, name: str) -> tuple[Run, Outputs]:
        with self._making:
            if name not in self._sessions:
                layer = next(layer for layer in self._model.watched if layer.name == name)
                with Extension(self._model.proto, self._model.opset, set(self._model.tensors)) as extension:
                    outputs = extension.whole(layer)
                    run = Run(self._model, self._origin, [outputs], self._threads)
                self._sessions[name] = (run, outputs)
            return self._sessions[name]


def _session(model: Model, threads: int) -> Any:
    """A session on the CPU of a model as it stands. Raises DataError when onnxruntime refuses it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # what is asked of a tensor is made of it before the model goes on, while it is in the cache
    options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    try:
        keep = _with_weights(model, options, onnxruntime)
        session = onnxruntime.InferenceSession(
            model.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{model.path}: onnxruntime does not take the model: {one_line(error)}") from error
    del keep
    return session


def _with_weights(model: Model, options: Any, onnxruntime: Any) -> list[Any]:
    """Hand over the weights from files beside the model ourselves: onnxruntime opens no file."""
    from onnx import numpy_helper

    from actcli.sources.onnx.external import external_tensors, is_external, read_external

    folder = folder_of(model.path)
    names, values = [], []
    for tensor in model.proto.graph.initializer:
        if is_external(tensor):
            names.append(tensor.name)
            values.append(onnxruntime.OrtValue.ortvalue_from_numpy(read_external(tensor, folder)))
    if names:
        options.add_external_initializers(names, values)
    for tensor in list(external_tensors(model.proto.graph)):
        if tensor.name not in names:
            tensor.CopyFrom(numpy_helper.from_array(read_external(tensor, folder), tensor.name))
    return values
