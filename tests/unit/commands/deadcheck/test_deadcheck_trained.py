"""`actcli deadcheck` on a network that the test trains, and in which it then plants what must be found exactly."""

import json
from itertools import pairwise

import numpy as np
import pytest
from invocation import invoke

from actcli.exits import ExitStatus

WIDTHS = (2, 24, 16)
DEAD, ALWAYS, BROKEN = {0: [3, 11], 1: [5]}, {0: [7], 1: [0, 9]}, {0: [], 1: [12]}


def spirals(samples):
    """Two arms of points, and which of the two each is on."""
    rng = np.random.default_rng(0)
    arm, along = rng.integers(0, 2, samples), np.sqrt(rng.random(samples)) * 3
    angle = 2 * along + np.pi * arm
    x = along[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return x + 0.05 * rng.standard_normal(x.shape), arm.astype(float)


def layers_of(weights, x):
    """Pre-activations of all layers."""
    found = []
    for w, b in weights:
        found.append(x @ w + b)
        x = np.maximum(found[-1], 0)
    return found


def trained(x, y, steps=300, rate=0.05):
    """Two relu layers and a logistic unit, by gradient descent on mini-batches."""
    rng = np.random.default_rng(1)
    sizes = (*WIDTHS, 1)
    weights = [(rng.standard_normal((n, m)) * np.sqrt(2 / n), np.zeros(m)) for n, m in pairwise(sizes)]
    for _ in range(steps):
        some = rng.integers(0, len(x), 64)
        *hidden, out = layers_of(weights, x[some])
        slope = (1 / (1 + np.exp(-out)) - y[some, None]) / len(some)
        values = [x[some], *(np.maximum(z, 0) for z in hidden)]
        for place in reversed(range(len(weights))):
            w, b = weights[place]
            step = (rate * 10 * values[place].T @ slope, rate * 10 * slope.sum(0))
            if place:
                slope = slope @ w.T * (hidden[place - 1] > 0)
            weights[place] = (w - step[0], b - step[1])
    return weights


@pytest.fixture(scope="module")
def recorded():
    """Pre-activations of the trained network with its planted units, on 3000 points."""
    x, y = spirals(3000)
    weights = trained(x, y)
    right = (layers_of(weights, x)[-1][:, 0] > 0) == (y > 0.5)
    assert right.mean() > 0.7  # it has learned something
    for place, (w, b) in enumerate(weights[:2]):
        for unit in (*DEAD[place], *ALWAYS[place]):
            reach = np.abs(layers_of(weights, x)[place][:, unit] - b[unit]).max()
            b[unit] = -reach - 0.01 if unit in DEAD[place] else reach + 0.01
        w[0, BROKEN[place]] = np.nan
    return layers_of(weights, x)[:2]


def units(document, kind):
    return {
        place: [unit["unit"] for unit in layer["not_alive"] if unit["class"] in kind]
        for place, layer in enumerate(document["layers"])
    }


@pytest.mark.parametrize("what", ["pre", "post"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_what_was_planted_is_found_and_nothing_else(recorded, what, dtype, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = [(z if what == "pre" else np.maximum(z, 0)).astype(dtype) for z in recorded]
    np.savez("net.npz", **{f"act{place}": values for place, values in enumerate(kept)})

    status, out, _ = invoke(
        "deadcheck", "net.npz", "--recorded", what, "--fail-above", "100%", "--format", "json"
    )

    document = json.loads(out)
    fires = [np.where(np.isnan(values), -1, values) > 0 for values in kept]
    silent = {
        place: [u for u in np.flatnonzero(~f.any(0)).tolist() if u not in BROKEN[place]]
        for place, f in enumerate(fires)
    }
    assert status == ExitStatus.FOUND  # of NaN no limit is large enough
    assert units(document, {"silent", "gate_dead"}) == silent
    assert all(set(DEAD[place]) <= set(silent[place]) for place in silent)
    assert units(document, {"nonfinite"}) == BROKEN
    active = {place: np.flatnonzero(f.all(0)).tolist() for place, f in enumerate(fires)}
    found = units(document, {"always_active"})
    dormant = units(document, {"dormant"})
    assert {place: sorted({*found[place], *dormant[place]} & {*active[place]}) for place in active} == active
    assert all(set(ALWAYS[place]) <= set(active[place]) for place in active)
