"""The rest of a command in a child process: when native code crashes, hangs or takes too much memory, only it ends.

onnx and onnxruntime are native code that reads files of strangers. Forking costs 2 ms; nothing is passed between the
processes but the exit status, since the child goes on with the same terminal.
"""

import os
import select
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actcli.exits import DataError

if TYPE_CHECKING:
    from types import FrameType

    from actcli.terminal import Terminal

_LOOK = 0.02
"""Seconds between two looks at the child's memory."""
_FUTEX = {"x86_64": "202", "aarch64": "98"}
"""The number of the system call by which Linux lets a thread wait for another."""
_CRASHES = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a child may take.

    Attributes:
        to_end: seconds to end after SIGINT, SIGTERM or SIGHUP.
        stuck: seconds without any processor time while its main thread waits for another thread.

    """

    to_end: float = 5.0
    stuck: float = 30.0


def continue_in_child(
    source: str, terminal: "Terminal", memory: int | None = None, patience: Patience | None = None
) -> None:
    """Fork, and return in the child only. The parent waits and ends as the child does.

    memory: the bytes of memory that the child may use; None for half of what is available. In the parent, raises
    DataError, naming `source`, when the child crashes, is killed, exceeds its memory or hangs.
    """
    from actcli.sources.budget import default_budget

    limit = default_budget() if memory is None else memory
    terminal.flush()
    ended, held = os.pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which OpenBLAS stops around a fork
        pid = os.fork()
    if pid == 0:
        os.close(ended)  # `held` stays open as long as the child lives
        _settle_in(parent, terminal)
        return
    os.close(held)
    watcher = _Watcher(pid, source, limit, patience or Patience(), end_line=terminal.stderr_is_tty)
    os._exit(watcher.wait(ended))


def _settle_in(parent: int, terminal: "Terminal") -> None:
    """Prepare the child: it ends with its parent, dumps no core, and native code has no stderr to write to."""
    import resource

    from actcli.sources.parent import end_with

    end_with(parent)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if terminal.stderr is not None:
        terminal.stderr = os.fdopen(os.dup(2), "wb", buffering=0)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)


@dataclass(slots=True)
class _Watcher:
    """The parent: passes signals on, and kills a child that exceeds its memory, hangs or does not end."""

    pid: int
    source: str
    memory: int
    patience: Patience
    end_line: bool
    received: int = 0
    deadline: float = float("inf")

    def wait(self, ended: int) -> int:
        """Wait for the child to end and return its exit status. Raises DataError unless it ended by itself."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._pass_on)
        poll = select.poll()
        poll.register(ended, select.POLLHUP)
        looks = _Probe(self.pid, self.patience.stuck)
        reason = ""
        while not reason and not poll.poll(1000 * _LOOK):
            reason = self._objection(looks)
        if reason:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        if self.received and reason:
            return 128 + self.received
        if reason:
            raise DataError(f"{self.source}: {reason}")
        if os.WIFEXITED(status):
            return os.WEXITSTATUS(status)
        return self._after_signal(os.WTERMSIG(status))

    def _objection(self, looks: "_Probe") -> str:
        """Return why the child has to be killed now; empty while all is well."""
        if time.monotonic() > self.deadline:
            return "does not end"
        if looks.memory() > self.memory:
            from actcli.sources.budget import byte_text

            return f"running the model takes more than {byte_text(self.memory)} of memory"
        if looks.is_stuck():
            return "onnxruntime hangs: its threads wait for each other; try --threads 1"
        return ""

    def _after_signal(self, number: int) -> int:
        if number in _CRASHES:
            name = signal.Signals(number).name
            raise DataError(f"{self.source}: onnx or onnxruntime crashed on the model ({name})")
        if number == signal.SIGKILL:
            raise DataError(f"{self.source}: the process was killed, perhaps for lack of memory")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return 128 + number

    def _pass_on(self, number: int, frame: "FrameType | None") -> None:  # noqa: ARG002 - as signal wants it
        if not self.received:
            self.received = number
            self.deadline = time.monotonic() + self.patience.to_end
            if self.end_line:
                os.write(2, b"\n")
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class _Probe:
    """Looks at a process in /proc: its memory, and whether it is stuck. Finds nothing where there is no /proc."""

    def __init__(self, pid: int, stuck: float) -> None:
        self._folder = f"/proc/{pid}"
        self._stuck = stuck
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._futex = _FUTEX.get(os.uname().machine, "none")
        self._next = time.monotonic() + 1
        self._ticks, self._since = "", time.monotonic()

    def memory(self) -> int:
        """The bytes of memory that the process uses."""
        fields = self._read("statm").split()
        return int(fields[1]) * self._page if len(fields) > 1 else 0

    def is_stuck(self) -> bool:
        """Return whether the main thread waits for another, and no thread has run for a while."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + 1
        fields = self._read("stat").rpartition(")")[2].split()
        ticks = " ".join(fields[11:13])  # user and system time
        if ticks != self._ticks or fields[:1] == ["T"] or self._read("syscall").split(" ")[0] != self._futex:
            self._ticks, self._since = ticks, now
        return now - self._since > self._stuck

    def _read(self, name: str) -> str:
        try:
            with open(f"{self._folder}/{name}", encoding="ascii", errors="replace") as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return ""
