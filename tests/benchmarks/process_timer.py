"""Wall time and peak memory of whole processes, started by a process that is itself small.

Linux counts the memory of the process that forks to the new one's peak: a benchmark that holds arrays would measure
itself.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


class Timer:
    """A small process that starts and times others."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, command: tuple[str, ...], stdin: Path | None = None) -> tuple[float, int]:
        """Return seconds and the peak in bytes; `stdin` comes through a pipe. Raises CalledProcessError."""
        task = [list(command), None if stdin is None else str(stdin), dict(os.environ)]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        taken, peak, status = json.loads(self._process.stdout.readline())
        if status:
            raise subprocess.CalledProcessError(status, command)
        return taken, peak

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _answer(command: list[str], stdin: str | None, environ: dict[str, str]) -> tuple[float, int, int]:
    source = subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE) if stdin else None
    nothing = subprocess.DEVNULL
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=source.stdout if source else nothing, stdout=nothing, stderr=nothing, env=environ
    )
    _, status, usage = os.wait4(process.pid, 0)
    taken = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if source:
        source.wait()
    return taken, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), process.returncode


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_answer(*json.loads(line))), flush=True)
