"""Results as a Markdown table with all rows, written as they come."""

import re
from collections.abc import Iterator

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.text import cells
from actcli.render.text.digits import rounded
from actcli.render.values.lines import pieces

_LINES_AT_ONCE = 1 << 13
# What would end a cell or start emphasis, code, a link or an element. `_` within a word is no emphasis.
_SPECIAL = re.compile(r"([\\`*|<\[\]])")


def markdown_table(evaluation: Evaluation, digits: int | None) -> Iterator[bytes]:
    """A pipe table; by rows and for a Jacobian one line a number, with its row and place (from 1)."""
    rows = 0
    for x, y in pieces(evaluation, _LINES_AT_ONCE):
        if not rows:
            yield _head(evaluation, y).encode("utf-8", "backslashreplace")
        texts = cells.columns(x, y, np.arange(cells.lines(x, y)), rows)
        if digits is not None:
            for place in range(cells.places(y), len(texts)):
                texts[place] = [rounded(token, digits) for token in texts[place]]
        yield "".join(f"| {' | '.join(line)} |\n" for line in zip(*texts, strict=True)).encode()
        rows += len(y)


def _head(evaluation: Evaluation, y: Array) -> str:
    title, names = cells.headings(evaluation, y)
    above = f"{_escaped(title)}\n\n" if title else ""
    return f"{above}| {' | '.join(map(_escaped, names))} |\n|{' ---: |' * len(names)}\n"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
