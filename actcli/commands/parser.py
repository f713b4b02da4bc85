"""How a command parses its line and prints its help: `-1` is a number, help has sections, errors are one line."""

from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperCommand

from actcli.commands.session import Session
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer._click import Context, HelpFormatter, Parameter
    from typer._click.parser import _OptionParser, _ParsingState
    from typer.core import TyperOption

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
FIRST_COLUMN = 22


class Command(TyperCommand):
    """A command that takes numbers with a minus sign as arguments, and the program's options on either side."""

    def get_params(self, ctx: "Context") -> "list[Parameter]":
        """Return the command's own options, then those of the program."""
        own = super().get_params(ctx)
        return [*own[:-1], *shared_options(ctx), own[-1]]

    def get_help_option(self, ctx: "Context") -> "TyperOption | None":
        """Return --help, writing to our own terminal."""
        return adapt_help(super().get_help_option(ctx))

    def make_parser(self, ctx: "Context") -> "_OptionParser":
        """Return Typer's parser, except that numbers and formulas with a minus sign go to the arguments.

        `ignore_unknown_options` would not do: with an option -f it reads -5f7 as x = -5 and -f 7.
        """
        return guard(super().make_parser(ctx), ctx, is_argument)

    def invoke(self, ctx: "Context") -> Any:
        """Give the program's options to the session, and the others to the command."""
        values = {option.name: ctx.params.pop(str(option.name), None) for option in shared_options(ctx)}
        session = ctx.obj
        if isinstance(session, Session):
            session.choose(*(values.get(name) for name in ("color", "theme", "threads", "memory")))
            _ = session.terminal.theme  # a wrong name is an error for every command
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Return the pieces of `[OPTIONS] FUNCTION [X]...`."""
        arguments = [p for p in self.get_params(ctx) if p.param_type_name == "argument"]
        return ["[OPTIONS]", *(_in_usage(argument) for argument in arguments)]

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write arguments and options under the headings of their declarations."""
        write_sections(self.get_params(ctx), ctx, formatter)

    def format_epilog(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002 - Typer's
        """Write the examples line by line."""
        write_as_is(self.epilog, formatter)


def guard(
    parser: "_OptionParser", ctx: "Context", is_argument: "Callable[[str], bool]" = lambda _: False
) -> "_OptionParser":
    """Make a parser of Typer's keep arguments that begin with a minus sign, and refuse options given twice.

    Its own errors become UsageError too.
    """
    process = parser._process_opts  # noqa: SLF001 - there is no public place; a test watches over it

    def process_or_keep(arg: str, state: "_ParsingState") -> None:
        if is_argument(arg):
            state.largs.append(arg)
            return
        try:
            process(arg, state)
        except typer.TyperException as error:
            if hasattr(error, "possibilities"):  # the word as typed: Typer would name -f for -format
                raise UsageError(unknown_option(arg, ctx)) from None
            raise UsageError(describe(error, ctx)) from None
        _refuse_repetition(state.order)

    parser._process_opts = process_or_keep  # type: ignore[method-assign] # noqa: SLF001
    return parser


def _refuse_repetition(order: "Sequence[Parameter]") -> None:
    """Raise UsageError where the last option on the line was there before and takes one value, or none."""
    last = order[-1]
    if last in order[:-1] and not getattr(last, "multiple", False) and not last.is_eager:
        raise UsageError(f"{_spoken_name(last)} is given twice; give it once")


def is_argument(word: str) -> bool:
    """Return whether a word with a leading `-` is a number, a list of numbers or a formula, not an option."""
    if word.startswith("--"):
        return False
    if any(character in "(*" or character.isspace() for character in word):
        return True
    if word[1:2] in {"i", "o", "h"}:
        if len(word) == 2:
            return False
    elif word == "-x" or any(
        character in "^/+%" or not (character.isascii() or character.isdecimal()) for character in word
    ):
        # formulas such as -x^2 and -√x; no option looks like this, and -o/a/path holds a file
        return True
    from actcli.sources.numbers.arguments import is_number_list

    return is_number_list(word)


def shared_options(ctx: "Context") -> "list[Parameter]":
    """Return the program's options that a command takes too."""
    if ctx.parent is None:
        return []
    return [option for option in ctx.parent.command.params if option.name != "version"]


def unknown_option(word: str, ctx: "Context") -> str:
    """Return the message for an unknown option: it names the nearest option, or the command that has it."""
    option = word.partition("=")[0]
    if option[1:2].isdigit() or option[1:2] == ".":
        return f"{word!r} is neither a number nor an option"
    known = [name for parameter in ctx.command.get_params(ctx) for name in parameter.opts]
    group = ctx.parent.command if ctx.parent else None
    if ctx.parent and isinstance(group, typer.core.TyperGroup):
        for name in group.list_commands(ctx.parent):
            other = group.get_command(ctx.parent, name)
            if other and any(option in parameter.opts for parameter in other.params):
                return f"{ctx.command_path} has no option {option!r}; {name} has it"
    if ctx.parent and any(option in parameter.opts for parameter in ctx.parent.command.params):
        return f"{ctx.command_path} has no option {option!r}; write {ctx.parent.command_path} {option}"
    if _is_parameter(option):
        name = option.lstrip("-")
        return f"no option {option!r}; a parameter stands behind its function, as in leaky_relu:0.2 or NAME:{name}=0.2"
    from difflib import get_close_matches

    # dashes would make any two options look alike
    long = {name.removeprefix("--"): name for name in known if name.startswith("--")}
    near = get_close_matches(option.lstrip("-"), long, n=1)
    if near:
        return f"no option {option!r}; did you mean {long[near[0]]}?"
    return f"no option {option!r}; {ctx.command_path} --help lists them"


def _is_parameter(option: str) -> bool:
    """Return whether an option is the name of a function's parameter."""
    from actcli.activations import catalogue

    name = option.lstrip("-")
    return any(name in {one.name, *one.aliases} for f in catalogue() for one in f.parameters)


def describe(error: typer.TyperException, context: "Context | None" = None) -> str:
    """Return an error of Typer's as one line: what is wrong, where, and what would be right."""
    context = context or getattr(error, "ctx", None)
    option = getattr(error, "option_name", None)
    if context is not None and hasattr(error, "possibilities"):
        return unknown_option(str(option), context)
    if isinstance(error, typer.BadParameter) and error.param is not None:
        if not error.message:  # a required argument
            path = context.command_path if context else "actcli"
            return f"{error.param.human_readable_name} is missing; {path} --help shows an example"
        return f"{_spoken_name(error.param)} {error.message.rstrip('.')}"
    if context is not None and option is not None:
        for parameter in context.command.get_params(context):
            if option in parameter.opts and "requires" in error.message:
                return f"{option} needs {parameter.metavar} after it{_choices(parameter)}"
    message = " ".join(error.format_message().split()).rstrip(".")
    if context is not None and "unexpected extra argument" in message:
        wanted = [p.human_readable_name for p in context.command.params if p.param_type_name == "argument"]
        extra = message.partition("(s)")[2].strip(" ()")
        return f"{context.command_path} takes one {wanted[-1]}; leave out {extra}"
    return message[:1].lower() + message[1:]


def _choices(parameter: "Parameter") -> str:
    """Return `: a, b or c`, the values of an option that has at most five; else nothing."""
    *others, last = getattr(parameter.type, "choices", None) or [""]
    return f": {', '.join(others)} or {last}" if 1 <= len(others) < 5 else ""


def _in_usage(argument: "Parameter") -> str:
    name = str(argument.metavar)
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs == -1 else "")


