"""What every command of one run shares: the terminal, the threads, the moment from which files are open."""

from collections.abc import Callable
from dataclasses import dataclass

from actcli.terminal import Terminal


def _nothing() -> None:
    """Stand in for `writes` where no process has to be told."""


def _stay(source: str) -> None:
    """Stand in for `isolate` where the process is not ours to fork: in tests."""


@dataclass(slots=True)
class Session:
    """One run of the program.

    Attributes:
        terminal: the world outside.
        writes: to be called before output begins: from then on a signal unwinds instead of ending at once.
        asked_threads: --threads.
        isolate: to be called with a file's name before native code reads it: continues in a child process.

    """

    terminal: Terminal
    writes: Callable[[], None] = _nothing
    asked_threads: int | None = None
    isolate: Callable[[str], None] = _stay

    @property
    def threads(self) -> int:
        """Worker threads; raises UsageError when ACTCLI_THREADS is no whole number from 1 on."""
        return self.terminal.threads(self.asked_threads)

    def choose(self, color: str | None, threads: int | None) -> None:
        """Take the global options as far as they are given; those after the command come last and win."""
        if color is not None:
            self.terminal.color_choice = color
        if threads is not None:
            self.asked_threads = threads
