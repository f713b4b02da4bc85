"""Files that appear whole or not at all: a temporary file in the same folder, which gets its name at the end."""

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from actcli.exits import DataError
from actcli.packing import Packing, new_packer, packing_named, require_engine
from actcli.remote import is_url, write_url

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BUFFER_BYTES = 1 << 20


@contextmanager
def atomic_file(path: str) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` when the block ends without an exception; packed by its suffix.

    On any exception the old file stays. Raises DataError where the file cannot be written, or not packed in that way.
    """
    packing = packing_named(path)
    if packing is None:
        with _whole_file(path) as file:
            yield file
        return
    require_engine(packing, path)
    with _whole_file(path) as file:
        packed = _PackedFile(file, packing)
        yield cast("BinaryIO", packed)
        packed.finish()


@contextmanager
def _whole_file(path: str) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` when the block ends without an exception.

    On any exception, also KeyboardInterrupt, the old file stays and the temporary one is removed. Where the system can,
    the temporary file has no name, so that not even SIGKILL leaves it behind. The mode and the extended attributes of
    an old file are kept, and its owner if this process may set it. A link is followed; a device or pipe is written
    directly. Raises DataError when the folder is missing, the target is a folder or not writable, or the disk is full.
    """
    if is_url(path):
        with spool_file() as spool:
            yield cast("BinaryIO", spool)
            write_url(path, spool)
        return
    target = _target(path)
    if path.startswith(("/dev/", "/proc/")):
        target = Path(path)  # /dev/stderr names an open stream, whatever file it goes to
        with _open(path, target, os.O_WRONLY | os.O_APPEND) as file:
            yield file
        return
    status = _status(path, target)
    if status is not None and not stat.S_ISREG(status.st_mode):
        with _open(path, target, os.O_WRONLY) as file:
            yield file
        return
    # Hidden, and short whatever the target's name is, so that it cannot exceed the file system's limit.
    temporary = target.with_name(f".actcli-{os.urandom(8).hex()}.tmp")
    try:
        with _draft(path, temporary, 0o666 if status is None else 0o600) as (file, is_named):
            if status is not None:
                _keep_owner_and_mode(file.fileno(), status)
                _keep_attributes(file.fileno(), target)
            yield file
            file.flush()
            if not is_named and _name(path, file.fileno(), target, temporary, is_new=status is None):
                return
        try:
            temporary.replace(target)
        except OSError as error:
            raise _refusal(path, error) from error
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def require_writable(path: str) -> None:
    """Raise DataError for a path that `atomic_file` would refuse: a check before long work, which leaves nothing."""
    packing = packing_named(path)
    if packing is not None:
        require_engine(packing, path)
    if path.startswith(("/dev/", "/proc/")) or is_url(path):
        return
    target = _target(path)
    status = _status(path, target)
    if status is None or stat.S_ISREG(status.st_mode):
        temporary = target.with_name(f".actcli-{os.urandom(8).hex()}.tmp")
        with _draft(path, temporary, 0o600) as (_, is_named):
            if is_named:
                temporary.unlink()


@contextmanager
def spool_file() -> Iterator[IO[bytes]]:
    """Open a temporary file for results that cannot be written out yet; small ones stay in memory.

    Raises DataError when the disk for temporary files is full.
    """
    import tempfile

    try:
        with tempfile.SpooledTemporaryFile(max_size=_BUFFER_BYTES) as spool:
            yield spool
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refusal("a temporary file", error) from error


def read_pieces(spool: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a spool file from its start, in pieces."""
    spool.seek(0)
    while piece := spool.read(_BUFFER_BYTES):
        yield piece


def _status(path: str, target: Path) -> os.stat_result | None:
    """Return the status of what is at the target now, None for nothing; raises DataError if it cannot be written."""
    try:
        status = target.stat()
    except FileNotFoundError:
        if path.endswith(os.sep):
            raise DataError(f"cannot write {path}: it names a folder, not a file") from None
        if not target.parent.is_dir():
            raise DataError(f"cannot write {path}: the folder {target.parent} does not exist") from None
        return None
    except OSError as error:
        raise _refusal(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"cannot write {path}: it is a folder")
    if not os.access(target, os.W_OK):
        raise DataError(f"cannot write {path}: Permission denied")
    return status


