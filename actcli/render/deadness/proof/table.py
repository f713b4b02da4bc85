"""A proof as a table of the layers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.deadness.proof.record import unit_lines
from actcli.render.output.surface import Surface
from actcli.render.table.fit import table_width
from actcli.render.table.grid import GridColumn, draw_grid
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.proof.prove import Proof

TITLE = "What is proved on the box of inputs"
_MOST = 1000
"""Units that a table lists."""
_ROOMS = (40, 28, 20, 12)
_SPARE = ("lowest", "highest", "op", "constant", "linear")
"""Columns that are left out on a narrow screen, the first ones first."""


def proof_table(
    proof: "Proof", ops: Mapping[str, str], layers: Sequence[LayerVerdict], surface: Surface
) -> str:
    """Return the table of a proof, and beside it the dead units of data where there are such."""
    tries = [(room, frozenset[str]()) for room in _ROOMS]
    tries += [(_ROOMS[-1], frozenset(_SPARE[:count])) for count in range(2, len(_SPARE) + 1)]
    for room, without in tries:
        columns = [
            column for column in _columns(proof, ops, layers, room, surface) if column.heading not in without
        ]
        if table_width([column.width for column in columns]) <= surface.width:
            break
    return draw_grid(columns, surface)


def unit_table(proof: "Proof", surface: Surface) -> str:
    """Return the table of the units of which something is proved; empty where there is none."""
    decided = [line for line in unit_lines(proof) if line[2] != "open"]
    if not decided:
        return ""
    names, units, words, by, lower, upper = zip(*decided[:_MOST], strict=True)
    columns = [
        GridColumn("layer", fit_names([str(name) for name in names], _ROOMS[1], surface), left=True),
        GridColumn("unit", [str(unit) for unit in units]),
        GridColumn("proved", [str(word) for word in words], left=True),
        GridColumn("by", [str(one) for one in by], left=True),
        GridColumn("lowest", [_number_text(float(end)) for end in lower]),
        GridColumn("highest", [_number_text(float(end)) for end in upper]),
    ]
    more = len(decided) - _MOST
    return draw_grid(columns, surface) + (
        f"{thousands(more)} more; --format csv has all\n" if more > 0 else ""
    )


def proof_rows(proof: "Proof", ops: Mapping[str, str], layers: Sequence[LayerVerdict]) -> list[list[str]]:
    """Return a header, and a row of texts per layer."""
    named = [("layer", [printable(one.name) for one in proof.layers], "all")]
    columns = [*named, *_counts(proof, ops, layers)]
    return [[name for name, *_ in columns], *map(list, zip(*(texts for _, texts, _ in columns), strict=True))]


def _columns(
    proof: "Proof", ops: Mapping[str, str], layers: Sequence[LayerVerdict], room: int, surface: Surface
) -> list[GridColumn]:
    names = fit_names([one.name for one in proof.layers], room, surface)
    several = len(proof.layers) > 1
    columns = [GridColumn("layer", [*names, *(["all"] if several else [])], left=True)]
    for name, texts, total in _counts(proof, ops, layers):
        if name == "op":
            texts = fit_names(texts, room, surface)  # noqa: PLW2901 - cut to its room
        whole = [*texts, *([total] if several else [])]
        alarming = name in {"dead", "proved dead"}
        styles = ["dim" if text == "0" else "bold red" if alarming else "" for text in whole]
        columns.append(GridColumn(name, whole, styles, left=name == "op"))
    return columns


def _counts(
    proof: "Proof", ops: Mapping[str, str], layers: Sequence[LayerVerdict]
) -> list[tuple[str, list[str], str]]:
    """Return the columns after the name: heading, a text per layer, and one for all."""
    own = proof.layers
    by_name = {layer.name: layer for layer in layers}
    columns = [("op", [printable(ops.get(one.name, one.rule.function)) for one in own], "")]
    counts = [("units", [one.units for one in own])]
    if any(layer.samples for layer in layers):
        dead = [by_name[one.name].dead_units if one.name in by_name else None for one in own]
        counts.append(("dead", [0 if flags is None else int(flags.sum()) for flags in dead]))
        counts.append(("proved dead", [int(one.proved_dead.sum()) for one in own]))
        counts.append(
            (
                "not proved",
                [
                    0 if f is None else int((f & ~one.proved_dead).sum())
                    for f, one in zip(dead, own, strict=True)
                ],
            )
        )
    else:
        counts.append(("proved dead", [int(one.proved_dead.sum()) for one in own]))
    if proof.search is not None and proof.search.wakes:
        woken = Counter(wake.layer for wake in proof.search.wakes)
        counts.append(("woken", [woken[one.name] for one in own]))
    counts += [
        ("linear", [int(one.proved_active.sum()) for one in own]),
        ("constant", [int(one.proved_constant.sum()) for one in own]),
        ("open", [one.units - int(one.decided.sum()) for one in own]),
    ]
    columns += [(name, [thousands(n) for n in numbers], thousands(sum(numbers))) for name, numbers in counts]
    columns.append(("lowest", [_number_text(float(one.lower.min())) for one in own], ""))
    columns.append(("highest", [_number_text(float(one.upper.max())) for one in own], ""))
    return columns


def _number_text(value: float) -> str:
    return number(value, 3) if math.isfinite(value) else "–"
