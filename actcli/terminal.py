"""The world outside as one object: the three streams, width, colour, encoding, threads.

Nothing else in the package reads `sys.stdout` or `os.environ`; tests build their own Terminal.
"""

import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import field
from typing import BinaryIO, Literal, get_args

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError

ThemeName = Literal["auto", "light", "dark", "colorblind", "mono"]
THEMES: tuple[str, ...] = get_args(ThemeName)
_LARGEST_SIZE = 10_000


@dataclass(slots=True)
class Terminal:
    """The streams of the process, and their properties.

    `stdin` and `stdout` are binary; a closed one is None. `encoding` is stdout's.
    """

    stdin: BinaryIO | None
    stdout: BinaryIO | None
    stderr: BinaryIO | None
    environ: Mapping[str, str] = field(default_factory=dict)
    stdin_is_tty: bool = False
    stdout_is_tty: bool = False
    stderr_is_tty: bool = False
    encoding: str = "utf-8"
    color_choice: str = "auto"
    theme_choice: str | None = None
    size: tuple[int, int] = (80, 24)
    cores: int = 1

    @classmethod
    def of_process(cls) -> "Terminal":
        """Return the streams and environment of this process."""
        environ = os.environ
        return cls(
            stdin=_buffer(sys.stdin),
            stdout=_buffer(sys.stdout),
            stderr=_buffer(sys.stderr),
            environ=environ,
            stdin_is_tty=_is_tty(sys.stdin),
            stdout_is_tty=_is_tty(sys.stdout),
            stderr_is_tty=_is_tty(sys.stderr),
            encoding=getattr(sys.stdout, "encoding", None) or "ascii",
            size=_size(environ),
            cores=_cores(),
        )

    @property
    def unicode(self) -> bool:
        """Whether stdout can show box and braille characters."""
        try:
            "─│⣿…′".encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    @property
    def color(self) -> bool:
        """Whether stdout gets colour: --color, then NO_COLOR, then the FORCE variables, then a capable tty."""
        return self._color(self.stdout_is_tty)

    @property
    def color_on_stderr(self) -> bool:
        """Whether stderr gets colour, by the same rule."""
        return self._color(self.stderr_is_tty)

    @property
    def theme(self) -> str:
        """The colours: --theme, then ACTCLI_THEME, then `auto`. Raises UsageError when ACTCLI_THEME names no theme."""
        typed = self.theme_choice or self.environ.get("ACTCLI_THEME") or "auto"
        name = typed.lower()
        if name not in THEMES:
            raise UsageError(f"ACTCLI_THEME={typed!r}: unknown theme; choose one of {', '.join(THEMES)}")
        return name

    @property
    def true_color(self) -> bool:
        """Whether the terminal says that it mixes colours of red, green and blue."""
        return self.environ.get("COLORTERM") in {"truecolor", "24bit"}

    def _color(self, is_tty: bool) -> bool:
        if self.color_choice != "auto":
            return self.color_choice == "always"
        if self.environ.get("NO_COLOR"):
            return False
        for name in ("CLICOLOR_FORCE", "FORCE_COLOR"):
            if self.environ.get(name, "0") not in {"", "0"}:
                return True
        return is_tty and self.environ.get("TERM") != "dumb"

    def threads(self, option: int | None = None) -> int:
        """Return the number of worker threads: --threads, else ACTCLI_THREADS, at most the cores this process may use.

        Raises UsageError when ACTCLI_THREADS is not a whole number from 1 on.
        """
        if option is not None:
            return min(option, self.cores)
        text = self.environ.get("ACTCLI_THREADS", "")
        if not text:
            return self.cores
        number = _whole_number(text, self.cores)
        if number is None:
            raise UsageError(f"ACTCLI_THREADS={text!r} is not a whole number from 1 on")
        return number

    def is_stdout(self, descriptor: int) -> bool:
        """Return whether an open file is the regular file that stdout goes to."""
        try:
            own, other = os.fstat(self.stdout.fileno()), os.fstat(descriptor)  # type: ignore[union-attr]
        except (AttributeError, OSError, ValueError):  # closed, or no file
            return False
        return stat.S_ISREG(own.st_mode) and os.path.samestat(own, other)

    def write(self, data: bytes) -> None:
        """Write to stdout; raises DataError when it is closed or full."""
        if self.stdout is None:
            raise DataError("standard output is closed")
        try:
            self.stdout.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DataError(f"cannot write to standard output: {error.strerror}") from error

    def flush(self) -> None:
        """Flush stdout; raises DataError when it is full."""
        if self.stdout is None:
            return
        try:
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DataError(f"cannot write to standard output: {error.strerror}") from error

    def say(self, text: str) -> None:
        """Write one or more lines to stderr, control characters escaped. A closed or full stderr is ignored."""
        safe = "\n".join(map(printable, without_credentials(text).split("\n")))
        self.draw(safe.encode(self.encoding, "backslashreplace") + b"\n")

    def draw(self, data: bytes) -> None:
        """Write bytes to stderr as they are, a bar for instance. A closed or full stderr is ignored."""
        if self.stderr is None:
            return
        try:
            self.stderr.write(data)
            self.stderr.flush()
        except (OSError, ValueError):
            return


def without_credentials(text: str) -> str:
    """Return a text whose URLs have no user, no password and no query, which may hold a signature."""
    if "://" not in text:
        return text
    return re.sub(r"(\w://)[^\s/@]*@", r"\1", re.sub(r"(\w://[^\s?]*)\?[^\s:,;)]*", r"\1", text))


def printable(text: str) -> str:
    r"""Return the text with control characters, line ends and stray bytes written as `\x1b`, `\n` and `\udcff`.

    Names from files go through here before a person or a text format gets them: no escape sequence reaches a terminal
    and no name spans two lines.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _buffer(stream: object) -> BinaryIO | None:
    return getattr(stream, "buffer", None)


def _is_tty(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty and isatty())
    except ValueError:  # a closed file object
        return False


def _size(environ: Mapping[str, str]) -> tuple[int, int]:
    """Return columns and lines: from COLUMNS and LINES, else from the terminal on any stream, else 80 x 24.

    A value above 10,000 counts as 10,000: a table of that width still takes no time.
    """
    columns = lines = 0
    for descriptor in (1, 2, 0):
        try:
            columns, lines = os.get_terminal_size(descriptor)
        except OSError:
            continue
        if columns and lines:
            break
    columns = _whole_number(environ.get("COLUMNS", ""), _LARGEST_SIZE) or columns
    lines = _whole_number(environ.get("LINES", ""), _LARGEST_SIZE) or lines
    return columns or 80, lines or 24


def _whole_number(text: str, most: int) -> int | None:
    """Return the number that a text of digits holds, at most `most`; None unless it is a whole number from 1 on."""
    digits = text.lstrip("0")
    if not (digits.isascii() and digits.isdigit()):
        return None
    # a longer text is not converted: Python refuses thousands of digits
    return min(int(digits), most) if len(digits) <= len(str(most)) else most


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1
