"""Mathematical notation for people: numbers, counts, intervals, regions, smoothness; and the same in ASCII."""

import math
import re
import unicodedata
from collections.abc import Sequence

from actcli.activations import Definition
from actcli.activations.definition import FORMULA
from actcli.analysis.card.landmarks import Interval
from actcli.render.text.digits import short_exponent

DIGITS = 6
INF = math.inf

_ASCII = str.maketrans(
    {
        "·": "*", "−": "-", "–": "-", "²": "^2", "³": "^3", "√": "sqrt", "Φ": "Phi", "φ": "phi", "π": "pi",
        "σ": "sigma", "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=", "Σ": "sum", "∫": "int", "₀": "_0", "ˣ": "^x",
        "ᵢ": "_i", "ⱼ": "_j", "ₖ": "_k", "ₘ": "_m", "₊": "+", "∂": "d", "δ": "delta", "⁰": "0", "¹": "1",
        "…": "...", "×": "x", "±": "+-", "′": "'", "→": "->", "◂": "*", "≈": "~",
        "α": "alpha", "β": "beta", "γ": "gamma", "ε": "epsilon", "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda",
        "μ": "mu", "ν": "nu", "ξ": "xi", "ρ": "rho", "τ": "tau", "χ": "chi", "ψ": "psi", "ω": "omega",
    }
)  # fmt: skip
_SMOOTHNESS = {-1: "jumps", 0: "C⁰", 1: "C¹", 2: "C²", math.inf: "C∞"}
_YEAR = re.compile(r"\b(1[5-9]|20)\d\d\b")


def in_ascii(text: str) -> str:
    """Return the text in ASCII: √ as sqrt, é as e."""
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII))
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode()


def number(value: float, digits: int = DIGITS) -> str:
    """Return a number for people: 0.25, -1.5e-8, ∞; – for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return short_exponent(f"{value + 0.0:.{digits}g}")


def thousands(value: int) -> str:
    """Return a whole number for people, in groups of three digits: 1,348."""
    return f"{value:,}"


def quantity(value: int, noun: str) -> str:
    """Return a number of things: `1 unit`, `1,348 units`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def bracketed(interval: Interval, digits: int | None = DIGITS) -> str:
    """Return `[-1, ∞)`, or a point's number. `digits` None is for programs: all digits, and inf."""
    low, high = (
        repr(end) if digits is None else number(end, digits) for end in (interval.low, interval.high)
    )
    if interval.low == interval.high:
        return low
    return f"{'[' if interval.holds_low else '('}{low}, {high}{']' if interval.holds_high else ')'}"


def union(intervals: Sequence[Interval]) -> str:
    """Return intervals for programs: `(-inf, 0.0] (6.0, inf)`; blank where there are none."""
    return " ".join(bracketed(interval, None) for interval in intervals)


def region(intervals: Sequence[Interval], digits: int = DIGITS) -> str:
    """Return where on the x axis: `x ≤ 0`, `|x| ≥ 1`, `-1 < x < 2`, `x = 1`, `x → ∞`; `none`, `all x`."""
    if not intervals:
        return "none"
    if len(intervals) == 2:
        left, right = intervals
        mirrored = left.low == -right.high and left.high == -right.low and left.holds_high == right.holds_low
        if mirrored and right.high == math.inf and right.low < math.inf:
            return f"|x| {'≥' if right.holds_low else '>'} {number(right.low, digits)}"
        if mirrored and right.low == math.inf:
            return "x → ±∞"
    return ", ".join(_inequality(interval, digits) for interval in intervals)


def smoothness(value: float) -> str:
    """Return `C⁰`, `C∞`, or `jumps`; – for NaN."""
    if math.isnan(value):
        return "–"
    return _SMOOTHNESS.get(value, "C⁰")


def year(definition: Definition) -> int | None:
    """Return the first year in a function's source; None for a person's own function, whose source is a file."""
    if definition.family == FORMULA:
        return None
    match = _YEAR.search(definition.source)
    return int(match[0]) if match else None


def _inequality(interval: Interval, digits: int) -> str:
    low, high = number(interval.low, digits), number(interval.high, digits)
    if interval.low == interval.high:
        return f"x = {low}" if math.isfinite(interval.low) else f"x → {low}"
    below, above = "≤" if interval.holds_low else "<", "≤" if interval.holds_high else "<"
    if interval.low == -math.inf and interval.high == math.inf:
        return "all x"
    if interval.low == -math.inf:
        return f"x {above} {high}"
    if interval.high == math.inf:
        return f"x {'≥' if interval.holds_low else '>'} {low}"
    if interval.low == -interval.high and interval.holds_low == interval.holds_high:
        return f"|x| {above} {high}"
    return f"{low} {below} x {above} {high}"
