"""Timeline files: an .npz of three plain arrays, without pickle, which grows by whole epochs."""

from actcli.analysis.timeline.timeline import Timeline
from actcli.render.deadness.state_file import write_arrays


def write_timeline(timeline: Timeline, path: str) -> None:
    """Write a timeline, completely or not at all; it reads back to the same bits.

    A file that exists is replaced in one step, so that whoever reads it meanwhile sees the old epochs or the new.
    Raises DataError if the file cannot be written.
    """
    from actcli.analysis.timeline.timeline_record import MEMBERS, pack_timeline

    write_arrays(MEMBERS, pack_timeline(timeline), path)
