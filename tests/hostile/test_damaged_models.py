"""Damaged and senseless models by fixed seeds: each is watched or refused in one line, in 10 s and 1 GB."""

import random

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hostile_bytes import npy
from hostile_cases import Case, count, run_cases
from hostile_models import damaged, models

SHAPES = {
    "dense": (40, 4),
    "convolution": (4, 3, 6, 6),
    "sequence": (5, 2, 3),
    "branches": (7, 4),
    "tokens": (6, 3),
}
INPUTS = [("--random", "3"), ("--random", "2", "--threads", "2"), ("--data", "x.npy", "--stop-when-certain")]


def test_models(tmp_path):
    rng = random.Random(6)
    originals = models()
    arrays = {name: np.random.default_rng(0).normal(size=shape) for name, shape in SHAPES.items()}
    data = {
        name: npy(array.astype(np.int64 if name == "tokens" else np.float32))
        for name, array in arrays.items()
    }
    cases = []
    for i in range(count(500)):
        name = list(originals)[i % len(originals)]
        files = {"m.onnx": damaged(originals[name], rng), "x.npy": data[name]}
        cases.append(Case(("deadcheck", "m.onnx", *INPUTS[i % len(INPUTS)]), files))
    run_cases(cases, tmp_path)
