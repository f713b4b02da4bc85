"""A comparison as one HTML file: the answer, the table, charts, details, and the command that made it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from actcli.analysis.compare.result import Comparison, Contender, Record
from actcli.exits import ActcliError
from actcli.render.compare.cells import BEST, beside_each_other, heading, value_text, visible_columns
from actcli.render.compare.comparison_chart import chart_part
from actcli.render.figure.html_page import html_page, html_table, html_text, section
from actcli.render.figure.lettering import Lettering
from actcli.render.output.surface import Surface
from actcli.terminal import printable

_MOST_BESIDE = 6
"""Contenders that stand beside each other; more of them stand below each other."""
_MOST_RECORDS = 300


def comparison_page(
    comparison: Comparison, command: str, surface: Surface, digits: int | None, lettering: Lettering | None
) -> str:
    """Return the whole page, which loads nothing from elsewhere.

    `surface` has the theme of the chart, and `lettering` its texts, of which the title is the page's.
    """
    lettering = lettering or Lettering()
    title = lettering.title or f"actcli compare: {_way(comparison)}"
    names = ", ".join(contender.function for contender in comparison.contenders)
    body = "".join(
        (
            f"<h1>{html_text(title)}</h1>\n",
            f'<p class="lead">{html_text(comparison.answer)}</p>\n' if comparison.answer else "",
            *(f"<p>{html_text(warning)}</p>\n" for warning in comparison.warnings),
            section("Measurements", html_table(_table(comparison, digits), best=f" {BEST}")),
            section("Chart", _chart(comparison, surface, replace(lettering, title=""))),
            *(_details(comparison.contenders, name, digits) for name in comparison.shown),
            section("Command", f"<pre>{html_text(command)}</pre>"),
            _foot(comparison),
        )
    )
    theme = surface.colors
    return html_page(lettering.title or f"{names}: {_way(comparison)}", body, theme.inks, theme.night)


def _table(comparison: Comparison, digits: int | None) -> list[list[str]]:
    """Return a row per quantity, below the names of their groups; of many contenders a row per contender."""
    head, *rows = beside_each_other(comparison, digits)
    if len(head) > 1 + _MOST_BESIDE:
        return [list(column) for column in zip(head, *rows, strict=True)]
    table, group = [head], ""
    for column, (_, *cells) in zip(visible_columns(comparison), rows, strict=True):
        if column.group != group:
            group = column.group
            table += [[group]] if group else []
        table.append([heading(column), *cells])
    return table


def _way(comparison: Comparison) -> str:
    return "summary" if comparison.by == "summary" else f"by {comparison.by}"


def _chart(comparison: Comparison, surface: Surface, lettering: Lettering) -> str:
    """Return the chart, or why there is none where this way to compare has one."""
    if comparison.chart is None:
        return ""
    try:
        return chart_part(comparison, surface, lettering)
    except ActcliError as nothing:
        said = str(nothing).removeprefix("--plot: ").replace("--plot draws", "a chart draws")
        return f'<p class="muted">{html_text(said)}</p>'


def _details(contenders: Sequence[Contender], name: str, digits: int | None) -> str:
    """Return one detail of all contenders that have it, a table each."""
    parts = []
    for contender in contenders:
        records = contender.details.get(name)
        if records:
            parts.append(f"<h3>{html_text(contender.function)}</h3>\n")
            parts.append(html_table(list(_rows(records, digits))))
            cut = len(records) - _MOST_RECORDS
            parts.append(f'<p class="muted">and {cut:,} more; JSON has them all</p>\n' if cut > 0 else "")
    return section(name.replace("_", " ").capitalize(), *parts)


def _rows(records: Sequence[Record], digits: int | None) -> Iterator[list[str]]:
    yield [key.replace("_", " ") for key in records[0]]
    for record in records[:_MOST_RECORDS]:
        yield [printable(value_text(value, digits)) for value in record.values()]


def _foot(comparison: Comparison) -> str:
    seed = () if comparison.seed is None else (f"Seed {comparison.seed}.",)
    notes = "".join(f"<p>{html_text(note)}</p>\n" for note in (*comparison.notes, *seed))
    return f"<footer>{notes}</footer>\n" if notes else ""
