"""The identity of a model: a digest of its file and its weights."""

import hashlib

from actcli.sources.onnx.external import is_external, read_external
from actcli.sources.onnx.load import folder_of
from actcli.sources.onnx.model import Model

_DIGITS = 32


def identity(model: Model) -> str:
    """Return a text that is equal for equal models alone, weights in other files included: `onnx:` and hex digits.

    Raises DataError for a file that has gone or is cut short meanwhile.
    """
    from actcli.sources.streams.bytestream import open_file

    digest = hashlib.sha256()
    with open_file(model.path) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    for tensor in model.proto.graph.initializer:
        if is_external(tensor):
            digest.update(read_external(tensor, folder_of(model.path)).tobytes())
    return f"onnx:{digest.hexdigest()[:_DIGITS]}"
