"""Largest and mean error, in units of the last place, of values and derivatives against ball arithmetic.

`python tests/accuracy/measure.py [POINTS] [SPEC ...]` prints them; run by hand.
"""

import math
import sys

import numpy as np
from balls import derivatives, ulps

from actcli import activation, catalogue

NEAR_A_ZERO = 2.0**-60
"""The clause of the promise: near a zero of a derivative an error of that times its largest value is enough."""


def points(f, count, rng):
    """Return points where activations are used, where they saturate, over the whole range, and around 0."""
    if f.definition.domain == (0.0, 1.0):
        far = 10.0 ** rng.uniform(-300, 0, count)
        return np.concatenate([rng.uniform(0, 1, 3 * count), far, 1 - 10.0 ** rng.uniform(-16, -1, count)])
    uniform = [rng.uniform(-w, w, count) for w in (2, 3, 10, 40, 780)]
    around = [10.0 ** rng.uniform(low, high, count) for low, high in ((-8, 4), (-320, 308))]
    signs = rng.choice([-1.0, 1.0], 2 * count)
    return np.concatenate([*uniform, signs * np.concatenate(around)])


def errors(f, x):
    """Return an array of the errors of f, f', f'' at x: shape (3, n)."""
    x = x[~np.isin(x, [k.at for k in f.kinks])]
    got = [f(x), f.grad(x), f.grad(x, order=2)]
    result = np.empty((3, x.size))
    exact = [derivatives(f, float(p)) for p in x]
    for order in range(3):
        largest = max(
            (abs(float(e[order].mid())) for e in exact if math.isfinite(float(e[order].mid()))), default=0.0
        )
        for i, e in enumerate(exact):
            result[order, i] = ulps(float(got[order][i]), e[order])
            if order and result[order, i] > 1:
                off = abs(float((e[order] - float(got[order][i])).mid()))
                if off <= NEAR_A_ZERO * largest and abs(float(e[order].mid())) < largest / 64:
                    result[order, i] = 1.0
    return x, result


def main(count=200, *specs):
    rng = np.random.default_rng(7)
    for spec in specs or [d.name for d in catalogue() if not d.by_rows]:
        f = activation(spec)
        x, e = errors(f, points(f, int(count), rng))
        at = e.argmax(axis=1)
        print(
            f"{spec:24}",
            *(f"{e[k, at[k]]:9.4g} ({np.mean(e[k]):.3f}) at {x[at[k]]!r:>26}" for k in range(3)),
            sep="  ",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
