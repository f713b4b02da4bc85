"""Damaged and senseless models by fixed seeds: each is watched or refused in one line, in 10 s and 1 GB."""

import random

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from hostile_bytes import npy
from hostile_cases import Case, count, run_cases
from hostile_models import damaged, models

INPUTS = [("--random", "3"), ("--random", "2", "--batch", "1"), ("--data", "x.npy", "--stop-when-certain")]


def test_models(tmp_path):
    rng = random.Random(6)
    originals = list(models().values())
    data = npy(np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32))
    cases = [
        Case(
            ("deadcheck", "m.onnx", *INPUTS[i % len(INPUTS)]),
            {"m.onnx": damaged(originals[i % len(originals)], rng), "x.npy": data},
        )
        for i in range(count(500))
    ]
    run_cases(cases, tmp_path)
