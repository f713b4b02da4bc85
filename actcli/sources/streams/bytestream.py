"""A file or a pipe as bytes, read as they arrive, with errors that name it."""

import os
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from typing import BinaryIO, Self, TypeVar, cast

from actcli.exits import DataError
from actcli.packing import LONGEST_MAGIC, damage_of, may_be_packed, packing_of, require_engine
from actcli.remote import RemoteFile, is_url
from actcli.sources.streams.packed import UnpackedStream, first_bytes
from actcli.sources.streams.raw_stream import RawStream
from actcli.terminal import Terminal, without_credentials

T = TypeVar("T")
CHUNK = 1 << 20
# A writer of tiny pieces may always have one more ready; its first piece must not wait for a full chunk.
_READS_PER_CHUNK = 64


class ByteStream:
    """One input, read once from its start to its end.

    `origin` is its name in messages. `damage` are the errors that a container raises when it is corrupt. `measured`: it
    has as many bytes as are promised. With `unpack`, what is packed is unpacked as it is read; of a pipe this is found
    out when its first bytes come.
    """

    def __init__(
        self,
        raw: RawStream,
        origin: str,
        *,
        owned: bool = True,
        damage: tuple[type[Exception], ...] = (),
        unpack: bool = False,
        measured: bool = False,
    ) -> None:
        self.origin = origin
        self._duplicate: BinaryIO | None = None
        self._source = raw
        # the unbuffered file below, where there is one: a buffer would wait for more than one line
        self._raw: RawStream = getattr(raw, "raw", raw)
        self._owned = owned
        self._damage = damage
        self._measured = measured
        self._head = b""
        self._ended = False
        self._descriptor = _descriptor(raw)
        self._status = None if self._descriptor is None else os.fstat(self._descriptor)
        self._remote = raw if isinstance(raw, RemoteFile) and raw.size is not None else None
        self._arrives_at = self._descriptor  # where a packed stream's bytes come from too
        self._unpacks = unpack
        self._is_packed_file = False
        if unpack and self._descriptor is not None and self.is_regular:
            with self.closed_on_error():
                self._unpack(first_bytes(self._descriptor, LONGEST_MAGIC), b"")

    @property
    def is_regular(self) -> bool:
        """Whether it is a file on disk or behind a URL, complete from the start, whose places can be gone to."""
        return self._remote is not None or (self._status is not None and stat.S_ISREG(self._status.st_mode))

    @property
    def is_measured(self) -> bool:
        """Whether it has as many bytes as are promised, so that memory for them may be taken at once."""
        return self._measured or self.is_regular

    @property
    def is_on_disk(self) -> bool:
        """Whether reading waits for nobody, neither for a program that writes nor for a network."""
        return self._remote is None and self.is_regular

    @property
    def is_named_file(self) -> bool:
        """Whether it is a file on disk that the user named, packed or not; an empty one is an error."""
        return self._owned and (self.is_regular or self._is_packed_file)

    @property
    def is_checked(self) -> bool:
        """Whether its container compares a checksum at the end."""
        return bool(self._damage)

    def remaining(self) -> int | None:
        """Return the bytes that a regular file still has; None for other streams."""
        place = self.position()
        if place is None:
            return None
        size = (
            self._remote.size
            if self._remote is not None
            else None
            if self._status is None
            else self._status.st_size
        )
        return None if size is None else size - place

    def position(self) -> int | None:
        """Return the place of the next byte in a regular file; None for other streams."""
        if self._remote is not None:
            return self._remote.tell() - len(self._head)
        if self._descriptor is None or not self.is_regular:
            return None
        with self._errors():
            return os.lseek(self._descriptor, 0, os.SEEK_CUR) - len(self._head)

    def move_to(self, place: int) -> None:
        """Go on at a place in a regular file."""
        with self._errors():
            if self._remote is not None:
                self._remote.seek(place)
            else:
                os.lseek(self._descriptor or 0, place, os.SEEK_SET)
        self._head, self._ended = b"", False

    def fill_at(self, place: int, buffer: memoryview) -> int:
        """Fill a buffer from a place in a regular file, and return how many bytes there were.

        It does not move on where `position` is asked for later and gone to, as a file on disk does not.
        """
        if self._remote is not None:
            self.move_to(place)
            return self.fill(buffer)
        filled = 0
        with self._errors():
            while filled < len(buffer):
                count = os.preadv(self._descriptor or 0, [buffer[filled:]], place + filled)
                if not count:
                    break
                filled += count
        return filled

    def duplicate(self) -> BinaryIO:
        """Return the file on disk once more, to be gone to and fro in; it closes with the stream."""
        with self._errors():
            self._duplicate = os.fdopen(os.dup(self._descriptor or 0), "rb")
            self._duplicate.seek(self.position() or 0)
        return self._duplicate

    def close(self) -> None:
        """Close the file, except the process's own stdin."""
        if self._duplicate is not None:
            self._duplicate.close()
        if self._owned:
            self._source.close()

    def refuse_own_output(self, terminal: Terminal) -> None:
        """Raise DataError where stdout goes to this very file: what is written would be read again, without an end."""
        if self._arrives_at is not None and terminal.is_stdout(self._arrives_at):
            self.close()
            raise DataError(
                f"{self.origin}: is both input and output; name another file, or write back with -o"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def closed_on_error(self) -> Iterator[Self]:
        """Close the stream if the block fails; otherwise its reader closes it."""
        try:
            yield self
        except BaseException:
            self.close()
            raise

    def closed_after(self, blocks: Iterator[T]) -> Iterator[T]:
        """Yield the blocks, then close the stream. Raises DataError where a file that the user named has none."""
        with self:
            empty = True
            for block in blocks:
                empty = False
                yield block
            if empty and self.is_named_file:
                raise DataError(f"{self.origin}: holds no numbers")

    def __del__(self) -> None:
        # a stream whose blocks were never drawn
        self.close()

    def starts_with(self, magic: bytes) -> bool:
        """Return whether the next bytes are these; waits for no more bytes than that takes."""
        while len(self._head) < len(magic) and magic.startswith(self._head):
            more = self._some(CHUNK)
            if not more:
                break
            self._head += more
        return self._head.startswith(magic)

    def peek(self, size: int) -> bytes:
        """Return the next bytes without moving on, exactly size of them unless the stream ends before."""
        while len(self._head) < size and (more := self._some(CHUNK)):
            self._head += more
        return self._head[:size]

    def arrived(self, size: int) -> bytes:
        """Return the next bytes without moving on, as far as they were looked at already."""
        return self._head[:size]

    def look_ahead(self, beyond: int) -> bytes:
        """Return the bytes that were looked at, and those that come next where these are not more than `beyond`."""
        if len(self._head) <= beyond:
            self._head += self._some(CHUNK)
        return self._head

    def take_head(self) -> bytes:
        """Return the bytes that were looked at, which then count as read."""
        head, self._head = self._head, b""
        return head

    def is_empty(self) -> bool:
        """Return whether nothing is left; waits for the first byte."""
        if self.remaining():
            return False  # size 0 proves nothing: files in /proc have content
        if not self._head:
            self._head = self._some(CHUNK)
        return not self._head

    def read(self, size: int) -> bytes:
        """Return the next bytes, exactly size of them unless the stream ends before."""
        buffer = bytearray(size)
        return bytes(buffer[: self.fill(memoryview(buffer))])

    def fill(self, buffer: memoryview) -> int:
        """Fill a buffer, and return how many bytes there were, fewer only at the end of the stream."""
        if self._unpacks and len(self._head) < len(buffer):
            self._head += self._some(CHUNK)
        filled = min(len(self._head), len(buffer))
        buffer[:filled] = self._head[:filled]
        self._head = self._head[filled:]
        while filled < len(buffer) and not self._ended:
            with self._errors():
                count = self._raw.readinto(buffer[filled:])
            if count is None:
                self._wait()
                continue
            self._ended = count == 0
            filled += count
        return filled

    def skip(self, size: int) -> None:
        """Go on so many bytes further: in a plain file without reading them."""
        place = self.position()
        if place is not None:
            self.move_to(place + size)
            return
        while size and (passed := self.read(min(size, CHUNK))):
            size -= len(passed)

    def comes_before(self, descriptor: int) -> bool:
        """Wait for the next bytes or for those of a pipe; return whether it is the next ones that are there.

        Those of a file are there; those of a packed stream are not known to be.
        """
        return self._is_packed_file or self._is_ready(or_else=descriptor)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in pieces of up to 1 MiB, each as soon as it would have to wait for more."""
        self._enlarge_pipe()
        while chunk := self._chunk():
            yield chunk

    def _chunk(self) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        first = self._some(CHUNK)
        if not first or len(first) == CHUNK or self._descriptor is None:
            return first
        parts, size = [first], len(first)
        while size < CHUNK and len(parts) < _READS_PER_CHUNK and self._is_ready():
            more = self._some(CHUNK - size)
            if not more:
                break
            parts.append(more)
            size += len(more)
        return b"".join(parts)

    def _some(self, size: int) -> bytes:
        if self._unpacks:
            head = b""
            while (more := self._arriving(size)) and may_be_packed(head := head + more):
                size = LONGEST_MAGIC
            self._unpack(head, head)
            if not isinstance(self._raw, UnpackedStream):
                return head
        return self._arriving(size)

    def _unpack(self, start: bytes, head: bytes) -> None:
        """Go on with what the stream holds where its start says that it is packed; `head` was read from it."""
        self._unpacks = False
        packing = packing_of(start)
        if packing is None:
            return
        require_engine(packing, self.origin)
        self._source = self._raw = UnpackedStream(self._raw, packing, head)
        self._damage = damage_of(packing)
        self._is_packed_file = self.is_regular
        self._descriptor = self._status = self._remote = None
        self._ended = False

    def _arriving(self, size: int) -> bytes:
        while not self._ended:
            with self._errors():
                data = self._raw.read(size)
            if data is None:
                self._wait()
                continue
            self._ended = not data
            return data
        return b""

    def _is_ready(self, or_else: int | None = None) -> bool:
        """Return whether the next bytes, or the end, are there; `or_else` waits for them or for another pipe."""
        if self.is_regular:
            return True
        if self._descriptor is None:
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if or_else is not None:
            poll.register(or_else, select.POLLIN)
        found = poll.poll(0 if or_else is None else None)
        return any(descriptor == self._descriptor for descriptor, _ in found)

    def _wait(self) -> None:
        """Wait for bytes: another program may have made this stdin non-blocking."""
        if self._arrives_at is not None:
            poll = select.poll()
            poll.register(self._arrives_at, select.POLLIN)
            poll.poll()

    def _enlarge_pipe(self) -> None:
        """Enlarge a pipe to 1 MiB: with the usual 64 KiB a fast writer waits most of the time."""
        if self._descriptor is None or self._status is None or not stat.S_ISFIFO(self._status.st_mode):
            return
        import fcntl

        resize, size = getattr(fcntl, "F_SETPIPE_SZ", None), getattr(fcntl, "F_GETPIPE_SZ", None)
        if resize is None or size is None:  # only Linux has it
            return
        try:
            if fcntl.fcntl(self._descriptor, size) < CHUNK:
                fcntl.fcntl(self._descriptor, resize, CHUNK)
        except OSError:  # beyond the user's share of pipe memory
            return

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._damage as error:
            raise DataError(f"{self.origin}: corrupt: {str(error) or type(error).__name__}") from error
        except OSError as error:
            reason = error.strerror or f"corrupt: {error}"  # gzip's own errors have no number
            raise DataError(f"{self.origin}: {reason}") from error


def open_file(path: str, origin: str | None = None) -> ByteStream:
    """Open a file by its name; `origin` is its name in messages. A packed file is unpacked as it is read.

    Raises DataError when it is missing, a directory or not readable.
    """
    if is_url(path):
        return ByteStream(
            cast("RawStream", RemoteFile(path)), origin or without_credentials(path), unpack=True
        )
    try:
        raw = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - the stream closes it; a path may be `-`-like
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    return ByteStream(raw, origin or path, unpack=True)


def open_stdin(stdin: BinaryIO | None) -> ByteStream:
    """Return standard input as a stream that stays open, unpacked as it is read. Raises DataError when it is closed."""
    if stdin is None:
        raise DataError("standard input is closed")
    return ByteStream(cast("RawStream", stdin), "stdin", owned=False, unpack=True)


def _descriptor(raw: RawStream) -> int | None:
    fileno = getattr(raw, "fileno", None)
    try:
        return None if fileno is None else int(fileno())
    except (UnsupportedOperation, AttributeError):
        return None
