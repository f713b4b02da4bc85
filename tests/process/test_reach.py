"""What the program touches beside its arguments: no socket, and no file but those that it was told to write."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from program import PROGRAM, Program

STRACE = shutil.which("strace")
VENDOR = 16.0
"""Seconds: onnxruntime first looks its vendor's host up after 11.5 s."""
OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)", [^)]*O_(?:WRONLY|RDWR|CREAT)')
CHANGED = re.compile(r'(?:mkdir|unlink|symlink|link|truncate)(?:at)?\((?:AT_FDCWD, )?"([^"]*)"')


def can_trace() -> bool:
    if STRACE is None:
        return False
    return subprocess.run([STRACE, "-qq", "/bin/true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_trace(), reason="strace is missing, or not allowed here")


def trace(actcli: Program, *arguments: str, seconds: float | None = None) -> tuple[str, set[str]]:
    """Run under strace; return the calls that reach the network, and the files opened to write or changed."""
    log = actcli.folder / "strace.log"
    calls = "trace=network,open,openat,mkdir,mkdirat,unlink,unlinkat,symlink,link,linkat,truncate"
    process = subprocess.Popen(
        [STRACE or "", "-f", "-qq", "-s", "300", "-e", calls, "-o", log, *PROGRAM, *arguments],
        cwd=actcli.folder,
        env=actcli.environ(PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    if seconds is not None:
        time.sleep(seconds)
        assert process.poll() is None, "it ended before its time"
        os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert b"Traceback" not in err
    lines = log.read_text(errors="replace").splitlines()
    network = [line for line in lines if re.search(r"\b(socket|connect|sendto|sendmsg)\(", line)]
    written = {found for line in lines for pattern in (OPENED, CHANGED) for found in pattern.findall(line)}
    return "\n".join(network), {path for path in written if not path.startswith(("/dev/", "/proc/self/"))}


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", "gelu", "1"),
        ("grad", "silu", "-1", "--check"),
        ("plot", "relu", "gelu"),
        ("compare", "relu", "gelu", "--by", "values"),
        ("compare", "relu", "gelu", "--by", "training", "--epochs", "1"),
        ("compare", "relu", "gelu", "--by", "precision"),
        ("compare", "relu", "gelu", "--by", "information"),
        ("deadcheck", "x.npy"),
        ("deadcheck", "--train", "relu", "--epochs", "1", "--seeds", "1"),
        ("info", "gelu"),
        ("info", "gelu", "--code", "torch"),
        ("list",),
        ("claims",),
        ("completion", "bash"),
    ],
    ids=" ".join,
)
def test_a_command_opens_no_socket_and_writes_nothing(actcli: Program, arguments: tuple[str, ...]) -> None:
    np.save(actcli.folder / "x.npy", np.ones((4, 3), np.float32))
    assert trace(actcli, *arguments) == ("", set())


def test_what_is_written_lies_beside_the_output(actcli: Program) -> None:
    network, written = trace(actcli, "eval", "relu", "1", "-o", "out.txt")
    assert not network
    assert written
    home = str(actcli.folder)
    # a temporary file without a name is opened by its folder's
    assert {str(Path(home, path).parent) for path in written if path != home} <= {home}
    assert {path.name for path in actcli.folder.iterdir()} == {"out.txt", "strace.log"}


def test_a_model_is_watched_for_long_without_a_word_to_anyone(actcli: Program) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["z"]), helper.make_node("Relu", ["z"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, ("N", 3))],
        [helper.make_empty_tensor_value_info("y")],
        [onnx.numpy_helper.from_array(np.ones((3, 4), np.float32), "w")],
    )
    domains = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8)
    (actcli.folder / "m.onnx").write_bytes(model.SerializeToString())
    arguments = ("deadcheck", "m.onnx", "--random", "1000000000")
    assert trace(actcli, *arguments, seconds=VENDOR) == ("", set())
    assert {path.name for path in actcli.folder.iterdir()} == {"m.onnx", "strace.log"}
