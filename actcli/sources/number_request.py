"""What the command line says about the numbers that are wanted."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from actcli.analysis.precision.number_types import LowType


class OnError(StrEnum):
    """What to do about something in a text that is no number."""

    STOP = "stop"
    NAN = "nan"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class NumberRequest:
    """One input, and how to read it.

    Attributes:
        tokens: the positional X... as typed: numbers, one file, or `-`.
        input: the file of -i; `-` is stdin.
        range: LO and HI of --range.
        points: how many numbers --range stands for; 1 is LO alone.
        array: which array of an .npz; None is all of them.
        column: which column of a .csv or .tsv: a name, or a number from 1 on.
        dtype: of the numbers; None is the file's own, float64 for integers and text.
        on_error: what to do about something that is no number.
        by_rows: the function works on rows.
        axis: by rows: the axis of an array along which a row lies; None is the last.
        stored: the type of 2 bytes or 1 that an .npy file holds where it says void, as ml_dtypes has them saved.
        keep_order: the output keeps the order of the file, so that Fortran order may pass through.
        samples: an array comes in blocks (n, elements of a sample) along axis 0, of about so many elements; None is
            flat blocks.

    """

    tokens: tuple[str, ...] = ()
    input: str | None = None
    range: tuple[float, float] | None = None
    points: int = 101
    array: str | None = None
    column: str | None = None
    dtype: "np.dtype[Any] | None" = None
    on_error: OnError = OnError.STOP
    by_rows: bool = False
    axis: int | None = None
    keep_order: bool = False
    samples: int | None = None
    stored: "LowType | None" = None
