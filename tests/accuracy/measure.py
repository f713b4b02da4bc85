"""Errors of values and derivatives in units of the last place (ULP), against ball arithmetic.

`python tests/accuracy/measure.py [POINTS] [SPEC ...]` prints the largest and the mean error of f, f', f''.
`python tests/accuracy/measure.py --write [SPEC ...]` renews all rows of docs/accuracy.json, or these; from it
docs/accuracy.md is made.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from balls import derivatives, ulps
from specs import NAMES

from actcli import activation

NEAR_A_ZERO = 2.0**-60
"""The clause of the promise: an error of that times the largest derivative is enough beside a zero of it."""
BESIDE = 1 / 64
"""Beside a zero: where a derivative is smaller than this times the largest."""


def points(f, count, rng):
    """Return points where activations are used, where they saturate, over the whole range, and around 0."""
    if f.definition.domain == (0.0, 1.0):
        far = 10.0 ** rng.uniform(-300, 0, count)
        return np.concatenate([rng.uniform(0, 1, 3 * count), far, 1 - 10.0 ** rng.uniform(-16, -1, count)])
    uniform = [rng.uniform(-w, w, count) for w in (2, 3, 10, 40, 780)]
    around = [10.0 ** rng.uniform(low, high, count) for low, high in ((-8, 4), (-320, 308.2))]
    signs = rng.choice([-1.0, 1.0], 2 * count)
    return away_from_kinks(f, np.concatenate([*uniform, signs * np.concatenate(around)]))


def away_from_kinks(f, x):
    """Return the points inside the function's domain that are no kinks."""
    low, high = f.definition.domain
    return x[(low < x) & (x < high) & ~np.isin(x, [k.at for k in f.kinks])]


def results(f, x, wrt=None):
    """Return f, f', f'' at x, or the derivative by a parameter in the place of f'."""
    if wrt is not None:
        return [f(x), f.grad(x, wrt=wrt)]
    return [f(x), f.grad(x), f.grad(x, order=2)]


def errors(f, x, wrt=None):
    """Return the errors at x, one row per order, and which of them the clause allows beside a zero."""
    got = results(f, x, wrt)
    exact = [derivatives(f, float(p), len(got) - 1, wrt) for p in x]
    error = np.array(
        [[ulps(float(g), e[k]) for g, e in zip(y, exact, strict=True)] for k, y in enumerate(got)]
    )
    allowed = np.zeros(error.shape, bool)
    for k in range(1, len(got)):
        sizes = [abs(float(e[k].mid())) for e in exact]
        largest = max((s for s in sizes if math.isfinite(s)), default=0.0)
        for i in np.flatnonzero(error[k] > 1):
            off = abs(float((exact[i][k] - float(got[k][i])).mid())) if np.isfinite(got[k][i]) else math.inf
            allowed[k, i] = off <= NEAR_A_ZERO * largest and sizes[i] <= BESIDE * largest
    return error, allowed


def summary(spec, count, rng):
    """Return largest and mean error of f, f', f'', and where the largest is."""
    f = activation(spec)
    x = points(f, count, rng)
    error, _ = errors(f, x)
    return [(float(e.max()), float(e.mean()), float(x[e.argmax()])) for e in error]


def write(*specs, count=2000):
    path = Path(__file__).parents[2] / "docs" / "accuracy.json"
    table = json.loads(path.read_text("utf-8"))["errors"]
    for spec in specs or NAMES:
        table[spec] = [
            {"largest": round(high, 4), "mean": round(mean, 4), "at": at}
            for high, mean, at in summary(spec, count, np.random.default_rng(1))
        ]
        print(spec, table[spec], flush=True)
    table = {spec: table[spec] for spec in NAMES}
    path.write_text(json.dumps({"points": 7 * count, "errors": table}, indent=1) + "\n", "utf-8")


def main(count=200, *specs):
    for spec in specs or NAMES:
        found = summary(spec, int(count), np.random.default_rng())
        print(
            f"{spec:24}", *(f"{high:9.4g} ({mean:.3f}) at {at!r:>26}" for high, mean, at in found), flush=True
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
