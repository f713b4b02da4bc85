"""Data sets to train on: the bundled digits, toy problems, an .npz file with X and y, a .csv file with a target."""

import math
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.dataset import TOYS, Dataset, split, toy
from actcli.exits import DataError, UsageError
from actcli.sources.number_request import ARCHIVES, NumberRequest
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
from actcli.sources.streams.bytestream import ByteStream, open_file, open_stdin
from actcli.sources.streams.tokens import shown

if TYPE_CHECKING:
    from collections.abc import Generator

    from actcli.analysis.stream.evaluation import Numbers
    from actcli.terminal import Terminal

Array = NDArray[Any]
DIGITS = "digits"
MOST_NUMBERS = 1 << 25
"""Numbers of all samples together: 256 MiB as float64."""
_BUNDLED = Path(__file__).with_name("digits.npz")
_ROWS_AT_ONCE = 1 << 12


def load_dataset(name: str, target: str | None, seed: int, terminal: "Terminal", splits: int = 1) -> Dataset:
    """Return the data set of a name: digits, moons, spirals, xor, FILE.npz, FILE.csv, FILE.tsv, - for .csv on stdin.

    `seed` draws the toy problems, and splits every set into its two parts, in `splits` ways. Raises UsageError
    for an unknown name and for a target that is missing or has no meaning; DataError for a file that cannot be read or
    trained on.
    """
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in {".csv", ".tsv"} or name == "-":
        if target is None:
            raise UsageError(f"--data {name} needs --target COLUMN, the column to predict")
        stream = open_stdin(terminal.stdin) if name == "-" else open_file(name)
        return _from_sheet(stream, "\t" if suffix == ".tsv" else ",", target, seed, splits)
    if target is not None:
        raise UsageError(f"--target names a column of a .csv file; --data {name} has none")
    if name.lower() == DIGITS:
        return _from_archive(str(_BUNDLED), DIGITS, seed, splits)
    if name.lower() in TOYS:
        return toy(name.lower(), seed, splits)
    if suffix in ARCHIVES:
        return _from_archive(name, name, seed, splits)
    raise UsageError(
        f"--data {name!r} is unknown; choose {DIGITS}, {', '.join(TOYS)}, an .npz or .safetensors file with X and y, "
        "or a .csv file"
    )


def _from_archive(path: str, name: str, seed: int, splits: int) -> Dataset:
    """Return the data set of arrays X (samples, ...) and y (samples,) or (samples, k)."""
    return split(name, _array(path, "X"), _array(path, "y"), seed, splits=splits)


def _array(path: str, name: str) -> Array:
    with closing(
        cast("Generator[Numbers, None, None]", archive_numbers(path, NumberRequest(array=name)))
    ) as streams:
        numbers = next(streams)
        fault = _fault(numbers.shape, name)
        if fault is None:
            return _whole(numbers).reshape(numbers.shape or ())
        del numbers  # its file is closed with it
    raise DataError(f"{path}: {fault}")


def _fault(shape: tuple[int, ...] | None, name: str) -> str | None:
    """Return the fault of an array of this shape; None where it can be trained on."""
    if not shape or (name == "y" and len(shape) > 2):
        right = "(samples, features)" if name == "X" else "(samples,)"
        return f"{name} has the shape {shape}; training takes {right}"
    count = math.prod(shape)
    return f"{name} holds {count:,} numbers; {MOST_NUMBERS:,} at most" if count > MOST_NUMBERS else None


def _whole(numbers: "Numbers") -> Array:
    blocks = [np.array(block) for block in numbers.blocks]
    return np.concatenate(blocks) if blocks else np.empty(0)


def _from_sheet(stream: ByteStream, delimiter: str, target: str, seed: int, splits: int) -> Dataset:
    """Return the data set of a sheet: one column is the target, numbers or words; all others are features."""
    with stream:
        sheet = open_sheet(stream, delimiter)
        at = column_position(sheet, target)
        if len(sheet.names) < 2:
            raise DataError(f"{sheet.origin}: no column besides {sheet.names[at]} to predict it from")
        features, words = _columns(sheet, at)
    numbers = [parse_cell(word) for word in words]
    y = np.array(words) if None in numbers else np.array(numbers, np.float64)
    return split(sheet.origin, features, y, seed, splits=splits)


def _columns(sheet: Sheet, target: int) -> tuple[Array, list[str]]:
    """Return the features (samples, columns) and the target's cells. Raises DataError at the first wrong cell."""
    parts: list[Array] = []
    words: list[str] = []
    held = 0
    while batch := list(islice(sheet.rows, _ROWS_AT_ONCE)):
        parts.append(np.array([_features(sheet, row, target) for row in batch], np.float64))
        words += [_target(sheet, row, target) for row in batch]
        held += parts[-1].size
        if held > MOST_NUMBERS:
            raise DataError(
                f"{sheet.origin}:{batch[-1][0]}: more than {MOST_NUMBERS:,} numbers; no more can be trained on"
            )
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
