"""The program: its commands, each loaded when it is invoked, its options, and its errors in one line."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from actcli.commands import options
from actcli.commands.build import SETTINGS
from actcli.commands.parser import (
    HELP_NAMES,
    adapt_help,
    describe,
    guard,
    show_help,
    write_as_is,
    write_sections,
)
from actcli.commands.session import Session
from actcli.exits import UsageError
from actcli.terminal import ThemeName

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter
    from typer._click.parser import _OptionParser
    from typer.core import TyperOption

    from actcli.terminal import Terminal

COMMANDS = {
    "eval": "Evaluate an activation function at numbers, a file or a stream.",
    "grad": "Differentiate an activation function, by x or by a parameter.",
    "plot": "Draw activation functions, their derivatives, and where data lie on them.",
    "compare": "Compare activation functions by what matters: training, gradients, precision, speed.",
    "deadcheck": "Find dead units in recorded activations or an ONNX model, with the evidence.",
    "list": "List the activation functions, all or those that match.",
    "info": "Show the card of an activation function.",
    "save": "Keep a formula under a name of your own.",
    "remove": "Remove a function of your own.",
    "claims": "Show what people say about activation functions, and what was measured.",
    "completion": "Print the completion script of a shell.",
}
"""The commands and what they do. `--help` shows this without loading a command."""

IN_FOLDERS = {
    "plot": "plot",
    "compare": "compare",
    "deadcheck": "deadcheck",
    "save": "own",
    "remove": "own",
    "claims": "claims",
}
"""The folders in commands/ that hold the modules of some commands."""

_LONGEST_LINE = 100
_LINES = {
    "train": "compare relu tanh --by training",
    "learn": "compare relu tanh --by training",
    "dead": "deadcheck --train relu",
    "dying": "deadcheck --train relu",
    "derivative": "grad relu -1 0 1",
    "gradient": "grad relu -1 0 1",
    "benchmark": "compare relu gelu --by speed",
    "speed": "compare relu gelu --by speed",
    "draw": "plot relu",
}
"""Words that people try as commands, and a line that does it."""

EPILOG = """\
Examples:
  actcli eval relu -1 0 1
  seq -5 5 | actcli eval leaky_relu:alpha=0.2
  actcli eval gelu activations.npy -o out.npy
  actcli grad silu --check
  actcli plot relu gelu silu --grad
  actcli compare relu gelu silu --by gradients
  actcli deadcheck model.onnx --data images.npy --fail-above 5%

Exit status:
  0    done
  1    failed: a file, the data, or the disk
  2    wrong use: the command line asks for something that does not exist
  3    found a failure that it was told to look for (grad --check,
       compare --max-ulp, deadcheck --fail-above)
  4    not enough data to tell (grad --check, deadcheck --fail-above)
  130  interrupted

Read more:
  actcli claims  what people say about activation functions, each claim
                 measured with one command
"""


class CommandGroup(TyperGroup):
    """The group of commands; a command's module is imported when it is invoked, or when its help is shown."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - Typer's
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002 - Typer's
        """Return the command with its options; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{IN_FOLDERS[cmd_name]}.{cmd_name}" if cmd_name in IN_FOLDERS else cmd_name
        command = typer.main.get_command(import_module(f"actcli.commands.{module}").command)
        command.name = cmd_name
        return command

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Return the command and its arguments; raises UsageError with what was probably meant.

        `help plot` is `plot --help`, and `help` alone is `--help`.
        """
        if args[0] == "help":
            if len(args) == 1:
                show_help(ctx)
            if len(args) > 2:
                raise UsageError(f"help takes one command; leave out {args[2]!r}")
            args = [args[1], "--help"]
        command = self.get_command(ctx, args[0])
        if command is None:
            raise UsageError(f"no command {args[0]!r}; {_offer_line(args)}")
        return args[0], command, args[1:]

    def make_parser(self, ctx: "Context") -> "_OptionParser":
        """Return Typer's parser, which here refuses an option that is given twice."""
        return guard(super().make_parser(ctx), ctx)

    def get_help_option(self, ctx: "Context") -> "TyperOption | None":
        """Return --help, writing to our own terminal."""
        return adapt_help(super().get_help_option(ctx))

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the commands, then the options."""
        with formatter.section("Commands"):
            formatter.write_dl([(name.ljust(11), summary) for name, summary in COMMANDS.items()])
        write_sections(self.get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002 - Typer's
        """Write the examples and exit statuses line by line."""
        write_as_is(self.epilog, formatter)


def _offer_line(arguments: Sequence[str]) -> str:
    """Return what was probably meant: `eval` where the first word is a function, else the nearest command."""
    import shlex
    from difflib import get_close_matches

    from actcli.activations import activation

    word = arguments[0]
    if word.lower() in _LINES:
        return f"did you mean: actcli {_LINES[word.lower()]}"
    near = get_close_matches(word, COMMANDS, n=1)
    try:
        activation(word)
    except UsageError:
        return f"did you mean {near[0]}?" if near else f"the commands are {', '.join(COMMANDS)}"
    line = shlex.join(["eval", *arguments])
    return f"did you mean: actcli {line if len(line) <= _LONGEST_LINE else 'eval FUNCTION [X]...'}"


app = typer.Typer(cls=CommandGroup, context_settings=HELP_NAMES, **SETTINGS)


def _show_version(context: typer.Context, value: bool) -> None:
    if value:
        from actcli import __version__

        context.obj.terminal.write(f"actcli {__version__}\n".encode())
        raise typer.Exit


@app.callback(epilog=EPILOG)
def actcli(
    context: typer.Context,
    color: Annotated[options.ColorChoice | None, options.COLOR.to_typer()] = None,
    theme: Annotated[ThemeName | None, options.THEME.to_typer()] = None,
    threads: Annotated[int | None, options.THREADS.to_typer()] = None,
    memory: Annotated[int | None, options.MEMORY.to_typer()] = None,
    debug: Annotated[bool, options.DEBUG.to_typer()] = False,  # noqa: ARG001 - taken out before; here for the help
    version: Annotated[  # noqa: ARG001 - answered by its callback
        bool, options.VERSION.to_typer(callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """A laboratory for activation functions: exact values, exact derivatives."""
    context.obj.choose(color, theme, threads, memory)


def run(
    arguments: Sequence[str],
    terminal: "Terminal",
    writes: Callable[[], None] | None = None,
    isolate: Callable[[str, int | None], None] | None = None,
) -> int:
    """Run one command line and return the exit status.

    `writes` is called before output begins, `isolate` before native code reads a file. Raises ActcliError for
    everything that a person can mend; what the core says of a parameter names the option.
    """
    if not arguments:
        raise UsageError("a command is missing; try actcli eval relu -1 0 1, or actcli --help")
    session = Session(terminal, writes) if writes else Session(terminal)
    session.arguments = tuple(arguments)
    if isolate is not None:
        session.isolate = isolate
    group: Any = typer.main.get_command(app)
    try:
        with group.make_context("actcli", list(arguments), obj=session) as context:
            group.invoke(context)
    except typer.Exit as ending:
        return ending.exit_code
    except typer.TyperException as error:
        raise UsageError(describe(error)) from error
    return 0
