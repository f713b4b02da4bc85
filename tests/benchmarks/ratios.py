"""How fast it is, as ratios of things run in turn in the same run. Prints; asserts nothing.

    python tests/benchmarks/ratios.py [start] [pipe] [file] [formulas]

Every figure is a median over interleaved rounds, with the smallest and largest ratio of one round. PyTorch is
looked for in this Python, or in the one that ACTCLI_TORCH_PYTHON names.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

ACTCLI = (sys.executable, "-m", "actcli")
FUNCTIONS = ("relu", "sigmoid", "tanh", "gelu", "silu", "softplus")
TORCH = """
import sys
import numpy as np, torch
torch.set_num_threads(2)
x = torch.from_numpy(np.load(sys.argv[2]))
f = getattr(torch, sys.argv[1], None) or getattr(torch.nn.functional, sys.argv[1])
np.save(sys.argv[3], f(x).numpy())
"""


def seconds(command: tuple[str, ...], stdin: Path | None = None) -> float:
    """Wall time of a whole process, its standard input from a file through a pipe."""
    source = subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE) if stdin else None
    start = time.perf_counter()
    subprocess.run(
        command,
        stdin=source.stdout if source else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    taken = time.perf_counter() - start
    if source:
        source.wait()
    return taken


def compare(
    title: str, against: Callable[[], float], things: Mapping[str, Callable[[], float]], rounds: int
) -> None:
    """Print each thing's time as a ratio to `against`, run in turn."""
    base, times = [], {name: [] for name in things}
    for _ in range(rounds):
        base.append(against())
        for name, thing in things.items():
            times[name].append(thing())
    print(f"\n{title}: {statistics.median(base):.3f} s (median of {rounds})")
    for name, taken in times.items():
        ratios = [t / b for t, b in zip(taken, base, strict=True)]
        ratio = statistics.median(taken) / statistics.median(base)
        print(
            f"  {name:28} {ratio:6.2f} x   ({min(ratios):.2f} to {max(ratios):.2f})  {statistics.median(taken):.3f} s"
        )


def start() -> None:
    """Start-up against importing NumPy."""
    runs = {
        "eval relu -1 0 1": ("eval", "relu", "-1", "0", "1"),
        "--help": ("--help",),
        "--version": ("--version",),
    }
    things = {name: lambda a=arguments: seconds((*ACTCLI, *a)) for name, arguments in runs.items()}
    compare(
        "start, against python -c 'import numpy'",
        lambda: seconds((sys.executable, "-c", "import numpy")),
        things,
        21,
    )


def pipe() -> None:
    """Two million numbers through a pipe against mawk, and whether they come out with the same bits."""
    if not shutil.which("mawk"):
        print("\npipe: no mawk here")
        return
    with tempfile.TemporaryDirectory() as folder:
        numbers = Path(folder, "numbers.txt")
        x = np.random.default_rng(1).normal(size=2_000_000)
        numbers.write_text("\n".join(map(repr, x.tolist())) + "\n")
        program = "{print ($1>0)?$1:0}"
        compare(
            "pipe, 2 million numbers, against mawk",
            lambda: seconds(("mawk", program), numbers),
            {"eval relu": lambda: seconds((*ACTCLI, "eval", "relu"), numbers)},
            7,
        )
        with numbers.open("rb") as source:
            done = subprocess.run([*ACTCLI, "eval", "relu"], stdin=source, capture_output=True, check=True)
        y = np.array(done.stdout.split(), np.float64)
        print(f"  the same bits: {np.array_equal(y, np.maximum(x, 0))}")


def file() -> None:
    """Twenty million numbers from .npy to .npy against PyTorch, whole processes."""
    python = os.environ.get("ACTCLI_TORCH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode:
        print("\nfile: no PyTorch here (ACTCLI_TORCH_PYTHON names another Python)")
        return
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "out.npy"))
        for dtype in (np.float32, np.float64):
            source = str(Path(folder, f"{np.dtype(dtype)}.npy"))
            np.save(source, np.random.default_rng(2).normal(size=20_000_000).astype(dtype) * 2)
            for name in FUNCTIONS:
                compare(
                    f"file, {name}, 20 million {np.dtype(dtype)}, against PyTorch",
                    lambda n=name, s=source: seconds((python, "-c", TORCH, n, s, out)),
                    {"eval": lambda n=name, s=source: seconds((*ACTCLI, "eval", n, s, "-o", out))},
                    5,
                )


