"""A timeline for a person: a chart and a table of the dead shares by epoch, the units that died, one sentence."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from actcli.activations.distinct import distinct
from actcli.analysis.timeline.course import LayerCourse, RunCourse, UnitCourse
from actcli.render.deadness.change import change_lines
from actcli.render.deadness.findings import View
from actcli.render.deadness.table import print_change
from actcli.render.deadness.wording import percent
from actcli.render.output.surface import Surface, console
from actcli.render.table.fit import table_width
from actcli.render.table.grid import GridColumn, draw_grid, in_script
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import number, quantity, thousands
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.sentences import evidence_text, timeline_sentences
from actcli.render.timeline.series import shares_figure
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console

MOST_LAYERS = 15
"""Rows of the table by layer."""
MOST_UNITS = 200
"""Rows of the table by unit; 100,000 would take minutes to draw."""
_ROOMS = (32, 24, 18, 12)
_CHART_LINES, _FEWEST_CHART_LINES = 12, 8
_LINES_BESIDES = 10
"""Lines of the table without its rows, and of the sentences."""
_NARROWEST, _WIDEST = 60, 120
_FEWEST_EPOCHS = 4


def timeline_screen(
    findings: TimelineFindings, view: View, surface: Surface, lines: int | None = None
) -> str:
    """Return the page for a person, in the surface's width, characters and colours.

    lines: the lines that there are at most, for a page that is redrawn in place: then layers give way.
    """
    from rich.text import Text

    course, script = findings.course, in_script(surface)
    page = io.StringIO()
    printer = console(page, surface.width, surface)
    printer.print(Text(script(_title(findings))))
    height = _CHART_LINES if lines is None else min(_CHART_LINES, lines // 3)
    chart = chart_text(course, surface, height) if height >= _FEWEST_CHART_LINES else ""
    page.write("\n" + chart if chart else "")
    room = None if lines is None else max(1, lines - page.getvalue().count("\n") - _LINES_BESIDES)
    if any(layer.counts.any() for layer in course.layers):
        printer.print(Text("\nDead units by epoch, %", "bold"))
        page.write(_layers_table(course, surface, min(MOST_LAYERS, room or MOST_LAYERS)))
    if view.units:
        _print_units(printer, course, surface)
    if findings.last.report.change is not None and change_lines(findings.last.report.change):
        print_change(printer, findings.last.report, surface)
    for i, sentence in enumerate(timeline_sentences(findings) if view.sentences else ()):
        printer.print(
            Text(script(sentence if i else f"\n{sentence}"), "" if i else "bold"), width=surface.width
        )
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def epochs_that_fit(count: int, room: int, wanted: int | None = None) -> list[int]:
    """Return the places of at most `room` of `count` epochs: the first, the last, and evenly between.

    wanted: a place that is among them in any case.
    """
    if count <= room:
        return list(range(count))
    chosen = distinct(np.round(np.linspace(0, count - 1, max(room, 2))).astype(int)).tolist()
    if wanted is not None and wanted not in chosen and len(chosen) > 2:
        inner = chosen[1:-1]
        chosen[1 + int(np.argmin([abs(place - wanted) for place in inner]))] = wanted
    return sorted(chosen)


def chart_text(course: RunCourse, surface: Surface, height: int = _CHART_LINES) -> str:
    """Return a chart of the dead shares by epoch; blank if no unit was ever dead, or there is one epoch."""
    from actcli.render.figure.figure_text import Style, figure_text, lines_of_key

    figure = shares_figure(course)
    if figure is None:
        return ""
    style = Style(
        width=min(max(surface.width, _NARROWEST), _WIDEST),
        height=height,
        marker="braille" if surface.unicode else "ascii",
        color=surface.color,
        theme=surface.colors,
        axis="epoch",
        whole=True,
    )
    return figure_text(figure, replace(style, height=height + lines_of_key(figure, style)))


def table_rows(
    course: RunCourse, places: list[int] | None = None, most: int | None = None
) -> list[list[str]]:
    """Return a header and one row per layer, the worst first, and one for all, for Markdown and HTML.

    places: those of the epochs; None for all. most: the number of layers; None for all.
    """
    places = list(range(len(course.timeline.epochs))) if places is None else places
    columns = _columns(course, course.worst_first()[:most], places)
    return [[heading, *texts] for heading, *texts in zip(*columns, strict=True)] if columns else []


def unit_rows(units: Sequence[UnitCourse]) -> list[list[str]]:
    """Return a header and a row of texts per unit."""
    rows = [
        [
            printable(unit.layer),
            str(unit.unit),
            unit.fate,
            str(unit.died),
            "" if unit.revived is None else str(unit.revived),
            str(unit.epochs),
            "" if unit.p_value is None else number(unit.p_value, 2) if unit.p_value else "< 1e-300",
        ]
        for unit in units
    ]
    return [["layer", "unit", "fate", "died", "revived", "epochs dead", "p-value"], *rows]


def _title(findings: TimelineFindings) -> str:
    course = findings.course
    units = quantity(sum(layer.units for layer in course.layers), "unit")
    layers = quantity(len(course.layers), "layer")
    return f"{quantity(len(course.timeline.epochs), 'epoch')}, {units} in {layers}, {evidence_text(findings)}"


def _layers_table(course: RunCourse, surface: Surface, most: int) -> str:
    from rich.text import Text

    layers = [layer for layer in course.worst_first() if layer.counts.any()]
    shown = layers[:most]
    text = _fit(course, shown, surface)
    left, silent = len(layers) - len(shown), len(course.layers) - len(layers)
    remarks = [f"{quantity(left, 'more layer')} with dead units"] if left else []
    remarks += [f"{quantity(silent, 'layer')} without any"] if silent else []
    if remarks:
        line = io.StringIO()
        small = console(line, surface.width, surface)
        small.print(Text(f"and {' and '.join(remarks)}; --format csv has all", "dim"))
        text += line.getvalue()
    return text


def _fit(course: RunCourse, layers: Sequence[LayerCourse], surface: Surface) -> str:
    """Return the table with as many epochs as fit; names give way before epochs are fewer than a few."""
    total = len(course.timeline.epochs)
    beginning = course.beginning
    numbers = [epoch.number for epoch in course.timeline.epochs]
    wanted = None if beginning is None else numbers.index(beginning[0])
    for room in _ROOMS:
        for count in range(total, 0, -1):
            columns = _grid(course, layers, epochs_that_fit(total, count, wanted), room, surface)
            fits = table_width([column.width for column in columns]) <= surface.width
            if fits and (count >= min(total, _FEWEST_EPOCHS) or room == _ROOMS[-1]):
                return draw_grid(columns, surface)
            if fits:
                break
    return draw_grid(columns, surface)


def _grid(
    course: RunCourse, layers: Sequence[LayerCourse], places: list[int], room: int, surface: Surface
) -> list[GridColumn]:
    first, *rest = _columns(course, layers, places)
    columns = [["layer", *fit_names(first[1:], room, surface)], *rest]
    grid = []
    for place, (heading, *texts) in enumerate(columns):
        is_share = 2 <= place < 2 + len(places)
        styles = ["dim" if text in {"0", "–", ""} else "red" if is_share else "" for text in texts]
        grid.append(GridColumn(heading, texts, styles if place > 1 else (), left=place == 0))
    return grid


def _columns(course: RunCourse, layers: Sequence[LayerCourse], places: list[int]) -> list[list[str]]:
    """Return the layers' names, units, dead share in the chosen epochs, deaths and revivals; each with its heading."""
    chosen = [course.timeline.epochs[place].number for place in places]
    groups: list[tuple[str, Sequence[LayerCourse]]] = [(printable(layer.name), [layer]) for layer in layers]
    if len(course.layers) > 1:
        groups.append(("all", course.layers))
    columns = [["layer", *(name for name, _ in groups)]]
    columns.append(["units", *(thousands(sum(layer.units for layer in group)) for _, group in groups)])
    columns += [[str(epoch), *(_share_text(group, epoch) for _, group in groups)] for epoch in chosen]
    for heading, turns in (("died", "deaths"), ("revived", "revivals")):
        counts = [sum(int(getattr(layer, turns).sum()) for layer in group) for _, group in groups]
        if any(counts):
            columns.append([heading, *map(thousands, counts)])
    return columns


