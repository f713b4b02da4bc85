"""Data sets to train on: the bundled digits, toy problems, an .npz file with X and y, a table with a target."""

import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.dataset import TOY_SAMPLES, TOYS, Dataset, split, toy
from actcli.analysis.wording import file_named
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.number_request import ARCHIVES, FORMATS, TABLES, NumberRequest, OnError, suffix_of
from actcli.sources.numbers.archive import archive_numbers
from actcli.sources.numbers.foreign import refuse_foreign
from actcli.sources.numbers.formats import open_sheet
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.sources.tables.cells import Cell
from actcli.sources.tables.columns import parse_columns
from actcli.sources.tables.sheet import RowBatch, Sheet

if TYPE_CHECKING:
    from collections.abc import Generator

    from actcli.analysis.stream.evaluation import Numbers
    from actcli.terminal import Terminal

Array = NDArray[Any]
DIGITS = "digits"
_BYTES, _BYTES_PER_SPLIT = 24, 12
"""Memory of a number while it is read and standardised, and in each split, as float64 and float32 (measured)."""
_BUNDLED = Path(__file__).with_name("digits.npz")


def load_dataset(
    name: str,
    target: str | None,
    seed: int,
    terminal: "Terminal",
    splits: int = 1,
    memory: int | None = None,
    decimal: str = ".",
) -> Dataset:
    """Return the data set of a name: digits, moons, spirals, xor, FILE.npz, a table (FILE.csv), - for one on stdin.

    `seed` draws the toy problems, and splits every set into its two parts, in `splits` ways. memory: the bytes that it
    may take; None for half of what is available. decimal: the decimal sign of a table. Raises UsageError for an unknown
    name and for a target that is missing or has no meaning; DataError for a file that cannot be read or trained on, or
    that needs more memory.
    """
    plan = _SplitPlan(seed, splits, memory, decimal)
    suffix = suffix_of(name)
    if FORMATS.get(suffix) in TABLES or name == "-":
        if target is None:
            raise UsageError(f"--data {name} needs --target COLUMN, the column to predict")
        stream = open_stdin(terminal.stdin) if name == "-" else open_file(name)
        return _from_sheet(stream, suffix, target, plan)
    if target is not None:
        raise UsageError(f"--target names a column of a table; --data {name} has none")
    if name.lower() == DIGITS:
        return _from_archive(str(_BUNDLED), DIGITS, plan)
    if name.lower() in TOYS:
        plan.require_room(name, 2 * TOY_SAMPLES)
        return toy(name.lower(), seed, splits)
    if suffix in ARCHIVES:
        return _from_archive(name, name, plan)
    if Path(name).is_file():
        with open_file(name) as stream:
            refuse_foreign(stream)
    raise UsageError(
        f"--data {name!r} is unknown; choose {DIGITS}, {', '.join(TOYS)}, an .npz or .safetensors file with X and y, "
        "or a table (.csv, .tsv, .json, .jsonl)"
    )


@dataclass(frozen=True, slots=True)
class _SplitPlan:
    """How the data are read and split: the first seed, the count of splits, the memory, a table's decimal sign."""

    seed: int
    splits: int
    memory: int | None
    decimal: str = "."

    def require_room(self, origin: str, numbers: int) -> None:
        """Raise DataError where so many numbers need too much memory."""
        in_splits = f" in {self.splits:,} splits" if self.splits > 1 else ""
        require_memory(
            (_BYTES + _BYTES_PER_SPLIT * self.splits) * numbers,
            self.memory,
            f"{origin}: training on {numbers:,} numbers{in_splits}",
            "allow more with --memory" + (", or take fewer --splits" if self.splits > 1 else ""),
        )

    def split(self, name: str, x: Array, y: Array) -> Dataset:
        """Return the data set of samples and targets."""
        return split(file_named(name), x, y, self.seed, splits=self.splits)


def _from_archive(path: str, name: str, plan: _SplitPlan) -> Dataset:
    """Return the data set of arrays X (samples, ...) and y (samples,) or (samples, k)."""
    return plan.split(name, _array(path, "X", plan), _array(path, "y", plan))


def _array(path: str, name: str, plan: _SplitPlan) -> Array:
    with closing(
        cast(
            "Generator[Numbers, None, None]",
            archive_numbers(path, NumberRequest(array=name, memory=plan.memory)),
        )
    ) as streams:
        numbers = next(streams)
        fault = _fault(numbers.shape, name)
        if fault is None:
            plan.require_room(f"{path}: {name}", math.prod(numbers.shape or ()))
            return _whole(numbers).reshape(numbers.shape or ())
        del numbers  # its file is closed with it
    raise DataError(f"{path}: {fault}")


def _fault(shape: tuple[int, ...] | None, name: str) -> str | None:
    """Return the fault of an array of this shape; None where it can be trained on."""
    if not shape or (name == "y" and len(shape) > 2):
        right = "(samples, features)" if name == "X" else "(samples,)"
        return f"{name} has the shape {shape}; training takes {right}"
    return None


def _whole(numbers: "Numbers") -> Array:
    blocks = [np.array(block) for block in numbers.blocks]
    return np.concatenate(blocks) if blocks else np.empty(0)


def _from_sheet(stream: ByteStream, suffix: str, target: str, plan: _SplitPlan) -> Dataset:
    """Return the data set of a table: one column is the target, numbers or words; all others are features."""
    with stream:
        request = NumberRequest(memory=plan.memory, decimal=plan.decimal)
        sheet = open_sheet(stream, request, suffix)
        at = sheet.position(target)
        if len(sheet.names) < 2:
            raise DataError(f"{sheet.origin}: no column besides {sheet.names[at]} to predict it from")
        features, targets = _columns(sheet, at, plan)
    numbers = [sheet.reader.number(cell) for cell in targets]
    words = [str(cell) if number is None else number for cell, number in zip(targets, numbers, strict=True)]
    return plan.split(
        sheet.origin, features, np.array([str(word) for word in words] if None in numbers else words)
    )


def _columns(sheet: Sheet, target: int, plan: _SplitPlan) -> tuple[Array, list[Cell]]:
    """Return the features (samples, columns) and the target's cells. Raises DataError at the first wrong cell."""
    others = [column for column in range(len(sheet.names)) if column != target]
    parts: list[Array] = []
    targets: list[Cell] = []
    held = 0
    for batch in sheet.batches:
        features, error = parse_columns(sheet, batch, others, OnError.STOP)
        _require_finite(sheet, batch, features, others)
        if error:
            raise error
        targets += batch.cells_of(target)[: len(features)]
        for line, cell in zip(batch.lines, targets[held:], strict=True):
            if not str("" if cell is None else cell).strip():
                raise sheet.bad_cell(line, cell, target)
        parts.append(features)
        held += len(features)
        plan.require_room(f"{sheet.origin}:{batch.lines[-1]}", held * len(others))
    if not held:
        raise DataError(f"{sheet.origin}: holds no samples")
    return np.concatenate(parts), targets


def _require_finite(sheet: Sheet, batch: RowBatch, features: Array, columns: list[int]) -> None:
    """Raise DataError at the first feature that cannot be trained on."""
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        row, column = bad[0].tolist()
        where = sheet.label(columns[column])
        raise DataError(
            f"{sheet.origin}:{batch.lines[row]}: {features[row, column]} in column {where}; fill or drop it first"
        )
