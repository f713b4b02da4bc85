"""The format of a stream of numbers: by the suffix of its name, or by its first bytes."""

from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError
from actcli.sources.number_request import DELIMITERS, NumberRequest
from actcli.sources.numbers.foreign import refuse_foreign
from actcli.sources.streams.bytestream import ByteStream

if TYPE_CHECKING:
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.sources.numbers.npy_header import Header


def holds_array(stream: ByteStream, suffix: str) -> bool:
    """Return whether an .npy array starts here. Raises DataError for an empty file."""
    from actcli.sources.numbers.npy_header import MAGIC

    if stream.is_named_file and stream.is_empty():
        raise DataError(f"{stream.origin}: is empty")
    return suffix not in DELIMITERS and (suffix == ".npy" or stream.starts_with(MAGIC))


def stream_numbers(
    stream: ByteStream, request: NumberRequest, suffix: str, header: "Header | None" = None
) -> "Numbers":
    """Return the numbers of a stream: an .npy array, the columns of a .csv or .tsv, or text.

    `header` is that of the array where it was read before. Raises UsageError for an axis of text, DataError
    for a file of another format, and the errors of the format's reader.
    """
    if header is not None or holds_array(stream, suffix):
        from actcli.sources.numbers.npy import npy_numbers

        return npy_numbers(stream, request, header=header)
    refuse_foreign(stream)
    _refuse_patterns(request, stream.origin)
    if suffix in DELIMITERS:
        from actcli.sources.numbers.delimited import delimited_numbers

        return delimited_numbers(stream, request, DELIMITERS[suffix])
    if request.axis is not None:
        raise UsageError("--axis belongs to an array, a .npy or .npz file, and stdin holds text")
    from actcli.sources.numbers.text import text_numbers

    return text_numbers(stream, request)


def _refuse_patterns(request: NumberRequest, origin: str) -> None:
    """Raise UsageError where bit patterns are to be read from something else than an array."""
    if request.must_be_stored and request.stored is not None:
        raise UsageError(f"--dtype {request.stored.name} says what an .npy file holds; {origin} is none")
