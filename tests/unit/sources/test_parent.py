"""A process that ends when its parent does."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PARENT = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
CHILD = """
import sys, time
from actcli.sources.parent import end_with
end_with(int(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""


def ends(pid: int) -> bool:
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a process that its parent ended")
def test_a_process_ends_with_its_parent():
    parent = subprocess.run([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, check=False)
    assert parent.returncode == -signal.SIGKILL
    assert ends(int(parent.stdout))


def test_a_process_whose_parent_has_gone_ends_at_once():
    code = "import os; from actcli.sources.parent import end_with; end_with(os.getppid() + 1); print('still here')"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_an_interruption_while_a_framework_starts_leaves_no_process_and_no_folder(monkeypatch, tmp_path):
    from actcli.sources.frameworks.process import FrameworkProcess

    started = []

    def interrupt(process):
        started.append(process._process)
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(FrameworkProcess, "_first_answer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        FrameworkProcess("onnxruntime")
    assert started[0].poll() is not None
    assert not list(tmp_path.iterdir())
