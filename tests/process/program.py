"""The real program in a process of its own: pipes, terminals, signals, full disks."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAM = [sys.executable, "-m", "actcli"]
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run left behind. A negative status is the signal that ended it."""

    out: str
    err: str
    status: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True, slots=True)
class Program:
    """Runs actcli in a clean environment, in a folder of its own."""

    folder: Path

    def environ(self, **extra: str) -> dict[str, str]:
        clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm", "HOME": str(self.folder)}
        return clean | {"PYTHONPATH": str(Path(__file__).parents[2])} | extra

    def __call__(self, *arguments: str, stdin: str | bytes = "", **environ: str) -> Ended:
        """Run to the end with stdin, stdout and stderr as pipes."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*PROGRAM, *arguments],
            input=data,
            capture_output=True,
            cwd=self.folder,
            env=self.environ(**environ),
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.stdout.decode(), done.stderr.decode(), done.returncode)

    def shell(self, line: str, **environ: str) -> Ended:
        """Run a line of bash in which `actcli` is the program."""
        line = f'set -o pipefail; actcli() {{ {sys.executable} -m actcli "$@"; }}; {line}'
        done = subprocess.run(
            ["/bin/bash", "-c", line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            env=self.environ(**environ),
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.stdout.decode(), done.stderr.decode(), done.returncode)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[bytes]":
        """Start and leave running, with pipes."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environ(**environ),
        )

    def on_a_terminal(self, *arguments: str, **environ: str) -> Ended:
        """Run with all three streams on a terminal of 80 columns; `out` is what the terminal shows."""
        main, side = pty.openpty()
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=side,
            stdout=side,
            stderr=side,
            cwd=self.folder,
            env=self.environ(**environ),
            start_new_session=True,
        )
        os.close(side)
        shown = read_until(main, lambda _: False)
        os.close(main)
        return Ended(shown.replace("\r\n", "\n"), "", process.wait(SECONDS))


def fork_on_terminal(actcli: Program, *arguments: str, **environ: str) -> tuple[int, int]:
    """Start the program on a terminal of 80 columns and 40 lines: its process, and the terminal's other side."""
    child, main = pty.fork()
    if child == 0:
        os.chdir(actcli.folder)
        given = actcli.environ(**{"COLUMNS": "80", "LINES": "40", "NO_COLOR": "1", **environ})
        os.execve(sys.executable, [sys.executable, "-m", "actcli", *arguments], given)  # noqa: S606
    return child, main


def read_until(descriptor: int, enough: Callable[[str], bool], seconds: float = 30) -> str:
    """Read until `enough` is true of the text so far, the other side closes, or the time is over."""
    shown = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not enough(shown.decode(errors="replace")):
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                piece = os.read(descriptor, 65536)
            except OSError:  # what Linux says when the last process has left the terminal
                break
            if not piece:
                break
            shown += piece
    return shown.decode(errors="replace")


def wait_until_it_worked(pid: int, seconds: float) -> None:
    """Wait until a process has used so much processor time, however busy the machine is."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        of_user, of_system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        if (int(of_user) + int(of_system)) / os.sysconf("SC_CLK_TCK") >= seconds:
            break
        time.sleep(0.02)


def has_draft(pid: int, folder: Path) -> bool:
    """Return whether the process has an open file in a folder, be it one without a name."""
    opened = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            opened.append(str(link.readlink()))
    return any(name.startswith(f"{folder}/") for name in opened)
