"""Reports of dead units in every form: a page for a person, a line per unit, JSON per layer, Markdown, JUnit."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from actcli.analysis.deadness.report import Judgement, Report
from actcli.analysis.deadness.verdict import CLASSES, LayerVerdict
from actcli.render.deadness.change import change_lines, change_record, changes_by_unit, p_values_by_unit
from actcli.render.deadness.findings import Findings, View
from actcli.render.deadness.proof.record import layer_record, proof_record, words_by_unit
from actcli.render.deadness.pruned import HEADINGS, fates_by_unit, pruning_record, pruning_rows
from actcli.render.deadness.verdict import verdict
from actcli.render.deadness.wording import silence_bound
from actcli.render.figure.page import DRAWN
from actcli.render.output.documents import in_utf8, refuse_arrays, stream_json, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import guard_formula, stream_delimited
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal, printable

if TYPE_CHECKING:
    from actcli.analysis.deadness.since import ModelChange

COLUMNS = ("layer", "unit", "class", "firings", "samples", "bound")
"""Columns of the lines that a pipe gets, one per unit that is not alive."""
MORE_COLUMNS = ("evidence", "minimum", "maximum", "margin", "cause", "locked", "first", "last")
"""Columns that --units adds."""
PRUNED = "pruned"
"""The column that --prune adds: `removed`, or why a dead unit stays."""
CHANGE, P_VALUE = "change", "p_value"
"""Columns that --against adds: newly dead, unclear, revived, still dead, or blank; units that were dead are listed
too. The other is the probability of such a silence by chance, adjusted for all units."""

PROOF = "proof"
"""Column that --prove adds: dead, constant, active or open."""


def write_findings(findings: Findings, view: View, layout: Layout, terminal: Terminal) -> None:
    """Write the findings in the layout's format, which may be `junit`, `html` or a picture too.

    Raises UsageError for .npy and .npz, DataError if they cannot be written.
    """
    refuse_arrays(layout, "a report of dead units")
    if layout.format in DRAWN and layout.path is not None:
        from actcli.render.deadness.map import write_map
        from actcli.render.text.theme import theme_of

        write_map(findings.report, verdict(findings), layout, theme_of(terminal), view.paper)
        return
    text: str | Iterable[str]
    match layout.format:
        case "table":
            from actcli.render.deadness.table import dead_screen
            from actcli.render.output.surface import Surface

            text = dead_screen(findings, view, Surface.of(terminal, to_file=layout.path is not None))
        case "json":
            text = stream_json(record(findings), indented=True)
        case "jsonl":
            lines = [*layers_with_change(findings), *_unobserved_lines(findings.report)]
            if findings.pruning is not None:
                lines.append({PRUNED: pruning_record(findings.pruning)})
            text = chain.from_iterable(stream_json(line, indented=False) for line in lines)
        case "markdown":
            text = _markdown(findings, view)
        case "junit":
            from actcli.render.deadness.junit import junit

            text = junit(findings)
        case "html":
            from actcli.render.deadness.page import report_page

            text = report_page(findings)
        case _:
            text = stream_delimited(_unit_lines(findings, view, layout.format), layout.format)
    write_document(text, in_utf8(layout), terminal)


def worst_first(report: Report) -> Report:
    """Return the report with its layers ordered by their share of dead units, the largest first."""
    layers = report.layers
    order = sorted(range(len(layers)), key=lambda i: (-layers[i].dead_share, -layers[i].dead))
    readings = tuple(report.readings[i] for i in order) if report.readings else ()
    return replace(report, layers=tuple(layers[i] for i in order), readings=readings)


def record(findings: Findings) -> dict[str, Any]:
    """Return the findings for JSON. Units and samples count from 0; null is an unknown number.

    Keys are stable: new ones may come, none goes or changes its meaning.
    """
    report, settings = findings.report, findings.report.settings
    judgement = findings.judgement
    return {
        "complete": findings.complete,
        "noise": findings.noise,
        "verdict": {
            "status": findings.status,
            "sentences": verdict(findings),
            "limit": findings.limits[0].share if findings.limits else None,
            "pattern": findings.limits[0].pattern if findings.limits else None,
            "limits": [{"pattern": limit.pattern, "share": limit.share} for limit in findings.limits],
            "stopped_early": findings.stopped,
            "layers": [] if judgement is None else [_judgement(part) for part in judgement.parts],
        },
        "settings": {
            "confidence": settings.confidence,
            "rare": settings.rare,
            "tau": settings.tau,
            "definition": settings.definition,
            "window": settings.window,
            "density_below": settings.density_below,
        },
        "units": report.units,
        "dead": report.dead,
        "dead_share": report.dead_share,
        "samples_needed": report.needed,
        "layers": [_layer(report, i) for i in range(len(report.layers))],
        "not_observed": [{"name": one.name, "op": one.op, "reason": one.reason} for one in report.unobserved],
        "change": None if report.change is None else change_record(report.change),
        "notes": list(report.notes),
        **({} if findings.proof is None else {PROOF: proof_record(findings.proof)}),
        **({} if findings.pruning is None else {PRUNED: pruning_record(findings.pruning)}),
    }


def layers_with_change(findings: Findings) -> list[dict[str, Any]]:
    """Return the layers' records, each with its change since earlier statistics, and its proof, if there are any."""
    layers: list[dict[str, Any]] = record(findings)["layers"]
    if findings.proof is not None:
        proved = {one.name: layer_record(one) for one in findings.proof.layers}
        layers = [{**layer, PROOF: proved.get(layer["layer"])} for layer in layers]
    change = findings.report.change
    if change is None:
        return layers
    by_name = {one.pop("layer"): one for one in change_record(change)}
    return [{**layer, CHANGE: by_name[layer["layer"]]} for layer in layers]


