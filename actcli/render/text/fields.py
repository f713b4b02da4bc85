"""A value as the text of one field, as programs read it from CSV, TSV and plain lines."""

from typing import Any

from actcli.analysis.card.landmarks import Interval
from actcli.render.text.notation import union


def field_text(value: Any) -> str:
    """Return the value's text: blank for None, yes or no, a number to its last bit, `(-inf, 0.0]` for an interval.

    The entries of a list, and of a dictionary as `key=value`, are separated by blanks.
    """
    kind = type(value)  # first, since a match asks one class after the other, for millions of values
    if kind is str or kind is int or kind is float:
        return str(value)
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case [Interval(), *_]:
            return union(value)
        case list() | tuple():
            return " ".join(map(str, value))
        case dict():
            return " ".join(key if inner is None else f"{key}={inner!r}" for key, inner in value.items())
        case _:
            return str(value)
