"""Counts the right derivatives that `grad --check` calls wrong: `python tests/accuracy/false_alarms.py [300] [seed]`.

The formulas are made as papers make activations: gates, sums and products of smooth functions, and a few branches.
Every complaint is printed; the exit status is 1 if there is one. A derivative by Taylor series is right, or it is a
bug: each complaint is looked at.
"""

import random
import sys
import time

from actcli import activation
from actcli.analysis.stream.derivative_check import NothingToCheckError, check_derivative
from actcli.exits import UsageError

SMOOTH = (
    *("tanh", "sigmoid", "softplus", "exp", "arctan", "erf", "sin", "cos", "silu", "gelu", "mish"),
    *("log_sigmoid", "softsign", "gaussian", "normcdf", "expm1"),
)
BRANCHED = ("relu", "abs", "elu", "leaky_relu", "selu", "hard_tanh", "softsign")
NUMBERS = ("0.5", "1", "2", "3", "0.1", "1.702", "0.044715", "pi")


def formula(rng: random.Random, depth: int = 3) -> str:
    """Return a formula in x that is finite on most of the line."""
    if depth == 0:
        return rng.choice(["x", "x", "x", f"{rng.choice(NUMBERS)}*x", "x^2", f"(x + {rng.choice(NUMBERS)})"])
    a, b = formula(rng, depth - 1), formula(rng, rng.randrange(depth))
    return rng.choice(
        [
            f"{rng.choice(SMOOTH)}({a})",
            f"{rng.choice(SMOOTH)}({a})",
            f"{rng.choice(BRANCHED)}({a})",
            f"{a}*{rng.choice(SMOOTH)}({b})",
            f"x*{rng.choice(SMOOTH)}({a})",
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a})/(1 + ({b})^2)",
            f"({a})/(1 + exp(-({b})))",
            f"({a})/sqrt(1 + ({b})^2)",
            f"log(1 + exp({a}))",
            f"max({a}, {b})",
            f"where(x > 0, {a}, {b})",
        ]
    )


def main(count: int = 300, seed: int = 0) -> int:
    rng = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    seen: set[str] = set()
    complaints = 0
    while len(seen) < count:
        text = formula(rng)
        if text in seen:
            continue
        seen.add(text)
        for order in (1, 2):
            start = time.process_time()
            try:
                check = check_derivative(activation(text), None, order=order)
            except (NothingToCheckError, UsageError) as reason:
                print(f"skipped: {text}: {reason}")
                continue
            if check.largest_error > check.tolerance:
                complaints += 1
                print(
                    f"order {order}: {text}: {check.largest_error:.2g} at x = {check.worst_x}: "
                    f"{check.derivative} and {check.differences}",
                    flush=True,
                )
            if time.process_time() - start > 20:
                print(f"slow: {text}")
    print(f"{complaints} complaints about {count} formulas, orders 1 and 2")
    return int(complaints > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
