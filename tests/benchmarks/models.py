"""Watching a model against running it: whole processes in turn, the same model and data. Prints; asserts nothing.

    ACTCLI_MODELS=folder python tests/benchmarks/models.py [det] [cls]

The folder holds what the wheels of rapidocr_onnxruntime and scikit_learn hold; without it the installed packages
are used. The plain run has no statistics: onnxruntime on two threads as it is by default, the outputs thrown
away, in batches of several lengths; deadcheck chooses its own. Processor time is printed beside wall time: on a
busy machine it is what holds, but a thread of onnxruntime that waits for another spins, which counts too.
"""

import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from ratios import ACTCLI, seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from shipped import pictures, shipped

PLAIN = """
import sys
import numpy as np, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[4])
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
x, size = np.load(sys.argv[2]), int(sys.argv[3])
name = session.get_inputs()[0].name
for start in range(0, len(x), size):
    session.run(None, {name: x[start : start + size]})
"""
CASES = {
    "det": ("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", 48, 480, 640, (1, 8)),
    "cls": ("rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", 2048, 48, 192, (1, 2, 8)),
}
ROUNDS = 5


def measured(command: tuple[str, ...]) -> tuple[float, float]:
    """Wall and processor time of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = seconds(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(case: str) -> None:
    """Print the time of `deadcheck` as a ratio to plain inference in batches of each length."""
    path, count, height, width, sizes = CASES[case]
    model = str(shipped(path))
    with tempfile.TemporaryDirectory() as folder:
        data, out = str(Path(folder, "x.npy")), str(Path(folder, "out.json"))
        np.save(data, pictures(count, height, width))
        ours = (*ACTCLI, "deadcheck", model, "--data", data, "--threads", "2", "-o", out)
        plain = {size: (sys.executable, "-c", PLAIN, model, data, str(size), "2") for size in sizes}
        # compiled once, as every installed program is
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "bytecode"))
        for command in (ours, plain[sizes[0]]):
            seconds(command)
        rounds = [
            (measured(ours), {size: measured(command) for size, command in plain.items()})
            for _ in range(ROUNDS)
        ]
    print(f"\n{case}, {count} pictures of {height} x {width}, {ROUNDS} rounds: deadcheck against onnxruntime")
    for size in sizes:
        for i, kind in enumerate(("wall", "processor")):
            pairs = [(found[i], base[size][i]) for found, base in rounds]
            taken, base = (statistics.median(times) for times in zip(*pairs, strict=True))
            each = [a / b for a, b in pairs]
            print(
                f"  in batches of {size}, {kind:9} {taken / base:5.2f} x   ({min(each):.2f} to {max(each):.2f})  "
                f"{taken:.2f} s against {base:.2f} s"
            )


if __name__ == "__main__":
    for asked in sys.argv[1:] or CASES:
        ratio(asked)
