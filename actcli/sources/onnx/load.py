"""A model file, read safely: its size, its own folder only, and one line where it is none."""

import os
from typing import Any

from actcli.exits import DataError

MOST = 2**31 - 1
"""Bytes: protocol buffers end there; larger models keep their weights in files beside them."""


def require_packages(path: str) -> None:
    """Import onnx and onnxruntime. Raises DataError, naming the packages, when one is not installed."""
    # onnxruntime reads this while it is imported; without it, it stores a device id and contacts its vendor.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    for name in ("onnx", "onnxruntime"):
        try:
            __import__(name)
        except ImportError as error:
            raise DataError(
                f"{path}: models need two more packages: pip install onnx onnxruntime (the extra onnx)"
            ) from error


def load_model(path: str) -> Any:
    """The model of a file as onnx.ModelProto, its local functions put in place; no external file is read yet.

    Raises DataError for a file that cannot be read, is truncated or no model, has no node, or names external
    data that are not inside its own folder or shorter than they should be.
    """
    require_packages(path)
    data = _bytes(path)
    import onnx

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # the parser's own exception moves from version to version
        raise DataError(f"{path}: not an ONNX model, or a truncated one") from error
    if not model.opset_import or not model.ir_version:
        raise DataError(f"{path}: not an ONNX model, or a truncated one")
    if not model.graph.node:
        raise DataError(f"{path}: the model's graph is empty")
    if model.functions:
        from onnx import inliner

        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:
            raise DataError(
                f"{path}: its local functions cannot be put in place: {one_line(error)}"
            ) from error
    from actcli.sources.onnx.external import external_tensors, require_inside

    for tensor in external_tensors(model.graph):
        require_inside(tensor, folder_of(path), path)
    return model


def folder_of(path: str) -> str:
    """The folder a model lies in."""
    return os.path.dirname(path) or "."  # noqa: PTH120


def one_line(error: BaseException, most: int = 300) -> str:
    """What an error of onnx or onnxruntime says, on one line, without control characters."""
    text = " ".join(str(error).split())
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= most else text[: most - 1] + "…"


def _bytes(path: str) -> bytes:
    from actcli.sources.streams.bytestream import open_file

    with open_file(path) as stream:
        size = stream.remaining()
        if size is None:
            raise DataError(f"{path}: a model must be a file on disk")
        if size > MOST:
            raise DataError(
                f"{path}: {size} bytes, a model has at most {MOST}; keep its weights in a file beside it"
            )
        if not size:
            raise DataError(f"{path}: is empty")
        return stream.read(size)
