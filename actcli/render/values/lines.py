"""Results as lines of plain numbers or JSON, as the blocks come."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.text.numbers import join_columns, number_bytes, number_list, repeat_each, row_list

# A token is a Python object of some 60 bytes: few at a time keep the memory flat.
_NUMBERS_AT_ONCE = 1 << 14


def plain_lines(
    evaluation: Evaluation, *, with_x: bool, digits: int | None = None, null: bool = False
) -> Iterator[bytes]:
    """Yield one number per line; `with_x`: x, a tab, y. By rows: one row per line, its numbers separated by blanks.

    A Jacobian of m results has m lines for each row of x, and an empty line between two rows. `null`: lines end in NUL.
    """
    lines = _plain_lines(evaluation, with_x=with_x, digits=digits)
    return (text.replace(b"\n", b"\0") for text in lines) if null else lines


def _plain_lines(evaluation: Evaluation, *, with_x: bool, digits: int | None) -> Iterator[bytes]:
    between = b""
    for x, y in pieces(evaluation):
        if y.ndim == 1:
            columns = [number_list(x, digits=digits), number_list(y, digits=digits)] if with_x else []
            yield join_columns(columns, b"\t") if with_x else number_bytes(y, digits=digits) + b"\n"
        elif y.ndim == 2:
            rows = row_list(y, b" ", digits=digits)
            yield join_columns([row_list(x, b" ", digits=digits), rows] if with_x else [rows], b"\t")
        else:
            yield between + _matrices(x, y, with_x, digits)
            between = b"\n"


def json_lines(evaluation: Evaluation) -> Iterator[bytes]:
    """Yield one `{"x", "y"}` per line, with "array" before them where there are several; by rows: lists."""
    from actcli.render.output.documents import json_token

    label = evaluation.label
    start = b"{" if label is None else b'{"array":' + json_token(label) + b","
    for x, y in pieces(evaluation):
        if y.ndim == 1:
            before, between, after = b'"x":', b',"y":', b"}\n"
            xs, ys = number_list(x, quoted=True), number_list(y, quoted=True)
        else:
            before, between, after = b'"x":[', b'],"y":[', b"]}\n"
            xs = row_list(x, quoted=True)
            ys = row_list(y, quoted=True) if y.ndim == 2 else _matrix_lists(y)
        yield _interleave(repeat(start + before), xs, repeat(between), ys, repeat(after))


def pieces(evaluation: Evaluation, numbers: int = _NUMBERS_AT_ONCE) -> Iterator[tuple[Array, Array]]:
    """Yield the blocks of x and y, cut along their first axis to about `numbers` numbers."""
    for x, y in evaluation.blocks:
        lines = len(y)
        if not lines:
            continue
        step = max(1, numbers * lines // max(x.size, y.size, 1))
        for start in range(0, lines, step):
            yield x[start : start + step], y[start : start + step]


def _interleave(*parts: Iterable[bytes]) -> bytes:
    return b"".join(chain.from_iterable(zip(*parts, strict=False)))


def _matrices(x: Array, y: Array, with_x: bool, digits: int | None) -> bytes:
    rows, results, inputs = y.shape
    lines = row_list(y.reshape(rows * results, inputs), b" ", digits=digits)
    if with_x:
        xs = repeat_each(row_list(x, b" ", digits=digits), results)
        lines = [b"\t".join(pair) for pair in zip(xs, lines, strict=True)]
    matrices = (b"\n".join(lines[row * results : (row + 1) * results]) for row in range(rows))
    return b"\n\n".join(matrices) + b"\n"


def _matrix_lists(y: Array) -> list[bytes]:
    rows, results, inputs = y.shape
    lists = row_list(y.reshape(rows * results, inputs), quoted=True)
    return [b"[" + b"],[".join(lists[row * results : (row + 1) * results]) + b"]" for row in range(rows)]
