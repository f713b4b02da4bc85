"""Dead units in every form: a screen, lines a unit, JSON a layer, Markdown, JUnit; written in one piece."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from actcli.analysis.deadness.report import Judgement, Report
from actcli.analysis.deadness.since import ModelChange
from actcli.analysis.deadness.verdict import CLASSES, LayerVerdict
from actcli.render.deadness.table import View, dead_screen, layer_rows
from actcli.render.deadness.unit_table import unit_rows
from actcli.render.deadness.verdict import Findings, silence, status_word, verdict
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.delimited import delimited_text, guard_formula
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal, printable

COLUMNS = ("layer", "unit", "class", "firings", "samples", "bound")
"""What a pipe gets of each unit that is not alive."""
MORE_COLUMNS = ("evidence", "minimum", "maximum", "margin", "cause", "locked", "first", "last")
"""What --units adds to them."""
CHANGE = "change"
"""What --against adds: newly dead, revived, still dead, or blank; a unit that has come alive is listed too."""
SAYS_IT_ITSELF = ("table", "markdown")
"""The forms in which the verdict's sentences stand; of the others they go to stderr."""


def write_findings(findings: Findings, view: View, layout: Layout, terminal: Terminal) -> None:
    """Write what was found as the layout says; its format may be `junit` too.

    Raises UsageError for .npy and .npz, DataError when it cannot be written.
    """
    refuse_arrays(layout, "a report of dead units")
    match layout.format:
        case "table":
            text = dead_screen(findings, view, Surface.of(terminal, to_file=layout.path is not None))
        case "json":
            text = json_document(record(findings))
        case "jsonl":
            lines = [*with_change(findings), *_not_observed(findings.report)]
            text = "".join(map(json_line, lines))
        case "markdown":
            text = _markdown(findings, view)
        case "junit":
            from actcli.render.deadness.junit import junit

            text = junit(findings)
        case _:
            text = delimited_text(_unit_lines(findings.report, view, layout.format), layout.format)
    write_document(text, replace(layout, format="json") if layout.format == "junit" else layout, terminal)


def worst_first(report: Report) -> Report:
    """The same report with the layers in the order of their share of dead units, the largest first."""
    order = sorted(
        range(len(report.layers)), key=lambda i: (-report.layers[i].dead_share, -report.layers[i].dead)
    )
    readings = tuple(report.readings[i] for i in order) if report.readings else ()
    return replace(report, layers=tuple(report.layers[i] for i in order), readings=readings)


def record(findings: Findings) -> dict[str, Any]:
    """The findings as JSON holds them. Units and samples count from 0; null is what is not known.

    The keys are stable: new ones may come, none goes or changes its meaning.
    """
    report, settings = findings.report, findings.report.settings
    return {
        "complete": findings.complete,
        "noise": findings.noise,
        "verdict": _verdict(findings),
        "settings": {
            "confidence": settings.confidence,
            "rare": settings.rare,
            "tau": settings.tau,
            "definition": settings.definition,
        },
        "units": report.units,
        "dead": report.dead,
        "dead_share": report.dead_share,
        "samples_needed": report.needed,
        "layers": [_layer(report, place) for place in range(len(report.layers))],
        "not_observed": _not_observed(report),
        "change": _change(report),
        "notes": [_text(note) for note in report.notes],
    }


def _verdict(findings: Findings) -> dict[str, Any]:
    judged = findings.judgement
    return {
        "status": status_word(findings),
        "sentences": verdict(findings),
        "limit": findings.limit,
        "pattern": findings.layer_glob,
        "stopped_early": findings.stopped,
        "layers": [] if judged is None else [_judgement(part) for part in judged.parts],
    }


def _judgement(part: Judgement) -> dict[str, Any]:
    return {
        "layer": _text(part.layer or ""),
        "status": part.status,
        "dead": part.dead,
        "nonfinite": part.nonfinite,
        "units": part.units,
        "samples": part.samples,
        "samples_needed": part.needed,
    }


def _layer(report: Report, place: int) -> dict[str, Any]:
    layer, settings = report.layers[place], report.settings
    rates = layer.firing_rates
    known = rates[~np.isnan(rates)]
    said: dict[str, Any] = {
        "layer": _text(layer.name),
        "op": _text(layer.op),
        "function": layer.state.rule.function,
        "recorded": layer.state.rule.recorded,
        "units": layer.units,
        "samples": layer.samples,
        "elements": layer.state.elements,
        "counts": layer.counts,
        "dead": layer.dead,
        "dead_share": layer.dead_share,
        "sparsity": _finite(layer.sparsity),
        "bound": _finite(silence(layer, settings.confidence)),
        "evidence": layer.evidence,
        "firing_rate": {
            name: _finite(float(function(known))) if known.size else None
            for name, function in (("minimum", np.min), ("median", np.median), ("maximum", np.max))
        },
        "not_alive": list(_units(layer, _not_alive(layer))),
    }
    if report.readings:
        reading = report.readings[place]
        said["flagged"] = np.flatnonzero(reading.flags).tolist()
        said["layer_flagged"] = reading.layer_flagged
    return said


