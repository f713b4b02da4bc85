"""`actcli list`: the functions of the catalogue, and a person's own."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from actcli.commands import options
from actcli.commands.parser import Command

if TYPE_CHECKING:
    from actcli.activations import Definition
    from actcli.commands.session import Session

FamilyName = Literal["rectifier", "exponential", "gated", "sigmoid", "shrink", "wave", "row", "formula"]
FrameworkName = Literal["torch", "jax", "keras", "onnx"]

FILTERS = "Filters"

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli list
  actcli list relu
  actcli list 'hard*' --framework torch
  actcli list --smooth --monotone --bounded
  for f in $(actcli list --family gated); do actcli info $f; done
"""

Pattern = Annotated[
    str | None,
    typer.Argument(
        metavar="PATTERN",
        help="A part of a name or alias, or with * ? [] a pattern for all of it; case, - and _ do not matter.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
Family = Annotated[
    FamilyName | None,
    typer.Option("--family", metavar="NAME", help=f"{options.one_of(FamilyName)}.", rich_help_panel=FILTERS),
]
Smooth = Annotated[
    bool,
    typer.Option("--smooth", help="Only functions with derivatives of every order.", rich_help_panel=FILTERS),
]
Monotone = Annotated[
    bool,
    typer.Option("--monotone", help="Only functions that never turn back.", rich_help_panel=FILTERS),
]
Bounded = Annotated[
    bool,
    typer.Option("--bounded", help="Only functions with a finite range.", rich_help_panel=FILTERS),
]
Framework = Annotated[
    FrameworkName | None,
    typer.Option(
        "--framework",
        metavar="NAME",
        help=f"Only functions that {options.one_of(FrameworkName)} has; a table shows their names there.",
        rich_help_panel=FILTERS,
    ),
]


@command.command("list", cls=Command, epilog=EPILOG)
def list_functions(
    context: typer.Context,
    pattern: Pattern = None,
    family: Family = None,
    smooth: Smooth = False,
    monotone: Monotone = False,
    bounded: Bounded = False,
    framework: Framework = None,
    definitions: options.Definitions = None,
    format_: options.Format = None,
    output: options.Document = None,
) -> None:
    """List the activation functions, all or those that match.

    A table on a terminal, one name a line in a pipe. What is said of a function
    holds at its default parameters; actcli info says it for any. Your own come
    last; their family is formula.
    """
    from actcli.render.output.layout import choose_layout

    session: Session = context.obj
    layout = choose_layout(format_, output, with_x=False, digits=None, terminal=session.terminal)

    from actcli.activations import catalogue, registered
    from actcli.commands.functions import know_functions
    from actcli.render.card.listing import write_listing

    know_functions(definitions, session.terminal)
    named = [
        definition
        for definition in (*catalogue(), *registered())
        if named_like(definition, pattern)
        and (family is None or definition.family == family)
        and (framework is None or any(names.framework == framework for names in definition.frameworks))
    ]
    if layout.format != "plain" or smooth or monotone or bounded:
        from actcli.analysis.card.properties import with_facts

        named = [with_facts(definition) for definition in named]
    chosen = [one for one in named if meets(one, smooth=smooth, monotone=monotone, bounded=bounded)]
    session.writes()
    write_listing(chosen, framework, layout, session.terminal)
    if not chosen:
        session.terminal.say("actcli: no function matches; actcli list shows them all")


def named_like(definition: "Definition", pattern: str | None) -> bool:
    """Whether the pattern is a part of a name or alias, or as a pattern fits all of it."""
    if pattern is None:
        return True
    wanted = _key(pattern)
    names = [_key(name) for name in (definition.name, *definition.aliases)]
    if not re.search(r"[*?\[]", wanted):
        return any(wanted in name for name in names)
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, wanted) for name in names)


def meets(definition: "Definition", *, smooth: bool, monotone: bool, bounded: bool) -> bool:
    """Whether the definition has what is asked of it; a row has no direction, so that none over rows is monotone."""
    return (
        (not smooth or definition.smoothness == float("inf"))
        and (not monotone or (definition.monotone and not definition.by_rows))
        and (not bounded or all(abs(end) < float("inf") for end in definition.range))
    )


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")
