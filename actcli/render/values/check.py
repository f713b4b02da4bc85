"""The findings of `grad --check`: sentences for a person, one record for a script."""

import math
from collections.abc import Mapping
from typing import Any

from actcli.analysis.stream.derivative_check import DerivativeCheck
from actcli.exits import UsageError
from actcli.render.output.layout import Layout
from actcli.terminal import Terminal


def write_check(check: DerivativeCheck, layout: Layout, terminal: Terminal) -> None:
    """Write the findings as the layout says. Raises UsageError for .npy and .npz, DataError when it cannot."""
    if layout.format in {"npy", "npz"}:
        raise UsageError(f"--check finds no array: {layout.format} cannot hold it; use .txt, .json or .csv")
    text = _text(check, layout.format).encode("utf-8" if layout.path else terminal.encoding, "replace")
    if layout.path is None:
        terminal.write(text)
        terminal.flush()
    else:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(layout.path) as file:
            file.write(text)


def _text(check: DerivativeCheck, form: str) -> str:
    match form:
        case "table":
            return _sentences(check)
        case "json" | "jsonl":
            import orjson

            # no NaN and no infinity in JSON: they are text there, as in every other output
            return orjson.dumps({k: _json_value(v) for k, v in _record(check).items()}).decode() + "\n"
        case "markdown":
            lines = (f"| {name} | {_field(value)} |" for name, value in _record(check).items())
            return "\n".join(("| finding | value |", "| --- | --- |", *lines)) + "\n"
        case _:
            separator = "," if form == "csv" else "\t"
            record = _record(check)
            fields = (_quoted(_field(value), separator) for value in record.values())
            return f"{separator.join(record)}\n{separator.join(fields)}\n"


def _record(check: DerivativeCheck) -> Mapping[str, Any]:
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


def _json_value(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(v) for v in value)
    return str(value)


def _quoted(field: str, separator: str) -> str:
    return '"' + field.replace('"', '""') + '"' if separator in field or '"' in field else field


def _sentences(check: DerivativeCheck) -> str:
    verdict = "agrees" if check.passed else "DOES NOT AGREE"
    lines = [
        f"{check.quantity} {verdict} with differences of {check.function} at {_count(check.points, 'point')}.",
        f"Largest relative error {check.largest_error:.2g} (allowed {check.tolerance:g}), at x = {check.worst_x!r}:",
        f"  derivative   {check.derivative!r}",
        f"  differences  {check.differences!r}",
    ]
    left_out = [
        f"the {'kink' if len(check.kinks) == 1 else 'kinks'} at {', '.join(f'{k:g}' for k in check.kinks)}"
        if check.kinks
        else "",
        f"{_count(check.near_kinks, 'point')} too close to a kink or an end" if check.near_kinks else "",
        f"{_count(check.undecided, 'point')} where rounding hides the derivative" if check.undecided else "",
        f"{_count(check.nonfinite, 'point')} that overflow or are not finite" if check.nonfinite else "",
    ]
    said = "; ".join(part for part in left_out if part)
    return "\n".join([*lines, f"Left out: {said}."] if said else lines) + "\n"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