def _judgement(part: Judgement) -> dict[str, Any]:
    return {
        "layer": part.layer or "",
        "status": part.status,
        "limit": part.limit,
        "dead": part.dead,
        "nonfinite": part.nonfinite,
        "units": part.units,
        "samples": part.samples,
        "samples_needed": part.needed or None,
    }


def _layer(report: Report, place: int) -> dict[str, Any]:
    layer = report.layers[place]
    rates = layer.firing_rates
    finite = rates[~np.isnan(rates)]
    fields: dict[str, Any] = {
        "layer": layer.name,
        "op": layer.op,
        "function": layer.state.rule.function,
        "recorded": layer.state.rule.recorded,
        "units": layer.units,
        "samples": layer.samples,
        "elements": layer.state.elements,
        "counted_samples": layer.state.counted_samples,
        "counts": layer.counts,
        "dead": layer.dead,
        "dead_share": layer.dead_share,
        "sparsity": _finite(layer.sparsity),
        "bound": _finite(silence_bound(layer, report.settings.confidence)),
        "evidence": layer.evidence,
        "firing_rate": {
            name: _finite(float(function(finite))) if finite.size else None
            for name, function in (("minimum", np.min), ("median", np.median), ("maximum", np.max))
        },
        "not_alive": _units(layer, _not_alive(layer)),
    }
    if report.readings:
        reading = report.readings[place]
        fields["flagged"] = np.flatnonzero(reading.flags).tolist()
        fields["layer_flagged"] = reading.layer_flagged
    return fields


def _not_alive(layer: LayerVerdict) -> list[int]:
    units: list[int] = np.flatnonzero(layer.classes != CLASSES.index("alive")).tolist()
    return units


def _units(layer: LayerVerdict, chosen: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the records of the chosen units. Properties of the layer are computed once: it may have 100,000 units."""
    state, evidence, margins = layer.state, layer.evidence, layer.margins
    for unit in chosen:
        bound, first, last = float(layer.bounds[unit]), int(state.first[unit]), int(state.last[unit])
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
            "cause": layer.causes[unit] or None,
            "locked": bool(layer.locked[unit]),
            "first": first if first >= 0 else None,
            "last": last if last >= 0 else None,
        }


def _unobserved_lines(report: Report) -> list[dict[str, Any]]:
    return [
        {"layer": one.name, "op": one.op, "observed": False, "reason": one.reason}
        for one in report.unobserved
    ]


def _unit_lines(findings: Findings, view: View, form: str) -> Iterator[list[str]]:
    """Yield a header, and one line per unit that is not alive or was dead in the earlier statistics."""
    report, pruning, proof = findings.report, findings.pruning, findings.proof
    change = report.change
    proved = {} if proof is None else {layer.name: words_by_unit(layer) for layer in proof.layers}
    changes = {} if change is None else {layer.name: changes_by_unit(layer) for layer in change.layers}
    p_values = {} if change is None else {layer.name: p_values_by_unit(layer) for layer in change.layers}
    head = [*COLUMNS, *(() if change is None else (CHANGE, P_VALUE))]
    head += [*(() if proof is None else (PROOF,)), *(() if pruning is None else (PRUNED,))]
    head += MORE_COLUMNS if view.units else ()
    yield head
    for layer in report.layers:
        changed = changes.get(layer.name, {})
        name = guard_formula(layer.name, form)
        fates = {} if pruning is None else fates_by_unit(pruning, layer.name)
        listed = _not_alive(layer)
        if changed:
            listed = sorted({*listed, *changed})
        for unit in _units(layer, listed):
            own = p_values.get(layer.name, {}).get(unit["unit"])
            words = proved.get(layer.name)
            fields = {
                **unit,
                CHANGE: changed.get(unit["unit"]),
                P_VALUE: own,
                PROOF: words[unit["unit"]] if words else None,
                PRUNED: fates.get(unit["unit"]),
            }
            yield [name, *(field_text(fields[key]) for key in head[1:])]


def _markdown(findings: Findings, view: View) -> str:
    from actcli.render.deadness.table import layer_rows

    report = findings.report
    parts = [markdown_table([[sentence] for sentence in ("Verdict", *verdict(findings))])]
    if report.layers:
        parts.append(markdown_table(layer_rows(report)))
    if view.units:
        from actcli.render.deadness.unit_table import unit_rows

        tables = [(layer, *unit_rows(layer)) for layer in report.layers]
        rows = [[printable(layer.name), *row] for layer, _, rows in tables for row in rows]
        if rows:
            parts.append(markdown_table([["layer", *tables[0][1]], *rows]))
    if findings.pruning is not None and findings.pruning.layers:
        parts.append(markdown_table([list(HEADINGS), *pruning_rows(findings.pruning)]))
    if report.unobserved:
        rows = [[printable(one.name), printable(one.op), printable(one.reason)] for one in report.unobserved]
        parts.append(markdown_table([["not observed", "op", "reason"], *rows]))
    if findings.proof is not None:
        from actcli.render.deadness.proof.table import proof_rows

        ops = {layer.name: layer.op for layer in report.layers}
        parts.append(markdown_table(proof_rows(findings.proof, ops, report.layers)))
    if report.change is not None:
        parts.append(change_markdown(report.change))
    return "\n".join(parts)


def change_markdown(change: "ModelChange") -> str:
    """Return the changed units since the earlier statistics, one line per layer; blank if there are none."""
    lines = change_lines(change)
    return markdown_table([[line] for line in ("Against the earlier statistics", *lines)]) if lines else ""


def _finite(value: float) -> float | None:
    """Return a number; None for inf or NaN, the extremes of a unit without values."""
    return value if math.isfinite(value) else None
