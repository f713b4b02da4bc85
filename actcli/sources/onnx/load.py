"""A model file, read safely: bounded in size, from its own folder only, its local functions expanded."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from actcli.exits import DataError
from actcli.remote import is_url
from actcli.sources.budget import require_memory
from actcli.sources.numbers.foreign import HEAD, refuse_foreign_head

if TYPE_CHECKING:
    from actcli.sources.streams.bytestream import ByteStream

MOST_BYTES = 2**31 - 1
"""Protocol buffers end there; larger models keep their weights in files beside them."""
MOST_NODES = 1_000_000
"""Nodes of a model after its local functions are expanded: a hundred times those of the largest networks."""
_COPIES = 4
"""The file's bytes, the parsed model, and its serialized and parsed forms in onnxruntime."""


def require_packages(path: str) -> None:
    """Import onnx and onnxruntime. Raises DataError, naming the packages, when one is not installed."""
    from actcli.sources.optional import turn_reporting_off

    turn_reporting_off()
    for name in ("onnx", "onnxruntime"):
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            raise DataError(
                f"{path}: models need two more packages: pip install onnx onnxruntime (the extra onnx)"
            ) from error
        except ImportError as error:  # as for want of memory
            raise DataError(f"{path}: {name} cannot be loaded: {one_line(error)}") from error


def load_model(path: str, memory: int | None = None) -> Any:
    """Read a model as onnx.ModelProto, with its local functions expanded.

    Initializers of the graph that lie in other files are checked and left there; all other tensors are taken in.
    `memory` bounds what may be allocated, in bytes. Raises DataError for a file that cannot be read, is truncated,
    is not a model or has no node; for external data outside its folder or shorter than they should be; and for a
    model that would take too much memory.
    """
    require_packages(path)
    data = read_bytes(path, memory)
    refuse_foreign_head(data[:HEAD], path)
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
    if not _is_text(model):
        raise DataError(f"{path}: a damaged ONNX model: a name in it is not UTF-8 text")
    del model.training_info[:]  # never run
    _take_in_tensors(model, path, memory)
    _forget_negative_lengths(model)
    return _expand_functions(model, path, memory)


def folder_of(path: str) -> str:
    """The folder a model lies in."""
    return os.path.dirname(path) or "."  # noqa: PTH120


def one_line(error: BaseException, most: int = 300) -> str:
    """The message of an error of onnx or onnxruntime on one line, without control characters."""
    text = " ".join(str(error).split())
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= most else text[: most - 1] + "…"


def read_bytes(path: str, memory: int | None = None) -> bytes:
    """Return the bytes of a model file, unpacked. Raises DataError for what is too large, empty or not on a disk."""
    from actcli.sources.streams.bytestream import open_file

    with open_file(path) as stream:
        if not stream.is_named_file:
            raise DataError(f"{path}: a model must be a file on disk")
        if not stream.peek(1):  # of a packed file behind a URL, it is known then that it is packed
            raise DataError(f"{path}: is empty")
        size = stream.remaining()
        if size is None:
            return _unpacked(stream, memory)
        if size > MOST_BYTES:
            raise DataError(
                f"{path}: {size} bytes, but a model has at most {MOST_BYTES}; keep its weights in a file beside it"
            )
        require_memory(_COPIES * size, memory, f"{path}: reading the model")
        return stream.read(size)


def _unpacked(stream: "ByteStream", memory: int | None) -> bytes:
    """Return the bytes of a packed model, no more than a model has and than memory allows."""
    parts: list[bytes] = []
    size = 0
    for part in stream.chunks():
        size += len(part)
        if size > MOST_BYTES:
            raise DataError(f"{stream.origin}: holds more than {MOST_BYTES} bytes, the most of a model")
        require_memory(_COPIES * size, memory, f"{stream.origin}: reading the model")
        parts.append(part)
    return b"".join(parts)


def _take_in_tensors(model: Any, path: str, memory: int | None) -> None:
    """Check all tensors in other files, and read those that cannot be handed to onnxruntime by name."""
    from actcli.sources.onnx.external import all_tensors, is_external, require_inside, take_in

    external = [tensor for tensor in all_tensors(model) if is_external(tensor)]
    if not external:
        return
    if is_url(path):
        raise DataError(
            f"{path}: keeps weights in files beside it; copy the model and these files here first"
        )
    folder = folder_of(path)
    total = sum(require_inside(tensor, folder, path) for tensor in external)
    require_memory(_COPIES * total, memory, f"{path}: reading the weights beside the model")
    by_name = {id(tensor) for tensor in model.graph.initializer}
    for tensor in external:
        if id(tensor) not in by_name:
            take_in(tensor, folder)


