"""The risk that a network is born dead: numbers and a sentence for a person, lines and JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict

from actcli.analysis.deadness.born_dead import BornDead
from actcli.analysis.wording import with_error
from actcli.exits import UsageError
from actcli.render.deadness.wording import percent
from actcli.render.output.documents import json_document, json_line, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.table.grid import GridColumn, draw_grid
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import number, quantity
from actcli.terminal import Terminal


def write_born_dead(risks: Sequence[BornDead], layout: Layout, terminal: Terminal) -> None:
    """Write the risks: a table and a sentence for a person, else lines. Raises UsageError for junit and html."""
    records = [asdict(risk) for risk in risks]
    rows = [list(records[0]), *([str(value) for value in record.values()] for record in records)]
    match layout.format:
        case "junit" | "html":
            raise UsageError(f"--born-dead has no verdict for {layout.format}; use json or plain")
        case "plain" | "csv" | "tsv":
            text = delimited_text(rows, layout.format)
        case "json":
            text = json_document({"risks": records})
        case "jsonl":
            text = "".join(map(json_line, records))
        case "markdown":
            text = markdown_table(rows)
        case _:
            from textwrap import fill

            surface = Surface.of(terminal, to_file=layout.path is not None)
            text = _table(risks, surface)
            if layout.is_piped_table(terminal):
                terminal.say(layout.as_remark(born_dead_sentence(risks)))
            else:
                text += f"\n{fill(born_dead_sentence(risks), surface.width)}\n"
    write_document(text, layout, terminal)


def _table(risks: Sequence[BornDead], surface: Surface) -> str:
    columns = [
        ("hidden layers", [str(risk.depth) for risk in risks]),
        ("units each", [str(risk.width) for risk in risks]),
        ("risk, 1 - (1 - 2^-N)^H", [number(risk.risk, 4) for risk in risks]),
        ("risk, simulated", [_measured_text(risk) for risk in risks]),
        (f"width for {percent(risks[0].limit)} %", [str(risk.width_needed) for risk in risks]),
    ]
    return draw_grid([GridColumn(heading, texts) for heading, texts in columns], surface)


def _measured_text(risk: BornDead) -> str:
    """Return the measured share with two standard errors; without them if less than one network."""
    return (
        with_error(risk.measured, 2 * risk.error)
        if risk.error * risk.draws >= 1
        else number(risk.measured, 3)
    )


def born_dead_sentence(risks: Sequence[BornDead]) -> str:
    """Return how likely these networks are born dead, and the width that keeps the risk within the limit."""
    first, last = risks[0], risks[-1]
    units, limit = quantity(first.width, "unit"), f"{percent(first.limit)} %"
    width = max(risk.width_needed for risk in risks)
    keep = f"{quantity(width, 'unit')} per layer keep{'s' if width == 1 else ''}"
    if len(risks) == 1:
        network = f"A relu network of {quantity(first.depth, 'hidden layer')} of {units} without biases"
        risk = f"{network} is born dead with probability {number(first.risk, 3)}"
        if first.risk <= first.limit:
            return f"{risk}, within the limit of {limit}."
        return f"{risk}; {keep} it within {limit}."
    low, high = min(first, last, key=lambda risk: risk.risk), max(first, last, key=lambda risk: risk.risk)
    return (
        f"With {units} per layer the risk is {number(low.risk, 3)} for {quantity(low.depth, 'hidden layer')} and "
        f"{number(high.risk, 3)} for {high.depth}; {keep} all within {limit}."
    )
