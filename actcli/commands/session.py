"""One run of the program: the terminal, the threads, and the moment from which files are open."""

from collections.abc import Callable
from dataclasses import replace

from actcli.dataclass import dataclass
from actcli.terminal import Terminal


def _nothing() -> None:
    """Do nothing: the `writes` of a session without a process to tell."""


def _stay(source: str, memory: int | None) -> None:
    """Do nothing: the `isolate` of a session whose process must not fork, as in tests."""


@dataclass(slots=True)
class Session:
    """One run of the program.

    Attributes:
        terminal: the streams and the environment.
        writes: called before output begins; from then on a signal unwinds instead of ending the process at once.
        chosen_threads: the value of --threads; None without.
        memory: the bytes of --memory; None for half of what is available.
        arguments: the command line.
        isolate: called with a file's name and `memory` before native code reads it; the run continues in a child
            process.

    """

    terminal: Terminal
    writes: Callable[[], None] = _nothing
    chosen_threads: int | None = None
    memory: int | None = None
    isolate: Callable[[str, int | None], None] = _stay
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command line as a shell takes it, with `~` for the person's own folder."""
        import shlex

        line = shlex.join(["actcli", *self.arguments])
        home = self.terminal.environ.get("HOME", "").rstrip("/")
        return line.replace(f"{home}/", "~/") if home else line

    @property
    def threads(self) -> int:
        """The number of worker threads. Raises UsageError when ACTCLI_THREADS is not a whole number from 1 on."""
        return self.terminal.threads(self.chosen_threads)

    def silence(self) -> None:
        """Say and draw nothing on stderr from here on; errors are not the session's."""
        self.terminal = replace(self.terminal, stderr=None, stderr_is_tty=False)

    def choose(self, color: str | None, theme: str | None, threads: int | None, memory: int | None) -> None:
        """Take the program's options where they are not None; those after the command come last and win."""
        if color is not None:
            self.terminal.color_choice = color
        if theme is not None:
            self.terminal.theme_choice = theme
        if threads is not None:
            self.chosen_threads = threads
        if memory is not None:
            self.memory = memory