def _is_text(message: Any) -> bool:
    """Whether all names in a message are text: the parser hands on those that are not UTF-8 as bytes."""
    if (
        message.DESCRIPTOR.name == "TensorProto"
    ):  # listing its fields copies its numbers, which may be gigabytes
        return all(isinstance(text, str) for text in (message.name, message.doc_string)) and all(
            map(_is_text, message.external_data)
        )
    for field, value in message.ListFields():
        values = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)
        if field.type == field.TYPE_STRING and not all(isinstance(text, str) for text in values):
            return False
        if field.type == field.TYPE_MESSAGE and not all(map(_is_text, values)):
            return False
    return True


def _forget_negative_lengths(model: Any) -> None:
    """Turn negative lengths, which some exporters write for unknown ones, into unknown ones: onnx crashes on them."""
    for graph in _graphs(model):
        for value in (*graph.input, *graph.output, *graph.value_info):
            for shape in _shapes(value.type):
                for length in shape.dim:
                    if length.HasField("dim_value") and length.dim_value < 0:
                        length.ClearField("dim_value")


def _graphs(model: Any) -> Iterator[Any]:
    """The model's graph and all graphs inside nodes, those of functions too."""
    yield model.graph
    for nodes in (model.graph.node, *(function.node for function in model.functions)):
        yield from _inner_graphs(nodes)


def _inner_graphs(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        for attribute in node.attribute:
            for graph in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                yield graph
                yield from _inner_graphs(graph.node)


def _shapes(type_: Any) -> Iterator[Any]:
    """The shapes in a type, which may be a tensor's, or a sequence, an optional or a map of such."""
    kind = type_.WhichOneof("value")
    if kind in {"tensor_type", "sparse_tensor_type"}:
        yield getattr(type_, kind).shape
    elif kind in {"sequence_type", "optional_type"}:
        yield from _shapes(getattr(type_, kind).elem_type)
    elif kind == "map_type":
        yield from _shapes(type_.map_type.value_type)


def _expand_functions(model: Any, path: str, memory: int | None) -> Any:
    """The model with the bodies of its local functions in place of their calls."""
    nodes, nbytes = _expanded_size(model, path)
    if nodes > MOST_NODES:
        raise DataError(
            f"{path}: the model has more than {MOST_NODES} nodes after its functions are expanded"
        )
    if not model.functions:
        return model
    require_memory(_COPIES * nbytes, memory, f"{path}: expanding the model's functions")
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:
        raise DataError(f"{path}: its local functions cannot be expanded: {one_line(error)}") from error


def _expanded_size(model: Any, path: str) -> tuple[int, int]:
    """How many nodes and bytes the model has once its functions are expanded. Raises DataError for a recursive one."""
    functions = {(function.domain, function.name): function for function in model.functions}
    calls: dict[Any, list[tuple[str, str]]] = {}
    own: dict[Any, tuple[int, int]] = {}
    sizes: dict[Any, tuple[int, int]] = {}
    waiting: list[Any] = [None]  # None: the model's own graph
    while waiting:
        key = waiting[-1]
        if key in sizes:
            waiting.pop()
        elif key in calls:
            called = [own[key], *(sizes[call] for call in calls[key])]
            sizes[key] = sum(size[0] for size in called), sum(size[1] for size in called)
        else:
            nodes = list(_all_nodes((model.graph if key is None else functions[key]).node))
            calls[key] = [call for node in nodes if (call := (node.domain, node.op_type)) in functions]
            own[key] = len(nodes), sum(node.ByteSize() for node in nodes)
            unfinished = [call for call in dict.fromkeys(calls[key]) if call not in sizes]
            if any(call in calls for call in unfinished):
                raise DataError(f"{path}: a local function calls itself")
            waiting += unfinished
    return sizes[None]


def _all_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    """Nodes, and those of the graphs inside them."""
    nodes = list(nodes)
    yield from nodes
    for graph in _inner_graphs(nodes):
        yield from graph.node
