"""Opening a model: what onnxruntime is told before it is imported."""

import subprocess
import sys

import pytest

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
