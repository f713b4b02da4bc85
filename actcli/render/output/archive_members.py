"""Names of arrays in archives: what a person's file or layer is called, as .npz and .safetensors can hold it."""

from typing import IO, TYPE_CHECKING, Any

from actcli.exits import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zipfile import ZipFile

    from numpy.typing import NDArray

_MOST = 0xFFFF
"""Bytes of the longest name that a ZIP archive holds."""


def storable_name(name: str) -> str:
    r"""Return a name in which NUL, and bytes of a file's name that are no UTF-8, stand as escapes: `\udcff`."""
    return name.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def open_member(archive: "ZipFile", name: str) -> IO[bytes]:
    """Open an array of an .npz to write it. Its date is ZipInfo's own, 1980: equal results are equal files.

    Raises DataError for a name that is too long.
    """
    from zipfile import ZipInfo

    member = f"{storable_name(name)}.npy"
    length = len(member.encode())
    if length > _MOST:
        raise DataError(f"an array's name has {length:,} bytes, an .npz holds names of {_MOST:,} at most")
    return archive.open(ZipInfo(member), "w", force_zip64=True)


def write_archive(arrays: "Mapping[str, NDArray[Any]]", path: str) -> None:
    """Write arrays by name as an .npz, completely or not at all. Raises DataError if it cannot be written."""
    from zipfile import ZIP_STORED, ZipFile

    import numpy as np

    from actcli.render.output.outfile import atomic_file

    with atomic_file(path) as file, ZipFile(file, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            with open_member(archive, name) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
