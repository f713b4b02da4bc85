"""How many samples a verdict takes, before anyone has recorded any."""

from dataclasses import asdict, dataclass

from actcli.exits import UsageError
from actcli.render.deadness.verdict import percent
from actcli.render.output.documents import json_document, json_line, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """So many samples put the firing probability of all silent units below `rare`, at a confidence."""

    units: int
    rare: float
    confidence: float
    samples: int


def write_plan(plan: SamplePlan, layout: Layout, terminal: Terminal) -> None:
    """Write the plan: a sentence for a person, the number alone in a pipe. Raises UsageError for junit."""
    fields = {name: str(value) for name, value in asdict(plan).items()}
    match layout.format:
        case "junit":
            raise UsageError("--plan has no verdict for junit; use json or plain")
        case "plain":
            text = f"{plan.samples}\n"
        case "json" | "jsonl":
            text = (json_document if layout.format == "json" else json_line)(asdict(plan))
        case "csv" | "tsv":
            text = delimited_text([list(fields), list(fields.values())], layout.format)
        case "markdown":
            text = markdown_table([list(fields), list(fields.values())])
        case _:
            units = quantity(plan.units, "unit")
            text = (
                f"{quantity(plan.samples, 'sample')}: if any of {units} is silent in all of them,\n"
                f"it fires with p < {number(plan.rare)}, at {percent(plan.confidence)} % confidence for all "
                f"{thousands(plan.units)} together.\n"
            )
    write_document(text, layout, terminal)
