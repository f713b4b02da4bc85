"""Decimals for the eye: points aligned, fewer significant digits where asked for or the width needs it."""

from collections.abc import Sequence

MOST_DIGITS = 17
_PLAIN_INTEGER_DIGITS = 6


def significant_digits(token: str) -> int:
    """How many significant digits a decimal has; 0 for nan, the infinities and a blank cell."""
    if not token or not (token[-1].isdigit()):
        return 0
    mantissa = token.partition("e")[0].lstrip("-")
    return max(1, len(mantissa.replace(".", "").strip("0")))


def round_decimal(token: str, digits: int | None) -> str:
    """The decimal with at most so many significant digits (None: as it is).

    One that has no more than that stays exact, `0.5`; one that is rounded shows all its digits, `0.5000`.
    """
    exact = significant_digits(token)
    if digits is None or not exact:
        return token
    mantissa = token.partition("e")[0]
    integer = len(mantissa.partition(".")[0].lstrip("-"))
    if exact <= digits:
        if integer <= max(digits, _PLAIN_INTEGER_DIGITS):
            return token
        text = f"{float(token):.{digits}g}"
    else:
        text = f"{float(token):#.{digits}g}"
    text = short_exponent(text).replace(".e", "e")
    return text.removesuffix(".")


def short_exponent(text: str) -> str:
    """Return a decimal without plus sign and zeros in front of its exponent: 1e+08 as 1e8."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def fit_decimals(columns: Sequence[Sequence[str]], least: Sequence[int], room: int) -> list[list[str]]:
    """Columns of decimals, each aligned at the points, made as narrow together as `room` asks for.

    `least` are the widths of the headings. The widest column loses digits first. When one digit each is
    still too wide, that is what is given: a number is never cut.
    """
    digits = [max(map(significant_digits, column), default=0) for column in columns]
    shown = [align_at_points(column) for column in columns]
    while sum(map(max, _widths(shown), least)) > room:
        widths = _widths(shown)
        mendable = [i for i, width in enumerate(widths) if digits[i] > 1 and width > least[i]]
        if not mendable:
            break
        widest = max(mendable, key=widths.__getitem__)
        digits[widest] -= 1
        shown[widest] = align_at_points([round_decimal(token, digits[widest]) for token in columns[widest]])
    return shown


def align_at_points(tokens: Sequence[str]) -> list[str]:
    """The decimals padded to one width, so that their points stand below each other."""
    parts = [split_at_point(token) for token in tokens]
    before = max((len(integer) for integer, _ in parts), default=0)
    after = max((len(fraction) for _, fraction in parts), default=0)
    return [integer.rjust(before) + fraction.ljust(after) for integer, fraction in parts]


def split_at_point(token: str) -> tuple[str, str]:
    """What stands before the decimal point, and the rest with the point or the exponent."""
    for mark in ".e":
        integer, found, fraction = token.partition(mark)
        if found:
            return integer, found + fraction
    return token, ""


def _widths(columns: Sequence[Sequence[str]]) -> list[int]:
    return [len(column[0]) if column else 0 for column in columns]
