"""The bits of 50,000 results: `python tests/accuracy/golden.py` compares them, `--write` writes them anew.

The points are made of whole numbers, so that no library has a part in them. Of each result the last 32 bits are
stored, where every difference of one unit in the last place shows.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
from specs import SPECS

from actcli import activation

FILE = Path(__file__).with_name("golden.npz")
TOTAL = 50_000
ROWS = ("softmax", "log_softmax", "softmin", "sparsemax", "glu", "reglu", "geglu", "swiglu")


def scramble(numbers):
    """Return whole numbers of 64 bits that look like chance (S. Vigna, splitmix64, 2015)."""
    z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def golden_points(spec, count):
    """Return points in ±4, in ±40, in ±800 and over all of float64; in (0, 1) for logit."""
    start = sum(ord(c) * 131**i for i, c in enumerate(spec)) % 2**40
    bits = scramble(np.arange(start, start + count, dtype=np.uint64))
    unit = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    if spec == "logit":
        small = np.square(
            np.square(np.square(unit[1::2]))
        )  # not a power, whose bits are not the same everywhere
        return np.concatenate([unit[::2], small])
    quarter = count // 4
    wide = [(2.0 * unit[i * quarter : (i + 1) * quarter] - 1.0) * w for i, w in enumerate((4.0, 40.0, 800.0))]
    anything = bits[3 * quarter :].view(np.float64)
    return np.concatenate([*wide, anything[np.isfinite(anything)]])


def compute():
    """Return the last 32 bits of f, f', f'' by specification."""
    count = TOTAL // (len(SPECS) + len(ROWS))
    found = {}
    for spec in SPECS:
        f, x = activation(spec), golden_points(spec, count)
        found[spec] = [f(x), f.grad(x), f.grad(x, order=2)]
    for spec in ROWS:
        f, x = activation(spec), golden_points("sigmoid", count)
        x = np.clip(x[: x.size // 6 * 6].reshape(-1, 6), -800.0, 800.0)
        found[spec] = [f(x), f.jacobian(x)]
    low = np.uint64(2**32 - 1)
    return {
        spec: np.concatenate([(np.ravel(y).view(np.uint64) & low).astype(np.uint32) for y in ys])
        for spec, ys in found.items()
    }


def main(*options):
    warnings.simplefilter("ignore")
    found = compute()
    if "--write" in options:
        np.savez_compressed(FILE, **found)
        return 0
    with np.load(FILE) as golden:
        different = [spec for spec in golden.files if not np.array_equal(golden[spec], found[spec])]
    print(np.__version__, "different bits:", ", ".join(different) or "none")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
