"""The findings of `grad --check`: sentences for a person, one record for a script."""

from typing import Any

from actcli.analysis.stream.derivative_check import DerivativeCheck
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import delimited_text
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import quantity
from actcli.terminal import Terminal


def write_check(check: DerivativeCheck, layout: Layout, terminal: Terminal) -> None:
    """Write the findings as the layout says.

    Raises UsageError for .npy and .npz, DataError when they cannot be written.
    """
    refuse_arrays(layout, "the findings of a check")
    write_document(_text(check, layout.format), layout, terminal)


def _text(check: DerivativeCheck, form: str) -> str:
    record = _record(check)
    match form:
        case "table":
            return _sentences(check)
        case "json":
            return json_document(record)
        case "jsonl":
            return json_line(record)
    fields = [field_text(value) for value in record.values()]
    if form == "markdown":
        return markdown_table([("finding", "value"), *zip(record, fields, strict=True)])
    return delimited_text([list(record), fields], form)


def _record(check: DerivativeCheck) -> dict[str, Any]:
    return {
        "function": check.function,
        "derivative": check.quantity,
        "passed": check.passed,
        "points": check.points,
        "largest_error": check.largest_error,
        "tolerance": check.tolerance,
        "x": check.worst_x,
        "exact": check.derivative,
        "differences": check.differences,
        "kinks": list(check.kinks),
        "near_kinks": check.near_kinks,
        "undecided": check.undecided,
        "nonfinite": check.nonfinite,
    }


def _sentences(check: DerivativeCheck) -> str:
    verdict = "agrees" if check.passed else "DOES NOT AGREE"
    lines = [
        f"{check.quantity} {verdict} with differences of {check.function} at {quantity(check.points, 'point')}.",
        f"Largest relative error {check.largest_error:.2g} (allowed {check.tolerance:g}), at x = {check.worst_x!r}:",
        f"  derivative   {check.derivative!r}",
        f"  differences  {check.differences!r}",
    ]
    left_out = [
        f"the {'kink' if len(check.kinks) == 1 else 'kinks'} at {', '.join(f'{k:g}' for k in check.kinks)}"
        if check.kinks
        else "",
        f"{quantity(check.near_kinks, 'point')} too close to a kink or an end" if check.near_kinks else "",
        f"{quantity(check.undecided, 'point')} where rounding hides the derivative"
        if check.undecided
        else "",
        f"{quantity(check.nonfinite, 'point')} that overflow or are not finite" if check.nonfinite else "",
    ]
    parts = "; ".join(part for part in left_out if part)
    return "\n".join([*lines, f"Left out: {parts}."] if parts else lines) + "\n"
