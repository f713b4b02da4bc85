"""The files that `deadcheck` writes: checks before anything is read, and the order in which they appear."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from actcli.exits import UsageError
from actcli.render.output.destinations import require_apart

if TYPE_CHECKING:
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports


def _files_read(options: "DeadcheckOptions") -> Iterator[str]:
    """Yield every file that is read, those of patterns too."""
    from glob import glob

    for token in options.sources:
        yield token
        if not os.path.exists(token):  # noqa: PTH110
            yield from glob(token.partition("=")[2], recursive=True)  # noqa: PTH207
    yield from options.unit_axes
    for path in (options.data, options.mask):
        if path is not None:
            yield path.rpartition("=")[2]
            yield from glob(path, recursive=True)  # noqa: PTH207


def require_writable_files(options: "DeadcheckOptions", reports: "Reports") -> None:
    """Raise UsageError for a file named twice, or read and written; DataError for one that cannot be written."""
    from actcli.render.output.outfile import require_writable

    if options.save_state is not None and not options.save_state.lower().endswith(".npz"):
        raise UsageError(f"--save-state {options.save_state!r}: statistics need a file that ends in .npz")
    if options.wakes is not None and not options.wakes.lower().endswith(".npz"):
        raise UsageError(f"--wakes {options.wakes!r}: inputs need a file that ends in .npz")
    if options.export_data is not None and not options.export_data.lower().endswith(".npy"):
        raise UsageError(f"--export-data {options.export_data!r}: samples need a file that ends in .npy")
    if options.prune is not None and not options.prune.lower().endswith(".onnx"):
        raise UsageError(f"--prune {options.prune!r}: a model needs a file that ends in .onnx")
    written = files_written(options, reports)
    if options.record is not None:
        written.append(options.record)
    require_apart(written)
    real = [os.path.realpath(name) for name in written]
    read = {os.path.realpath(path) for path in _files_read(options)}
    for name, path in zip(written, real, strict=True):
        if path in read:
            raise UsageError(f"{name} is read and would be overwritten; write to another file")
        require_writable(name)


def files_written(options: "DeadcheckOptions", reports: "Reports") -> list[str]:
    """Return the files that a complete run writes, without that of --record."""
    others = (
        options.save_state,
        options.prune,
        options.wakes,
        options.export,
        options.export_data,
        options.densities,
        options.dead_units,
    )
    return [*reports.files, *(name for name in others if name is not None)]
