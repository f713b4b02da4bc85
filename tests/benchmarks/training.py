"""How fast training is, beside PyTorch doing the same runs one after another on one thread. Prints; asserts nothing.

    python tests/benchmarks/training.py [ROUNDS]

Six functions, 20 networks of 64-64-64-10 each, 20 epochs of the digits. PyTorch gets the same samples, first weights
and order of batches, and trains one network of each function a round; the time is scaled to all 120. That both end
with the same accuracy shows that it is the same work. Two loops: `bare` trains and looks at nothing; `measured` also
takes down what --record does, every epoch: losses and accuracies on both sets, gradients' norms, dead units.
Only the loop is timed there: not importing PyTorch, nor what it loads with the first optimizer (1.5 s and more, once),
nor preparing the data; actcli's time is that of the whole process, and contains all that. The program runs on all
cores it may use. PyTorch is looked for in this Python, or in the one that ACTCLI_TORCH_PYTHON names.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# as the program sets it for itself: its own threads share the work
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from ratios import ACTCLI

from actcli.analysis.training.group import SAMPLES_AT_ONCE, Group
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.sources.records.datasets import load_dataset
from actcli.terminal import Terminal

FUNCTIONS = ("relu", "leaky_relu", "silu", "gelu", "tanh", "sigmoid")
SEEDS, EPOCHS, RATE, WIDTH, DEPTH, BATCH = 20, 20, 0.1, 64, 2, 32
COMMAND = ("compare", *FUNCTIONS, "--by", "training", "--seeds", str(SEEDS))
LOOPS = ("bare", "measured")
TORCH = """
import json, sys, time
import numpy as np, torch
torch.set_num_threads(1)
given = np.load(sys.argv[1])
measured = sys.argv[2] == "measured"
functions = {
    "relu": torch.nn.ReLU, "leaky_relu": torch.nn.LeakyReLU, "silu": torch.nn.SiLU,
    "gelu": torch.nn.GELU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid,
}
x, y = torch.from_numpy(given["train_x"]), torch.from_numpy(given["train_y"])
test_x, test_y = torch.from_numpy(given["test_x"]), torch.from_numpy(given["test_y"])
orders = torch.from_numpy(given["orders"][0])
rate, batch = float(given["rate"]), int(given["batch"])
layers = sum(name.startswith("weights") for name in given.files)
loss_of = torch.nn.CrossEntropyLoss()

def network(function):
    modules = []
    for layer in range(layers):
        weights = torch.from_numpy(given[f"weights{layer}"][0])
        linear = torch.nn.Linear(*weights.shape)
        with torch.no_grad():
            linear.weight.copy_(weights.T)
            linear.bias.zero_()
        modules += [linear, functions[function]()]
    return torch.nn.Sequential(*modules[:-1])

def look(net):
    with torch.no_grad():
        h, dead = test_x, []
        for module in net[:-1]:
            h = module(h)
            if not isinstance(module, torch.nn.Linear):
                dead.append((h <= 0).all(0).double().mean().item())
        outputs = net[-1](h)
        train = (net(x).argmax(1) == y).double().mean().item()
        return dead, loss_of(outputs, test_y).item(), (outputs.argmax(1) == test_y).double().mean().item(), train

for line in sys.stdin:
    net = network(line.strip())
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    linears = [module for module in net if isinstance(module, torch.nn.Linear)]
    history = []
    started = time.perf_counter()
    for order in orders:
        total, squares = torch.zeros(()), torch.zeros(layers)
        for places in order.split(batch):
            optimizer.zero_grad()
            loss = loss_of(net(x[places]), y[places])
            loss.backward()
            if measured:
                total += loss.detach() * len(places)
                squares += torch.stack([linear.weight.grad.square().sum() for linear in linears])
            optimizer.step()
        if measured:
            history.append((*look(net), (total / len(y)).item(), squares.sqrt().tolist()))
    seconds = time.perf_counter() - started
    with torch.no_grad():
        score = (net(test_x).argmax(1) == test_y).double().mean().item()
    print(json.dumps([seconds, score]), flush=True)
