"""A mistake in a formula: one sentence with the column, and a pointer to the place."""

import unicodedata

from actcli.exits import UsageError

_SHOWN = 60
"""Characters of a long formula that are shown around the mistake."""


class FormulaError(UsageError):
    """A text that is no formula.

    Attributes:
        sentence: what is wrong and what would be right.
        column: where the mistake begins, counted from 0.
        pointer: two lines for a person: the formula, or the part around the mistake, and a caret below it.

    """

    def __init__(self, sentence: str, text: str, column: int, width: int = 1) -> None:
        self.sentence = sentence
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        super().__init__(f"{shown}: column {column + 1}: {sentence}")
        self.column = column
        self.pointer = _pointer(text, column, width)

    @classmethod
    def at_span(cls, sentence: str, text: str, span: tuple[int, int]) -> "FormulaError":
        """Return the error that points at the columns of a node."""
        return cls(sentence, text, span[0], span[1] - span[0])


def _pointer(text: str, column: int, width: int) -> tuple[str, str]:
    """Return the part of the text around the mistake, and a line with carets below it."""
    start = max(0, min(column - _SHOWN // 2, len(text) - _SHOWN))
    # what does not print takes one column here, so that the caret stays below its character
    part = "".join(c if c.isprintable() else "·" for c in text[start : start + _SHOWN])
    at = column - start
    return part, " " * _columns(part[:at]) + "^" * max(1, _columns(part[at : at + width]))


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.category(c) in {"Mn", "Me"} else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
