"""Watching a model against running it: whole processes in turn, the same model and data. Prints; asserts nothing.

    ACTCLI_MODELS=folder python tests/benchmarks/models.py [det] [cls]

The folder holds what the wheels of rapidocr_onnxruntime and scikit_learn hold; without it the installed packages
are used. The plain run has no statistics: onnxruntime on two threads as it is by default, the outputs thrown
away, in batches of several lengths; deadcheck chooses its own. Processor time is printed beside wall time: on a
busy machine it is what holds, but a thread of onnxruntime that waits for another spins, which counts too. So the
plain run has a line with one thread in processor time alone, against deadcheck with one thread.
"""

import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

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
    "det": ("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", 48, 480, 640, (1, 2, 8)),
    "cls": (
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        2048,
        48,
        192,
        (1, 2, 4, 8, 16, 32),
    ),
}
ROUNDS = 5


def measured(command: tuple[str, ...]) -> tuple[float, float]:
    """Wall and processor time of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = seconds(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio(case: str) -> None:
    """Print the time of `deadcheck`, full and quick, as ratios to plain inference in batches of each length."""
    path, count, height, width, sizes = CASES[case]
    model = str(shipped(path))
    with tempfile.TemporaryDirectory() as folder:
        data, out = str(Path(folder, "x.npy")), str(Path(folder, "out.json"))
        np.save(data, pictures(count, height, width))
        # compiled once, as every installed program is
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "bytecode"))
        for threads, kind in ((2, 0), (1, 1)):
            watch = (*ACTCLI, "deadcheck", model, "--data", data, "--threads", str(threads), "-o", out)
            ours = {"full": watch, "quick": (*watch, "--quick")}
            plain = {
                size: (sys.executable, "-c", PLAIN, model, data, str(size), str(threads)) for size in sizes
            }
            for command in (*ours.values(), plain[sizes[0]]):
                seconds(command)
            rounds = [
                {name: measured(command)[kind] for name, command in (*ours.items(), *plain.items())}
                for _ in range(ROUNDS)
            ]
            _print(f"{case}, {count} pictures of {height} x {width}, {threads} threads", kind, rounds, sizes)


def _print(title: str, kind: int, rounds: list[dict[Any, float]], sizes: tuple[int, ...]) -> None:
    """Print medians of the ratios with their range; onnxruntime at the batch length that is best for it."""
    best = min(sizes, key=lambda size: statistics.median(one[size] for one in rounds))
    took = ", ".join(f"{size}: {statistics.median(one[size] for one in rounds):.2f} s" for size in sizes)
    print(f"\n{title}, {ROUNDS} rounds, {('wall', 'processor')[kind]} time; onnxruntime in batches of {took}")
    for name in ("full", "quick"):
        each = [one[name] / one[best] for one in rounds]
        median = statistics.median(one[name] for one in rounds)
        print(
            f"  {name:5} against batches of {best}: {statistics.median(each):.2f} x "
            f"({min(each):.2f} to {max(each):.2f})  {median:.2f} s"
        )


if __name__ == "__main__":
    for asked in sys.argv[1:] or CASES:
        ratio(asked)
