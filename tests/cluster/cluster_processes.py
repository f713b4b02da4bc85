"""A real scheduler and real workers, as processes of their own on loopback."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from invocation import invoke

from actcli.exits import ActcliError

ROOT = Path(__file__).parents[2]
ENVIRON = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "30s",
    "OPENBLAS_NUM_THREADS": "1",  # as a nanny sets it
}
SECONDS = 90


class Cluster:
    """A scheduler, and workers with one thread each."""

    def __init__(self, folder, **environ):
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes = []
        self.scheduler = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self.file,
            **environ,
        )  # fmt: skip
        self.wait_for(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]

    def start(self, *arguments, **environ):
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**ENVIRON, **environ},
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def add_worker(self, **environ):
        """Start a worker without a nanny, so that killing it ends it, and wait until the scheduler knows it."""
        known = self.count_workers()
        worker = self.start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
            **environ,
        )  # fmt: skip
        self.wait_for(lambda: self.count_workers() > known)
        return worker

    def count_workers(self):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            return len(client.scheduler_info()["workers"])

    def wait_for(self, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, [path.read_text() for path in self.folder.glob("*.log")]
            time.sleep(0.1)

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def deadcheck(folder, *arguments, **environ):
    """Run `deadcheck` in a folder, in this process; return its status, output and messages."""
    with contextlib.chdir(folder):
        try:
            return tuple(invoke("deadcheck", *arguments, environ={**os.environ, **environ}))
        except ActcliError as error:
            return int(error.status), "", f"actcli: {error}\n"


def same_as_on_one_machine(folder, arguments, *cluster, **environ):
    """Require that a cluster says what one machine says, and leaves the same bits."""
    on_one = deadcheck(folder, *arguments, "--save-state", "one.npz")
    on_many = deadcheck(folder, *arguments, "--save-state", "many.npz", *cluster, **environ)
    assert on_many == on_one
    assert on_one[0] == 0
    assert (folder / "many.npz").read_bytes() == (folder / "one.npz").read_bytes()
