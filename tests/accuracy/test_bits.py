"""The same bits everywhere: the golden results at every level of processor features that NumPy can be held to."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from golden import FILE, TOTAL, compute

from actcli import activation
from actcli.analysis.stream.blocks import evaluate
from actcli.analysis.stream.evaluation import Numbers

SCRIPT = Path(__file__).with_name("golden.py")


def features():
    """List the features above the least that this processor has and NumPy can do without, in NumPy's names."""
    core = np._core if hasattr(np, "_core") else np.core
    umath = core._multiarray_umath
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]


LEVELS = [features()[i:] for i in range(len(features()))]


def test_the_results_have_the_golden_bits():
    found = compute()
    with np.load(FILE) as golden:
        assert set(golden.files) == set(found)
        assert sum(golden[spec].size for spec in golden.files) > TOTAL
        assert [spec for spec in golden.files if not np.array_equal(golden[spec], found[spec])] == []


@pytest.mark.parametrize("disabled", LEVELS, ids=" ".join)
def test_the_bits_do_not_depend_on_the_processor(disabled):
    env = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(disabled)}
    path = [str(SCRIPT.parents[2]), str(SCRIPT.parent)]
    env["PYTHONPATH"] = os.pathsep.join(path)
    done = subprocess.run([sys.executable, SCRIPT], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bits_do_not_depend_on_the_place_in_the_array():
    """Blocks, chunks and neighbours have no part in a result."""
    x = np.random.default_rng(0).normal(size=20_000) * 8
    for name in ("gelu", "mish", "snake", "softplus"):
        f = activation(name)
        whole = f.grad(x)
        np.testing.assert_array_equal(f.grad(x[7777:]), whole[7777:])
        np.testing.assert_array_equal(f.grad(x[::-1])[::-1], whole)
        assert float(f.grad(x[4242])) == whole[4242]


def test_the_bits_do_not_depend_on_the_threads():
    x = np.random.default_rng(1).normal(size=(8, 40_000)) * 8
    f = activation("gelu")
    one, four = (
        np.concatenate(
            [y for _, y in evaluate(f, Numbers("x", None, x.dtype, x.shape, iter(x)), threads).blocks]
        )
        for threads in (1, 4)
    )
    np.testing.assert_array_equal(one, four)
