"""Short documents of text: the fields of a table as TSV, CSV or Markdown, a record as JSON, written in one piece."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from actcli.analysis.card.landmarks import Interval
from actcli.exits import UsageError
from actcli.render.output.layout import ARRAY_FORMATS, Layout
from actcli.render.output.surface import Surface
from actcli.render.text.notation import in_ascii
from actcli.terminal import Terminal

# What would end a cell or start emphasis, code, a link or an element.
_SPECIAL = re.compile(r"([\\`*|<\[\]])")
_BLANK = re.compile(r"[\t\r\n]+")


def refuse_arrays(layout: Layout, what: str) -> None:
    """Raise UsageError for .npy and .npz, which cannot hold text."""
    if layout.format in ARRAY_FORMATS:
        raise UsageError(f"{layout.format} holds numbers, not {what}; use .txt, .json, .csv, .tsv or .md")


def write_document(text: str, layout: Layout, terminal: Terminal) -> None:
    """Write the text to stdout, in ASCII where its encoding has no more, or to the layout's file, in UTF-8.

    Raises DataError when it cannot be written.
    """
    if layout.path is not None:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(layout.path) as file:
            file.write(text.encode())
        return
    if layout.format in {"json", "jsonl"}:
        terminal.write(text.encode())
    else:
        surface = Surface.of(terminal, to_file=False)
        terminal.write(surface.encoded(text if surface.unicode else in_ascii(text)))
    terminal.flush()


def delimited(rows: Iterable[Sequence[str]], form: str) -> str:
    """Rows of fields, the header first: `csv` quotes where it must, anything else is separated by tabs."""
    if form != "csv":
        return "".join("\t".join(_BLANK.sub(" ", field) for field in row) + "\n" for row in rows)
    return "".join(",".join(map(_quoted, row)) + "\n" for row in rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, the first row its head."""
    lines = [f"| {' | '.join(map(_escaped, row))} |" for row in rows]
    lines.insert(1, f"|{' --- |' * len(rows[0])}")
    return "\n".join(lines) + "\n"


def json_text(value: Any, *, indented: bool) -> str:
    """JSON in which nan and the infinities are strings, as in every other output."""
    import orjson

    return orjson.dumps(_finite(value), option=orjson.OPT_INDENT_2 if indented else None).decode() + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, Interval):
        return {key: _finite(getattr(value, key)) for key in ("low", "high", "holds_low", "holds_high")}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _escaped(field: str) -> str:
    return _SPECIAL.sub(r"\\\1", field)


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if any(c in field for c in ',"\r\n') else field
