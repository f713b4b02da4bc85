"""Which options go together: the one place where the declarations' modes, needs and excludes are enforced."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from actcli.commands.declaration import Option, declared
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.commands.declaration import Declared

MOST_OWNERS = 4
"""How many modes a message lists as those that an option belongs to."""


def refuse_conflicts(options: object, mode: str = "", modes: Mapping[str, str] | None = None) -> None:
    """Raise UsageError for an option of another mode, without one that it needs, or beside one that it excludes.

    Args:
        options: an instance of a class of options.
        mode: how the command is used.
        modes: how a message names each mode.

    """
    given = [one for one in declared(type(options)) if one.is_given(options)]
    for one in given:
        if mode and one.declaration.modes and mode not in one.declaration.modes:
            raise UsageError(_describe_foreign(one, options, mode, modes or {}))
    for one in given:
        if isinstance(one.declaration, Option):
            _refuse_company(one.declaration, {other.declaration.name for other in given}, type(options))


def _refuse_company(option: Option, given: set[str], options: type) -> None:
    if option.needs and given.isdisjoint(option.needs):
        needed = [one.declaration for one in declared(options) if one.declaration.name in option.needs]
        raise UsageError(
            f"{option.name} needs {join_or(f'{one.name} {one.metavar}'.rstrip() for one in needed)}"
        )
    for name in option.excludes:
        if name in given:
            raise UsageError(f"{name} does not go with {option.name}; leave out one of them")


def _describe_foreign(one: "Declared", options: object, mode: str, modes: Mapping[str, str]) -> str:
    name, owners, here = one.declaration.name, one.declaration.modes, modes[mode]
    if not isinstance(one.declaration, Option):
        return f"{name} {getattr(options, one.name)[0]} does not go with {here}; leave it out"
    if len(owners) > MOST_OWNERS:
        return f"{name} does not go with {here}; leave it out"
    return f"{name} belongs to {join_or(modes[owner] for owner in owners)}" + (
        f", not {here}" if here else ""
    )


def join_or(words: Iterable[str]) -> str:
    """Return the words as a sentence lists them: `a, b or c`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
