"""Numbers as people type them: `1/3`, `-2pi`, `pi/2`, `2*pi`, `e`. Each is rounded once to float64."""

import math
import re

_DECIMAL = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_FORM = re.compile(
    rf"([+-]?)(?:({_DECIMAL})(?:\*(?=pi|e)|(?=pi|/)))?(pi|e)?(?:/({_DECIMAL}))?",
    re.ASCII,
)
_LONGEST = 60
"""Characters; no multiple of pi that is as short lies within 2**-400 of the middle between two floats."""


def read_number(text: str) -> float | None:
    """Return the number that a text such as `1/3` or `-2pi` is, rounded once to float64; None where it is none.

    One division, by a decimal other than 0; pi (or π) with or without `*`, e with it: 2e3 is 2000.
    """
    match = _FORM.fullmatch(text.replace("π", "pi")) if len(text) <= _LONGEST else None
    if match is None:
        return None
    sign, factor, constant, divisor = match.groups()
    if factor is None and constant is None:
        return None
    from fractions import Fraction

    below = Fraction(divisor or 1)
    if not below:
        return None
    from actcli.activations.extended.elementary import RATIONAL_E, RATIONAL_PI

    unit = {None: Fraction(1), "pi": RATIONAL_PI, "e": RATIONAL_E}[constant]
    try:
        value = float(Fraction(factor or 1) * unit / below)
    except OverflowError:
        value = math.inf
    return -value if sign == "-" else value