"""
JAX = """
import json, os, sys, time
from functools import partial
os.environ["JAX_PLATFORMS"] = "cpu"
import jax, numpy as np
import jax.numpy as jnp
given = np.load(sys.argv[1])
functions = {
    "relu": jax.nn.relu, "leaky_relu": jax.nn.leaky_relu, "silu": jax.nn.silu,
    "gelu": partial(jax.nn.gelu, approximate=False), "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid,
}
x, y, test_x, test_y = (jnp.asarray(given[name]) for name in ("train_x", "train_y", "test_x", "test_y"))
orders = jnp.asarray(given["orders"])
rate, batch = float(given["rate"]), int(given["batch"])
weights = [jnp.asarray(given[name]) for name in sorted(given.files) if name.startswith("weights")]
first = [(w, jnp.zeros((len(w), w.shape[2]), w.dtype)) for w in weights]
whole = len(y) // batch * batch

def outputs(function, layers, h):
    for w, b in layers[:-1]:
        h = function(h @ w + b)
    return h @ layers[-1][0] + layers[-1][1]

def loss(layers, function, places):
    scores = jax.nn.log_softmax(outputs(function, layers, x[places]))
    return -jnp.take_along_axis(scores, y[places][:, None], 1).mean()

@partial(jax.jit, static_argnums=0)
def train(function, layers, orders):
    def step(layers, places):
        slopes = jax.grad(loss)(layers, function, places)
        return jax.tree.map(lambda value, slope: value - rate * slope, layers, slopes), None

    def epoch(layers, order):
        layers, _ = jax.lax.scan(step, layers, order[:whole].reshape(-1, batch))
        return (step(layers, order[whole:])[0] if whole < len(y) else layers), None

    def one(layers, orders):
        layers, _ = jax.lax.scan(epoch, layers, orders)
        return (outputs(function, layers, test_x).argmax(1) == test_y).mean()

    return jax.vmap(one)(layers, orders)

for line in sys.stdin:
    started = time.perf_counter()
    scores = np.asarray(train(functions[line.strip()], first, orders))
    print(json.dumps([time.perf_counter() - started, float(scores.mean())]), flush=True)
"""
PRODUCTS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
import numpy as np
members, groups, epochs, batch, block, train, test, *widths = map(int, sys.argv[1:])

def parts(count, most):
    return [min(most, count - start) for start in range(0, count, most)]

steps, blocks = parts(train, batch), parts(test, block) + parts(train, block)

def work(group):
    draw = np.random.default_rng(group).standard_normal
    weights = [draw((members, *sizes), np.float32) for sizes in pairwise(widths)]
    turned = [np.ascontiguousarray(w.transpose(0, 2, 1)) for w in weights]
    arrays = {n: [draw((members, n, width), np.float32) for width in widths] for n in {*steps, *blocks}}
    samples = {n: draw((1, n, widths[0]), np.float32) for n in blocks}
    for epoch in range(epochs + 1):
        for n in steps if epoch else ():
            for h, w in zip(arrays[n], weights):
                np.matmul(h, w)
            for layer in range(len(weights) - 1, -1, -1):
                h, error = arrays[n][layer : layer + 2]
                np.matmul(h.transpose(0, 2, 1), error)
                if layer:
                    np.matmul(error, turned[layer])
        for n in blocks:
            for h, w in zip([samples[n], *arrays[n][1:]], weights):
                np.matmul(h, w)

with ThreadPoolExecutor(2) as pool:
    list(pool.map(work, range(groups)))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the whole program: seconds of wall and processor time, and its accuracy by function and seed."""

    wall: float
    processor: float
    scores: dict[tuple[str, int], float]


def program(folder: Path) -> Run:
    """Run actcli, and read each network's last epoch."""
    record = folder / "epochs.jsonl"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "actcli", *COMMAND, "--record", record],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    return Run(
        wall,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        {(row["function"], row["seed"]): row["test_score"] for row in rows if row["epoch"] == EPOCHS},
    )


def give(path: Path, seeds: Sequence[int]) -> None:
    """Write what another program is to begin with: samples, first weights by seed, order of the samples by epoch."""
    data = load_dataset("digits", None, 0, Terminal.of_process())
    plan = TrainingPlan(hidden=(WIDTH,) * DEPTH, epochs=EPOCHS, batch=BATCH)
    group = Group([parse_stack("relu")] * len(seeds), [RATE] * len(seeds), seeds, plan, data)
    orders = [np.concatenate(group.batches(epoch), axis=1) for epoch in range(1, EPOCHS + 1)]
    np.savez(
        path,
        train_x=data.train_x.astype(np.float32),
        train_y=data.train_y.astype(np.int64),
        test_x=data.test_x.astype(np.float32),
        test_y=data.test_y.astype(np.int64),
        orders=np.stack(orders, axis=1),
        rate=RATE,
        batch=BATCH,
        **{f"weights{layer}": weights for layer, weights in enumerate(group.weights)},
    )


