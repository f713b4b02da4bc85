"""Results as the columns of a long table: one line per number, with the row and the places it belongs to.

Elementwise: x, y. By rows: row, i, x_i, y_i. A Jacobian: row, i, j, dy_i/dx_j. Rows and places count from 1.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.text.numbers import number_list
from actcli.terminal import printable

_NAMED = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)(:(?P<parameters>[\w.,=+-]+))?")
_FORMULA_HEADING = 32


def headings(evaluation: Evaluation, y: Array, room: int = _FORMULA_HEADING) -> tuple[str | None, list[str]]:
    """Return a title for a table of blocks like y (None where none is needed), and the columns' names.

    The title has the array's name, and the definition of f where no column's name says it within `room` characters.
    """
    title = [] if evaluation.label is None else [printable(evaluation.label)]
    if y.ndim == 3:
        names = ["row", "i", "j", "dy_i/dx_j"]
        title.append(f"y = {printable(evaluation.function)}")
    else:
        quantity, named = _quantity(evaluation)
        if named is None or len(named) > room:
            title.append(f"f = {printable(evaluation.function)}")
            named = quantity
        names = ["x", named] if y.ndim == 1 else ["row", "i", "x", named]
    return ", ".join(title) or None, names


def _quantity(evaluation: Evaluation) -> tuple[str, str | None]:
    """Return the quantity of a nameless f, `f'(x)`, and by the function's name, `leaky_relu'(x; alpha=0.2)`.

    The second is None for a formula, which has no name.
    """
    short = printable(evaluation.quantity.replace(evaluation.function, "f", 1))
    match = _NAMED.fullmatch(evaluation.function)
    if not match:
        return short, None
    name, parameters = match["name"], match["parameters"]
    argument = f"(x; {parameters})" if parameters else "(x)"
    if short.startswith("f") and short.endswith("(x)"):
        return short, name + short[1:-3] + argument
    if short.startswith("df/d"):
        return short, f"d {name}{argument} / d {short[4:]}"
    return short, None


def index_columns(y: Array) -> int:
    """Return how many of the columns are row and place numbers, not numbers of the data."""
    return (0, 0, 2, 3)[y.ndim]


def line_count(x: Array, y: Array) -> int:
    """Return how many lines a block of x and y has."""
    return len(y) * max(x.shape[1], y.shape[1]) if y.ndim == 2 else y.size


def column_texts(x: Array, y: Array, at: NDArray[np.integer[Any]], rows_before: int) -> list[list[str]]:
    """Return the texts of each column for the lines `at` of a block; blank where a row has no such number."""
    if y.ndim == 1:
        return [_texts(x[at]), _texts(y[at])]
    if y.ndim == 2:
        row, i = np.divmod(at, max(x.shape[1], y.shape[1]))
        return [_counts(row + rows_before), _counts(i), _where_present(x, row, i), _where_present(y, row, i)]
    row, i, j = np.unravel_index(at, y.shape)
    return [_counts(row + rows_before), _counts(i), _counts(j), _texts(y[row, i, j])]


def _where_present(values: Array, row: NDArray[Any], i: NDArray[Any]) -> list[str]:
    present = i < values.shape[1]
    texts = iter(_texts(values[row[present], i[present]]))
    return [next(texts) if here else "" for here in present.tolist()]


def _texts(values: Array) -> list[str]:
    return [token.decode() for token in number_list(values)]


def _counts(values: NDArray[Any]) -> list[str]:
    return [str(value + 1) for value in values.tolist()]
