"""Looks for the largest error of every function by climbing from the worst points of a dense scan.

`python tests/accuracy/climb.py [POINTS] [STEPS] [SPEC ...]`, by default 20,000 points and 400 steps: ten minutes. The
exit status is 1 if an error is above one unit in the last place (ULP), zeros of derivatives included.
"""

import sys

import numpy as np
from measure import away_from_kinks, errors, points
from specs import SPECS

from actcli import activation

STARTS = 4


def neighbours(x, reach, rng, count):
    """Return points that are up to `reach` ULP away."""
    steps = np.unique(rng.integers(-reach, reach + 1, count))
    bits = np.float64(x).view(np.int64) + steps
    near = bits.view(np.float64)
    return near[np.isfinite(near)]


def worst(f, scan, steps, rng):
    """Return per order the largest error found by climbing, and its x."""
    error, _ = errors(f, scan)
    found = []
    for order in range(len(error)):
        judged = error[order]
        best, at = 0.0, float(scan[0])
        for start in np.argsort(judged)[-STARTS:]:
            here, height, reach = float(scan[start]), float(judged[start]), 2**40
            for _ in range(max(1, steps // 16)):
                around = away_from_kinks(f, neighbours(here, reach, rng, 16))
                if not around.size:
                    break
                e = errors(f, around)[0][order]
                if e.max() > height:
                    here, height = float(around[e.argmax()]), float(e.max())
                else:
                    reach = max(16, reach // 64)
            if height > best:
                best, at = height, here
        found.append((best, at))
    return found


def main(count=20_000, steps=400, *specs):
    rng = np.random.default_rng()
    bad = 0
    for spec in specs or SPECS:
        f = activation(spec)
        found = worst(f, points(f, int(count) // 7, rng), int(steps), rng)
        bad += sum(high > 1 for high, _ in found)
        print(f"{spec:24}", *(f"{high:9.4g} at {at!r:>26}" for high, at in found), flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
