"""Results as a table that grows: a heading, then each line as soon as its number is there."""

from collections.abc import Iterator, Sequence

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.render.output.surface import Surface, number_style
from actcli.render.text.digits import MOST_DIGITS, round_decimal, split_at_point
from actcli.render.values.columns import column_texts, headings, index_columns, line_count

_LINES_AT_ONCE = 1 << 12
_PLACE_WIDTH = 5
# From its point on a float64 has up to 22 characters, .2250738585072014e-308.
_FRACTION_WIDTH = 22
_WIDEST_NUMBER = 8 + _FRACTION_WIDTH
_CODES = {"dim": "2", "yellow": "33", "bold": "1"}


def live_table(evaluation: Evaluation, surface: Surface, digits: int | None) -> Iterator[bytes]:
    """The table of a live stream: its widths are settled beforehand, from the width of the surface."""
    rows = 0
    headed = False
    for x, y in evaluation.blocks:
        places = index_columns(y)
        numbers = 1 if y.ndim == 3 else 2
        width = _number_width(surface.width, places, numbers)
        widths = [_PLACE_WIDTH] * places + [width] * numbers
        if not headed:
            yield surface.encoded(_live_heading(evaluation, y, widths, surface.color))
            headed = True
        count = line_count(x, y)
        for start in range(0, count, _LINES_AT_ONCE):
            at = np.arange(start, min(start + _LINES_AT_ONCE, count))
            texts = column_texts(x, y, at, rows)
            for place in range(places, places + numbers):
                texts[place] = [_in_field(token, width, digits) for token in texts[place]]
            yield surface.encoded(_live_lines(texts, widths, places, surface.color))
        rows += len(y)


def _number_width(width: int, places: int, numbers: int) -> int:
    room = width - places * (_PLACE_WIDTH + 2)
    return min(_WIDEST_NUMBER, max(8, (room + 2) // numbers - 2))


def _live_heading(evaluation: Evaluation, y: Array, widths: Sequence[int], color: bool) -> str:
    title, names = headings(evaluation, y, widths[-1])
    places = index_columns(y)
    line = "  ".join(
        name.rjust(width) if place < places else _above_points(name, width)
        for place, (name, width) in enumerate(zip(names, widths, strict=True))
    ).rstrip()
    return "".join(_painted(text, "bold" if color else "") + "\n" for text in (title, line) if text)


def _live_lines(texts: list[list[str]], widths: Sequence[int], places: int, color: bool) -> str:
    lines = []
    for line in zip(*texts, strict=True):
        fields = [text.rjust(width) for text, width in zip(line, widths, strict=True)]
        if color:
            fields = [
                _painted(text, number_style(text.strip(), is_place=place < places))
                for place, text in enumerate(fields)
            ]
        lines.append("  ".join(fields).rstrip() + "\n")
    return "".join(lines)


def _in_field(token: str, width: int, digits: int | None) -> str:
    """The number with its point where all have it; one with a long integer part begins where the field does."""
    text = round_decimal(token, digits)
    before = _width_before_point(width)
    fewer = MOST_DIGITS
    while (shown := _at_point(text, before)) and len(shown) > width and fewer > 1:
        fewer -= 1
        text = round_decimal(token, fewer)
    return shown.ljust(width)


def _at_point(text: str, before: int) -> str:
    integer, fraction = split_at_point(text)
    return integer.rjust(before) + fraction


def _above_points(name: str, width: int) -> str:
    """The heading of a number's field, near where the numbers stand."""
    return name.rjust(_width_before_point(width) + 2).ljust(width)


def _width_before_point(width: int) -> int:
    return max(4, width - _FRACTION_WIDTH)


def _painted(text: str, style: str) -> str:
    if not style:
        return text
    bare = text.strip()
    return text.replace(bare, f"\x1b[{_CODES[style]}m{bare}\x1b[0m")  # the padding can then be stripped
