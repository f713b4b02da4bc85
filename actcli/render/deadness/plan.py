"""How many samples a verdict takes, before anyone has recorded any."""

from dataclasses import asdict, dataclass

from actcli.exits import UsageError
from actcli.render.deadness.verdict import count, percent, units_of
from actcli.render.output.layout import Layout
from actcli.render.text.documents import delimited, json_text, markdown, write_document
from actcli.render.text.notation import number
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
            text = json_text(asdict(plan), indented=layout.format == "json")
        case "csv" | "tsv":
            text = delimited([list(fields), list(fields.values())], layout.format)
        case "markdown":
            text = markdown([list(fields), list(fields.values())])
        case _:
            text = (
                f"{units_of(plan.samples, 'sample')}: if any of {units_of(plan.units)} is silent in all of them,\n"
                f"it fires with p < {number(plan.rare)}, at {percent(plan.confidence)} % confidence for all "
                f"{count(plan.units)} together.\n"
            )
    write_document(text, layout, terminal)
