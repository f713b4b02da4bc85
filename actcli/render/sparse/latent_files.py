"""Files about single units: the density of each with its bound, and the numbers of those to resurrect."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.other_definitions import samples_since_firing
from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.unit_state import UNKNOWN
from actcli.analysis.deadness.verdict import CLASSES, LayerVerdict
from actcli.analysis.sparse.density import by_decade, lowest_decade
from actcli.analysis.sparse.experts import utilisation
from actcli.exits import DataError
from actcli.render.output.archive_members import write_archive
from actcli.render.output.documents import stream_json, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.outfile import atomic_file
from actcli.render.sparse.experts import samples_for_visited
from actcli.render.text.delimited import guard_formula, stream_delimited
from actcli.render.text.fields import field_text
from actcli.terminal import Terminal

DENSITY_SUFFIXES = (".csv", ".tsv", ".json", ".npy", ".npz")
UNIT_SUFFIXES = (".npy", ".npz")
COLUMNS = ("layer", "unit", "class", "firings", "samples", "density", "log10_density", "bound", "since")
"""Columns of the lines, one per unit. since: samples after the last one that fired; blank if unknown."""

Arrays = Mapping[str, NDArray[Any]]


def write_densities(report: Report, path: str, terminal: Terminal, until: int | None = None) -> None:
    """Write the density of every unit; `until`: the firings that each is to have, for JSON.

    Raises DataError for an .npy of several layers, or if it cannot be written.
    """
    form = path.rpartition(".")[2].lower()
    if form in {"npy", "npz"}:
        _write_arrays({layer.name: layer.firing_rates for layer in report.layers}, path)
    elif form == "json":
        text = stream_json(
            {"layers": [_record(report, layer, until) for layer in report.layers]}, indented=True
        )
        write_document(text, Layout("json", path), terminal)
    else:
        write_document(stream_delimited(_lines(report, form), form), Layout(form, path), terminal)


def write_dead_units(report: Report, path: str) -> None:
    """Write the numbers of the dead units, from 0, or of those that another definition flags: int64, ascending.

    Raises DataError for an .npy of several layers, or if it cannot be written.
    """
    flags = [layer.dead_units for layer in report.layers]
    if report.readings:
        flags = [reading.flags for reading in report.readings]
    units = {layer.name: np.flatnonzero(own) for layer, own in zip(report.layers, flags, strict=True)}
    _write_arrays(units, path)


def _write_arrays(arrays: Arrays, path: str) -> None:
    if path.lower().endswith(".npz"):
        write_archive(arrays, path)
        return
    if len(arrays) != 1:
        raise DataError(
            f"cannot write {path}: there are {len(arrays):,} layers; name an .npz, one array for each"
        )
    with atomic_file(path) as file:
        np.lib.format.write_array(file, next(iter(arrays.values())), allow_pickle=False)


def _since(layer: LayerVerdict) -> list[int | None]:
    """Return the samples since each unit fired; None where it is unknown."""
    if (layer.state.last == UNKNOWN).any():
        return [None] * layer.units
    since: list[int | None] = samples_since_firing(layer.state).tolist()
    return since


def _lines(report: Report, form: str) -> Iterator[list[str]]:
    yield [*COLUMNS, *(("flagged",) if report.readings else ())]
    for place, layer in enumerate(report.layers):
        name, flags = (
            guard_formula(layer.name, form),
            report.readings[place].flags if report.readings else None,
        )
        rates, since = layer.firing_rates.tolist(), _since(layer)
        for unit, rate in enumerate(rates):
            bound = float(layer.bounds[unit])
            fields = [
                unit,
                CLASSES[layer.classes[unit]],
                int(layer.state.fired[unit]),
                layer.samples,
                None if math.isnan(rate) else rate,
                math.log10(rate) if rate > 0 else None,
                None if math.isnan(bound) else bound,
                since[unit],
                *(() if flags is None else (bool(flags[unit]),)),
            ]
            yield [name, *map(field_text, fields)]


def _record(report: Report, layer: LayerVerdict, until: int | None) -> dict[str, Any]:
    lowest = lowest_decade(layer.samples)
    decades, used = by_decade(layer.firing_rates, lowest), utilisation(layer.state)
    record: dict[str, Any] = {
        "layer": layer.name,
        "units": layer.units,
        "samples": layer.samples,
        "never": decades.never,
        "decades": [
            {"from": 10.0 ** (lowest + place), "to": 10.0 ** (lowest + place + 1), "units": int(count)}
            for place, count in enumerate(decades.counts)
        ],
        "use": {
            "unvisited": used.unvisited,
            "least": _finite(used.least),
            "most": _finite(used.most),
            "imbalance": _finite(used.imbalance),
            "effective_units": used.effective,
        },
        "density": map(_finite, layer.firing_rates.tolist()),
        "firings": iter(layer.state.fired.tolist()),
        "bound": map(_finite, layer.bounds.tolist()),
        "since": iter(_since(layer)),
    }
    if until is not None:
        needed = samples_for_visited(layer, until, report.settings.confidence)
        record["until"] = {"firings": until, "samples": needed}
    if report.readings:
        reading = report.readings[report.layers.index(layer)]
        record |= {"definition": reading.definition, "flagged": np.flatnonzero(reading.flags).tolist()}
    return record


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
