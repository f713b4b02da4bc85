"""A framework in a process of its own, asked for results: what crashes there ends nothing here."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from actcli.exits import DataError, UsageError

KNOWN = ("torch", "jax", "onnxruntime", "keras")


class FrameworkProcess:
    """A running framework. Raises UsageError for an unknown name, DataError where it is not installed or ends."""

    def __init__(self, name: str) -> None:
        if name not in KNOWN:
            raise UsageError(f"--with takes {', '.join(KNOWN)}, not {name!r}")
        self.name = name
        self._folder = TemporaryDirectory(prefix="actcli-")
        package = Path(__file__).parents[3]
        pid = str(os.getpid())
        paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
        # -P: a torch.py in the current folder is not read
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "actcli.sources.frameworks.worker", name, self._folder.name, pid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        try:
            self.version = self._first_answer()
        except BaseException:  # an interruption too
            self.close()
            raise

    def compute(self, spec: str, patterns: NDArray[Any], dtype: str, order: int) -> NDArray[Any] | None:
        """Return the patterns of f, or f' (order 1), at patterns of x; None where the framework does not have it."""
        try:
            return self._compute(spec, patterns, dtype, order)
        except OSError as error:
            raise DataError(
                f"{self.name}: {error.filename or 'its process'}: {error.strerror or error}"
            ) from error

    def _compute(self, spec: str, patterns: NDArray[Any], dtype: str, order: int) -> NDArray[Any] | None:
        np.save(Path(self._folder.name) / "x.npy", patterns, allow_pickle=False)
        request = json.dumps({"function": spec, "type": dtype, "order": order})
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # its end is told below
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
        if not self._answer()["computed"]:
            return None
        results: NDArray[Any] = np.load(Path(self._folder.name) / "y.npy", allow_pickle=False)
        return results

    def _first_answer(self) -> str:
        """Return the framework's version. Raises DataError where it is not installed."""
        first = self._answer()
        if "missing" in first:
            raise DataError(f"{self.name} is not installed: pip install {self.name} ({first['missing']})")
        return str(first["version"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise DataError(f"{self.name}: its process ended, with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process and remove its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