def products_command() -> tuple[str, ...]:
    """Return the command that computes the matrix products of `COMMAND` and nothing else, in the same groups."""
    data = load_dataset("digits", None, 0, Terminal.of_process())
    groups = 3  # as actcli.analysis.training.population splits 120 networks on two threads
    sizes = (len(FUNCTIONS) * SEEDS // groups, groups, EPOCHS, BATCH, SAMPLES_AT_ONCE)
    widths = (data.features, *(WIDTH,) * DEPTH, data.outputs)
    numbers = (*sizes, len(data.train_y), len(data.test_y), *widths)
    return sys.executable, "-c", PRODUCTS, *map(str, numbers)


def against_itself() -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """What each is compared with, its size, its command and the other: how time grows, and a second thread helps."""

    def few_epochs(seeds: int, threads: int = 2) -> tuple[str, ...]:
        rest = ("--by", "training", "--epochs", "4", "--seeds", str(seeds), "--threads", str(threads))
        return (*ACTCLI, "compare", *FUNCTIONS, *rest)

    for seeds in (10, 100):
        networks = f"{len(FUNCTIONS) * seeds} networks, 4 epochs"
        yield "against a tenth of the networks", networks, few_epochs(seeds), few_epochs(seeds // 10)
    yield "against one thread", networks, few_epochs(seeds), few_epochs(seeds, 1)


def jax_loop(python: str, given: Path) -> list[tuple[float, float]]:
    """JAX's time, with compiling, and mean accuracy for the networks of all seeds of each function, on all cores."""
    done = subprocess.run(
        [python, "-c", JAX, given],
        input="\n".join(FUNCTIONS) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def loop(python: str, given: Path, kind: str) -> list[tuple[float, float]]:
    """PyTorch's time and accuracy for one network of each function, in one process."""
    done = subprocess.run(
        [python, "-c", TORCH, given, kind],
        input="\n".join(FUNCTIONS) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def main(rounds: int) -> None:
    """Take turns: the whole program, then PyTorch with one seed of each function."""
    python = os.environ.get("ACTCLI_TORCH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode:
        print("no PyTorch here (ACTCLI_TORCH_PYTHON names another Python)")
        return
    walls: list[float] = []
    processors: list[float] = []
    pairs: list[tuple[float, float]] = []
    # by loop: the seconds of one network of each function, by round
    taken: dict[str, list[list[float]]] = {kind: [] for kind in LOOPS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(rounds):
            run = program(Path(folder))
            walls.append(run.wall)
            processors.append(run.processor)
            give(Path(folder, "given.npz"), [seed])
            for kind in LOOPS:
                found = loop(python, Path(folder, "given.npz"), kind)
                taken[kind].append([seconds for seconds, _ in found])
                pairs += [
                    (run.scores[name, seed], score) for name, (_, score) in zip(FUNCTIONS, found, strict=True)
                ]
    report(walls, processors, taken, pairs)


def report(
    walls: list[float],
    processors: list[float],
    taken: dict[str, list[list[float]]],
    pairs: list[tuple[float, float]],
) -> None:
    """Print medians, and the ratio's smallest and largest value in one round."""
    rounds, networks = len(walls), len(FUNCTIONS) * SEEDS
    print(f"actcli {' '.join(COMMAND)}")
    print(
        f"  {networks} networks, whole process: {statistics.median(walls):.2f} s (median of {rounds}; ",
        end="",
    )
    print(f"{min(walls):.2f} to {max(walls):.2f}), processor time {statistics.median(processors):.2f} s")
    for kind, seconds in taken.items():
        totals = [SEEDS * sum(one) for one in seconds]
        ratios = [total / wall for total, wall in zip(totals, walls, strict=True)]
        each = zip(
            FUNCTIONS, (statistics.median(column) for column in zip(*seconds, strict=True)), strict=True
        )
        print(f"PyTorch, {kind}: one network " + ", ".join(f"{name} {time:.2f} s" for name, time in each))
        print(
            f"  {networks} of them, scaled from {rounds * len(FUNCTIONS)}: {statistics.median(totals):.1f} s; "
            f"ratio {statistics.median(ratios):.2f} x   ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    ours, theirs = zip(*pairs, strict=True)
    apart = max(abs(one - other) for one, other in pairs)
    print(
        f"mean test accuracy of the networks both trained: actcli {statistics.fmean(ours):.4f}, "
        f"PyTorch {statistics.fmean(theirs):.4f}; largest difference {apart:.4f}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
