"""Pieces of text parsed in a second process beside this one, in the order of the text.

A thread gains nothing: neither the JSON parser nor NumPy's making of an array lets another thread go on.
"""

import mmap
import os
import select
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from actcli.analysis.stream.memory import keep_freed_memory
from actcli.sources.streams.pieces import Piece
from actcli.sources.streams.tokens import MAX_TOKEN, parse_block

if TYPE_CHECKING:
    from actcli.analysis.number_types import LowType
    from actcli.analysis.stream.evaluation import Array

_LONG, _LONGEST = 1 << 17, (1 << 20) + MAX_TOKEN
"""Bytes of a piece that is worth the way to a second process, and the most that it takes."""
_SLOT, _SLOTS = 5 * _LONGEST, 4
"""Bytes for a piece and its numbers (8 for 2 of text, a digit and a separator), and how many the process is given."""
_WAITING = 6
"""Pieces that wait for an earlier one."""
_REFUSED = b"\xff" * 8


def parse_ahead(
    pieces: Iterator[Piece], patterns: "LowType | None", comes_before: Callable[[int], bool], workers: int
) -> Iterator[tuple[Piece, "Array | None"]]:
    """Yield each piece with its numbers, as `parse_block` returns them.

    comes_before: waits for more text or for a pipe, and says whether it is text; no piece is kept back to wait for
    text. workers: the processes that may parse, this one included; a second one is started on Linux alone, at the
    second long piece.
    """
    child: _Child | None = None
    waiting: deque[tuple[Piece, Array | None, bool]] = deque()

    def first() -> tuple[Piece, "Array | None"]:
        piece, numbers, is_elsewhere = waiting.popleft()
        return piece, child.numbers(piece.text) if child and is_elsewhere else numbers

    before = 0
    try:
        while True:
            while child and waiting and (len(waiting) > _WAITING or not comes_before(child.results)):
                yield first()
            piece = next(pieces, None)
            size = 0 if piece is None else len(piece.text)
            is_long = min(size, before) >= _LONG and size <= _LONGEST
            before = size
            if piece is not None and is_long and workers > 1 and sys.platform == "linux":
                child = child or _Child(patterns)
                elsewhere = child.accepts(piece.text)
                waiting.append((piece, None if elsewhere else parse_block(piece.text, patterns), elsewhere))
                while waiting and (not waiting[0][2] or child.has_numbers()):
                    yield first()
                continue
            while waiting:
                yield first()
            if piece is None:
                return
            yield piece, parse_block(piece.text, patterns)
    finally:
        if child is not None:
            child.close()


class _Child:
    """A process that parses one piece after the other. Text and numbers lie in memory that both processes see."""

    def __init__(self, patterns: "LowType | None") -> None:
        keep_freed_memory()
        self._patterns = patterns
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT)
        self._given = self._taken = 0
        self._has_ended = False
        # this process keeps both ends of the tasks: a writer without a reader would end by SIGPIPE
        self._tasks, self._task = os.pipe()
        self.results, result = os.pipe()
        # a signal is for this process; the other one ends when its tasks do
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # of threads, which OpenBLAS stops around a fork
            self._pid = os.fork()
        if not self._pid:
            try:
                os.close(self._task)
                self._work(result)
            finally:
                os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        os.close(result)

    def _work(self, result: int) -> None:
        """Parse what is given, until this process's parent ends or closes the tasks."""
        import numpy as np

        while size := os.read(self._tasks, 8):
            start = self._given % _SLOTS * _SLOT
            self._given += 1
            values = parse_block(self._memory[start : start + int.from_bytes(size)], self._patterns)
            if values is not None:
                np.frombuffer(self._memory, np.float64, values.size, start + _LONGEST)[:] = values
            os.write(result, _REFUSED if values is None else values.size.to_bytes(8))

    def accepts(self, text: bytes) -> bool:
        """Give the process a piece, unless it has enough of them; return whether it has it now."""
        if self._has_ended or self._given - self._taken == _SLOTS:
            return False
        start = self._given % _SLOTS * _SLOT
        self._memory[start : start + len(text)] = text
        os.write(self._task, len(text).to_bytes(8))
        self._given += 1
        return True

    def has_numbers(self) -> bool:
        """Return whether `numbers` would wait for nothing."""
        poll = select.poll()
        poll.register(self.results, select.POLLIN)
        return bool(poll.poll(0))

    def numbers(self, text: bytes) -> "Array | None":
        """Return the numbers of the first piece whose numbers were not taken yet; `text` is that piece."""
        import numpy as np

        start = self._taken % _SLOTS * _SLOT
        self._taken += 1
        count = os.read(self.results, 8)
        if not count:  # it was killed
            self._has_ended = True
            return parse_block(text, self._patterns)
        if count == _REFUSED:
            return None
        return np.frombuffer(self._memory, np.float64, int.from_bytes(count), start + _LONGEST).copy()

    def close(self) -> None:
        """End the process."""
        for descriptor in (self._task, self._tasks, self.results):
            os.close(descriptor)
        os.waitpid(self._pid, 0)
