"""Runs many command lines, each in a fork of one process that has everything loaded: `hostile_zygote.py CASES RESULTS`.

CASES is a JSON list of {"folder", "arguments", "stdin"}; RESULTS becomes a list of what each left behind. A case that
takes more than SECONDS of processor time or more memory than MEMORY is killed.
"""

import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import time
from pathlib import Path

import actcli.app  # noqa: F401 - loaded before the forks

SECONDS = 10
"""Of processor time, which does not depend on what else the machine does."""
PATIENCE = 180.0
"""Seconds by the clock."""
MEMORY = 10**9
BUDGET = 7 * 10**8
"""What the program itself is told that it may use."""
LOADED = ["orjson", "rich.table", "plotext", "onnx", "onnxruntime", "zipfile", "tomllib"]
LAYERS = ["commands", "render", "sources", "analysis", "activations"]
PAGE = os.sysconf("SC_PAGE_SIZE")


def load() -> None:
    from actcli.sources import budget
    from actcli.sources.optional import turn_reporting_off

    turn_reporting_off()
    for name in LOADED:
        try:
            importlib.import_module(name)
        except ImportError:  # an extra that is not installed
            continue
    for layer in LAYERS:  # not the packages for frameworks, which need theirs
        package = importlib.import_module(f"actcli.{layer}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    budget.default_budget = lambda: BUDGET
    gc.collect()
    gc.freeze()


def start(case: dict) -> int:
    """Fork, and run a case in the child: never returns there."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    folder = case["folder"]
    os.chdir(folder)
    for number, name, flags in (
        (0, ".stdin", os.O_RDONLY),
        (1, ".stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, ".stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    os.environ.clear()
    os.environ.update(
        {"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8", "ORT_DISABLE_TELEMETRY": "1"}
    )
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(0, "r", encoding="utf-8"),
        os.fdopen(1, "w", encoding="utf-8"),
        os.fdopen(2, "w", encoding="utf-8"),
    )
    sys.argv = ["actcli", *case["arguments"]]
    from actcli.__main__ import main

    main()
    os._exit(99)  # main never returns


def memory(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def run(cases: list, jobs: int) -> list:
    results: list = [None] * len(cases)
    waiting = list(enumerate(cases))[::-1]
    running: dict = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            index, case = waiting.pop()
            running[start(case)] = (index, time.monotonic())
        for pid, (index, since) in list(running.items()):
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            seconds = time.monotonic() - since
            killed = ""
            if not ended and (seconds > PATIENCE or memory(pid) > MEMORY):
                killed = "time" if seconds > PATIENCE else "memory"
                for end in (os.killpg, os.kill):
                    try:
                        end(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                ended, status, usage = os.wait4(pid, 0)
            if ended:
                del running[pid]
                folder = Path(cases[index]["folder"])
                results[index] = {
                    "status": os.waitstatus_to_exitcode(status),
                    "out": (folder / ".stdout").read_text(errors="replace")[:4000],
                    "err": (folder / ".stderr").read_text(errors="replace")[:4000],
                    "seconds": seconds,
                    "memory": usage.ru_maxrss * 1024,
                    "killed": "time" if status == signal.SIGXCPU else killed,
                }
        time.sleep(0.002)
    return results


if __name__ == "__main__":
    load()
    cases_ = json.loads(Path(sys.argv[1]).read_text())
    jobs_ = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    Path(sys.argv[2]).write_text(json.dumps(run(cases_, jobs_)))
