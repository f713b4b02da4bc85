"""Parsers of the values of options. They raise UsageError without the option's name, which its declaration adds."""

import math
from collections.abc import Callable
from typing import TypeVar, get_args

from actcli.exits import UsageError

LEAST_MEMORY, MOST_MEMORY = 10**6, 10**15


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        digits = text.removeprefix("-") if low < 0 else text
        # Twenty digits are beyond every bound; int() would take any number of them, and other scripts'.
        if digits.isascii() and digits.isdigit() and len(digits) < 20 and low <= int(text) <= high:
            return int(text)
        raise UsageError(f"{text!r} is not a whole number from {low} to {high}")

    return parse


def sample_count(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of counts from `low` to `high`, such as 4096, 500k, 10M and 1.5G."""

    def parse(text: str) -> int:
        from re import ASCII, fullmatch

        match = fullmatch(r"(\d{1,15})(?:\.(\d{1,9}))?([kKMG]?)", text, ASCII)
        if match is not None:
            whole, fraction, unit = match.groups(default="")
            zeros = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9}[unit]
            if len(fraction) <= zeros and low <= (count := int(whole + fraction.ljust(zeros, "0"))) <= high:
                return count
        raise UsageError(f"{text!r} is not a count from {low} to {high}, such as 4096, 500k or 10M")

    return parse


def finite_number(*, positive: bool = False, least: float = -math.inf) -> Callable[[str], float]:
    """Return a parser of finite numbers; `positive`: above 0; `least`: not below it."""
    bound = " above 0" if positive else "" if least == -math.inf else f" of {least:g} or more"

    def parse(text: str) -> float:
        from actcli.sources.numbers.arguments import numbers_in

        numbers = numbers_in(text)
        if len(numbers) == 1 and math.isfinite(numbers[0]):
            (number,) = numbers
            if number >= least and (number > 0 or not positive):
                return number
        raise UsageError(f"{text!r} is not a finite number{bound}")

    return parse


def share(*, ends: bool, least: float = 0.0, usual: float = 0.05) -> Callable[[str], float]:
    """Return a parser of shares such as `5%` and `0.05`.

    A bare whole number other than 0 is refused: 5 could be 5 % or 5 units.

    Args:
        ends: whether 0% and 100% are allowed.
        least: the smallest share above 0 that is allowed.
        usual: the share that messages propose.

    """

    def parse(text: str) -> float:
        from actcli.sources.numbers.arguments import numbers_in

        percent = text.endswith("%")
        digits = text.removesuffix("%")
        try:
            (number,) = numbers_in(digits)
        except (UsageError, ValueError):
            number = float("nan")
        value = number / 100 if percent else number
        example = f"{100 * usual:g}% or {usual:g}"
        # where 95 % is usual, 1 is not a percentage
        if not percent and digits.isdigit() and number > (usual > 0.5):
            right = f"{digits}% or {number / 100:g}" if number < 100 else example
            raise UsageError(f"{text!r} could be a count or a percentage; write {right}")
        if 0 < value < least:
            raise UsageError(f"{text!r} is less than {least:g}, too small for any number of samples")
        if (0 <= value <= 1) if ends else (0 < value < 1):
            return value
        between = "from 0% to 100%" if ends else "between 0% and 100%"
        raise UsageError(f"{text!r} is not a share {between}; write {example}")

    return parse


def memory_size(text: str) -> int:
    """Return the bytes of a size such as `4GB`, `500 MiB` or `2g`; a number alone is refused. Raises UsageError."""
    from re import ASCII, fullmatch

    match = fullmatch(r"(\d{1,15}(?:\.\d{1,15})?) ?([kmgt])(i?)b?", text.strip().lower(), ASCII)
    if match is None:
        raise UsageError(f"{text!r} is not a size; write a number and a unit, such as 500MB, 4GB or 4GiB")
    number, unit, binary = match.groups()
    nbytes = int(float(number) * (1024 if binary else 1000) ** (1 + "kmgt".index(unit)))
    if not LEAST_MEMORY <= nbytes <= MOST_MEMORY:
        raise UsageError(f"{text!r} is out of range; from 1MB to 1000TB are possible")
    return nbytes


def names(text: str) -> tuple[str, ...]:
    """Return the names that commas separate. Raises UsageError for an empty one, and for one named twice."""
    parts = _parts(text)
    _require_different(text, parts)
    return parts


def learning_rates(text: str) -> tuple[float, ...]:
    """Return the numbers above 0 that commas separate; none for `auto`. Raises UsageError."""
    if text.strip().lower() == "auto":
        return ()
    return _several(text, finite_number(positive=True))


def whole_numbers(low: int, high: int) -> Callable[[str], tuple[int, ...]]:
    """Return a parser of whole numbers with commas between them, each from `low` to `high`."""
    return lambda text: _several(text, whole_number(low, high))


def one_of(choices: object) -> str:
    """Return the values of a Literal as a sentence lists them: `auto, always or never`."""
    *most, last = get_args(choices)
    return f"{', '.join(most)} or {last}"


_MOST_VALUES = 100
T = TypeVar("T")


def _several(text: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    values = tuple(parse(part) for part in _parts(text))
    if len(values) > _MOST_VALUES:
        raise UsageError(f"names {len(values)} values; at most {_MOST_VALUES} are allowed")
    _require_different(text, values)
    return values


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise UsageError(f"{text!r} lacks a value; separate values with single commas")
    return parts


def _require_different(text: str, values: tuple[object, ...]) -> None:
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise UsageError(f"{text!r} has {twice[0]} twice")
