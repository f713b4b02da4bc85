"""How fast recorded activations are judged, against PyTorch's reductions. Prints; asserts nothing.

    python tests/benchmarks/deadness.py [rounds] [features] [maps] [float16] [archive]

400 MB of float32, 512 units, outputs of a relu; the same as maps of 64 channels (NCHW), as float16 and in archives,
stored and packed. Whole processes, run in turn: both load the file and print what they found. PyTorch is looked
for in this Python, or in the one that ACTCLI_TORCH_PYTHON names.
"""

import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ratios import ACTCLI, compare, seconds

TORCH = """
import sys
import numpy as np, torch
torch.set_num_threads(int(sys.argv[2]))
a = np.load(sys.argv[1])
t = torch.from_numpy(a if sys.argv[1].endswith("npy") else a["acts"])
d = (0, *range(2, t.ndim))
fires = t > 0 if t.ndim == 2 else t.amax(d[1:]) > 0
for found in (fires.sum(0), t.amax(d), t.amin(d), t.mean(d), t.float().var(d), t.abs().mean(d)):
    print(found.sum().item())
"""
STATISTICS = """
import sys
from actcli import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.watching import watch
from actcli.sources.records.recordings import inspect_records
from actcli.sources.records.unit_axis import UnitAxes
from actcli.terminal import Terminal
rule = firing_rule(activation("relu"), "post")
for seen in watch(inspect_records([sys.argv[1]], Terminal.of_process()).read(UnitAxes()), lambda _: rule, 2):
    pass
state = seen.states["acts"]
for found in (state.fired, state.maximum, state.minimum, state.mean, state.variance, state.absolute):
    print(found.sum())
"""


def write(path: Path, shape: tuple[int, ...], descr: str, pieces: int = 20) -> None:
    """The outputs of a relu, a piece at a time."""
    rng = np.random.default_rng(1)
    with path.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
        for at in range(0, shape[0], step := -(-shape[0] // pieces)):
            z = rng.standard_normal((min(step, shape[0] - at), *shape[1:]), dtype=np.float32)
            out.write(np.maximum(z, 0, out=z).astype(descr).tobytes())


def packed(source: Path, method: int) -> Path:
    """The array in an archive."""
    archive = source.with_name(f"acts{method}.npz")
    with zipfile.ZipFile(archive, "w", method, compresslevel=1) as out:
        out.write(source, "acts.npy")
    return archive


def as_gzip(archive: Path) -> Path:
    """The same deflated bytes for zcat, without packing them again."""
    (entry,) = zipfile.ZipFile(archive).infolist()
    zipped = archive.with_suffix(".gz")
    with archive.open("rb") as source, zipped.open("wb") as out:
        source.seek(entry.header_offset + 26)
        source.seek(sum(struct.unpack("<HH", source.read(4))), os.SEEK_CUR)
        out.write(b"\x1f\x8b\x08" + bytes(6) + b"\xff")
        left = entry.compress_size
        while left:
            left -= out.write(source.read(min(left, 1 << 24)))
        out.write(struct.pack("<II", entry.CRC, entry.file_size % 2**32))
    return zipped


CASES: dict[str, tuple[str, tuple[int, ...], str, tuple[Callable[[Path], Path], ...]]] = {
    "features": ("200000 samples of 512 units, float32", (200_000, 512), "<f4", (Path,)),
    "maps": ("2000 samples of 64 channels of 28 x 28, float32", (2000, 64, 28, 28), "<f4", (Path,)),
    "float16": ("200000 samples of 512 units, float16", (200_000, 512), "<f2", (Path,)),
    "archive": (
        "50000 samples of 512 units, float32, in an .npz",
        (50_000, 512),
        "<f4",
        (
            lambda source: packed(source, zipfile.ZIP_STORED),
            lambda source: packed(source, zipfile.ZIP_DEFLATED),
        ),
    ),
}


def main(rounds: int, chosen: list[str]) -> None:
    """The command and the statistics alone, each against PyTorch."""
    python = os.environ.get("ACTCLI_TORCH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode:
        print("no PyTorch here (ACTCLI_TORCH_PYTHON names another Python)")
        return
    for name in chosen or CASES:
        title, shape, descr, forms = CASES[name]
        with tempfile.TemporaryDirectory() as folder:
            array = Path(folder, "acts.npy")
            write(array, shape, descr)
            for form in forms:
                source = str(form(array))
                compare(
                    f"{title}, {Path(source).name}, against PyTorch's reductions",
                    lambda source=source: seconds((python, "-c", TORCH, source, "2")),
                    {
                        "statistics alone": lambda source=source: seconds(
                            (sys.executable, "-c", STATISTICS, source)
                        ),
                        "deadcheck": lambda source=source: seconds((*ACTCLI, "deadcheck", source)),
                        "deadcheck, one thread": lambda source=source: seconds(
                            (*ACTCLI, "deadcheck", source, "--threads", "1")
                        ),
                    },
                    rounds,
                )


if __name__ == "__main__":
    numbers = [word for word in sys.argv[1:] if word.isdecimal()]
    names = [word for word in sys.argv[1:] if word not in numbers]
    if unknown := [name for name in names if name not in CASES]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(CASES)}")
    main(int(numbers[0]) if numbers else 7, names)
