"""CSV and TSV: rows of fields as lines. No name can break a line, and no name from a file runs as a formula."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from actcli.terminal import printable

_ROWS = 4096
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def delimited_text(rows: Iterable[Sequence[str]], form: str) -> str:
    """Return the rows as lines, the header first.

    `csv` quotes a field where it must; any other form separates by tabs and never quotes. Control characters and line
    ends are escaped (`printable`).
    """
    safe = (map(printable, row) for row in rows)
    if form != "csv":
        return "".join("\t".join(row) + "\n" for row in safe)
    import csv
    import io

    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(safe)
    return page.getvalue()


def stream_delimited(rows: Iterable[Sequence[str]], form: str) -> Iterator[str]:
    """Yield the text of `delimited_text` in pieces of some thousand rows."""
    rows = iter(rows)
    while some := list(islice(rows, _ROWS)):
        yield delimited_text(some, form)


def delimited_field(text: str, form: str) -> bytes:
    """Return one field as `delimited_text` writes it, for lines that are built from bytes."""
    return delimited_text([[text]], form).removesuffix("\n").encode()


def guard_formula(text: str, form: str) -> str:
    """Return a text that comes from a file so that no spreadsheet runs it: with an apostrophe before = + - @.

    Only for csv and tsv, which spreadsheets open. What the user has typed needs no guard, and a number gets none.
    """
    return f"'{text}" if form in {"csv", "tsv"} and text.startswith(_FORMULA_STARTS) else text
