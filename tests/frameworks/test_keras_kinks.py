"""The derivatives that Keras gives at kinks: those of its backend, which is why `keras.` names promise none."""

import json
import os
import subprocess
import sys

import pytest

from actcli import activation

pytest.importorskip("keras", exc_type=Exception)

CODE = """
import json, sys
import keras

points = json.loads(sys.argv[1])
found = {}
for name, at in points:
    f = getattr(keras.activations, name)
    if keras.backend.backend() == "torch":
        import torch
        x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        f(x).backward()
        found[name] = float(x.grad)
    else:
        import jax
        jax.config.update("jax_enable_x64", True)
        found[name] = float(jax.grad(f)(jax.numpy.float64(at)))
print(json.dumps(found))
"""
POINTS = [
    ("relu", 0.0), ("relu6", 6.0), ("leaky_relu", 0.0), ("elu", 0.0), ("selu", 0.0), ("hard_sigmoid", 3.0),
    ("hard_silu", 3.0), ("hard_tanh", 1.0), ("sparse_plus", 1.0),
]  # fmt: skip


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_kinks_are_those_of_the_backend(backend):
    pytest.importorskip(backend, exc_type=ImportError)
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(POINTS)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        check=True,
        timeout=300,
    )
    found = json.loads(done.stdout)
    dialect = "keras" if backend == "torch" else "jax"
    for name, at in POINTS:
        f = activation(f"keras.{name}")
        ours = activation(f"{dialect}.{name}" + (":0.2" if name == "leaky_relu" else ""))
        assert found[name] == pytest.approx(float(ours.grad(at)), rel=1e-6), (name, f.spec)
