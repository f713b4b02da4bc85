"""Opening a model: what onnxruntime is told before it is imported."""

import builtins
import subprocess
import sys

import pytest

from actcli.exits import DataError
from actcli.sources.onnx.load import require_packages

pytest.importorskip("onnxruntime")

LOAD_AND_LIST = """
from actcli.sources.onnx.load import require_packages
require_packages("m.onnx")
import os
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def test_onnxruntime_is_loaded_with_its_telemetry_off_and_leaves_no_device_id(tmp_path):
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_LIST],
        env=environ | {"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_installed_and_cannot_be_loaded(monkeypatch):
    real = builtins.__import__

    def without_memory(name, *rest, **more):
        if name == "onnxruntime":
            raise ImportError("failed to map segment from shared object")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_memory)
    with pytest.raises(DataError, match=r"m\.onnx: onnxruntime cannot be loaded: failed to map"):
        require_packages("m.onnx")
