"""Results as a table that grows: a heading, then each line as soon as its number is there."""

from collections.abc import Iterator, Sequence

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.output.surface import Surface, number_style
from actcli.render.table.fit import GAP
from actcli.render.text.digits import MOST_DIGITS, round_decimal, split_at_point
from actcli.render.values.columns import column_texts, headings, index_columns, line_count

_LINES_AT_ONCE = 1 << 12
_INDEX_WIDTH = 5
# From its point on a float64 has up to 22 characters, .2250738585072014e-308.
_FRACTION_WIDTH = 22
_WIDEST_NUMBER = 8 + _FRACTION_WIDTH


def live_table(evaluation: Evaluation, surface: Surface, digits: int | None) -> Iterator[bytes]:
    """Yield the table of a live stream; the widths of its columns follow from the width of the surface alone."""
    rows = 0
    headed = False
    for x, y in evaluation.blocks:
        indices = index_columns(y)
        numbers = 1 if y.ndim == 3 else 2
        width = _number_width(surface.width, indices, numbers)
        widths = [_INDEX_WIDTH] * indices + [width] * numbers
        if not headed:
            yield surface.encoded(_heading(evaluation, y, widths, surface))
            headed = True
        count = line_count(x, y)
        for start in range(0, count, _LINES_AT_ONCE):
            at = np.arange(start, min(start + _LINES_AT_ONCE, count))
            texts = column_texts(x, y, at, rows)
            for place in range(indices, indices + numbers):
                texts[place] = [_in_field(token, width, digits) for token in texts[place]]
            yield surface.encoded(_lines(texts, widths, indices, surface))
        rows += len(y)


def _number_width(width: int, indices: int, numbers: int) -> int:
    room = width - indices * (_INDEX_WIDTH + GAP)
    return min(_WIDEST_NUMBER, max(8, (room + GAP) // numbers - GAP))


def _heading(evaluation: Evaluation, y: Array, widths: Sequence[int], surface: Surface) -> str:
    title, names = headings(evaluation, y, widths[-1])
    indices = index_columns(y)
    line = (" " * GAP).join(
        name.rjust(width) if place < indices else _above_points(name, width)
        for place, (name, width) in enumerate(zip(names, widths, strict=True))
    )
    return "".join(_paint(text, "bold", surface) + "\n" for text in (title, line.rstrip()) if text)


def _lines(texts: list[list[str]], widths: Sequence[int], indices: int, surface: Surface) -> str:
    lines = []
    for line in zip(*texts, strict=True):
        fields = [text.rjust(width) for text, width in zip(line, widths, strict=True)]
        if surface.color:
            fields = [
                _paint(text, number_style(text.strip(), is_index=place < indices), surface)
                for place, text in enumerate(fields)
            ]
        lines.append((" " * GAP).join(fields).rstrip() + "\n")
    return "".join(lines)


def _in_field(token: str, width: int, digits: int | None) -> str:
    """Return the number with its point where all have it; a long integer part begins where the field does."""
    text = round_decimal(token, digits)
    before = _width_before_point(width)
    fewer = MOST_DIGITS
    while (field := _at_point(text, before)) and len(field) > width and fewer > 1:
        fewer -= 1
        text = round_decimal(token, fewer)
    return field.ljust(width)


def _at_point(text: str, before: int) -> str:
    integer, fraction = split_at_point(text)
    return integer.rjust(before) + fraction


def _above_points(name: str, width: int) -> str:
    """Return the heading of a number's field, near where the numbers stand."""
    return name.rjust(_width_before_point(width) + 2).ljust(width)


def _width_before_point(width: int) -> int:
    return max(4, width - _FRACTION_WIDTH)


def _paint(text: str, style: str, surface: Surface) -> str:
    if not surface.color or not style:
        return text
    bare = text.strip()
    return text.replace(bare, surface.colors.paint(bare, style))  # the padding can then be stripped
