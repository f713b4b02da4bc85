"""The processor of this machine, in words."""

import platform
from pathlib import Path


def processor_name() -> str:
    """Return the processor's model, as Linux knows it; elsewhere its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine() or "unknown processor"