def formulas() -> None:
    """Ten million numbers through formulas, in this process, against the same expressions written in NumPy."""
    from actcli import activation
    from actcli.analysis.stream.blocks import evaluate
    from actcli.analysis.stream.evaluation import Numbers

    x = np.random.default_rng(3).standard_normal(10_000_000)

    def taken(call: Callable[[], object]) -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    kept = np.empty_like(x)

    def on_two_threads(spec: str) -> None:
        # as the command does it; the results are copied together, for the expression keeps its own too
        blocks = (x[i : i + 131072] for i in range(0, x.size, 131072))
        numbers = Numbers("arguments", None, x.dtype, x.shape, blocks)
        start = 0
        for _, y in evaluate(activation(spec), numbers, 2).blocks:
            kept[start : start + y.size] = y
            start += y.size

    by_hand: dict[str, Callable[[], object]] = {
        "x*sigmoid(1.702*x)": lambda: x / (1 + np.exp(-1.702 * x)),
        "x/(1+exp(-x))": lambda: x / (1 + np.exp(-x)),
        "x*tanh(log(1+exp(x)))": lambda: x * np.tanh(np.log(1 + np.exp(x))),
        "x if x > 0 else exp(x)-1": lambda: np.where(x > 0, x, np.exp(x) - 1),
        "min(max(x+3,0),6)*x/6": lambda: np.minimum(np.maximum(x + 3, 0), 6) * x / 6,
        "sin(x)*exp(-x^2)": lambda: np.sin(x) * np.exp(-(x**2)),
        "x/(1+abs(x))": lambda: x / (1 + np.abs(x)),
        "log(1+x^2)": lambda: np.log(1 + x**2),
        "exp(x)-1": lambda: np.exp(x) - 1,
        "x-tanh(x)": lambda: x - np.tanh(x),
        "log(exp(x)+exp(2*x))": lambda: np.log(np.exp(x) + np.exp(2 * x)),
        "max(0,x)^2": lambda: np.maximum(0, x) ** 2,
        "max(0.01*x,x)": lambda: np.maximum(0.01 * x, x),
        "clip(x,-1,1)": lambda: np.clip(x, -1, 1),
        "x if x > 0 else 0.1*x": lambda: np.where(x > 0, x, 0.1 * x),
        "1/(1+exp(-x))": lambda: 1 / (1 + np.exp(-x)),
        "log(1+exp(x))": lambda: np.log(1 + np.exp(x)),
        "0.5*x*(1+tanh(sqrt(2/pi)*(x+0.044715*x^3)))": lambda: (
            0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        ),
        "x*exp(-x^2/2)": lambda: x * np.exp(-(x**2) / 2),
        "x/sqrt(1+x^2)": lambda: x / np.sqrt(1 + x**2),
        "(sqrt(x^2+1)-1)/2+x": lambda: (np.sqrt(x**2 + 1) - 1) / 2 + x,
        "x+sin(x)^2": lambda: x + np.sin(x) ** 2,
        "1-tanh(x)^2": lambda: 1 - np.tanh(x) ** 2,
        "1-exp(x)": lambda: 1 - np.exp(x),
        "1-cos(x)": lambda: 1 - np.cos(x),
        "(exp(x)-exp(-x))/(exp(x)+exp(-x))": lambda: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
        "(exp(x)-exp(-x))/2": lambda: (np.exp(x) - np.exp(-x)) / 2,
        "tanh(x)^3/(1+x^2)": lambda: np.tanh(x) ** 3 / (1 + x**2),
        "x*arctan(x)": lambda: x * np.arctan(x),
        "log(cosh(x))": lambda: np.log(np.cosh(x)),
        "x*exp(x)/(1+exp(x))": lambda: x * np.exp(x) / (1 + np.exp(x)),
        "abs(x)^0.5*sign(x)": lambda: np.abs(x) ** 0.5 * np.sign(x),
    }
    with np.errstate(all="ignore"):
        for spec, numpy_expression in by_hand.items():
            f = activation(spec)
            f(x[:1000])
            compare(
                f"formula {spec}, ten million numbers, against NumPy",
                lambda call=numpy_expression: taken(call),
                {
                    "one thread": lambda f=f: taken(lambda: f(x)),
                    "two threads": lambda s=spec: taken(lambda: on_two_threads(s)),
                },
                7,
            )


if __name__ == "__main__":
    known = {"start": start, "pipe": pipe, "file": file, "formulas": formulas}
    asked = sys.argv[1:]
    if not known.keys() >= set(asked):
        sys.exit(
            f"usage: python tests/benchmarks/ratios.py [{' | '.join(known)}] ...\nWithout a name all of them."
        )
    for name in asked or known:
        known[name]()
