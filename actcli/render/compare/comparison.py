"""A comparison as output: one line per contender for programs, JSON with all details, a table for a person."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actcli.analysis.compare.result import Column, Comparison, Contender, best, comparable
from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.render.compare.cells import beside_each_other
from actcli.render.output.documents import in_utf8, json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.delimited import delimited_text
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal, printable

if TYPE_CHECKING:
    from actcli.render.figure.lettering import Lettering

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A comparison to write.

    Attributes:
        comparison: the result.
        complete: whether the comparison ran to its end.
        chart: text to show below the table; blank without a chart.
        lettering: the texts on the chart of an HTML page.
        command: the command line that made it.
        spoken: whether the answer and the warnings go to stderr where the format has no place for them.

    """

    comparison: Comparison
    complete: bool = True
    chart: str = ""
    lettering: "Lettering | None" = None
    command: str = ""
    spoken: bool = True


def write_comparison(page: Page, layout: Layout, terminal: Terminal) -> None:
    """Write the comparison as the layout says; warnings, and the answer of a piped table, go to stderr.

    Raises UsageError for .npy and .npz, DataError when the output cannot be written.
    """
    refuse_arrays(layout, "a comparison")
    comparison = page.comparison
    piped = layout.is_piped_table(terminal)
    shown = replace(comparison, answer="") if piped else comparison
    write_document(_text(replace(page, comparison=shown), layout, terminal), in_utf8(layout), terminal)
    if layout.format in {"json", "jsonl"} or not page.spoken:
        return
    for warning in comparison.warnings:
        terminal.say(f"actcli: {printable(warning)}")
    if comparison.answer and (piped or layout.format != "table"):
        terminal.say(layout.as_remark(printable(comparison.answer)))


def write_winner(comparison: Comparison, column: Column, terminal: Terminal) -> None:
    """Write the specification of the best contender; where several tie, the first, and stderr names them.

    Raises DataError when no contender has a value in the column.
    """
    candidates = [c for c in comparison.contenders if comparable(c.value(column.name)) is not None]
    if not candidates:
        raise DataError(f"no contender has a number in the column {column.name}, so none is the best")
    # none is the best where all are equal
    winners = [comparison.contenders[i] for i in best(comparison, column)] or candidates
    write_document(f"{winners[0].function}\n", Layout("plain", None), terminal)
    if len(winners) > 1:
        names = ", ".join(printable(winner.function) for winner in winners[:_MOST_NAMED])
        names += f" and {len(winners) - _MOST_NAMED} more" if len(winners) > _MOST_NAMED else ""
        terminal.say(f"actcli: {len(winners)} tie for the best {column.name}, the first is printed: {names}")


def _text(page: Page, layout: Layout, terminal: Terminal) -> str:
    comparison = page.comparison
    match layout.format:
        case "junit":
            from actcli.render.compare.junit import junit

            return junit(comparison)
        case "html":
            from actcli.render.compare.page import comparison_page

            surface = Surface.of(terminal, to_file=True)
            return comparison_page(comparison, page.command, surface, layout.digits, page.lettering)
        case "table":
            from actcli.render.compare.comparison_screen import comparison_screen

            surface = Surface.of(terminal, to_file=layout.path is not None)
            return comparison_screen(comparison, surface, layout.digits, page.chart)
        case "json":
            return json_document(_document(page))
        case "jsonl":
            return "".join(json_line(_record(c, comparison)) for c in comparison.contenders)
        case "markdown":
            return markdown_table(beside_each_other(comparison, layout.digits))
        case form:
            return delimited_text(_lines(comparison), form)


def _document(page: Page) -> dict[str, Any]:
    comparison = page.comparison
    document: dict[str, Any] = {
        "by": comparison.by,
        "seed": comparison.seed,
        **({"settings": dict(comparison.settings)} if comparison.settings else {}),
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
        "answer": printable(comparison.answer),
        # the numbers mean nothing without the data and the conditions they were measured under
        "notes": list(map(printable, (*comparison.warnings, *comparison.notes))),
    }
    return document if page.complete else {**document, "complete": False}


def _record(contender: Contender, comparison: Comparison) -> dict[str, Any]:
    """Return a contender with every column, and every detail by its name."""
    return {
        "function": contender.function,
        **({"approximate": True} if contender.approximate else {}),
        **{column.name: contender.value(column.name) for column in comparison.columns},
        **{name: [dict(record) for record in records] for name, records in contender.details.items()},
    }


def _lines(comparison: Comparison) -> list[list[str]]:
    """Return the column names, then one line per contender with every digit of its numbers."""
    names = [column.name for column in comparison.columns]
    return [
        ["function", *names],
        *([c.function, *(field_text(c.value(name)) for name in names)] for c in comparison.contenders),
    ]
