"""`actcli completion`: a shell's completion script, made from the declarations of the commands and the catalogue."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from actcli.commands.parser import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click import Context, Parameter

    from actcli.activations import Definition
    from actcli.commands.session import Session
    from actcli.render.completions import CompletedArgument, CompletedOption, Outline

Shell = Literal["bash", "zsh", "fish"]

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli completion bash > ~/.local/share/bash-completion/completions/actcli
  actcli completion zsh > ~/.zfunc/_actcli      (with ~/.zfunc in $fpath)
  actcli completion fish > ~/.config/fish/completions/actcli.fish
"""


@command.command("completion", cls=Command, epilog=EPILOG)
def print_completion(
    context: typer.Context,
    shell: Annotated[
        Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.", rich_help_panel="Arguments")
    ],
) -> None:
    """Print the completion script of a shell.

    It completes commands, options, option values, files, and functions with
    their parameters, without starting actcli. It reads the names of your own
    functions from ~/.cache/actcli/functions (in XDG_CACHE_HOME where that is
    set), a list that actcli renews when it reads your functions.toml.
    """
    from actcli.exits import DataError
    from actcli.render.completions import script
    from actcli.sources.functions.functions_file import read_personal_functions

    session: Session = context.obj
    session.writes()
    with suppress(DataError):  # what is wrong with the file is the business of whoever needs it
        read_personal_functions(session.terminal.environ)
    session.terminal.write(script(shell, outline(context.find_root())).encode())


def outline(context: "Context") -> "Outline":
    """Return the outline of the group that `context` belongs to, with the functions of the catalogue."""
    from actcli.activations import catalogue
    from actcli.render.completions import CompletedCommand, Outline

    group = context.command
    if not isinstance(group, typer.core.TyperGroup):
        raise TypeError("the outline is made of a group of commands")
    functions = {name: parameters for definition in catalogue() for name, parameters in names_of(definition)}
    every_parameter = sorted({p.name for definition in catalogue() for p in definition.parameters})
    commands = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        parameters = command.get_params(type(context)(command, parent=context, info_name=name))
        commands.append(
            CompletedCommand(
                name=name,
                summary=one_line(command.help),
                options=tuple(_option(p, every_parameter) for p in parameters if _is_option(p)),
                arguments=tuple(_argument(p) for p in parameters if not _is_option(p)),
            )
        )
    return Outline(
        commands=tuple(commands),
        options=tuple(_option(p, every_parameter) for p in group.get_params(context)),
        functions=functions,
    )


def names_of(definition: "Definition") -> "Iterator[tuple[str, tuple[str, ...]]]":
    """Yield every name that a person may type for an activation, with the parameter names to offer after it.

    After a framework's prefix these are all names of the parameters, the framework's among them.
    """
    own = tuple(parameter.name for parameter in definition.parameters)
    if "." not in definition.name:
        for name in (definition.name, *definition.aliases):
            yield name, own
    every = tuple(
        name for parameter in definition.parameters for name in (parameter.name, *parameter.aliases)
    )
    for framework in definition.frameworks:
        for name in framework.names:
            yield f"{framework.framework}.{name.rpartition('.')[2]}", every


def one_line(text: str | None) -> str:
    """Return the first sentence of a help text, without its full stop."""
    return " ".join((text or "").split("  [")[0].split()).partition(". ")[0].rstrip(".")


def _is_option(parameter: "Parameter") -> bool:
    return parameter.param_type_name == "option"


def _option(parameter: "Parameter", every_parameter: list[str]) -> "CompletedOption":
    from actcli.render.completions import CompletedOption

    choices = tuple(str(choice) for choice in getattr(parameter.type, "choices", ()))
    if parameter.name == "wrt":
        choices = ("x", *every_parameter)
    if parameter.name == "by":
        from actcli.commands.compare.options import ByName

        choices = (*get_args(ByName), "convergence", "vanishing", "cost")
    if parameter.name == "fail_on":
        from actcli.commands.deadcheck.limits import FailOnName

        choices = get_args(FailOnName)
    is_file = parameter.metavar == "FILE"
    return CompletedOption(
        names=tuple(sorted(parameter.opts, key=len)),
        summary=one_line(getattr(parameter, "help", None)),
        values=0 if getattr(parameter, "is_flag", False) else parameter.nargs,
        kind="file" if is_file else "choice" if choices else "other",
        choices=choices,
        label=parameter.metavar or "",
    )


def _argument(parameter: "Parameter") -> "CompletedArgument":
    from actcli.render.completions import CompletedArgument

    choices = get_args(Shell) if parameter.metavar == "SHELL" else ()
    return CompletedArgument(
        label=str(parameter.metavar),
        kind="choice" if choices else "function" if parameter.metavar in {"FUNCTION", "PATTERN"} else "file",
        choices=choices,
        repeats=parameter.nargs == -1,
    )
