"""The words that answers share: counts, lists of names, shares and rounded numbers as a person reads them."""

import math
from collections.abc import Callable, Iterable, Sequence

_MOST_NAMED = 4
_LEAST_SHARE = 1e-6


def counted(count: int, noun: str) -> str:
    """Return a count and its noun: `1 network`, `1,348 networks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Return names as in a sentence: `relu, gelu and silu`; of many the first four and how many more there are."""
    if len(names) > _MOST_NAMED + 1:
        names = [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def file_named(path: str) -> str:
    """Return a file as results name it: without the folders of an absolute path, which say whose machine it is."""
    return path.rpartition("/")[2] if path.startswith("/") else path


def rounded(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits: `0.17`, `1,001`, `4.7e-5`."""
    if not math.isfinite(value):
        return str(value)
    value = float(f"{value:.{digits}g}")
    if abs(value) >= 1e3 and abs(value) < 1e6:
        return f"{value:,.0f}"
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def with_error(value: float, error: float) -> str:
    """Return a mean with its error, `25.8 ± 1.2`; the mean alone, in three digits, without a finite error above 0.

    The error has one significant digit, or two if the first is 1, and the mean ends where the error does.
    """
    if not math.isfinite(value) or not 0 < error < math.inf:
        return rounded(value)
    mantissa, exponent = f"{error:.1e}".split("e")
    last = int(exponent) - (1 if mantissa.startswith("1") else 0)
    largest = max(abs(value), error)
    if not 1e-4 <= largest < 1e7:
        significant = max(math.floor(math.log10(largest)) - last + 1, 1)
        return f"{rounded(value, significant)} ± {rounded(error, int(exponent) - last + 1)}"
    return " ± ".join(f"{round(size, -last) + 0.0:,.{max(-last, 0)}f}" for size in (value, error))


def percent(share: float) -> str:
    """Return a share as `82 %`, `0.3 %`; `all` and `none` stand for exactly 1 and 0 only."""
    if share in {0.0, 1.0}:
        return "all" if share else "none"
    if share < _LEAST_SHARE:
        return f"less than {100 * _LEAST_SHARE:g} %"
    return f"{min(100 * share, 99.9):.2g} %" if share < 0.99 else f"{min(100 * share, 99.9):.3g} %"


def group_equal(
    pairs: Iterable[tuple[float, str]], text: Callable[[float], str], *, descending: bool = False
) -> list[tuple[str, list[str]]]:
    """Return (text, names) for each distinct text of a value, ordered by value: what reads the same is a tie.

    pairs: (value, name); the names of a tie keep this order.
    """
    groups: dict[str, tuple[float, list[str]]] = {}
    for value, name in pairs:
        groups.setdefault(text(value), (value, []))[1].append(name)
    ordered = sorted(groups.items(), key=lambda group: group[1][0], reverse=descending)
    return [(words, names) for words, (_, names) in ordered]


def verb(names: Sequence[str], singular: str, plural: str) -> str:
    """Return the form of a verb that fits so many names."""
    return singular if len(names) == 1 else plural
