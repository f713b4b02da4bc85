"""One activation at several values of one parameter: `alpha=0.01,0.1,0.3`, `beta=0.5:4:8`, `beta=0.1:10:5:log`."""

import math
from collections.abc import Sequence

from actcli.activations import Activation, activation
from actcli.activations.names import NUMBER, split_parameters
from actcli.activations.written_numbers import read_number
from actcli.dataclass import dataclass
from actcli.exits import UsageError

MOST_VALUES = 1000
_FORM = "PARAM=V1,V2,... or PARAM=LO:HI:COUNT, with :log at the end for logarithmic steps"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The values of one parameter, in the order of the request; `parameter` is its name as typed."""

    parameter: str
    values: tuple[float, ...]


def parse_sweep(text: str) -> Sweep:
    """Return the sweep that a text describes. Raises UsageError that shows the form."""
    name, equals, tail = text.partition("=")
    name = name.strip()
    if not (equals and name and tail.strip()):
        raise UsageError(f"`sweep={text!r}` is not a sweep; write {_FORM}")
    if ":" not in tail:
        values = tuple(_number(item, text) for item in tail.split(","))
        if len(values) > MOST_VALUES:
            raise UsageError(f"`sweep={name}`: {len(values):,} values are too many; at most {MOST_VALUES:,}")
    else:
        values = _spaced(tail.split(":"), text)
    if len(set(values)) < len(values):
        raise UsageError(f"`sweep={text!r}` has a value twice")
    return Sweep(name, values)


def expand(f: Activation, sweeps: Sequence[Sweep]) -> tuple[Activation, ...]:
    """Return f at each value of the first sweep, for each of these at each value of the next, and so on.

    The specification of each function says its values. Raises UsageError for more than 1000 functions, a parameter
    in two sweeps, one that f lacks or that its specification sets already, and a value outside its bounds.
    """
    count = math.prod(len(sweep.values) for sweep in sweeps)
    if count > MOST_VALUES:
        raise UsageError(f"`sweep`: {count:,} combinations are too many; at most {MOST_VALUES:,}")
    names = [f.resolve_parameter(sweep.parameter) for sweep in sweeps]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise UsageError(f"`sweep={name}` is there twice; name all its values in one")
    functions: tuple[Activation, ...] = (f,)
    for i, sweep in enumerate(sweeps):
        without_value = [later.parameter for later in sweeps[i + 1 :]]
        functions = tuple(member for one in functions for member in _at_values(one, sweep, without_value))
    return functions


def _at_values(f: Activation, sweep: Sweep, without_value: Sequence[str]) -> tuple[Activation, ...]:
    """Return f at each value; `without_value` names the parameters of a formula that have no value yet."""
    ours = f.resolve_parameter(sweep.parameter)
    head, tail = split_parameters(f.spec)
    kept = []
    for i, item in enumerate(tail.split(",") if tail else []):
        name, equals, value = item.partition("=")
        if not equals:
            name, value = _positions(f)[i], item
        if f.resolve_parameter(name) == ours:
            raise UsageError(
                f"{f.spec} sets {ours}, and so does `sweep={sweep.parameter}`; leave one of them out"
            )
        kept.append(f"{name.strip()}={value.strip()}")
    specs = (f"{head}:{','.join([*kept, f'{sweep.parameter}={_short(value)}'])}" for value in sweep.values)
    return tuple(activation(spec, tuple(without_value)) for spec in specs)


def _short(value: float) -> str:
    """Return the shortest text of a value with up to 12 digits: 1e-320 has only four."""
    return min(
        f"{value:.12g}", f"{value:g}", f"{value:.3g}", key=lambda text: (float(text) != value, len(text))
    )


def _positions(f: Activation) -> tuple[str, ...]:
    """Return the parameters in the order in which this name of the function takes unnamed values."""
    own = (names.order for names in f.definition.frameworks if names.framework == f.dialect and names.order)
    return next(own, tuple(parameter.name for parameter in f.definition.parameters))


def _spaced(parts: list[str], text: str) -> tuple[float, ...]:
    logarithmic = len(parts) == 4 and parts[3].strip() == "log"
    if len(parts) != 3 and not logarithmic:
        raise UsageError(f"`sweep={text!r}` is not a sweep; write {_FORM}")
    low, high = _number(parts[0], text), _number(parts[1], text)
    count = parts[2].strip()
    is_count = count.isascii() and count.isdigit() and len(count) < 8
    if not (is_count and 2 <= int(count) <= MOST_VALUES):
        raise UsageError(f"`sweep={text!r}`: COUNT is a whole number from 2 to {MOST_VALUES}, not {count!r}")
    if low == high:
        raise UsageError(f"`sweep={text!r}`: LO and HI are the same; name the value alone")
    steps = int(count) - 1
    if logarithmic:
        if low <= 0 or high <= 0:
            raise UsageError(f"`sweep={text!r}`: logarithmic steps need LO and HI above 0")
        start, width = math.log(low), math.log(high) - math.log(low)
        between = [math.exp(start + width * i / steps) for i in range(1, steps)]
    else:
        between = [low * (1 - i / steps) + high * (i / steps) for i in range(1, steps)]
    # twelve digits, so that 0.1 + 0.2 is called 0.3 and the name holds the exact value
    return (low, *(float(f"{value:.12g}") for value in between), high)


def _number(item: str, text: str) -> float:
    item = item.strip()
    value = float(item) if NUMBER.fullmatch(item) else read_number(item)
    if value is None or not math.isfinite(value):
        raise UsageError(f"`sweep={text!r}`: {item!r} is not a finite number; write {_FORM}")
    return float(f"{value:.12g}")
