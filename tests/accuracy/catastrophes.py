"""Counts formulas with a wrong value or slope in |x| <= 60: `python tests/accuracy/catastrophes.py [320] [seed]`.

A number is catastrophic where it is off by more than 1e-8 of the true one, and the true one is a normal float64. Each
is printed; the exit status is 1 if there is one.
"""

import math
import sys
import time

import numpy as np
from kept_aside import formulas, points, reference

from actcli import activation

WRONG = 1e-8
SMALLEST = 2.3e-308


def is_wrong(found: float, true: float) -> bool:
    """Return whether a number is catastrophic."""
    if not SMALLEST < abs(true) < math.inf:
        return bool(abs(true) == 0 and abs(found) > SMALLEST) or (
            math.isfinite(true) and not math.isfinite(found)
        )
    return not abs(found - true) <= WRONG * abs(true)


def wrong_numbers(text: str, x: list[float]) -> tuple[list[tuple[float, float, float]], ...]:
    """Return x, result and true number wherever a formula's value is catastrophic, and likewise its slope."""
    f, wrong = activation(text), ([], [])
    true = [reference(text, at) for at in x]
    for order, found in enumerate((f(np.array(x)), f.grad(np.array(x)))):
        for at, pair, y in zip(x, true, found.tolist(), strict=True):
            if pair is not None and is_wrong(y, pair[order]):
                wrong[order].append((at, y, pair[order]))
    return wrong


def main(count: int = 320, seed: int = 0) -> int:
    values = slopes = compared = 0
    for place, text in enumerate(formulas(seed)[:count]):
        start = time.process_time()
        wrong = wrong_numbers(text, points(seed + place))
        compared += 1
        for name, cases in zip(("value", "slope"), wrong, strict=True):
            if cases:
                print(f"{name}: {text}: {len(cases)}, as {cases[0]}", flush=True)
        values += bool(wrong[0])
        slopes += bool(wrong[1])
        if time.process_time() - start > 10:
            print(f"slow: {text}: {time.process_time() - start:.0f} s")
    print(f"{values} formulas of {compared} with a catastrophic value, {slopes} with a catastrophic slope")
    return int(values + slopes > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
