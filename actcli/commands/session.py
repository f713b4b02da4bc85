"""What every command of one run shares: the terminal, the threads, the moment from which files are open."""

from collections.abc import Callable
from dataclasses import dataclass

from actcli.terminal import Terminal


def _nothing() -> None:
    """Stand in for `writes` where no process has to be told."""


@dataclass(slots=True)
class Session:
    """One run of the program.

    Attributes:
        terminal: the world outside.
        writes: to be called before output begins: from then on a signal unwinds instead of ending at once.
        asked_threads: --threads.

    """

    terminal: Terminal
    writes: Callable[[], None] = _nothing
    asked_threads: int | None = None

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
