"""Results as files of arrays, all streamed: .npy with one array, .npz and .safetensors with an array per name."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import IO, Any, BinaryIO

import numpy as np

from actcli.analysis.number_types import narrow, numpy_type
from actcli.analysis.stream.evaluation import Evaluation
from actcli.exits import DataError, UsageError
from actcli.render.output.archive_members import open_member, storable_name
from actcli.render.output.layout import Layout
from actcli.render.output.outfile import read_pieces, spool_file
from actcli.render.values.stored_form import as_patterns, as_saved
from actcli.render.values.whole import Extent, extent_of, file_blocks

_MAGIC = b"\x93NUMPY\x01\x00"
# NumPy aligns the data to 64 bytes. 128 bytes hold any shape of up to three axes: the product of the lengths is
# below 2**63, so together they have at most 21 digits.
_HEADER_ALIGNMENT = 64
_RESERVED = 128


def write_arrays(evaluations: Iterable[Evaluation], layout: Layout, file: BinaryIO) -> None:
    """Write the arrays in the layout's format; an .npz `with_x` has the numbers, the results and their patterns.

    Raises UsageError for several arrays in an .npy file, DataError for two of one name, and rows of several lengths.
    """
    if layout.with_x:
        _write_reference(evaluations, file)
        return
    form = as_patterns if layout.bits else as_saved
    write = {"npy": _write_npy, "npz": _write_npz, "safetensors": _write_safetensors}[layout.format]
    write(map(form, evaluations), file)


def _write_npy(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
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


def _named(evaluations: Iterable[Evaluation], form: str) -> Iterator[tuple[str, Evaluation]]:
    """Yield the name of each array, `y` where it has none, and its results."""
    names = set()
    for evaluation in evaluations:
        name = evaluation.array or "y"
        if name in names:
            raise DataError(f"two arrays are named {name!r}; an {form} file needs a name for each")
        names.add(name)
        yield name, evaluation


def _write_npz(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
    """Write one member per array, not compressed."""
    from zipfile import ZIP_STORED, ZipFile

    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, evaluation in _named(evaluations, ".npz"):
            with open_member(archive, name) as member:
                if evaluation.shape is None:
                    _write_from_spool(evaluation, member)  # a member cannot be patched
                else:
                    _write_known(evaluation, member)


def _write_reference(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
    """Write an .npz of `x`, `y` and `bits`, the patterns of y; a bfloat16 as the float32 of the same value."""
    from zipfile import ZIP_STORED, ZipFile

    (evaluation,) = evaluations
    kind = evaluation.kind or numpy_type(evaluation.dtype)
    with ExitStack() as open_files, ZipFile(file, "w", ZIP_STORED) as archive:
        spools = {name: open_files.enter_context(spool_file()) for name in ("x", "y", "bits")}
        count = 0
        for x, y in evaluation.blocks:
            for name, values in (("x", x), ("y", y), ("bits", narrow(kind, y))):
                spools[name].write(values.view(np.uint8).data)
            count += y.size
        for name, spool in spools.items():
            dtype = kind.pattern_type if name == "bits" else evaluation.dtype
            with open_member(archive, name) as member:
                member.write(_header(dtype, (count,), fortran=False))
                for piece in read_pieces(spool):
                    member.write(piece)


def _write_safetensors(evaluations: Iterable[Evaluation], file: BinaryIO) -> None:
    """Write one array per name in C order, after a table of them all in JSON, for which they wait in a spool."""
    table: dict[str, Mapping[str, Any]] = {}
    place = 0
    with spool_file() as spool:
        for name, evaluation in _named(evaluations, ".safetensors"):
            if name == "__metadata__":
                raise DataError(
                    "an array named __metadata__ cannot stand in a .safetensors file; write an .npz"
                )
            extent = _write_data(evaluation, spool, fortran=False)
            dtype = evaluation.dtype
            end = place + extent.numbers * dtype.itemsize
            form = "BF16" if dtype.kind == "V" else f"{dtype.kind.upper()}{8 * dtype.itemsize}"
            table[storable_name(name)] = {
                "dtype": form,
                "shape": list(extent.shape),
                "data_offsets": [place, end],
            }
            place = end
        text = json.dumps(table, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(read_pieces(spool))


def _write_in_place(evaluation: Evaluation, file: BinaryIO) -> None:
    if evaluation.shape is not None:
        _write_known(evaluation, file)
        return
    start = file.tell()
    file.write(bytes(_RESERVED))
    extent = _write_data(evaluation, file)
    file.seek(start)
    file.write(_header(evaluation.dtype, extent.shape, fortran=evaluation.fortran))
    file.seek(0, 2)


def _write_known(evaluation: Evaluation, file: IO[bytes]) -> None:
    file.write(_header(evaluation.dtype, evaluation.shape or (), fortran=evaluation.fortran))
    _write_data(evaluation, file)


def _write_from_spool(evaluation: Evaluation, file: IO[bytes]) -> None:
    with spool_file() as spool:
        extent = _write_data(evaluation, spool)
        file.write(_header(evaluation.dtype, extent.shape, fortran=evaluation.fortran))
        for piece in read_pieces(spool):
            file.write(piece)


def _write_data(evaluation: Evaluation, file: IO[bytes], *, fortran: bool = True) -> Extent:
    extent = extent_of(evaluation, ".npy")
    for block in file_blocks(evaluation, extent, fortran=fortran):
        if block.size:
            file.write(block.reshape(-1, order="A").view(np.uint8).data)
    return extent


def _header(dtype: np.dtype[Any], shape: tuple[int, ...], *, fortran: bool) -> bytes:
    """Return a header of format version 1.0 (numpy.lib.format): a dict, blanks, a newline."""
    # ml_dtypes writes bfloat16 as '<V2', NumPy its voids as '|V2'
    descr = dtype.str.replace("|V", "<V")
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}".encode("latin-1")
    least = max(_RESERVED, len(_MAGIC) + 2 + len(text) + 1)
    size = -(-least // _HEADER_ALIGNMENT) * _HEADER_ALIGNMENT - len(_MAGIC) - 2
    return _MAGIC + size.to_bytes(2, "little") + text.ljust(size - 1) + b"\n"
