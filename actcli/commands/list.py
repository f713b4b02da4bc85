"""`actcli list`: the functions of the catalogue, and a person's own."""

import math
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from actcli.commands.build import build_command
from actcli.commands.declaration import Argument, Option
from actcli.commands.options import FUNCTION_FILES, Document, Format
from actcli.commands.values import one_of
from actcli.dataclass import dataclass
from actcli.exits import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.activations import Definition
    from actcli.commands.session import Session

FamilyName = Literal["rectifier", "exponential", "gated", "sigmoid", "shrink", "wave", "row", "formula"]
FrameworkName = Literal["torch", "jax", "keras", "onnx", "hf"]

FILTERS = "Filters"
MOST_PARTS = 4000
"""Operations of all formulas together of which facts are measured: some ten seconds of work."""

_filter_option = partial(Option, section=FILTERS)
EPILOG = """\
Examples:
  actcli list
  actcli list relu
  actcli list 'hard*' --framework torch
  actcli list --smooth --monotone --bounded
  for f in $(actcli list --family gated); do actcli info $f; done
"""


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The command line of `list`."""

    pattern: Annotated[
        str | None,
        Argument(
            "PATTERN",
            help="Part of a name or alias, or a pattern (* ? []) for a whole name. Case, - and _ do not matter.",
        ),
    ] = None
    family: Annotated[
        FamilyName | None,
        _filter_option("--family", metavar="NAME", help=f"{one_of(FamilyName)}."),
    ] = None
    smooth: Annotated[
        bool, _filter_option("--smooth", help="Only functions with derivatives of every order.")
    ] = False
    monotone: Annotated[
        bool,
        _filter_option("--monotone", help="Only functions that never decrease, or never increase."),
    ] = False
    bounded: Annotated[bool, _filter_option("--bounded", help="Only functions with a finite range.")] = False
    framework: Annotated[
        FrameworkName | None,
        _filter_option(
            "--framework",
            metavar="NAME",
            help=f"Only functions of {one_of(FrameworkName)}; a table shows their names there.",
        ),
    ] = None
    own: Annotated[bool, _filter_option("--own", help="Only your own functions.")] = False
    function_files: Annotated[tuple[str, ...], FUNCTION_FILES] = ()
    format: Format = None
    output: Document = None


def list_functions(options: ListOptions, session: "Session") -> ExitStatus:
    """List the activation functions, all or those that match.

    A table on a terminal, one name per line in a pipe. The facts hold at a
    function's default parameters; actcli info shows them at any. Your own
    functions come last; their family is formula.
    """
    from actcli.render.output.layout import choose_layout

    layout = choose_layout(
        options.format, options.output, with_x=False, digits=None, terminal=session.terminal
    )

    from actcli.activations import catalogue, registered
    from actcli.commands.functions import load_functions
    from actcli.render.card.listing import write_listing

    load_functions(options.function_files, session.terminal)
    definitions = [
        definition
        for definition in (*(() if options.own else catalogue()), *registered())
        if matches(definition, options.pattern)
        and (options.family is None or definition.family == options.family)
        and (
            options.framework is None
            or any(names.framework == options.framework for names in definition.frameworks)
        )
    ]
    if layout.format != "plain" or options.smooth or options.monotone or options.bounded:
        definitions, left_out = add_facts(definitions)
        if left_out:
            session.terminal.say(
                f"actcli: the facts of {left_out:,} of your functions are not shown: the formulas of a list may "
                f"have {MOST_PARTS:,} operations together; actcli info NAME shows them"
            )
    listed = [
        one
        for one in definitions
        if meets(one, smooth=options.smooth, monotone=options.monotone, bounded=options.bounded)
    ]
    session.writes()
    write_listing(listed, options.framework, layout, session.terminal)
    if not listed:
        session.terminal.say("actcli: no function matches; actcli list shows them all")
        return ExitStatus.FAILED
    return ExitStatus.DONE


def add_facts(
    definitions: "Sequence[Definition]", most_parts: int = MOST_PARTS
) -> "tuple[list[Definition], int]":
    """Return the definitions with the facts of formulas measured, and how many formulas have none.

    A fact of a formula takes milliseconds per operation, so that the first formulas with `most_parts` operations
    together get theirs. The catalogue states its facts.
    """
    from actcli.activations.definition import FORMULA
    from actcli.analysis.card.properties import with_facts

    with_them: list[Definition] = []
    parts = left_out = 0
    for definition in definitions:
        is_formula = definition.family == FORMULA
        parts += definition.parts if is_formula else 0
        if is_formula and parts > most_parts:
            left_out += 1
            with_them.append(replace(definition, range=(math.nan, math.nan), smoothness=math.nan))
        else:
            with_them.append(with_facts(definition))
    return with_them, left_out


def matches(definition: "Definition", pattern: str | None) -> bool:
    """Return whether the pattern is part of a name or alias, or with wildcards fits a whole one."""
    if pattern is None:
        return True
    wanted = _key(pattern)
    names = [_key(name) for name in (definition.name, *definition.aliases)]
    if not re.search(r"[*?\[]", wanted):
        return any(wanted in name for name in names)
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, wanted) for name in names)


def meets(definition: "Definition", *, smooth: bool, monotone: bool, bounded: bool) -> bool:
    """Return whether the definition has the properties asked for. Functions over rows are never monotone."""
    return (
        (not smooth or definition.smoothness == float("inf"))
        and (not monotone or (definition.monotone and not definition.by_rows))
        and (not bounded or all(abs(end) < float("inf") for end in definition.range))
    )


def _key(name: str) -> str:
    """Return a name or pattern in lower case, without - and _; ranges in brackets stay."""
    return re.sub(r"(\[!?\]?[^]]*\])|[-_]", r"\1", name.strip().lower())


command = build_command("list", ListOptions, list_functions, epilog=EPILOG)
