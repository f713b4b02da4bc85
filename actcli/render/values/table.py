"""Results as a table for a person: fitted to the width, and without its middle when it is long."""

import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.exits import ActcliError
from actcli.render.output.surface import Surface, console, number_style
from actcli.render.table.fit import column_width, fit_decimals, pad, text_width
from actcli.render.text.digits import round_decimal
from actcli.render.values.columns import column_texts, headings, index_columns, line_count
from actcli.render.values.live_table import live_table

if TYPE_CHECKING:
    from rich.table import Table

_HEAD = 30
_TAIL = 10
_FRAME = 3
"""Characters that a column's frame and padding take; the table's last line adds one."""


def table(evaluation: Evaluation, surface: Surface, digits: int | None) -> Iterator[bytes]:
    """Yield the table of one evaluation: its head and tail in a box, or every line as it comes when it is live.

    When the input fails, the table of what came before is yielded first.
    """
    if evaluation.live and surface.live:
        yield from live_table(evaluation, surface, digits)
        return
    excerpt = _Excerpt()
    try:
        for x, y in evaluation.blocks:
            excerpt.take(x, y)
    except ActcliError:
        yield _boxed_table(evaluation, excerpt, surface, digits)
        raise
    yield _boxed_table(evaluation, excerpt, surface, digits)


@dataclass(slots=True)
class _Excerpt:
    """The first and the last lines of a long table, as texts, and how many lines it has."""

    sample: Array | None = None
    lines: int = 0
    rows: int = 0
    head: list[tuple[str, ...]] = field(default_factory=list)
    tail: deque[tuple[str, ...]] = field(default_factory=lambda: deque(maxlen=_TAIL))

    def take(self, x: Array, y: Array) -> None:
        """Keep the visible lines of one block."""
        count = line_count(x, y)
        if not count:
            return
        self.sample = y[:0]
        # As many lines as a table without a gap has; only their last ones when more follow.
        head = min(count, max(0, _HEAD + _TAIL - self.lines))
        at = np.arange(head)
        self.head += zip(*column_texts(x, y, at, self.rows), strict=True)
        at = np.arange(max(head, count - _TAIL), count)
        self.tail.extend(zip(*column_texts(x, y, at, self.rows), strict=True))
        self.lines += count
        self.rows += len(y)

    @property
    def hidden(self) -> int:
        return max(0, self.lines - _HEAD - _TAIL)

    def visible_lines(self) -> list[tuple[str, ...]]:
        """Return the visible lines in order; the hidden ones come after the first 30."""
        if not self.hidden:
            return self.head
        return self.head[:_HEAD] + [*self.head[_HEAD:], *self.tail][-_TAIL:]


def _boxed_table(evaluation: Evaluation, excerpt: _Excerpt, surface: Surface, digits: int | None) -> bytes:
    """Return the table as text; nothing at all where there is no number."""
    if excerpt.sample is None:
        return b""
    from rich.text import Text

    title, names = headings(evaluation, excerpt.sample)
    indices = index_columns(excerpt.sample)
    columns = _fit_columns(excerpt, names, indices, surface.width, digits)
    page = io.StringIO()
    # Wider than the surface only where even one digit per number does not fit: nothing is cut then either.
    width = sum(column_width(column) + _FRAME for column in columns) + 1
    printer = console(page, max(surface.width, width), surface)
    if title:
        printer.print(Text(title, "bold"))
    printer.print(_rich_table(names, columns, indices, _HEAD if excerpt.hidden else None, surface))
    if excerpt.hidden:
        printer.print(Text(f"{excerpt.hidden:,} rows not shown; -o FILE or --format plain gives all", "dim"))
    return surface.encoded(page.getvalue())


def _fit_columns(
    excerpt: _Excerpt, names: Sequence[str], indices: int, width: int, digits: int | None
) -> list[list[str]]:
    """Return the columns' texts, numbers with as many digits as fit, each column padded to one width."""
    columns = [list(column) for column in zip(*excerpt.visible_lines(), strict=True)]
    least = [text_width(name) for name in names]
    numbers = [[round_decimal(token, digits) for token in column] for column in columns[indices:]]
    room = width - sum(map(max, map(column_width, columns[:indices]), least)) - _FRAME * len(names) - 1
    columns[indices:] = fit_decimals(numbers, least[indices:], room)
    widths = map(max, map(column_width, columns), least)
    return [[pad(text, wide) for text in column] for column, wide in zip(columns, widths, strict=True)]


def _rich_table(
    names: Sequence[str], columns: Sequence[Sequence[str]], indices: int, gap: int | None, surface: Surface
) -> "Table":
    """Return the Rich table, with an ellipsis before line `gap`.

    The texts come padded: Rich would strip the blanks that keep the points below each other.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED if surface.unicode else box.ASCII2, safe_box=False, border_style="dim")
    for name in names:
        table.add_column(Text(name, "bold", justify="right"), no_wrap=True)
    ellipsis = Text(surface.ellipsis, "dim", justify="right")
    for number, line in enumerate(zip(*columns, strict=True)):
        if number == gap:
            table.add_row(*[ellipsis] * len(names))
        styles = (number_style(text.strip(), is_index=place < indices) for place, text in enumerate(line))
        table.add_row(*(Text(text, style) for text, style in zip(line, styles, strict=True)))
    return table
