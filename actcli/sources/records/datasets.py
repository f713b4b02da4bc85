"""Data sets to train on: the bundled digits, toy problems, an .npz file with X and y, a .csv file with a target."""

import math
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.dataset import TOY_SAMPLES, TOYS, Dataset, split, toy
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.number_request import ARCHIVES, NumberRequest, suffix_of
from actcli.sources.numbers.archive import archive_numbers
from actcli.sources.numbers.delimited import (
    Row,
    Sheet,
    bad_cell,
    column_position,
    open_sheet,
    parse_cell,
    wrong_length,
)
from actcli.sources.numbers.foreign import refuse_foreign
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.sources.streams.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Generator

    from actcli.analysis.stream.evaluation import Numbers
    from actcli.terminal import Terminal

Array = NDArray[Any]
DIGITS = "digits"
_BYTES, _BYTES_PER_SPLIT = 24, 12
"""Memory of a number while it is read and standardised, and in each split, as float64 and float32 (measured)."""
_BUNDLED = Path(__file__).with_name("digits.npz")
_ROWS_AT_ONCE = 1 << 12


def load_dataset(
    name: str, target: str | None, seed: int, terminal: "Terminal", splits: int = 1, memory: int | None = None
) -> Dataset:
    """Return the data set of a name: digits, moons, spirals, xor, FILE.npz, FILE.csv, FILE.tsv, - for .csv on stdin.

    `seed` draws the toy problems, and splits every set into its two parts, in `splits` ways. memory: the bytes that it
    may take; None for half of what is available. Raises UsageError for an unknown name and for a target that is missing
    or has no meaning; DataError for a file that cannot be read or trained on, or that needs more memory.
    """
    plan = _SplitPlan(seed, splits, memory)
    suffix = suffix_of(name)
    if suffix in {".csv", ".tsv"} or name == "-":
        if target is None:
            raise UsageError(f"--data {name} needs --target COLUMN, the column to predict")
        stream = open_stdin(terminal.stdin) if name == "-" else open_file(name)
        refuse_foreign(stream)
        return _from_sheet(stream, "\t" if suffix == ".tsv" else ",", target, plan)
    if target is not None:
        raise UsageError(f"--target names a column of a .csv file; --data {name} has none")
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
        "or a .csv file"
    )


@dataclass(frozen=True, slots=True)
class _SplitPlan:
    """How the data are split: the first seed, the number of splits, and the memory of all."""

    seed: int
    splits: int
    memory: int | None

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
        return split(name, x, y, self.seed, splits=self.splits)


def _from_archive(path: str, name: str, plan: _SplitPlan) -> Dataset:
    """Return the data set of arrays X (samples, ...) and y (samples,) or (samples, k)."""
    return plan.split(name, _array(path, "X", plan), _array(path, "y", plan))


def _array(path: str, name: str, plan: _SplitPlan) -> Array:
    with closing(
        cast("Generator[Numbers, None, None]", archive_numbers(path, NumberRequest(array=name)))
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


def _from_sheet(stream: ByteStream, delimiter: str, target: str, plan: _SplitPlan) -> Dataset:
    """Return the data set of a sheet: one column is the target, numbers or words; all others are features."""
    with stream:
        sheet = open_sheet(stream, delimiter)
        at = column_position(sheet, target)
        if len(sheet.names) < 2:
            raise DataError(f"{sheet.origin}: no column besides {sheet.names[at]} to predict it from")
        features, words = _columns(sheet, at, plan)
    numbers = [parse_cell(word) for word in words]
    y = np.array(words) if None in numbers else np.array(numbers, np.float64)
    return plan.split(sheet.origin, features, y)


def _columns(sheet: Sheet, target: int, plan: _SplitPlan) -> tuple[Array, list[str]]:
    """Return the features (samples, columns) and the target's cells. Raises DataError at the first wrong cell."""
    parts: list[Array] = []
    words: list[str] = []
    held = 0
    while batch := list(islice(sheet.rows, _ROWS_AT_ONCE)):
        parts.append(np.array([_features(sheet, row, target) for row in batch], np.float64))
        words += [_target(sheet, row, target) for row in batch]
        held += parts[-1].size
        plan.require_room(f"{sheet.origin}:{batch[-1][0]}", held)
    if not parts:
        raise DataError(f"{sheet.origin}: holds no samples")
    return np.concatenate(parts), words


def _features(sheet: Sheet, row: Row, target: int) -> list[float]:
    line, cells = row
    if len(cells) != len(sheet.names):
        raise wrong_length(sheet, line, cells)
    found = []
    for column, cell in enumerate(cells):
        if column == target:
            continue
        number = parse_cell(cell)
        if number is None:
            raise bad_cell(sheet, line, cell, column)
        if not math.isfinite(number):
            where = shown(sheet.names[column].encode(errors="surrogateescape"))
            raise DataError(f"{sheet.origin}:{line}: {cell.strip()} in column {where}; fill or drop it first")
        found.append(number)
    return found


def _target(sheet: Sheet, row: Row, target: int) -> str:
    line, cells = row
    word = cells[target].strip()
    if not word:
        raise bad_cell(sheet, line, word, target)
    return word