def _target(path: str) -> Path:
    """Return the file that a path leads to, links followed. Raises DataError where the current folder is gone."""
    try:
        return Path(os.path.realpath(path))
    except FileNotFoundError as error:
        raise DataError(f"cannot write {path}: the current folder no longer exists") from error


@contextmanager
def _draft(path: str, temporary: Path, mode: int) -> Iterator[tuple[BinaryIO, bool]]:
    """Open a new file in the folder of `temporary`, and say whether it has that name; without one where possible."""
    unnamed = getattr(os, "O_TMPFILE", 0)  # Linux alone has it, and not on every file system
    if unnamed:
        descriptor = None
        with suppress(OSError):  # the named file says what is wrong
            descriptor = os.open(temporary.parent, unnamed | os.O_WRONLY | os.O_CLOEXEC, mode)
        if descriptor is not None and os.path.exists(f"/proc/self/fd/{descriptor}"):  # noqa: PTH110
            with _buffered(path, descriptor) as file:
                yield file, False
            return
        if descriptor is not None:
            os.close(descriptor)
    with _open(path, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as file:
        yield file, True


def _name(path: str, descriptor: int, target: Path, temporary: Path, *, is_new: bool) -> bool:
    """Name an unnamed file `target` where nothing is there, else `temporary`; return whether it is the target."""
    source = f"/proc/self/fd/{descriptor}"
    try:
        if is_new:
            with suppress(FileExistsError):  # made by another program in the meantime
                # with a folder's descriptor, which is not looked at, Python calls linkat and follows the link
                os.link(source, target, src_dir_fd=descriptor, follow_symlinks=True)
                return True
        os.link(source, temporary, src_dir_fd=descriptor, follow_symlinks=True)
    except OSError as error:
        raise _refusal(path, error) from error
    return False


def _keep_owner_and_mode(descriptor: int, status: os.stat_result) -> None:
    """Give a new file the owner, group and permissions of the one that it replaces, as far as it is allowed."""
    for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
        with suppress(OSError):
            os.fchown(descriptor, owner, group)
    with suppress(OSError):  # some file systems have no permissions to set
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & 0o777)


def _keep_attributes(descriptor: int, target: Path) -> None:
    """Give a new file the extended attributes of the one that it replaces, its access list among them (Linux)."""
    if sys.platform != "linux":
        return
    with suppress(OSError):  # a file system without them, or a file that went away
        for name in os.listxattr(target):
            if name != "security.capability":  # rights of a program, which are not those of other content
                with suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(target, name))


@contextmanager
def _open(path: str, name: Path, flags: int, mode: int = 0o666) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(name, flags | getattr(os, "O_CLOEXEC", 0), mode)
    except OSError as error:
        raise _refusal(path, error) from error
    with _buffered(path, descriptor) as file:
        yield file


@contextmanager
def _buffered(path: str, descriptor: int) -> Iterator[BinaryIO]:
    raw = _CheckedFile(path, descriptor)
    file = io.BufferedWriter(raw, _BUFFER_BYTES)
    try:
        yield cast("BinaryIO", file)
        file.flush()
    finally:
        # Nothing is written from here on: the data were flushed, or will be thrown away.
        raw.discard = True
        file.close()


class _PackedFile(io.RawIOBase):
    """A file that packs what is written to it; it cannot be gone back in."""

    def __init__(self, file: BinaryIO, packing: Packing) -> None:
        self._file = file
        self._engine = new_packer(packing)

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data).cast("B")
        self._file.write(self._engine.compress(view))
        return view.nbytes

    def finish(self) -> None:
        """Write what is still held, and the end of the packed stream."""
        self._file.write(self._engine.flush())


class _CheckedFile(io.FileIO):
    """A raw file whose failed writes raise DataError, wherever they surface."""

    def __init__(self, path: str, descriptor: int) -> None:
        super().__init__(descriptor, "wb")
        self.path = path
        self.discard = False

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.discard:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            raise _refusal(self.path, error) from error


def _refusal(path: str, error: OSError) -> DataError:
    return DataError(f"cannot write {path}: {error.strerror or error}")
