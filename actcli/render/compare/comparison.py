"""A comparison as output: a line a contender for programs, JSON with all details, a screen for a person."""

from dataclasses import dataclass
from typing import Any

from actcli.analysis.compare.result import Column, Comparison, Contender, Value, best
from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text import notation
from actcli.render.text.cells import printable
from actcli.render.text.documents import delimited, json_text, markdown, refuse_arrays, write_document
from actcli.terminal import Terminal

DIGITS = 5
"""Significant digits for the eye."""
_PLAIN = 1e7
"""Whole numbers below are written out."""
_MOST_NAMED = 8
BEST = ("◂", "*")
"""What stands behind the best value; and in ASCII."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is written.

    Attributes:
        comparison: the findings.
        complete: whether nothing is missing.
        chart: the text that a table has below it; without one blank.

    """

    comparison: Comparison
    complete: bool = True
    chart: str = ""


def write_comparison(page: Page, layout: Layout, terminal: Terminal) -> None:
    """Write it as the layout says. Raises UsageError for .npy and .npz, DataError when it cannot be written."""
    refuse_arrays(layout, "a comparison")
    write_document(_text(page, layout, terminal), layout, terminal)


def write_winner(comparison: Comparison, column: Column, terminal: Terminal) -> None:
    """The specification of the best contender; the first named where several are, and stderr says so.

    Raises DataError when no contender has a value in the column.
    """
    known = [c for c in comparison.contenders if comparable(c.value(column.name))]
    if not known:
        raise DataError(f"no contender has a number in the column {column.name}, so none is the best")
    # without a best one they are all equal
    winners = [comparison.contenders[place] for place in best(comparison, column)] or known
    write_document(f"{winners[0].function}\n", Layout("plain", None), terminal)
    if len(winners) > 1:
        names = ", ".join(printable(winner.function) for winner in winners[:_MOST_NAMED])
        names += f" and {len(winners) - _MOST_NAMED} more" if len(winners) > _MOST_NAMED else ""
        terminal.say(f"actcli: {len(winners)} tie for the best {column.name}, the first is printed: {names}")


def comparable(value: Value) -> bool:
    """Whether a value is a number that can be better than another."""
    return isinstance(value, bool | int | float) and value == value  # noqa: PLR0124 - nan is not itself


def shown(value: Value, digits: int | None) -> str:
    """A value for the eye: 0.81831, ∞, yes, `x ≤ 0`; – where there is none."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if digits is None and value.is_integer() and abs(value) < _PLAIN:
            return f"{value + 0.0:,.0f}"
        case float():
            return notation.number(value, digits or DIGITS)
        case tuple():
            return notation.region(value, digits or DIGITS)
        case _:
            return printable(value)


def heading(column: Column) -> str:
    """The column's heading with its unit."""
    return f"{column.heading}, {column.unit}" if column.unit else column.heading


def full_heading(column: Column) -> str:
    """The heading with its group in front, where it has one."""
    return f"{column.group} {heading(column)}" if column.group else heading(column)


def _text(page: Page, layout: Layout, terminal: Terminal) -> str:
    comparison = page.comparison
    match layout.format:
        case "table":
            from actcli.render.compare.comparison_screen import comparison_screen

            surface = Surface.of(terminal, to_file=layout.path is not None)
            return comparison_screen(comparison, surface, layout.digits, page.chart)
        case "json":
            return json_text(_document(page), indented=True)
        case "jsonl":
            return "".join(json_text(_record(c, comparison), indented=False) for c in comparison.contenders)
        case "markdown":
            return markdown(_beside_each_other(comparison, layout.digits))
        case form:
            return delimited(_lines(comparison), form)


def _document(page: Page) -> dict[str, Any]:
    comparison = page.comparison
    document: dict[str, Any] = {
        "by": comparison.by,
        "seed": comparison.seed,
        "columns": [
            {
                "name": column.name,
                "heading": column.heading,
                "better": column.better,
                "group": column.group or None,
                "unit": column.unit or None,
            }
            for column in comparison.columns
        ],
        "contenders": [_record(contender, comparison) for contender in comparison.contenders],
        # on what data, for how long: without it the numbers of a training cannot be read
        "notes": list(map(printable, comparison.notes)),
    }
    return document if page.complete else {**document, "complete": False}


def _record(contender: Contender, comparison: Comparison) -> dict[str, Any]:
    """A contender with every column, and every detail below its name."""
    return {
        "function": contender.function,
        **{column.name: contender.value(column.name) for column in comparison.columns},
        **{name: [dict(record) for record in records] for name, records in contender.details.items()},
    }


def _lines(comparison: Comparison) -> list[list[str]]:
    """The names of the columns, then a line a contender, every number to its last bit."""
    names = [column.name for column in comparison.columns]
    return [
        ["function", *names],
        *([c.function, *(_field(c.value(name)) for name in names)] for c in comparison.contenders),
    ]


def _field(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case tuple():
            return notation.union(value)
        case _:
            return str(value)


def _beside_each_other(comparison: Comparison, digits: int | None) -> list[list[str]]:
    """A row a column, a contender beside the other; the best of a row are marked."""
    rows = [["", *(printable(contender.function) for contender in comparison.contenders)]]
    for column in comparison.columns:
        winners = best(comparison, column)
        cells = [shown(c.value(column.name), digits) for c in comparison.contenders]
        marked = [f"{text} {BEST[0]}" if i in winners else text for i, text in enumerate(cells)]
        rows.append([full_heading(column), *marked])
    return rows
