"""The files that `deadcheck` writes: the form of its report, and checks before anything is read."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError
from actcli.render.output.layout import Layout, choose_layout, is_standard_output

if TYPE_CHECKING:
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.terminal import Terminal

_SUFFIXES = (".txt", ".json", ".jsonl", ".csv", ".tsv", ".md", ".xml")
"""Suffixes of -o; .npy and .npz are refused with a reason of their own."""


def choose_report_layout(format_: str | None, output: str | None, terminal: "Terminal") -> Layout:
    """Return the layout; `junit` is a format too, with the suffix .xml. Raises UsageError when the options disagree."""
    is_xml = output is not None and output.lower().endswith(".xml")
    if format_ != "junit" and not (is_xml and format_ is None):
        if is_xml:
            raise UsageError(
                f"-o {output!r} is junit by its suffix, but --format says {format_}; leave one of them out"
            )
        _require_suffix(format_, output)
        layout = choose_layout(format_, output, with_x=False, digits=None, terminal=terminal)
        if layout.format in {"npy", "npz"}:
            raise UsageError(
                f"-o {output!r}: {layout.format} holds numbers, not a report; use one of "
                f"{', '.join(_SUFFIXES)}, or --save-state for the statistics"
            )
        return layout
    if output is None or is_standard_output(output):
        return Layout("junit", None)
    if not is_xml and "." in os.path.basename(output):  # noqa: PTH119
        raise UsageError(f"-o {output!r}: junit goes to a file that ends in .xml")
    return Layout("junit", output)


def _require_suffix(format_: str | None, output: str | None) -> None:
    """Raise UsageError for a file whose suffix names no form of a report."""
    if format_ is not None or not output or is_standard_output(output):
        return
    suffix = os.path.splitext(output)[1].lower()  # noqa: PTH122
    if suffix not in {*_SUFFIXES, ".npy", ".npz"}:
        raise UsageError(
            f"-o {output!r}: the suffix names no format; use one of {', '.join(_SUFFIXES)}, or --format"
        )


def _files_read(options: "DeadcheckOptions") -> Iterator[str]:
    """Yield every file that is read, those of `name='glob'` too."""
    from glob import glob

    for token in options.sources:
        yield token
        if not os.path.exists(token):  # noqa: PTH110
            yield from glob(token.partition("=")[2], recursive=True)  # noqa: PTH207
    yield from options.unit_axes
    if options.data is not None:
        yield options.data


def require_writable_files(options: "DeadcheckOptions", layout: Layout) -> None:
    """Raise UsageError for a file named twice, or read and written; DataError for one that cannot be written."""
    from actcli.render.output.outfile import require_writable

    if options.save_state is not None and not options.save_state.lower().endswith(".npz"):
        raise UsageError(f"--save-state {options.save_state!r}: statistics need a file that ends in .npz")
    if options.export_data is not None and not options.export_data.lower().endswith(".npy"):
        raise UsageError(f"--export-data {options.export_data!r}: samples need a file that ends in .npy")
    written = files_written(options, layout)
    if options.record is not None:
        written.append(options.record)
    real = [os.path.realpath(name) for name in written]
    for place, name in enumerate(written):
        if real[place] in real[:place]:
            raise UsageError(f"two options name the file {name}; give each its own")
    read = {os.path.realpath(path) for path in _files_read(options)}
    for name, path in zip(written, real, strict=True):
        if path in read:
            raise UsageError(f"{name} is read and would be overwritten; write to another file")
        require_writable(name)


def write_each(*writers: Callable[[], None]) -> None:
    """Call every writer, files before the report on stdout; then raise the first DataError of one.

    What one cannot write does not cost the others, and a reader who leaves (`| head -1`) does not cost a file.
    """
    failures: list[DataError] = []
    for write in writers:
        try:
            write()
        except DataError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def files_written(options: "DeadcheckOptions", layout: Layout) -> list[str]:
    """Return the files that a complete run writes, without that of --record."""
    files = (layout.path, options.save_state, options.export, options.export_data)
    return [name for name in files if name is not None]
