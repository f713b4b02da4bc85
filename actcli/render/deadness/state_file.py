"""Statistics files of `--save-state`: an .npz of three plain arrays, without pickle."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actcli.analysis.deadness.unit_state import LayerState
from actcli.exits import DataError
from actcli.render.output.outfile import atomic_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from actcli.analysis.deadness.state_record import Packed


def write_state(states: Sequence[LayerState], path: str, part_of: str = "") -> None:
    """Write the statistics of some layers, completely or not at all; they read back to the same bits.

    part_of: the identity of the network whose samples these are, so that statistics of two networks never merge; blank
    if it is unknown. Equal statistics give equal files. Raises DataError if there is no layer, if two have one name, or
    if the file cannot be written.
    """
    from actcli.analysis.deadness.state_record import MEMBERS, pack

    if not states:
        raise DataError("there are no statistics to write")
    if len({state.name for state in states}) < len(states):
        raise DataError("two layers have the same name; statistics need different names")
    write_arrays(MEMBERS, pack(states, part_of), path)


def write_arrays(members: Sequence[str], packed: "Packed", path: str) -> None:
    """Write a description, counts and numbers as the members of an .npz file, completely or not at all."""
    from zipfile import ZIP_STORED, ZipFile, ZipInfo

    import numpy as np

    description, counts, numbers = packed
    arrays: tuple[NDArray[Any], ...] = (np.frombuffer(description, np.uint8), counts, numbers)
    with atomic_file(path) as file, ZipFile(file, "w", ZIP_STORED) as archive:
        for name, array in zip(members, arrays, strict=True):
            # ZipInfo's default date, 1980, makes equal statistics equal files
            with archive.open(ZipInfo(name), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
