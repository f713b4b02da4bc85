"""A file of the inputs that wake units."""

from typing import TYPE_CHECKING

from actcli.render.output.archive_members import write_archive
from actcli.terminal import Terminal, printable

if TYPE_CHECKING:
    from actcli.analysis.proof.prove import Proof


def write_wakes(proof: "Proof", path: str, terminal: Terminal) -> None:
    """Write the inputs that woke units, one after the other, as an .npz that --data reads; nothing where none did.

    Raises DataError if it cannot be written.
    """
    import numpy as np

    search = proof.search
    if search is None or not search.wakes:
        terminal.say(f"actcli: {printable(path)} is not written: no unit woke")
        return
    parts = {name: [wake.inputs[name] for wake in search.wakes] for name in search.wakes[0].inputs}
    arrays = {name: own[0] if name in search.same else np.concatenate(own) for name, own in parts.items()}
    write_archive(arrays, path)
