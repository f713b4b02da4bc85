"""Fitting a table to a width: the one place that measures columns, splits, shortens and aligns them.

Widths are terminal columns as Rich counts them: a CJK character takes two, a combining accent none.
"""

from collections.abc import Iterable, Sequence

from actcli.render.text.digits import round_decimal, significant_digits, split_at_point

GAP = 2
"""Blanks between two columns of a table without a frame."""


def text_width(text: str) -> int:
    """Return the width of a text's widest line."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def column_width(texts: Iterable[str]) -> int:
    """Return the width of the widest text; 0 where there is none."""
    return max(map(text_width, texts), default=0)


def table_width(widths: Sequence[int]) -> int:
    """Return the width of a table with columns of these widths and no frame."""
    return sum(widths) + GAP * (len(widths) - 1)


def split_columns(widths: Sequence[int], room: int, *, repeated: int = 1) -> list[list[int]]:
    """Return the columns of each of the tables that it takes to fit into `room`.

    The first `repeated` columns, which name the rows, stand in every table. A table has at least one other column,
    even where that is too wide.
    """
    names = list(range(repeated))
    tables: list[list[int]] = []
    used = 0
    for place in range(repeated, len(widths)):
        used += GAP + widths[place]
        if not tables or used > room:
            tables.append(names.copy())
            used = table_width([*widths[:repeated], widths[place]])
        tables[-1].append(place)
    return tables or [names]


def pad(text: str, width: int, *, left: bool = False) -> str:
    """Return the text filled up with blanks to a width; `left`: flush left."""
    blanks = " " * (width - text_width(text))
    return text + blanks if left else blanks + text


def cut_end(text: str, room: int, ellipsis: str) -> str:
    """Return the text, or as much of its beginning as fits into `room` columns, with an ellipsis."""
    from rich.cells import set_cell_size

    if text_width(text) <= room:
        return text
    return set_cell_size(text, room - len(ellipsis)).rstrip() + ellipsis


def cut_middle(text: str, room: int, ellipsis: str) -> str:
    """Return the text, or its beginning and end with an ellipsis between; two thirds of what stays are its end."""
    from rich.cells import set_cell_size

    if text_width(text) <= room:
        return text
    tail = (room - len(ellipsis)) * 2 // 3
    end = text[-tail:]
    while text_width(end) > tail:
        end = end[1:]
    return set_cell_size(text, room - len(ellipsis) - text_width(end)).rstrip() + ellipsis + end


def fit_decimals(columns: Sequence[Sequence[str]], least: Sequence[int], room: int) -> list[list[str]]:
    """Return columns of decimals, each aligned at the decimal points, made to fit together into `room`.

    `least` are the widths of the headings. The widest column loses a digit first. Where one digit each is still too
    wide, the result is too wide: a number is never cut.
    """
    digits = [max(map(significant_digits, column), default=0) for column in columns]
    aligned = [align_at_points(column) for column in columns]
    while sum(map(max, _widths(aligned), least)) > room:
        widths = _widths(aligned)
        reducible = [i for i, width in enumerate(widths) if digits[i] > 1 and width > least[i]]
        if not reducible:
            break
        widest = max(reducible, key=widths.__getitem__)
        digits[widest] -= 1
        aligned[widest] = align_at_points([round_decimal(token, digits[widest]) for token in columns[widest]])
    return aligned


def align_at_points(tokens: Sequence[str]) -> list[str]:
    """Return the decimals padded to one width, so that their points stand below each other."""
    parts = [split_at_point(token) for token in tokens]
    before = max((len(integer) for integer, _ in parts), default=0)
    after = max((len(fraction) for _, fraction in parts), default=0)
    return [integer.rjust(before) + fraction.ljust(after) for integer, fraction in parts]


def _widths(columns: Sequence[Sequence[str]]) -> list[int]:
    return [len(column[0]) if column else 0 for column in columns]
