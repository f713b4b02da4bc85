"""Results as one JSON object: the function, and the numbers flat in C order beside their shape."""

from collections.abc import Iterable, Iterator

from actcli.analysis.stream.evaluation import Evaluation
from actcli.exits import ActcliError
from actcli.render.output.documents import SCHEMA, json_token
from actcli.render.output.outfile import read_pieces, spool_file
from actcli.render.text.numbers import json_bytes
from actcli.render.values.whole import Extent, extent_of, file_blocks

_NUMBERS_AT_ONCE = 1 << 16


def json_document(evaluations: Iterable[Evaluation]) -> Iterator[bytes]:
    """Yield `{"schema", "function", "dtype", "shape", "values"}`; a derivative has "derivative" after "function".

    Several arrays give `{"schema", "function", "arrays": {name: {"dtype", "shape", "values"}}}`. Non-finite
    numbers are the strings "nan", "inf" and "-inf". Raises DataError for rows of several lengths.
    """
    named = 0
    for evaluation in evaluations:
        members = {**SCHEMA, "function": evaluation.function}
        if evaluation.derivative:
            members["derivative"] = evaluation.quantity
        start = json_token(members)[:-1] + b","
        if evaluation.label is None:
            yield start
            yield from _array(evaluation, b"}\n")
            continue
        yield b"," if named else start + b'"arrays":{'
        yield json_token(evaluation.label) + b":{"
        yield from _array(evaluation, b"}")
        named += 1
    if named:
        yield b"}}\n"


def _array(evaluation: Evaluation, closing: bytes) -> Iterator[bytes]:
    """Yield the members of one array, and the brackets that close it."""
    extent = extent_of(evaluation, "json")
    if evaluation.shape is not None:
        yield _head(evaluation, extent)
        yield from _values(evaluation, extent)
        yield b"]" + closing
        return
    # The shape stands before the values, but only the end of the stream tells it.
    failure: ActcliError | None = None
    with spool_file() as spool:
        try:
            for text in _values(evaluation, extent):
                spool.write(text)
        except ActcliError as error:  # the numbers before it are still written
            failure = error
        yield _head(evaluation, extent)
        yield from read_pieces(spool)
    yield b"]" + closing
    if failure is not None:
        raise failure


def _head(evaluation: Evaluation, extent: Extent) -> bytes:
    from orjson import dumps

    head = {"dtype": evaluation.type_name, "shape": list(extent.shape)}
    return dumps(head)[1:-1] + b',"values":['


def _values(evaluation: Evaluation, extent: Extent) -> Iterator[bytes]:
    comma = b""
    for block in file_blocks(evaluation, extent, fortran=False):
        flat = block.reshape(-1)
        for start in range(0, flat.size, _NUMBERS_AT_ONCE):
            yield comma + json_bytes(flat[start : start + _NUMBERS_AT_ONCE])[1:-1]
            comma = b","
