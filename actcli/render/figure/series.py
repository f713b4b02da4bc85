"""The numbers that a chart draws, one line per point: as CSV, TSV, JSON or JSON lines."""

from collections.abc import Iterator

import numpy as np

from actcli.analysis.figure.curves import Curve, Figure, Series
from actcli.analysis.figure.histogram import Occupancy
from actcli.render.output.documents import SCHEMA, json_token
from actcli.render.text.delimited import delimited_field
from actcli.render.text.numbers import join_columns, json_bytes, number_list, repeat_each

COLUMNS = ("function", "quantity", "segment", "x", "y")


def series_text(figure: Figure, form: str, data: Occupancy | None = None, bins: int = 100) -> Iterator[bytes]:
    """Yield the series as csv, tsv, json or jsonl. Segments count from 1; between two, the curve has a gap.

    With data, their histogram follows as the quantity `numbers`: y numbers in the bin around x.
    """
    curves = [curve for panel in figure.panels for curve in panel.curves]
    if data is not None:
        low, high = figure.range
        middles: Series = np.asarray(low + (np.arange(bins) + 0.5) * ((high - low) / bins))
        counts: Series = np.asarray(np.rint(data.histogram(figure.range, bins)), np.float64)
        curves.append(Curve(data.origin, "numbers", data.origin, ((middles, counts),)))
    match form:
        case "csv" | "tsv":
            yield from _delimited(curves, form)
        case "jsonl":
            yield from _json_lines(curves)
        case _:
            yield from _document(curves, figure.range)


def _delimited(curves: list[Curve], form: str) -> Iterator[bytes]:
    separator = b"," if form == "csv" else b"\t"
    yield separator.join(name.encode() for name in COLUMNS) + b"\n"
    for curve in curves:
        names = [delimited_field(text, form) for text in (curve.function, curve.quantity)]
        for number, (x, y) in enumerate(curve.segments, 1):
            start = separator.join([*names, b"%d" % number])
            yield join_columns([repeat_each([start], len(x)), number_list(x), number_list(y)], separator)


def _json_lines(curves: list[Curve]) -> Iterator[bytes]:
    for curve in curves:
        for number, (x, y) in enumerate(curve.segments, 1):
            start = json_token({"function": curve.function, "quantity": curve.quantity, "segment": number})[
                :-1
            ]
            for a, b in zip(number_list(x, quoted=True), number_list(y, quoted=True), strict=True):
                yield start + b',"x":' + a + b',"y":' + b + b"}\n"


def _document(curves: list[Curve], between: tuple[float, float]) -> Iterator[bytes]:
    """Yield `{"schema", "range": [lo, hi], "curves": [{"function", "quantity", "segments": [{"x": [], "y": []}]}]}`."""
    yield json_token(SCHEMA)[:-1] + b',"range":' + json_token(between) + b',"curves":['
    for i, curve in enumerate(curves):
        start = json_token({"function": curve.function, "quantity": curve.quantity})[:-1]
        segments = b",".join(
            b'{"x":' + json_bytes(x) + b',"y":' + json_bytes(y) + b"}" for x, y in curve.segments
        )
        yield (b"," if i else b"") + start + b',"segments":[' + segments + b"]}"
    yield b"]}\n"
