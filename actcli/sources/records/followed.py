"""Timelines that grow while another program trains: a file that is replaced again and again, or a stream."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from actcli.analysis.timeline.timeline import Epoch, Timeline
from actcli.exits import DataError, UsageError
from actcli.sources.records.archive_stream import archives_in
from actcli.sources.records.state_file import BYTES_PER_UNIT, is_state, read_state
from actcli.sources.records.timeline_file import is_timeline, read_timeline
from actcli.sources.streams.raw_stream import RawStream

_BETWEEN_LOOKS = 0.2
"""Seconds between two looks at a file."""
_ATTEMPTS = 10
"""Looks at a damaged file before it counts as damaged: some programs write in place."""


def follow_file(
    path: str, memory: int | None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Timeline | None]:
    """Yield the timeline of a file now and whenever it was replaced; None once where there is no file yet.

    A statistics file is one epoch; replaced by another, it is the next. It never ends by itself. Raises DataError for a
    file that stays unreadable, UsageError for a path that is something else.
    """
    seen: tuple[int, int, int] | None = None
    timeline: Timeline | None = None
    failures = 0
    is_told = False
    while True:
        now = _version(path)
        if now is None and not is_told and timeline is None:
            is_told = True
            yield None
        if now is not None and now != seen:
            try:
                timeline = _read(path, timeline, memory)
            except DataError:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise
            else:
                seen, failures = now, 0
                yield timeline
        sleep(_BETWEEN_LOOKS)


def stream_timelines(stream: RawStream, memory: int | None) -> Iterator[Timeline]:
    """Yield the timeline after each statistics file of a stream, which is one epoch, and each timeline as it comes.

    Raises DataError as `archives_in` does, and for an archive that is neither.
    """
    timeline: Timeline | None = None
    for number, content in enumerate(archives_in(stream, memory), 1):
        timeline = _read(f"stdin: file {number}", timeline, memory, content)
        yield timeline


def append_epoch(timeline: Timeline | None, epoch: Epoch) -> Timeline:
    """Return the timeline with one more epoch, the first of a new one where there is none."""
    return Timeline((epoch,)) if timeline is None else timeline.append(epoch)


def _read(
    path: str, before: Timeline | None, memory: int | None, content: BinaryIO | None = None
) -> Timeline:
    if is_timeline(path, content):
        return read_timeline(path, memory, content)
    if not is_state(path, content):
        if content is None and _is_whole(path):
            raise UsageError(f"{path}: --follow takes a timeline or a statistics file of actcli")
        raise DataError(f"{path}: is neither a timeline nor a statistics file of actcli, or a damaged one")
    number = 1 if before is None else before.last.number + 1
    states = read_state(path, memory, number * BYTES_PER_UNIT, content)
    return append_epoch(before, Epoch(number, states))


def _is_whole(path: str) -> bool:
    """Return whether a file is no archive, or a readable one of something else."""
    import zipfile

    try:
        with open(path, "rb") as file:  # noqa: PTH123
            begins = file.read(4)
        return bool(begins) and (begins != b"PK\x03\x04" or zipfile.is_zipfile(path))
    except OSError:
        return False


def _version(path: str) -> tuple[int, int, int] | None:
    """Return what tells the file's present content from another; None where there is no file, or an empty one."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "no file that another program can replace"
        raise UsageError(f"--follow {path}: is {what}; name a file, or - for a stream")
    return (status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None
