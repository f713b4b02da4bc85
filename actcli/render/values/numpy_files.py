"""Results as NumPy's own files, both streamed: .npy with one array, .npz with one member per array."""

from collections.abc import Iterable
from typing import IO, BinaryIO

from actcli.analysis.stream.evaluation import Evaluation
from actcli.exits import DataError, UsageError
from actcli.render.output.outfile import read_pieces, spool_file
from actcli.render.values.whole import Extent, extent_of, file_blocks

_MAGIC = b"\x93NUMPY\x01\x00"
# NumPy aligns the data to 64 bytes. 128 bytes hold any shape of up to three axes: the product of the lengths is
# below 2**63, so together they have at most 21 digits.
_HEADER_ALIGNMENT = 64
_RESERVED = 128


def write_npy(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
    """Write one array; raises UsageError for several, DataError for rows of several lengths."""
    written = 0
    for evaluation in evaluations:
        if written:
            raise UsageError("an .npy file holds one array: choose one with --array, or write an .npz file")
        if evaluation.shape is not None or file.seekable():
            _write_in_place(evaluation, file)
        else:
            _write_from_spool(evaluation, file)
        written += 1
    if not written:
        raise DataError("there is no array to write")


def write_npz(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
    """Write one member per array, named after it, or `y` where it has no name; not compressed.

    Raises DataError when two arrays have one name, or rows have several lengths.
    """
    from zipfile import ZIP_STORED, ZipFile, ZipInfo

    names = set()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for evaluation in evaluations:
            name = evaluation.array or "y"
            if name in names:
                raise DataError(f"two arrays are named {name!r}; an .npz file needs a name for each")
            names.add(name)
            # ZipInfo's own date, 1980, makes equal results equal files.
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                if evaluation.shape is None:
                    _write_from_spool(evaluation, member)  # a member cannot be patched
                else:
                    _write_known(evaluation, member)


def _write_in_place(evaluation: Evaluation, file: BinaryIO) -> None:
    if evaluation.shape is not None:
        _write_known(evaluation, file)
        return
    start = file.tell()
    file.write(bytes(_RESERVED))
    extent = _write_data(evaluation, file)
    file.seek(start)
    file.write(_header(evaluation, extent.shape))
    file.seek(0, 2)


def _write_known(evaluation: Evaluation, file: IO[bytes]) -> None:
    file.write(_header(evaluation, evaluation.shape or ()))
    _write_data(evaluation, file)


def _write_from_spool(evaluation: Evaluation, file: IO[bytes]) -> None:
    with spool_file() as spool:
        extent = _write_data(evaluation, spool)
        file.write(_header(evaluation, extent.shape))
        for piece in read_pieces(spool):
            file.write(piece)


def _write_data(evaluation: Evaluation, file: IO[bytes]) -> Extent:
    extent = extent_of(evaluation, ".npy")
    for block in file_blocks(evaluation, extent, fortran=True):
        if block.size:
            file.write(block.data)
    return extent


def _header(evaluation: Evaluation, shape: tuple[int, ...]) -> bytes:
    """Return a header of format version 1.0 (numpy.lib.format): a dict, blanks, a newline."""
    text = (
        f"{{'descr': {evaluation.dtype.str!r}, 'fortran_order': {evaluation.fortran}, 'shape': {shape!r}, }}"
    ).encode("latin-1")
    least = max(_RESERVED, len(_MAGIC) + 2 + len(text) + 1)
    size = -(-least // _HEADER_ALIGNMENT) * _HEADER_ALIGNMENT - len(_MAGIC) - 2
    return _MAGIC + size.to_bytes(2, "little") + text.ljust(size - 1) + b"\n"
