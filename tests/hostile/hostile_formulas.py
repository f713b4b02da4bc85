"""Formulas as nobody would write them: most are well-formed, some have a character too many or too few."""

import random

ONE = (
    "abs sign floor exp expm1 log log1p sqrt cbrt sin cos tan sinh cosh tanh atan erf erfc sigmoid softplus relu gelu "
    "silu mish log2 log10 asinh acosh atanh erfinv exp2 step heaviside"
).split()
TWO = "min max logaddexp".split()
NUMBERS = "0 1 2 3 0.7 0.5 6 1e300 1e-300 1e400 1e-320 pi e inf nan 1e999999999 .5 5.".split()
OPERATORS = "+ - * / ^ ** % + - * /".split()
COMPARISONS = "< <= > >= ==".split()
GARBAGE = ["", "(", ")", ",", "π", "@", "$", " ", "'", "//", "&", "1_000", "x", "𝑥", "\u202e", "^", "%"]
DEPTH = 4


def formula(rng: random.Random) -> str:
    """A formula of x, now and then with a parameter alpha, a wrong ending or a misplaced character."""
    text = f"({_expression(rng, rng.randrange(1, DEPTH + 1))})"
    if rng.random() < 0.15:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(GARBAGE) + text[at + rng.randrange(2) :]
    if "alpha" in text:
        text += f":alpha={rng.choice(NUMBERS)}"
    elif rng.random() < 0.05:
        text += ":" + rng.choice(["b=nan", "x=2", "=", "alpha=1e400,alpha=2", "c"])
    return text


def _expression(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return rng.choice(["x", "x", "x", "x", "alpha", rng.choice(NUMBERS), rng.choice(NUMBERS)])
    kind = rng.randrange(12)
    inner = _expression(rng, depth - 1)
    other = _expression(rng, rng.randrange(depth))
    if kind < 5:
        return f"({inner}){rng.choice(OPERATORS)}({other})"
    if kind < 8:
        return f"{rng.choice(ONE)}({inner})"
    if kind == 8:
        return f"{rng.choice(TWO)}({inner}, {other})"
    if kind == 9:
        return f"clip({inner}, {rng.choice(NUMBERS)}, {other})"
    if kind == 10:
        condition = f"{other} {rng.choice(COMPARISONS)} {rng.choice(NUMBERS)}"
        return f"where({condition}, {inner}, {_expression(rng, depth - 1)})"
    return f"-{inner}"
