"""Results in the form that a format keeps: bfloat16 as its shortest decimals in text, or as bit patterns."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from actcli.analysis.number_types import narrow, numpy_type
from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.text.numbers import shortest_decimals

_VOID = np.dtype("V2")
"""The type under which ml_dtypes saves bfloat16."""


def as_decimals(evaluation: Evaluation) -> Evaluation:
    """Return the same results for a text: bfloat16 as the float64 numbers nearest to its shortest decimals."""
    if evaluation.kind is None:
        return evaluation
    kind, table = evaluation.kind, shortest_decimals(evaluation.kind)
    return _map(evaluation, lambda values: table[narrow(kind, values)], np.dtype(np.float64))


def as_patterns(evaluation: Evaluation) -> Evaluation:
    """Return the same results as bit patterns, unsigned integers of the size of the type."""
    kind = evaluation.kind or numpy_type(evaluation.dtype)
    return _map(evaluation, lambda values: narrow(kind, np.ascontiguousarray(values)), kind.pattern_type)


def as_saved(evaluation: Evaluation) -> Evaluation:
    """Return the same results for a file of arrays: those of a type that NumPy lacks as voids of 2 bytes."""
    kind = evaluation.kind
    if kind is None or evaluation.dtype.kind == "u":
        return evaluation
    return _map(
        evaluation, lambda values: narrow(kind, np.ascontiguousarray(values)).astype("<u2").view(_VOID), _VOID
    )


def _map(evaluation: Evaluation, form: Callable[[Array], Array], dtype: np.dtype[np.generic]) -> Evaluation:
    blocks = ((form(x), form(y)) for x, y in evaluation.blocks)
    return replace(evaluation, blocks=blocks, dtype=dtype)
