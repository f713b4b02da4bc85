"""A table as it came, with columns of results added in its own format."""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation, Numbers, quantity_of
from actcli.analysis.stream.table import Table, TableBlock
from actcli.exits import ActcliError, DataError, UsageError
from actcli.render.output.documents import json_token
from actcli.render.output.layout import Layout, plain_suffix
from actcli.render.output.outfile import atomic_file
from actcli.render.text.numbers import number_list
from actcli.render.values.stored_form import as_decimals
from actcli.terminal import Terminal, printable

Evaluate = Callable[[Array], Sequence[Evaluation]]
"""Evaluates all functions at (rows, columns)."""
_CONTROL = re.compile(r"[^\t\r\n\x20-\x7e\xa0-\uffff]")
_SUFFIXES = {".csv": ",;|\t", ".tsv": "\t", ".tab": "\t", ".txt": ",;|\t"}
"""The delimiters of a table that goes to a file of this suffix."""
_LINES = (".jsonl", ".ndjson", ".txt")


def write_appended(table: Table, evaluate: Evaluate, layout: Layout, terminal: Terminal) -> None:
    """Write the table with the results behind its columns, to the layout's file, whole or not at all, or to stdout.

    When the input fails, stdout has every row before it. Raises UsageError for a file whose suffix names another
    format, DataError for a column of the same name.
    """
    pieces = _pieces(table, evaluate, layout.digits)
    if layout.path is not None:
        _require_suffix(table, layout.path)
        with atomic_file(layout.path) as file:
            file.write(table.mark)
            file.writelines(piece.encode(table.encoding, "surrogateescape") for piece in pieces)
        return
    try:
        if not terminal.stdout_is_tty:
            terminal.write(table.mark)
        for piece in pieces:
            if terminal.stdout_is_tty:
                shown = _CONTROL.sub(lambda match: printable(match[0]), piece)
                terminal.write(shown.encode(terminal.encoding, "backslashreplace"))
            else:
                terminal.write(piece.encode(table.encoding, "surrogateescape"))
            if table.numbers.live:
                terminal.flush()
    except ActcliError:
        terminal.flush()
        raise
    terminal.flush()


def _require_suffix(table: Table, path: str) -> None:
    suffix = plain_suffix(path)
    if table.form == "jsonl" and (not suffix or suffix in _LINES):
        return
    if table.form == "csv" and (not suffix or table.delimiter in _SUFFIXES.get(suffix, ())):
        return
    form = "JSON lines" if table.form == "jsonl" else f"cells between {table.delimiter!r}"
    raise UsageError(
        f"-o {path!r}: --append keeps the format of {table.numbers.origin}, {form}; name such a file"
    )


def _pieces(table: Table, evaluate: Evaluate, digits: int | None) -> Iterator[str]:
    writer: _CsvRows | _JsonRows | None = None
    for block in table.blocks:
        results = evaluate(block.x)
        columns = [column for one in results for column in _columns(one, table)]
        if writer is None:
            names = [name for name, _ in columns]
            _require_new(table, names)
            writer = _JsonRows(names) if table.form == "jsonl" else _CsvRows(table, block)
            yield writer.head(table, names)
        yield (
            writer.rows(block, [_tokens(values, block, writer, digits) for _, values in columns])
            + block.after
        )
    if writer is None:
        nothing = TableBlock((), "", np.empty((0, max(len(table.numbers.columns), 1)), table.numbers.dtype))
        names = [name for one in evaluate(nothing.x) for name, _ in _columns(one, table)]
        _require_new(table, names)
        yield _CsvRows(table, nothing).head(table, names)


def result_columns(result: Evaluation, numbers: Numbers) -> list[tuple[str, Array]]:
    """Return the names and numbers of the columns that one result adds."""
    ((_, y),) = result.blocks
    names = numbers.columns
    return [
        (
            quantity_of(result.quantity, names[at])
            if y.shape[1] == len(names)
            else f"{result.quantity}[{at + 1}]",
            y[:, at],
        )
        for at in range(y.shape[1])
    ]


def require_new(origin: str, existing: Sequence[str], names: Sequence[str]) -> None:
    """Raise DataError for a name that the table has, UsageError for one that is added twice."""
    for at, name in enumerate(names):
        if name in existing:
            raise DataError(f"{origin}: has a column {printable(name)!r} already")
        if name in names[:at]:
            raise UsageError(f"the column {printable(name)!r} would be added twice; name a function once")


def _columns(result: Evaluation, table: Table) -> list[tuple[str, Array]]:
    return result_columns(as_decimals(result), table.numbers)


def _require_new(table: Table, names: Sequence[str]) -> None:
    if table.has_header:
        require_new(table.numbers.origin, table.names, names)


def _tokens(
    values: Array, block: TableBlock, writer: "_CsvRows | _JsonRows", digits: int | None
) -> list[str]:
    tokens = [token.decode() for token in number_list(values, quoted=writer.quotes_names, digits=digits)]
    if block.missing is None:
        return tokens
    return [writer.empty if gone else token for token, gone in zip(tokens, block.missing, strict=True)]


class _CsvRows:
    """Cells behind the last cell of each row, quoted and with the decimal sign as in the table."""

    quotes_names = False
    empty = ""

    def __init__(self, table: Table, first: TableBlock) -> None:
        self.delimiter, self.decimal = table.delimiter, table.decimal
        row = first.texts[0].rstrip("\r\n") if first.texts else ""
        self.quoted = row.endswith('"') and row.count(f'"{self.delimiter}"') >= len(table.names) - 1

    def head(self, table: Table, names: Sequence[str]) -> str:
        """Return the header with the names."""
        if not table.has_header:
            return table.head
        body = table.head.rstrip("\r\n")
        special = f'"\r\n{self.delimiter}'
        cells = [
            _quote(name) if body.endswith('"') or any(one in name for one in special) else name
            for name in names
        ]
        return self.delimiter.join((body, *cells)) + table.head[len(body) :]

    def rows(self, block: TableBlock, columns: Sequence[Sequence[str]]) -> str:
        """Return the rows with the results."""
        added = list(map(self.delimiter.join, zip(*map(self._cells, columns), strict=True)))
        bodies = [text.rstrip("\r\n") for text in block.texts]
        return "".join(
            f"{body}{self.delimiter}{cells}{text[len(body) :]}"
            for text, body, cells in zip(block.texts, bodies, added, strict=True)
        )

    def _cells(self, tokens: Sequence[str]) -> Sequence[str]:
        if self.decimal != ".":
            tokens = [token.replace(".", self.decimal) for token in tokens]
        return list(map(_quote, tokens)) if self.quoted else tokens


class _JsonRows:
    """Members behind the last member of each object."""

    quotes_names = True
    empty = "null"

    def __init__(self, names: Sequence[str]) -> None:
        self.keys = [json_token(name).decode() for name in names]

    def head(self, table: Table, names: Sequence[str]) -> str:
        """Return the text before the first object."""
        del names
        return table.head

    def rows(self, block: TableBlock, columns: Sequence[Sequence[str]]) -> str:
        """Return the objects with the results."""
        pairs = [
            [f"{key}:{token}" for token in tokens] for key, tokens in zip(self.keys, columns, strict=True)
        ]
        added = map(",".join, zip(*pairs, strict=True))
        return "".join(map(_with_members, block.texts, added))


def _with_members(text: str, members: str) -> str:
    """Return the text of an object with further members, the blanks around it kept."""
    body = text.rstrip()
    comma = "" if body[:-1].rstrip().endswith("{") else ","
    return f"{body[:-1]}{comma}{members}}}{text[len(body) :]}"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
