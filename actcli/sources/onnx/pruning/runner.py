"""A model in onnxruntime that also returns tensors inside it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from actcli.exits import DataError
from actcli.sources.onnx.load import one_line
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.running import open_session


class Runner:
    """A model in onnxruntime, with tensors inside it as further outputs."""

    def __init__(self, model: Model, proto: Any, threads: int, inside: Sequence[str] = ()) -> None:
        own = type(proto)()
        own.CopyFrom(proto)
        outputs = [value.name for value in own.graph.output]
        for name in dict.fromkeys(inside):
            if name not in outputs:
                own.graph.output.add().name = name
                outputs.append(name)
        self._path, self._outputs = model.path, outputs
        self._session = open_session(replace(model, proto=own), threads)

    def __call__(self, feed: Batch) -> dict[str, Any]:
        """Return the outputs by name. Raises DataError with onnxruntime's message when it fails."""
        try:
            return dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))
        except Exception as error:  # onnxruntime's errors have no common class
            raise DataError(
                f"{self._path}: does not run while its units are compared: {one_line(error)}"
            ) from error
