import tracemalloc

import numpy as np
import pytest
from rendering import terminal

from actcli.analysis.stream.evaluation import Evaluation
from actcli.render.output.layout import Layout
from actcli.render.values.evaluations import write_evaluations

BLOCK = 1 << 16


class Drain:
    """A stream that counts and keeps nothing."""

    def __init__(self):
        self.lines = 0

    def write(self, data):
        self.lines += data.count(b"\n")

    def flush(self):
        pass


def million(blocks=16):
    noise = np.random.default_rng(0)
    for _ in range(blocks):
        x = noise.standard_normal(BLOCK)
        yield x, x * 2


@pytest.mark.parametrize(
    ("kind", "blocks", "lines"),
    [
        ("plain", 16, 16 * BLOCK),
        ("csv", 8, 8 * BLOCK + 1),
        ("jsonl", 8, 8 * BLOCK),
        ("json", 16, 1),
        ("markdown", 5, 5 * BLOCK + 2),
        ("table", 16, 46),
    ],
)
def test_streams_in_flat_memory(kind, blocks, lines):
    drain = Drain()
    write_evaluations([], Layout(kind, None), terminal(drain))  # what is imported once is no stream's memory
    stream = Evaluation("gelu", "f(x)", None, np.dtype(np.float64), None, million(blocks))
    tracemalloc.start()
    try:
        with_x = kind in {"plain", "csv"}
        write_evaluations([stream], Layout(kind, None, with_x), terminal(drain))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert drain.lines == lines
    # A block of both columns is 1 MB and the tokens of a piece of it are a few; the whole text has 14 MB or more.
    assert peak < 13e6


@pytest.mark.parametrize("shape", [None, (16 * BLOCK,)])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_array_files_in_flat_memory(tmp_path, suffix, shape):
    path = str(tmp_path / f"y.{suffix}")
    stream = Evaluation("gelu", "f(x)", None, np.dtype(np.float64), shape, million())
    tracemalloc.start()
    try:
        write_evaluations([stream], Layout(suffix, path), terminal())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6
    back = np.load(path)
    values = back["y"] if suffix == "npz" else back
    assert np.array_equal(values, np.concatenate([y for _, y in million()]))
