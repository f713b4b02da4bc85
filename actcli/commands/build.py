"""From a class of options and a function to a command of the program."""

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from actcli.commands.declaration import declared
from actcli.commands.parser import Command
from actcli.exits import ActcliError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actcli.commands.session import Session
    from actcli.exits import ExitStatus

SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "add_completion": False,
}
"""Typer without what it loads Rich for."""

Options = TypeVar("Options")


def build_command(
    name: str,
    options: type[Options],
    run: "Callable[[Options, Session], ExitStatus | None]",
    *,
    epilog: str,
) -> typer.Typer:
    """Return the Typer application of a command that takes `options` and calls `run`.

    The docstring of `run` is the help. What it returns is the exit status; None is DONE.
    """
    taken = declared(options)

    def call(context: typer.Context, **values: Any) -> None:
        for one in taken:
            if one.is_repeatable:
                values[one.name] = tuple(values[one.name] or ())
        try:
            status = run(options(**values), context.obj)
        except ActcliError as error:
            from actcli.commands.translation import in_options

            error.args = (in_options(str(error), options),)
            raise
        if status:
            raise typer.Exit(status)

    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    call.__signature__ = Signature([context, *(one.to_typer() for one in taken)])  # type: ignore[attr-defined]
    call.__doc__ = run.__doc__
    application = typer.Typer(**SETTINGS)
    application.command(name, cls=Command, epilog=epilog)(call)
    return application