def _share_text(layers: Sequence[LayerCourse], epoch: int) -> str:
    """Return the dead share of layers together in an epoch; a dash if none of them was observed."""
    seen = [(layer, at) for layer in layers for at in np.flatnonzero(layer.numbers == epoch).tolist()]
    units = sum(layer.units for layer, _ in seen)
    return percent(sum(int(layer.counts[at]) for layer, at in seen) / units) if units else "–"


def _print_units(printer: "Console", course: RunCourse, surface: Surface) -> None:
    from rich.text import Text

    if not course.units:
        return
    order = {"died": 0, "unclear": 1, "from the start": 2, "NaN or inf": 3, "revived": 4}
    units = sorted(course.units, key=lambda unit: (order[unit.fate], unit.died))
    head, *rows = unit_rows(units[:MOST_UNITS])
    names = fit_names([row[0] for row in rows], _ROOMS[1], surface)
    texts = [names, *([row[place] for row in rows] for place in range(1, len(head)))]
    styles = ["red" if row[2] != "revived" else "green" for row in rows]
    columns = [
        GridColumn(heading, column, styles if heading == "fate" else (), left=heading in {"layer", "fate"})
        for heading, column in zip(head, texts, strict=True)
        if any(column)
    ]
    printer.print(Text("\nUnits that were dead in some epoch", "bold"))
    printer.file.write(draw_grid(columns, surface))
    if len(units) > MOST_UNITS:
        line = f"and {quantity(len(units) - MOST_UNITS, 'more unit')}; --format csv has all"
        printer.print(Text(line, "dim"), width=surface.width)
