"""The number of samples that a verdict takes, before any are recorded."""

from dataclasses import asdict, dataclass

from actcli.exits import UsageError
from actcli.render.deadness.wording import percent
from actcli.render.output.documents import json_document, json_line, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """The samples that put the firing probability of all silent units below `rare`, at a confidence.

    With `firings`: those until each unit that fires with p >= rare has fired so often.
    """

    units: int
    rare: float
    confidence: float
    samples: int
    firings: int | None = None


def write_plan(plan: SamplePlan, layout: Layout, terminal: Terminal) -> None:
    """Write the plan: one sentence for a person, the number alone in a pipe. Raises UsageError for junit."""
    record = {key: value for key, value in asdict(plan).items() if value is not None}
    rows = [list(record), [str(value) for value in record.values()]]
    match layout.format:
        case "junit" | "html":
            raise UsageError(f"--plan has no verdict for {layout.format}; use json or plain")
        case "plain":
            text = f"{plan.samples}\n"
        case "json":
            text = json_document(record)
        case "jsonl":
            text = json_line(record)
        case "csv" | "tsv":
            text = delimited_text(rows, layout.format)
        case "markdown":
            text = markdown_table(rows)
        case _:
            text = _sentence(plan) + "\n"
    write_document(text, layout, terminal)


def _sentence(plan: SamplePlan) -> str:
    units = "the unit, if it" if plan.units == 1 else f"any of {quantity(plan.units, 'unit')} that"
    if plan.firings is not None:
        each = "a unit that fires" if plan.units == 1 else f"each of {quantity(plan.units, 'unit')} that fire"
        return (
            f"It takes {quantity(plan.samples, 'sample')} until {each} with p >= {number(plan.rare)}\n"
            f"has fired {quantity(plan.firings, 'time')}, at {percent(plan.confidence)} % confidence."
        )
    together = "" if plan.units == 1 else f" for all {thousands(plan.units)} together"
    return (
        f"It takes {quantity(plan.samples, 'sample')}: {units} is silent in all of them\n"
        f"fires with p < {number(plan.rare)}, at {percent(plan.confidence)} % confidence{together}."
    )
