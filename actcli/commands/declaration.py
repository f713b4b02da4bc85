"""Options declared once: the fields of a dataclass, from which the command line, its help and its conflicts are made.

    @dataclass(frozen=True, kw_only=True)
    class GreetOptions:
        name: Annotated[str, Argument("NAME", help="Whom to greet.")]
        times: Annotated[int | None, Option("--times", metavar="N", parse=whole_number(1, 9), help="...")] = None

    command = build_command("greet", GreetOptions, greet)      # greet(options: GreetOptions, session: Session)

The type of a field says how its option is typed: `bool` is a flag, a Literal a choice, `tuple[float, float]` takes
two values, and `tuple[str, ...]` with the default `()` may be given several times. `| None` is an option without a
default value. To add an option, add a field.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter, get_annotations
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import typer

from actcli.dataclass import dataclass
from actcli.exits import UsageError

ARGUMENTS = "Arguments"


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument.

    Attributes:
        metavar: its name in the usage line and in messages.
        help: its line in the help.
        modes: as of an option.

    """

    metavar: str
    help: str
    modes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in messages."""
        return self.metavar

    @property
    def section(self) -> str:
        """The heading in the help."""
        return ARGUMENTS

    def to_typer(self) -> Any:
        """Return the declaration as Typer takes it."""
        return typer.Argument(
            metavar=self.metavar, help=self.help, show_default=False, rich_help_panel=self.section
        )


@dataclass(frozen=True, slots=True)
class Option:
    """An option.

    Attributes:
        flags: how it is typed, such as `--output -o`; messages name the first.
        help: its line in the help.
        section: the heading that this line stands under.
        metavar: the name of its value; empty for a flag.
        parse: makes the value of the text. It raises UsageError without the option's name, which is put in front.
        default: the default value as the help shows it.
        modes: the ways to use the command in which the option means something; all of them where it is empty.
        needs: options of which one must be given too.
        excludes: options that cannot be given too.

    """

    flags: str
    help: str
    section: str = "Options"
    metavar: str = ""
    parse: Callable[[str], Any] | None = None
    default: str = ""
    modes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The flag that messages name."""
        return self.flags.split()[0]

    def to_typer(self, **more: Any) -> Any:
        """Return the declaration as Typer takes it; `more` are further arguments of `typer.Option`."""
        return typer.Option(
            *self.flags.split(),
            metavar=self.metavar or None,
            help=f"{self.help}  [default: {self.default}]" if self.default else self.help,
            parser=None if self.parse is None else self.read,
            case_sensitive=False,
            show_default=False,
            rich_help_panel=self.section,
            **more,
        )

    def read(self, text: str) -> Any:
        """Return the value of a text. Raises UsageError in the name of the option."""
        if self.parse is None:
            return text
        try:
            return self.parse(text)
        except UsageError as error:
            raise UsageError(f"{self.name} {error}") from None


@dataclass(frozen=True, slots=True)
class Declared:
    """A field of a class of options, and what it declares.

    Attributes:
        name: the name of the field.
        type: the type of its values, without None.
        declaration: the option or argument.
        default: the value where the option is not given; MISSING for a required argument.

    """

    name: str
    type: Any
    declaration: Option | Argument
    default: Any

    @property
    def is_repeatable(self) -> bool:
        """Whether every occurrence on the command line adds a value."""
        return get_origin(self.type) is tuple and get_args(self.type)[1:] == (...,) and not self.is_parsed

    @property
    def is_parsed(self) -> bool:
        """Whether one text makes the value."""
        is_pair = get_origin(self.type) is tuple and get_args(self.type)[1:] != (...,)
        return isinstance(self.declaration, Option) and self.declaration.parse is not None and not is_pair

    def is_given(self, options: object) -> bool:
        """Return whether the command line says something here that is not the default."""
        return bool(getattr(options, self.name) != self.default)

    def to_typer(self) -> Parameter:
        """Return the parameter of a command's function."""
        type_ = list[str] if self.is_repeatable else str if self.is_parsed else self.type
        required = self.default is MISSING
        return Parameter(
            self.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if required else None if self.default == () else self.default,
            annotation=Annotated[
                type_ if required or self.default not in {None, ()} else type_ | None,
                self.declaration.to_typer(),
            ],
        )


def declared(options: type) -> tuple[Declared, ...]:
    """Return the declarations of a class of options: its own, then those of its bases, in the order of its SECTIONS."""
    names = dict.fromkeys(name for owner in options.__mro__ for name in get_annotations(owner))
    by_name = {field.name: field for field in fields(options)}
    found = [_declared(by_name[name]) for name in names if name in by_name]
    order = {section: place for place, section in enumerate((ARGUMENTS, *getattr(options, "SECTIONS", ())))}
    return tuple(sorted(found, key=lambda one: order.get(one.declaration.section, len(order))))


def _declared(field: Field[Any]) -> Declared:
    annotated, *metadata = get_args(field.type)
    (declaration,) = (one for one in metadata if isinstance(one, Option | Argument))
    if get_origin(annotated) is UnionType:
        annotated = get_args(annotated)[0]
    return Declared(field.name, annotated, declaration, field.default)
