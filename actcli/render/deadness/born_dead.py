"""The risk that a network is born dead: sentences for a person, lines and JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict

from actcli.analysis.deadness.born_dead import BornDead
from actcli.exits import UsageError
from actcli.render.deadness.verdict import percent
from actcli.render.output.documents import json_document, json_line, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import number, thousands
from actcli.terminal import Terminal


def write_born_dead(risks: Sequence[BornDead], layout: Layout, terminal: Terminal) -> None:
    """Write the risks: sentences on a terminal, else a line each. Raises UsageError for junit."""
    records = [asdict(one) for one in risks]
    rows = [list(records[0]), *([str(value) for value in record.values()] for record in records)]
    match layout.format:
        case "junit":
            raise UsageError("--born-dead has no verdict for junit; use json or plain")
        case "plain" | "csv" | "tsv":
            text = delimited_text(rows, layout.format)
        case "json":
            text = json_document({"risks": records})
        case "jsonl":
            text = "".join(map(json_line, records))
        case "markdown":
            text = markdown_table(rows)
        case _:
            text = "".join(_said(one) for one in risks)
    write_document(text, layout, terminal)


def _said(one: BornDead) -> str:
    layers = f"{one.depth} hidden layer{'' if one.depth == 1 else 's'}"
    units = f"{one.width} unit{'' if one.width == 1 else 's'}"
    spread = f" ± {number(2 * one.error, 2)}" if one.error * one.draws >= 1 else ""
    return (
        f"{layers} of {units}, relu, no biases: born dead with probability {number(one.risk, 3)}\n"
        f"  by the formula 1 - (1 - 2^-N)^H    {number(one.risk, 6)}\n"
        f"  among {thousands(one.draws)} networks drawn{' ' * max(1, 18 - len(thousands(one.draws)))}"
        f"{number(one.measured, 6)}{spread}\n"
        f"  width for a risk of {percent(one.limit)} % at most{' ' * max(1, 6 - len(percent(one.limit)))}"
        f"{one.width_needed}\n"
    )
