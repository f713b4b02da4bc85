"""A timeline as one HTML file: when dying began, the dead shares by epoch, and the report on the last epoch."""

from actcli.analysis.timeline.course import LayerCourse, RunCourse
from actcli.render.deadness.page import MOST_LAYERS, report_foot, report_head, report_parts
from actcli.render.deadness.wording import percent
from actcli.render.figure.html_page import html_page, html_table, html_text, key, name_html, section
from actcli.render.figure.svg import COLORS, figure_html, figure_svg, heat_svg
from actcli.render.text.notation import quantity, thousands
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.screen import epochs_that_fit, table_rows, unit_rows
from actcli.render.timeline.sentences import timeline_sentences
from actcli.render.timeline.series import shares_figure

_MOST_EPOCHS, _MOST_CELLS, _MOST_UNITS = 12, 96, 300
_OPEN_LAYERS = 12
"""Layers up to which the table of numbers is shown without a click."""
_HEAT_WIDTH = 560
"""About the pixels of a row of squares."""
_LEVELS = (0.0, 0.1, 0.25, 0.5)
_KEY = ("up to 10 %", "up to 25 %", "up to 50 %", "more than 50 % dead")


def timeline_page(findings: TimelineFindings) -> str:
    """Return the whole page, which loads nothing from elsewhere."""
    course = findings.course
    epochs = thousands(len(course.timeline.epochs))
    facts = [(epochs, "epoch" if epochs == "1" else "epochs")]
    body = "".join(
        (
            report_head(findings.last, timeline_sentences(findings), facts),
            section("Dead units by epoch", _chart(course), _heat(course), _table(course)),
            section("Units that were dead in some epoch", _units(course)),
            f"<h2>The last epoch: {html_text(course.timeline.last.name)}</h2>\n",
            report_parts(findings.last),
            report_foot(findings.last),
        )
    )
    return html_page(f"Dead units by epoch: {findings.last.status}", body)


def _chart(course: RunCourse) -> str:
    figure = shares_figure(course, COLORS)
    if figure is None:
        return ""
    picture = figure_svg(figure, title="Dead units by epoch, %", axis="epoch", whole=True)
    return figure_html(figure, picture)


def _heat(course: RunCourse) -> str:
    """Return a row of squares per layer with dead units, a square per epoch."""
    layers = [layer for layer in course.worst_first() if layer.counts.any()][:MOST_LAYERS]
    numbers = [epoch.number for epoch in course.timeline.epochs]
    chosen = [numbers[place] for place in epochs_that_fit(len(numbers), _MOST_CELLS)]
    if not layers or len(chosen) < 2:
        return ""
    rows = []
    for layer in layers:
        cells = [_cell(layer, number) for number in chosen]
        picture = heat_svg(
            [[name for name, _ in cells]],
            [[f"epoch {number}: {text}" for number, (_, text) in zip(chosen, cells, strict=True)]],
            f"{layer.name}: {percent(layer.last_share)} % dead in its last epoch",
            size=max(14, min(32, _HEAT_WIDTH // len(chosen))),
            height=16,
        )
        rows.append(
            f'<tr><td>{name_html(layer.name)}</td><td class="l" style="width:70%">{picture}</td>'
            f'<td class="alarm">{percent(layer.last_share)} %</td></tr>'
        )
    span = f"epoch {chosen[0]} to {chosen[-1]}"
    head = f'<tr><th>layer</th><th class="l">{span}</th><th>dead at the end</th></tr>'
    colors = key([(f"d{place}", text) for place, text in enumerate(_KEY, 1)])
    return f'{colors}<div class="scroll"><table>{head}{"".join(rows)}</table></div>\n'


def _cell(layer: LayerCourse, number: int) -> tuple[str, str]:
    """Return the class of a square, and what a pointer shows."""
    at = [place for place, one in enumerate(layer.numbers.tolist()) if one == number]
    if not at:
        return "gone", "not observed"
    share = float(layer.shares[at[0]])
    text = f"{int(layer.counts[at[0]]):,} of {layer.units:,} units dead ({percent(share)} %)"
    return ("h0" if not share else f"d{sum(share > level for level in _LEVELS)}"), text


def _table(course: RunCourse) -> str:
    places = epochs_that_fit(len(course.timeline.epochs), _MOST_EPOCHS)
    rows = table_rows(course, places, MOST_LAYERS)
    first, last = 2, 2 + len(places)
    more = len(course.layers) - MOST_LAYERS
    note = (
        f'<p class="muted">and {quantity(more, "more layer")}; --format csv has all</p>\n' if more > 0 else ""
    )
    table = html_table(rows, alarming=range(first, last))
    opened = " open" if len(course.layers) <= _OPEN_LAYERS else ""
    return f"<details{opened}><summary>dead share by epoch, %</summary>\n{table}{note}</details>\n"


def _units(course: RunCourse) -> str:
    if not course.units:
        return ""
    rows = unit_rows(course.units[:_MOST_UNITS])
    more = len(course.units) - _MOST_UNITS
    note = (
        f'<p class="muted">and {quantity(more, "more unit")}; --format csv has all</p>\n' if more > 0 else ""
    )
    count = html_text(quantity(len(course.units), "unit"))
    return f"<details><summary>{count}</summary>\n{html_table(rows, left=(0, 2))}{note}</details>\n"
