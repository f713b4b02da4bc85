"""Gamma by layer, before a sparse autoencoder is trained: a table and a sentence, lines, JSON, Markdown."""

import math
from collections.abc import Sequence
from typing import Any

from actcli.analysis.sparse.centring import Centring
from actcli.exits import UsageError
from actcli.render.deadness.wording import list_names, percent
from actcli.render.output.documents import json_document, json_line, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.table.grid import GridColumn, draw_grid
from actcli.render.table.layer_names import fit_names
from actcli.render.text.delimited import delimited_text, guard_formula
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import Terminal, printable

_NAME_ROOM = 24


def write_centring(layers: Sequence[Centring], rare: float, layout: Layout, terminal: Terminal) -> None:
    """Write gamma of each layer, and which layers to centre. Raises UsageError for a format without numbers."""
    records = [_record(layer) for layer in layers]
    rows = [list(records[0]), *([field_text(value) for value in record.values()] for record in records)]
    match layout.format:
        case "plain" | "csv" | "tsv":
            guarded = [[guard_formula(row[0], layout.format), *row[1:]] for row in rows]
            text = delimited_text(guarded, layout.format)
        case "json":
            text = json_document(
                {"rare": rare, "layers": records, "sentence": centring_sentence(layers, rare)}
            )
        case "jsonl":
            text = "".join(map(json_line, records))
        case "markdown":
            text = markdown_table([[printable(cell) for cell in row] for row in rows])
        case "table":
            from textwrap import fill

            surface = Surface.of(terminal, to_file=layout.path is not None)
            text = _table(layers, surface)
            if not layout.is_piped_table(terminal):
                text += f"\n{fill(centring_sentence(layers, rare), surface.width)}\n"
        case _:
            raise UsageError(f"--gamma has no {layout.format}; use json, csv or plain")
    write_document(text, layout, terminal)


def centring_sentence(layers: Sequence[Centring], rare: float) -> str:
    """Return which layers to centre before a sparse autoencoder is trained, and what happens otherwise."""
    if not any(layer.samples for layer in layers):
        return "No sample was seen."
    off = sorted((layer for layer in layers if layer.is_off_centre), key=lambda layer: -layer.gamma)
    if not off:
        most = max((layer.gamma for layer in layers if not math.isnan(layer.gamma)), default=math.nan)
        return (
            f"No layer needs centring: the largest gamma is {number(most, 3)}, and the mean matters above 1."
        )
    worst = off[0]
    which = "this layer" if len(off) == 1 else f"these {quantity(len(off), 'layer')}"
    names = list_names([printable(layer.layer) for layer in off])
    return (
        f"Centre {which}: {names}. Subtract the mean before you train a sparse autoencoder: at gamma "
        f"{number(worst.gamma, 3)} about {percent(worst.hardly_firing, 2)} % of ReLU latents with random directions "
        f"fire on less than {percent(rare)} % of the samples from the start."
    )


def _record(layer: Centring) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "units": layer.units,
        "samples": layer.samples,
        "mean": layer.mean,
        "deviation": _finite(layer.deviation),
        "gamma": _finite(layer.gamma),
        "hardly_firing": _finite(layer.hardly_firing),
        "largest_unit": layer.largest[0],
        "largest_share": layer.largest[1],
        "centre": layer.is_off_centre,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _table(layers: Sequence[Centring], surface: Surface) -> str:
    columns = [
        GridColumn("layer", fit_names([layer.layer for layer in layers], _NAME_ROOM, surface), left=True),
        GridColumn("units", [thousands(layer.units) for layer in layers]),
        GridColumn("samples", [thousands(layer.samples) for layer in layers]),
        GridColumn("|mean|", [number(layer.mean, 3) for layer in layers]),
        GridColumn("|deviation|", [number(layer.deviation, 3) for layer in layers]),
        GridColumn("gamma", [number(layer.gamma, 3) for layer in layers]),
        GridColumn(
            "largest mean", [f"unit {one.largest[0]}, {number(100 * one.largest[1], 3)} %" for one in layers]
        ),
        GridColumn("centre", ["yes" if layer.is_off_centre else "no" for layer in layers]),
    ]
    return draw_grid(columns, surface)
