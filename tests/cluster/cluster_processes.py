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

    def __init__(self, folder, *arguments, security=None, **environ):
        self.folder = folder
        self.security = security
        self.file = folder / "scheduler.json"
        self.processes = []
        self.scheduler = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", self.file,
            *arguments, **environ,
        )  # fmt: skip
        try:
            self.address = self.wait_for(self.read_address, self.scheduler)
        except BaseException:
            self.stop()
            raise

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

    def read_address(self):
        """The scheduler's address, once its file is written to the end."""
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self.file.read_text())["address"]

    def add_worker(self, *arguments, nanny=False, **environ):
        """Start a worker, and wait until the scheduler knows it; without a nanny killing it ends it."""
        name = f"worker-{len(self.processes)}"
        worker = self.start(
            "worker", self.address, "--name", name, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
            "--nanny" if nanny else "--no-nanny", *arguments, **environ,
        )  # fmt: skip
        self.wait_for(lambda: name in self.worker_names(), worker)
        return worker

    def worker_names(self):
        """The names of the workers that the scheduler knows."""
        return self.ask(lambda dask_scheduler: [one.name for one in dask_scheduler.workers.values()])

    def has_begun(self):
        """Whether work of ours was ever sent; it stays so when the work is done."""
        return self.ask(
            lambda dask_scheduler: bool({"do", "observe_shards"} & set(dask_scheduler.task_prefixes))
        )

    def is_idle(self):
        """Whether no worker has a task."""
        return self.ask(lambda dask_scheduler: not any(w.processing for w in dask_scheduler.workers.values()))

    def ask(self, question):
        """Return what a function returns in the scheduler."""
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=SECONDS, security=self.security) as client:
            return client.run_on_scheduler(question)

    def wait_for(self, condition, *living):
        """Wait until a condition holds and return its value; fail at once when a process ends that is needed for it."""
        end = time.monotonic() + SECONDS
        while not (value := condition()):
            assert time.monotonic() < end, self.logs()
            assert all(process.poll() is None for process in living), self.logs()
            time.sleep(0.05)
        return value

    def logs(self):
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

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
