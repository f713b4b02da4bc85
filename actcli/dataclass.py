"""The `dataclass` of the standard library, without the code that it compiles for every class.

Compiling takes 0.4 to 0.6 ms per frozen class, and a command loads up to 85 of them: a sixth of its start. The methods
here read the names of the fields instead. Making an instance that way takes 1.5 µs longer, so that a class of which
many are made gets the compiled `__init__` then.

`field`, `fields`, `replace` and `asdict` of `dataclasses` work here too; `InitVar` and `field(init=False)` do not.
"""

import dataclasses
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import MISSING, FrozenInstanceError, fields
from itertools import count
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

T = TypeVar("T")
MANY = 300
"""The instances of a class that take as long as compiling its `__init__`."""
_put = object.__setattr__


def without_compiling(
    *, frozen: bool = False, slots: bool = False, eq: bool = True, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a data class; the arguments are those of `dataclasses.dataclass`."""
    described = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)

    def decorate(cls: type[T]) -> type[T]:
        made: type[T] = described(cls)
        methods: dict[str, Any] = {"__init__": _initializer(made, frozen=frozen), "__repr__": _describe}
        if eq:
            compared = _compared(made)
            methods["__eq__"] = _equality(compared)
            methods["__hash__"] = _hash(compared) if frozen else None
        if frozen:
            methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if frozen and slots:  # pickle and copy would set the attributes one by one
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
        for name, method in methods.items():
            if made.__dict__.get(name) is None:
                setattr(made, name, method)
        return made

    return decorate


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - type checkers know what it does
else:
    dataclass = without_compiling


def _initializer(cls: type, *, frozen: bool) -> Callable[..., None]:
    """Return `__init__`."""
    described = fields(cls)
    names = tuple(field.name for field in described)
    positional = tuple(field.name for field in described if not field.kw_only)
    defaults = {field.name: field.default for field in described if field.default is not MISSING}
    factories = {
        field.name: field.default_factory for field in described if field.default_factory is not MISSING
    }
    has_more = hasattr(cls, "__post_init__")
    instances = count(1)

    def __init__(self: Any, /, *arguments: Any, **named: Any) -> None:  # noqa: N807
        if next(instances) == MANY:
            cls.__init__ = _compile_initializer(cls, frozen=frozen)  # type: ignore[misc]
        placed = dict(zip(positional, arguments, strict=False))
        values = {**defaults, **placed, **named}
        for name, factory in factories.items():
            if name not in values:
                values[name] = factory()
        if (
            len(placed) < len(arguments)
            or len(values) != len(names)
            or (placed and not placed.keys().isdisjoint(named))
        ):
            raise TypeError(_complaint(cls, arguments, named))
        try:
            for name in names:
                _put(self, name, values[name])
        except KeyError:
            raise TypeError(_complaint(cls, arguments, named)) from None
        if has_more:
            self.__post_init__()

    return __init__


def _compile_initializer(cls: type, *, frozen: bool) -> Callable[..., None]:
    """Return the `__init__` of the standard library."""
    described = [(field.name, field.type, copy(field)) for field in fields(cls)]
    more = {"__post_init__": None} if hasattr(cls, "__post_init__") else {}
    made = dataclasses.make_dataclass(
        cls.__name__, described, namespace=more, frozen=frozen, repr=False, eq=False
    )
    initializer: Callable[..., None] = vars(made)["__init__"]
    return initializer


def _complaint(cls: type, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    """Return what is wrong with the arguments of `__init__`."""
    described = fields(cls)
    positional = [field.name for field in described if not field.kw_only]
    if len(arguments) > len(positional):
        return f"{cls.__name__} takes {len(positional)} arguments by position, not {len(arguments)}"
    placed = positional[: len(arguments)]
    if twice := [name for name in placed if name in named]:
        return f"{cls.__name__} got {', '.join(twice)} twice"
    if foreign := named.keys() - {field.name for field in described}:
        return f"{cls.__name__} has no field {', '.join(sorted(foreign))}"
    required = (f.name for f in described if f.default is MISSING and f.default_factory is MISSING)
    return f"{cls.__name__} lacks {', '.join(name for name in required if name not in {*placed, *named})}"


def _compared(cls: type) -> Callable[[Any], Any]:
    """Return the function that makes a tuple of the values that are compared."""
    names = [field.name for field in fields(cls) if field.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


def _equality(compared: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
    """Return `__eq__`."""

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(compared: Callable[[Any], Any]) -> Callable[[Any], int]:
    """Return `__hash__`."""
    return lambda self: hash(compared(self))


@recursive_repr()
def _describe(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001 - Python's
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:  # noqa: ARG001 - Python's
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        _put(self, field.name, value)
