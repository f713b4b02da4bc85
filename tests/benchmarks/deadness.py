"""How fast recorded activations are judged, against PyTorch's reductions. Prints; asserts nothing.

    python tests/benchmarks/deadness.py [rounds]

400 MB of float32, 512 units, outputs of a relu. Whole processes, run in turn: both load the .npy file and print
what they found. PyTorch is looked for in this Python, or in the one that ACTCLI_TORCH_PYTHON names.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ratios import ACTCLI, compare, seconds

SAMPLES, UNITS, AT_ONCE = 200_000, 512, 10_000
TORCH = """
import sys
import numpy as np, torch
torch.set_num_threads(2)
t = torch.from_numpy(np.load(sys.argv[1]))
for found in ((t > 0).sum(0), t.amax(0), t.amin(0), t.mean(0), t.var(0), t.abs().mean(0)):
    print(found.sum().item())
"""
STATISTICS = """
import sys
from actcli import activation
from actcli.analysis.firing import firing_rule
from actcli.analysis.watching import watch
from actcli.sources.recorded import recorded
from actcli.terminal import Terminal
rule = firing_rule(activation("relu"), "post")
for seen in watch(recorded([sys.argv[1]], None, Terminal.of_process()), lambda _: rule, 2):
    pass
state = seen.states["acts"]
for found in (state.fired, state.maximum, state.minimum, state.mean, state.variance, state.absolute):
    print(found.sum())
"""


def write(path: Path) -> None:
    """The outputs of a relu, a piece at a time."""
    rng = np.random.default_rng(1)
    header = {"descr": "<f4", "fortran_order": False, "shape": (SAMPLES, UNITS)}
    with path.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for _ in range(0, SAMPLES, AT_ONCE):
            z = rng.standard_normal((AT_ONCE, UNITS), dtype=np.float32)
            out.write(np.maximum(z, 0, out=z).tobytes())


def main(rounds: int) -> None:
    """The command and the statistics alone, each against PyTorch."""
    python = os.environ.get("ACTCLI_TORCH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode:
        print("no PyTorch here (ACTCLI_TORCH_PYTHON names another Python)")
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "acts.npy")
        write(source)
        compare(
            f"{SAMPLES} samples of {UNITS} units, float32, against PyTorch's reductions",
            lambda: seconds((python, "-c", TORCH, str(source))),
            {
                "statistics alone": lambda: seconds((sys.executable, "-c", STATISTICS, str(source))),
                "deadcheck": lambda: seconds((*ACTCLI, "deadcheck", str(source))),
            },
            rounds,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
