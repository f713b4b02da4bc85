"""Results as a Markdown table with all rows, written as they come."""

from collections.abc import Iterator

import numpy as np

from actcli.analysis.stream.evaluation import Evaluation
from actcli.render.text.digits import round_decimal
from actcli.render.text.markdown import escape_markdown, markdown_head
from actcli.render.values.columns import column_texts, headings, index_columns, line_count
from actcli.render.values.lines import pieces

_LINES_AT_ONCE = 1 << 13


def stream_markdown(evaluation: Evaluation, digits: int | None) -> Iterator[bytes]:
    """Yield a pipe table; by rows and for a Jacobian one line per number, with its row and place (from 1)."""
    rows = 0
    for x, y in pieces(evaluation, _LINES_AT_ONCE):
        if not rows:
            title, names = headings(evaluation, y)
            above = f"{escape_markdown(title)}\n\n" if title else ""
            yield (above + markdown_head(names, "---:")).encode()
        # a piece has at least one row, whose Jacobian may have millions of numbers
        lines = line_count(x, y)
        for start in range(0, lines, _LINES_AT_ONCE):
            texts = column_texts(x, y, np.arange(start, min(start + _LINES_AT_ONCE, lines)), rows)
            if digits is not None:
                for place in range(index_columns(y), len(texts)):
                    texts[place] = [round_decimal(token, digits) for token in texts[place]]
            yield "".join(f"| {' | '.join(line)} |\n" for line in zip(*texts, strict=True)).encode()
        rows += len(y)
