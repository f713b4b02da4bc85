"""The list of functions as output: a table for a person, names for a pipe, every column for a program."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from actcli.activations import DIALECTS, Activation, Definition
from actcli.activations.definition import FORMULA
from actcli.analysis.card.landmarks import Interval, zero_gradient
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.table.fit import table_width
from actcli.render.table.grid import GridColumn, cut, draw_grid, in_characters
from actcli.render.text import notation
from actcli.render.text.delimited import delimited_text, guard_formula
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.render.text.notation import quantity, thousands
from actcli.terminal import Terminal

COLUMNS = (
    "name", "aliases", "family", "formula", "derivative", "parameters", "infimum", "supremum", "smoothness",
    "monotone", "zero_gradient", "year", "source", *DIALECTS, "about",
)  # fmt: skip
"""The columns of CSV and TSV, and the keys of JSON."""

_SHORTEST_FORMULA = 12


def write_listing(
    definitions: Sequence[Definition], framework: str | None, layout: Layout, terminal: Terminal
) -> None:
    """Write the functions as the layout says; a table shows their names in `framework`, if there is one.

    Without functions a table, plain text and Markdown are empty. Raises UsageError for .npy and .npz, DataError when
    writing fails.
    """
    refuse_arrays(layout, "a list of functions")
    write_document(_text(definitions, framework, layout, terminal), layout, terminal)


def _text(
    definitions: Sequence[Definition], framework: str | None, layout: Layout, terminal: Terminal
) -> str:
    match layout.format:
        case "plain":
            return "".join(definition.name + "\n" for definition in definitions)
        case "json":
            return json_document({"functions": [_record(definition) for definition in definitions]})
        case "jsonl":
            return "".join(json_line(_record(definition)) for definition in definitions)
        case "csv" | "tsv":
            return delimited_text(
                [COLUMNS, *(_fields(one, layout.format) for one in definitions)], layout.format
            )
        case "markdown":
            rows = [_cells(definition, framework) for definition in definitions]
            return markdown_table([_headings(framework), *rows]) if rows else ""
        case _:
            surface = Surface.of(terminal, to_file=layout.path is not None)
            return _table(definitions, framework, surface) if definitions else ""


def _no_gradient(definition: Definition) -> tuple[Interval, ...]:
    if definition.by_rows or not _has_facts(definition):
        return ()
    defaults = {parameter.name: parameter.default for parameter in definition.parameters}
    return zero_gradient(Activation(definition.name, definition, defaults))


def _has_facts(definition: Definition) -> bool:
    """Return whether the facts are known; they are not where a parameter has no default."""
    return not math.isnan(definition.smoothness)


def _names_in(definition: Definition, framework: str) -> list[str]:
    return [name for names in definition.frameworks if names.framework == framework for name in names.names]


def _record(definition: Definition) -> dict[str, Any]:
    """Return the columns of a function for a program, with facts at its defaults; None where there are none."""
    rows, has_facts = definition.by_rows, _has_facts(definition)
    return {
        "name": definition.name,
        "aliases": list(definition.aliases),
        "family": definition.family,
        "formula": definition.formula,
        "derivative": definition.derivative,
        "parameters": {p.name: None if math.isnan(p.default) else p.default for p in definition.parameters},
        "infimum": definition.range[0] if has_facts else None,
        "supremum": definition.range[1] if has_facts else None,
        "smoothness": definition.smoothness if has_facts else None,
        "monotone": definition.monotone if has_facts and not rows else None,
        "zero_gradient": _no_gradient(definition) if has_facts and not rows else None,
        "year": notation.year(definition),
        "source": definition.source,
        **{framework: _names_in(definition, framework) for framework in DIALECTS},
        "about": definition.about,
    }


def _fields(definition: Definition, form: str) -> list[str]:
    record = _record(definition)
    record["about"] = guard_formula(definition.about, form)
    return [field_text(value) for value in record.values()]


def _headings(framework: str | None) -> list[str]:
    last = [framework] if framework else ["no gradient", "year"]
    return ["name", "formula", "range", "class", *last]


def _cells(definition: Definition, framework: str | None) -> list[str]:
    """Return the columns of a function for a person."""
    low, high = (notation.number(end, 3) for end in definition.range)
    start = [
        definition.name,
        definition.formula + (f"  # {definition.about}" if definition.about else ""),
        f"{low} … {high}",
        notation.smoothness(definition.smoothness),
    ]
    if framework:
        return [*start, _names_in(definition, framework)[0]]
    unknown = definition.by_rows or not _has_facts(definition)
    none = "–" if unknown else notation.region(_no_gradient(definition)).replace("none", "–")
    return [*start, none, str(notation.year(definition) or "")]


def _table(definitions: Sequence[Definition], framework: str | None, surface: Surface) -> str:
    """Return a table with one line per function; a formula that does not fit is cut."""
    rows = zip(_headings(framework), *(_cells(one, framework) for one in definitions), strict=True)
    columns = [in_characters(GridColumn(head, texts, left=True), surface) for head, *texts in rows]
    room = surface.width - table_width([column.width for column in columns]) + columns[1].width
    formulas = [cut(formula, max(room, _SHORTEST_FORMULA), surface) for formula in columns[1].texts]
    columns[0] = replace(columns[0], styles=["cyan"] * len(definitions))
    columns[1] = replace(columns[1], texts=formulas)
    own = sum(definition.family == FORMULA for definition in definitions)
    yours = f", {thousands(own)} of them yours" if 0 < own < len(definitions) else ""
    count = f"{quantity(len(definitions), 'function')}{yours}"
    return f"{draw_grid(columns, surface)}{count}; actcli info NAME shows one of them\n"