def _not_alive(layer: LayerVerdict) -> list[int]:
    units: list[int] = np.flatnonzero(layer.classes != CLASSES.index("alive")).tolist()
    return units


def _units(layer: LayerVerdict, chosen: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The chosen units. What is asked of all of them is asked once: a layer may have 100 000."""
    state, evidence, margins = layer.state, layer.evidence, layer.margins
    for unit in chosen:
        bound = float(layer.bounds[unit])
        yield {
            "unit": unit,
            "class": CLASSES[layer.classes[unit]],
            "firings": int(state.fired[unit]),
            "samples": layer.samples,
            "bound": _finite(bound),
            "evidence": None if math.isnan(bound) else evidence,
            "minimum": _finite(float(state.minimum[unit])),
            "maximum": _finite(float(state.maximum[unit])),
            "margin": _finite(float(margins[unit])),
            "cause": _text(layer.causes[unit]) or None,
            "locked": bool(layer.locked[unit]),
            "first": _place(int(state.first[unit])),
            "last": _place(int(state.last[unit])),
        }


def _not_observed(report: Report) -> list[dict[str, Any]]:
    return [
        {"layer": _text(one.name), "op": _text(one.op), "observed": False, "reason": _text(one.reason)}
        for one in report.unobserved
    ]


def _change(report: Report) -> list[dict[str, Any]] | None:
    if report.change is None:
        return None
    from actcli.render.deadness.change import change_record

    return change_record(report.change)


def with_change(findings: Findings) -> list[dict[str, Any]]:
    """The layers, each with what has changed in it where that was asked."""
    layers: list[dict[str, Any]] = record(findings)["layers"]
    changes = _change(findings.report)
    if changes is None:
        return layers
    by_name = {one.pop("layer"): one for one in changes}
    return [{**layer, CHANGE: by_name[layer["layer"]]} for layer in layers]


def _unit_lines(report: Report, view: View, form: str) -> list[list[str]]:
    """The head, and a line a unit that is not alive, or that was dead in the older statistics."""
    changes = _changes(report)
    head = [*COLUMNS, *(() if changes is None else (CHANGE,)), *(MORE_COLUMNS if view.units else ())]
    lines = [head]
    for layer in report.layers:
        changed = (changes or {}).get(layer.name, {})
        name = guard_formula(layer.name, form)
        for unit in _units(layer, sorted({*_not_alive(layer), *changed})):
            fields = {**unit, CHANGE: changed.get(unit["unit"])}
            lines.append([name, *(field_text(fields[key]) for key in head[1:])])
    return lines


def _changes(report: Report) -> dict[str, dict[int, str]] | None:
    """By layer, the units that are or were dead; None without older statistics."""
    if report.change is None:
        return None
    from actcli.render.deadness.change import named

    return {layer.name: named(layer) for layer in report.change.layers}


def _markdown(findings: Findings, view: View) -> str:
    report = findings.report
    parts = [markdown_table([[sentence] for sentence in ("Verdict", *verdict(findings))])]
    if report.layers:
        parts.append(markdown_table(layer_rows(report)))
    if view.units:
        head: list[str] = []
        rows = []
        for layer in report.layers:
            head, found = unit_rows(layer)
            rows += [[printable(layer.name), *row] for row in found]
        if rows:
            parts.append(markdown_table([["layer", *head], *rows]))
    if report.unobserved:
        rows = [[printable(one.name), printable(one.op), printable(one.reason)] for one in report.unobserved]
        parts.append(markdown_table([["not observed", "op", "reason"], *rows]))
    if report.change is not None:
        parts.append(change_markdown(report.change))
    return "\n".join(parts)


def change_markdown(change: ModelChange) -> str:
    """What has become of the units since the earlier statistics, a line a layer."""
    from actcli.render.deadness.change import change_lines

    return markdown_table([[line] for line in ("Against the earlier statistics", *change_lines(change))])


def _finite(value: float) -> float | None:
    """A number, or None: an extreme that was never seen is inf or NaN."""
    return value if math.isfinite(value) else None


def _place(sample: int) -> int | None:
    return sample if sample >= 0 else None


def _text(text: str) -> str:
    r"""A name as UTF-8 can hold it: bytes that a file's name had, and that are no characters, as `\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode()
