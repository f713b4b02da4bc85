"""Writes the results of `eval` and `grad` as the layout says, as fast as they come.

The module of a format is imported when it is needed: a pipe of plain numbers loads nothing else.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import BinaryIO

from actcli.analysis.stream.evaluation import Evaluation
from actcli.exits import ActcliError
from actcli.render.output.layout import ARRAY_FORMATS, PARQUET, Layout
from actcli.terminal import Terminal


def write_evaluations(evaluations: Iterable[Evaluation], layout: Layout, terminal: Terminal) -> None:
    """Write all results to the layout's file, which appears whole or not at all, or to stdout.

    The file is opened before anything is read. When the input fails, stdout has everything that came before it.
    Raises DataError when the results cannot be written, or do not fit the format.
    """
    try:
        if layout.path is None:
            _write_to_stdout(evaluations, layout, terminal)
        else:
            from actcli.render.output.outfile import atomic_file

            with atomic_file(layout.path) as file:
                _write_to_file(evaluations, layout, terminal, file)
    finally:
        if isinstance(evaluations, Generator):  # closing it removes its progress bar
            evaluations.close()


def _write_to_stdout(evaluations: Iterable[Evaluation], layout: Layout, terminal: Terminal) -> None:
    try:
        for text, live in _texts(evaluations, layout, terminal):
            terminal.write(text)
            if live:
                terminal.flush()
    except ActcliError:
        terminal.flush()
        raise
    terminal.flush()


def _write_to_file(
    evaluations: Iterable[Evaluation], layout: Layout, terminal: Terminal, file: BinaryIO
) -> None:
    if layout.format in ARRAY_FORMATS:
        from actcli.render.values.array_files import write_arrays

        write_arrays(evaluations, layout, file)
    elif layout.format == PARQUET:
        from actcli.render.values.parquet_file import write_parquet

        write_parquet(evaluations, layout, file)
    else:
        file.writelines(text for text, _ in _texts(evaluations, layout, terminal))


def _texts(
    evaluations: Iterable[Evaluation], layout: Layout, terminal: Terminal
) -> Iterator[tuple[bytes, bool]]:
    """Yield the text in pieces, each with whether somebody may be waiting for it."""
    if layout.bits:
        from actcli.render.values.stored_form import as_patterns

        evaluations = map(as_patterns, evaluations)
    else:
        evaluations = map(_as_decimals, evaluations)
    if layout.format == "json":
        from actcli.render.values.json_document import json_document

        for text in json_document(evaluations):
            yield text, False
        return
    lines_of = _line_format(layout, terminal)
    for evaluation in evaluations:
        if evaluation.fortran:
            raise ValueError("blocks in Fortran order cannot become lines of text")
        for text in lines_of(evaluation):
            yield text, evaluation.live


def _as_decimals(evaluation: Evaluation) -> Evaluation:
    if evaluation.kind is None:
        return evaluation
    from actcli.render.values.stored_form import as_decimals

    return as_decimals(evaluation)


def _line_format(layout: Layout, terminal: Terminal) -> Callable[[Evaluation], Iterator[bytes]]:
    """Return the function that turns one evaluation after the other into lines of text."""
    match layout.format:
        case "plain":
            from actcli.render.values.lines import plain_lines

            return lambda evaluation: plain_lines(
                evaluation, with_x=layout.with_x, digits=layout.digits, null=layout.null
            )
        case "jsonl":
            from actcli.render.values.lines import json_lines

            return json_lines
        case "csv" | "tsv":
            from actcli.render.values.delimited_lines import DelimitedLines

            return DelimitedLines(layout.format, layout.with_x, layout.digits)
        case "markdown":
            from actcli.render.values.markdown_table import stream_markdown

            return lambda evaluation: stream_markdown(evaluation, layout.digits)
        case "table":
            from actcli.render.output.surface import Surface
            from actcli.render.values.table import table

            surface = Surface.of(terminal, to_file=layout.path is not None)
            return lambda evaluation: table(evaluation, surface, layout.digits)
        case unknown:
            raise ValueError(f"no lines of text in format {unknown!r}")