def _spoken_name(parameter: "Parameter") -> str:
    if parameter.param_type_name == "option":
        return max(parameter.opts, key=len)
    return parameter.human_readable_name


def adapt_help(option: "TyperOption | None") -> "TyperOption | None":
    """Return Typer's --help option with our words, writing to the session's terminal."""
    if option is not None:
        option.help = "Show this help."
        option.callback = _show_help
        option.rich_help_panel = "Program"
    return option


def _show_help(ctx: "Context", parameter: "Parameter", value: Any) -> None:  # noqa: ARG001 - Typer's
    if value and not ctx.resilient_parsing:
        show_help(ctx)


def show_help(ctx: "Context") -> NoReturn:
    """Write the help of a command, or of the program, and end the run."""
    text = ctx.get_help() + "\n"
    ctx.obj.choose(*_typed(ctx.obj.arguments), None, None)
    terminal = ctx.obj.terminal
    if terminal.color:
        from actcli.render.text.help_page import paint_help
        from actcli.render.text.theme import THEMES

        text = paint_help(text, THEMES[terminal.theme])
    terminal.write(text.encode())
    ctx.exit()


def _typed(arguments: "Sequence[str]") -> "list[str | None]":
    """Return the values of --color and --theme anywhere on the command line; --help ends its reading before them."""
    from actcli.terminal import THEMES

    found: dict[str, str | None] = {"--color": None, "--theme": None}
    for at, argument in enumerate(arguments):
        name, sign, value = argument.partition("=")
        if name in found:
            found[name] = value if sign else next(iter(arguments[at + 1 :]), None)
    known = {"--color": ("auto", "always", "never"), "--theme": THEMES}
    return [text if (text := (found[name] or "").lower()) in known[name] else None for name in found]


def write_sections(parameters: "Sequence[Parameter]", ctx: "Context", formatter: "HelpFormatter") -> None:
    """Write one definition list per heading, in the order of the declarations, all with the same columns."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            if parameter.param_type_name == "argument":
                record = (_in_usage(parameter).strip("[]."), str(getattr(parameter, "help", "")))
            heading = getattr(parameter, "rich_help_panel", None) or "Options"
            sections.setdefault(heading, []).append((record[0].ljust(FIRST_COLUMN), record[1]))
    for heading, rows in sections.items():
        with formatter.section(heading):
            formatter.write_dl(rows, col_max=FIRST_COLUMN)


def write_as_is(epilog: str | None, formatter: "HelpFormatter") -> None:
    """Write a text whose lines are already broken."""
    if epilog:
        formatter.write_paragraph()
        formatter.write(epilog.strip("\n") + "\n")
