"""Timelines in every form: a page for a person, a line per epoch and layer, JSON, Markdown, JUnit of the last epoch."""

from itertools import chain
from typing import TYPE_CHECKING, Any

from actcli.render.deadness.findings import View
from actcli.render.deadness.report import change_markdown, record
from actcli.render.figure.page import DRAWN
from actcli.render.output.documents import in_utf8, refuse_arrays, stream_json, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.delimited import stream_delimited
from actcli.render.text.markdown import markdown_table
from actcli.render.text.theme import theme_of
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.records import (
    layer_lines,
    layer_records,
    timeline_record,
    unit_lines,
    unit_record,
)
from actcli.render.timeline.screen import table_rows, timeline_screen, unit_rows
from actcli.render.timeline.sentences import timeline_sentences
from actcli.render.timeline.series import shares_figure
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_timeline_report(findings: TimelineFindings, view: View, layout: Layout, terminal: Terminal) -> None:
    """Write the findings in the layout's format, which may be `junit`, `html` or a picture too.

    Raises UsageError for .npy and .npz, DataError if they cannot be written.
    """
    refuse_arrays(layout, "a report of dead units")
    course = findings.course
    if layout.format in DRAWN and layout.path is not None:
        from actcli.render.deadness.map import write_map
        from actcli.render.timeline.picture import write_course

        figure, sentences = shares_figure(course, even_none=True), timeline_sentences(findings)
        if figure is None:  # one epoch is no course
            write_map(findings.last.report, sentences, layout, theme_of(terminal), view.paper)
        else:
            write_course(figure, sentences, layout, theme_of(terminal), view.paper)
        return
    text: str | Iterable[str]
    match layout.format:
        case "table":
            text = timeline_screen(findings, view, Surface.of(terminal, to_file=layout.path is not None))
        case "json":
            text = stream_json(timeline_document(findings), indented=True)
        case "jsonl":
            lines: list[dict[str, Any]] = [*layer_records(course), *map(unit_record, course.units)]
            text = chain.from_iterable(stream_json(line, indented=False) for line in lines)
        case "markdown":
            text = _markdown(findings, view)
        case "junit":
            from actcli.render.deadness.junit import junit

            text = junit(findings.last)
        case "html":
            from actcli.render.timeline.page import timeline_page

            text = timeline_page(findings)
        case form:
            rows = unit_lines(course, form) if view.units else layer_lines(course, form)
            text = stream_delimited(rows, form)
    write_document(text, in_utf8(layout), terminal)


def timeline_document(findings: TimelineFindings) -> dict[str, Any]:
    """Return the findings about the last epoch as `record` gives them, with the timeline beside them."""
    last = record(findings.last)
    last["verdict"] = {**last["verdict"], "sentences": timeline_sentences(findings)}
    return {**last, "timeline": timeline_record(findings.course)}


def _markdown(findings: TimelineFindings, view: View) -> str:
    parts = [markdown_table([["Verdict"], *([sentence] for sentence in timeline_sentences(findings))])]
    parts.append(markdown_table(table_rows(findings.course)))
    if view.units and findings.course.units:
        parts.append(markdown_table(unit_rows(findings.course.units)))
    if findings.last.report.change is not None:
        parts.append(change_markdown(findings.last.report.change))
    return "\n".join(parts)
