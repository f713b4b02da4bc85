"""A request for numbers: which input, and how to read it."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from actcli.dataclass import dataclass
from actcli.packing import without_packing
from actcli.remote import is_url
from actcli.terminal import without_credentials

if TYPE_CHECKING:
    import numpy as np

    from actcli.analysis.number_types import LowType


FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".npy": "npy",
    ".txt": "text",
}
"""The formats of a stream of numbers, by the suffix of a file."""
COLUMNAR = ("parquet", "arrow")
"""The formats of columns that pyarrow reads."""
TABLES = ("csv", "tsv", "json", "jsonl", *COLUMNAR)
"""The formats that may have columns."""
ARCHIVES = (".npz", ".safetensors")
"""The suffixes of files that hold arrays by name."""


def suffix_of(path: str) -> str:
    """Return the suffix of a file in lower case, with its dot; without that of its packing: `.npy` of `x.npy.gz`."""
    path = without_credentials(path) if is_url(path) else path
    return os.path.splitext(without_packing(path.lower()))[1]  # noqa: PTH122 - pathlib is slow to load at start


class OnError(StrEnum):
    """The choice at a token of a text that is not a number."""

    STOP = "stop"
    NAN = "nan"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class EveryNumber:
    """The numbers of a type, NaN and the infinities included.

    Attributes:
        kind: the type.
        stride: every so manieth bit pattern, from 0 on.
        around: only the numbers next to these points; None means all.

    """

    kind: "LowType"
    stride: int = 1
    around: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class NumberRequest:
    """One input of numbers, and how to read it.

    Attributes:
        tokens: the arguments X... as typed: numbers, one file, or `-`.
        input: the file of -i; `-` is stdin.
        range: the ends of evenly spaced numbers, LO and HI.
        every: the numbers of a type, by their bit patterns.
        points: the count of evenly spaced numbers; 1 is LO alone.
        array: the array of an .npz or .safetensors; None means all.
        columns: the columns of a table, each a name or a number counted from 1; none: the only one of numbers, by rows
            all.
        pooled: several columns are one stream of numbers; else each line is a row of them.
        format: the format of the input; None: by its suffix, else as far as its content tells.
        decimal: the decimal sign of text, `.` or `,`.
        null: numbers in text end in NUL, and by rows a row does.
        memory: the bytes that may be taken for what has to be held at once: a JSON document, a sample, an array in
            Fortran order, the names in an archive; None: half of what is available.
        dtype: the type of the numbers; None means the file's own, float64 for integers and text.
        kind: the type that NumPy lacks and the numbers are rounded to (bfloat16); `dtype` is then float32.
        on_error: what happens at a token that is not a number.
        by_rows: the function works on rows.
        axis: with by_rows, the axis of an array along which a row lies; None means the last.
        stored: the type of 1 or 2 bytes that an .npy file holds where it says void, as ml_dtypes saves bfloat16.
        must_be_stored: anything but an array of `stored` is an error.
        patterns: the type whose bit patterns (`0xbf80`) arguments and text may hold, and unsigned integers are.
        keep_order: the blocks may follow the columns (Fortran order) where the file does.
        samples: blocks are (n, elements of a sample) along axis 0, of about this many elements; None means flat
            blocks.
        rows: with `samples`, those to read of a plain .npy or .safetensors file in C order; None means all.
        keep_open: the stream stays open after an .npy array, for what follows it.
        workers: the processes that may parse long text at once.

    """

    tokens: tuple[str, ...] = ()
    input: str | None = None
    range: tuple[float, float] | None = None
    points: int = 101
    array: str | None = None
    columns: tuple[str, ...] = ()
    pooled: bool = False
    format: str | None = None
    decimal: str = "."
    null: bool = False
    memory: int | None = None
    dtype: "np.dtype[Any] | None" = None
    on_error: OnError = OnError.STOP
    by_rows: bool = False
    axis: int | None = None
    keep_order: bool = False
    samples: int | None = None
    rows: slice | None = None
    keep_open: bool = False
    stored: "LowType | None" = None
    kind: "LowType | None" = None
    patterns: "LowType | None" = None
    every: "EveryNumber | None" = None
    must_be_stored: bool = False
    workers: int = 1
