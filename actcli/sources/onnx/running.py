"""Sessions of onnxruntime: a model run with other outputs than its own."""

from collections.abc import Sequence
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from actcli.exits import DataError
from actcli.sources.onnx.load import folder_of, one_line
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.outputs import Arrays, Outputs, units_first
from actcli.sources.onnx.reductions import Extension

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ModelRun:
    """A session of onnxruntime that fetches the outputs of some layers."""

    def __init__(self, model: Model, origin: str, outputs: Sequence[Outputs], threads: int) -> None:
        self._path, self._origin = model.path, origin
        self._session = open_session(model, threads)
        self.ask_for([name for one in outputs for name in one.names])

    def ask_for(self, names: Sequence[str]) -> None:
        """Fetch these outputs from now on."""
        self._names = list(dict.fromkeys(names))

    def __call__(self, feed: Batch) -> Arrays:
        """Run the model and return the outputs by name. Raises DataError with onnxruntime's message when it fails."""
        names = self._names  # another thread may change them meanwhile
        if not names:
            return {}
        try:
            arrays: list[NDArray[Any]] = self._session.run(names, feed)
        except Exception as error:  # onnxruntime's errors have no common class
            raise DataError(f"{self._path}: does not run on {self._origin}: {one_line(error)}") from error
        return dict(zip(names, arrays, strict=True))


class Whole:
    """The same model with z itself as output, for the layers and batches for which reductions do not suffice.

    Those are the ones with NaN or inf, which must be counted, and those where a unit whose function has several
    firing intervals has its extremes outside all of them.
    """

    def __init__(self, model: Model, origin: str, threads: int) -> None:
        self._model, self._origin, self._threads = model, origin, threads
        self._sessions: dict[str, tuple[ModelRun, Outputs]] = {}
        self._making = Lock()

    def __call__(self, layer: str, feed: Batch) -> "NDArray[Any]":
        """Return z of a layer, (samples, units, positions)."""
        run, outputs = self._run_of(layer)
        return units_first(outputs, run(feed)[outputs.tensor])

    def _run_of(self, name: str) -> tuple[ModelRun, Outputs]:
        with self._making:
            if name not in self._sessions:
                layer = next(layer for layer in self._model.watched if layer.name == name)
                with Extension(self._model.proto, self._model.opset, set(self._model.tensors)) as extension:
                    outputs = extension.whole(layer)
                    run = ModelRun(self._model, self._origin, [outputs], self._threads)
                self._sessions[name] = (run, outputs)
            return self._sessions[name]


def open_session(model: Model, threads: int) -> Any:
    """Make a session on the CPU. Raises DataError when onnxruntime refuses the model."""
    import onnxruntime

    _require_threads(threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # fused, quantised weights give about 1e-6 where the graph gives 0, and dead units seem to fire
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # a tensor is reduced before the model goes on, while it is in the cache
    options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    try:
        weights = _add_external_weights(model, options, onnxruntime)
        session = onnxruntime.InferenceSession(
            model.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{model.path}: onnxruntime refuses the model: {one_line(error)}") from error
    del weights  # they had to live until the session was made
    return session


def _require_threads(count: int) -> None:
    """Check that threads can be started: onnxruntime waits forever for one that cannot."""
    if count == 1:  # the session runs on our own
        return
    done = Event()
    threads = [Thread(target=done.wait) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError as error:
        raise DataError(f"{count} threads cannot be started; try --threads 1") from error
    finally:
        done.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join()


def _add_external_weights(model: Model, options: Any, onnxruntime: Any) -> list[Any]:
    """Give onnxruntime the weights in files beside the model, so that it opens no file itself; return them."""
    from actcli.sources.onnx.external import is_external, read_external

    external = {tensor.name: tensor for tensor in model.proto.graph.initializer if is_external(tensor)}
    values = [
        onnxruntime.OrtValue.ortvalue_from_numpy(read_external(tensor, folder_of(model.path)))
        for tensor in external.values()
    ]
    if external:
        options.add_external_initializers(list(external), values)
    return values
