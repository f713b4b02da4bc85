"""Watching a model against running it: whole processes in turn, the same model and data. Prints; asserts nothing.

    ACTCLI_MODELS=folder python tests/benchmarks/models.py [det] [cls]

The folder holds what the wheels of rapidocr_onnxruntime and scikit_learn hold; without it the installed packages
are used. The plain run has no statistics: onnxruntime as it is by default, the same samples a run, the outputs
thrown away.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from ratios import ACTCLI, compare, seconds

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
    "det": ("rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", 48, 480, 640, 1),
    "cls": ("rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", 2048, 48, 192, 2),
}


def ratio(case: str) -> None:
    """Print the time of `deadcheck` as a ratio to plain inference, by batches of 1 and as deadcheck chooses."""
    path, count, height, width, size = CASES[case]
    model = str(shipped(path))
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder, "x.npy"))
        np.save(data, pictures(count, height, width))
        command = (
            *ACTCLI,
            "deadcheck",
            model,
            "--data",
            data,
            "--threads",
            "2",
            "-o",
            str(Path(folder, "out.json")),
        )
        for batch in sorted({1, size, 8}):
            plain = (sys.executable, "-c", PLAIN, model, data, str(batch), "2")
            compare(
                f"{case}, {count} pictures of {height} x {width}, against onnxruntime in batches of {batch}",
                lambda plain=plain: seconds(plain),
                {"deadcheck": lambda: seconds(command)},
                5,
            )


if __name__ == "__main__":
    for asked in sys.argv[1:] or CASES:
        ratio(asked)
