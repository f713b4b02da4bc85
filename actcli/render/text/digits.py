"""Decimals for people: fewer significant digits, short exponents, the place of the decimal point."""

MOST_DIGITS = 17
_PLAIN_INTEGER_DIGITS = 6


def significant_digits(token: str) -> int:
    """Return how many significant digits a decimal has; 0 for nan, the infinities, a bit pattern and a blank cell."""
    if not token or not token[-1].isdigit() or is_pattern(token):
        return 0
    mantissa = token.partition("e")[0].lstrip("-")
    return max(1, len(mantissa.replace(".", "").strip("0")))


def is_pattern(token: str) -> bool:
    """Return whether a token is a bit pattern, `0xbf80`, and no decimal."""
    return token.startswith("0x")


def round_decimal(token: str, digits: int | None) -> str:
    """Return the decimal with at most `digits` significant digits; None: as it is.

    A decimal that has no more digits stays as it is, `0.5`; one that is rounded shows all its digits, `0.5000`.
    """
    exact = significant_digits(token)
    if digits is None or not exact:
        return token
    mantissa = token.partition("e")[0]
    integer = len(mantissa.partition(".")[0].lstrip("-"))
    if exact > digits:
        text = f"{float(token):#.{digits}g}"
    elif integer <= max(digits, _PLAIN_INTEGER_DIGITS):
        return token
    else:
        text = f"{float(token):.{digits}g}"
    return short_exponent(text).replace(".e", "e").removesuffix(".")


def short_exponent(text: str) -> str:
    """Return a decimal without plus sign and zeros in front of its exponent: 1e+08 as 1e8."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def split_at_point(token: str) -> tuple[str, str]:
    """Return the digits before the decimal point, and the rest with the point or the exponent."""
    for mark in "" if is_pattern(token) else ".e":
        integer, point, fraction = token.partition(mark)
        if point:
            return integer, point + fraction
    return token, ""
