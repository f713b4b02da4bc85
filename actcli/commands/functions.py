"""The functions that a command line names, with what --set and --no-rewrite say about them."""

import os
from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actcli.activations import Activation
    from actcli.activations.personal import Entry
    from actcli.terminal import Terminal


def know_functions(files: "Sequence[str] | None", terminal: "Terminal") -> None:
    """Make a person's own functions known: those of --functions, and those of their personal file.

    The personal file is read when a name is looked for that the catalogue does not have. Where two files define a
    name, --functions holds, and the last of several. What is wrong with an entry, or with the personal file, is
    told on stderr. Raises DataError for a file of --functions, and for what ACTCLI_CONFIG names, when it is missing,
    and for the former when it cannot be read.
    """
    from actcli.activations import await_functions

    named = _each_once(files or ())
    given: list[Entry] = []
    # else there is nothing to look at before a name is missed
    if named or terminal.environ.get("ACTCLI_CONFIG"):
        from actcli.sources.functions.functions_file import personal_file, read_functions

        personal_file(terminal.environ)
        given = [entry for path in named.values() for entry in read_functions(path)]

    def tell(sentence: str) -> None:
        from actcli.render.text.cells import printable

        terminal.say(f"actcli: {printable(sentence)}")

    def load() -> "list[Entry]":
        from actcli.sources.functions.functions_file import personal_file, read_personal_functions

        try:
            own = personal_file(terminal.environ)
            is_named = own is not None and os.path.realpath(own) in named
            entries = [] if is_named else read_personal_functions(terminal.environ)
        except DataError as error:
            tell(str(error))
            entries = []
        return [*entries, *given]

    await_functions(load, tell)


def _each_once(files: "Sequence[str]") -> dict[str, str]:
    """The files by their real paths, in the order of their last mention; one may have several names."""
    if not all(files):
        raise UsageError("--functions names no file; write --functions FILE")
    found: dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file)
        found.pop(real, None)
        found[real] = file
    return found


def specifications(
    specs: "Sequence[str]", settings: "Sequence[str] | None", no_rewrite: bool
) -> tuple[str, ...]:
    """The specifications with --set's values as their parameters, and formulas in plain() with --no-rewrite.

    Raises UsageError for a setting that is none, that no function has a parameter for, or that one has already;
    and for --no-rewrite where no formula is.
    """
    if not settings and not no_rewrite:
        return tuple(specs)
    from actcli.activations.resolve import is_name, parameter_names, split_layers

    values = _values(settings or ())
    layers = [split_layers(spec) for spec in specs]
    if no_rewrite and all(is_name(part) for parts in layers for part in parts):
        raise UsageError(
            "--no-rewrite is about formulas as they are typed; what is named has nothing to rewrite, "
            "or has plain(...) in its own formula"
        )
    unused = dict(values)
    adapted = tuple(
        "/".join(_adapted(part, len(parts) > 1, values, unused, no_rewrite) for part in parts)
        for parts in layers
    )
    if unused:
        named = " or ".join(specs)
        known = dict.fromkeys(name for parts in layers for part in parts for name in parameter_names(part))
        has = f"known {'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else "there are none"
        raise UsageError(f"--set {next(iter(unused))}: {named} has no parameter of that name; {has}")
    return adapted


def say_what_was_rewritten(functions: "Iterable[Activation]", terminal: "Terminal") -> None:
    """Tell a person, on stderr, in which form a formula is computed where that is not the one that was typed."""
    from actcli.activations.definition import FORMULA
    from actcli.render.text.cells import printable

    if not terminal.stderr_is_tty:
        return
    from actcli.activations.formula import read_expression

    written = [f.definition for f in functions if f.definition.family == FORMULA and not f.is_named]
    said = dict.fromkeys(one for definition in written for one in read_expression(definition).rewritings)
    if said:
        forms = ", ".join(f"{one.before} as {one.after}" for one in said)
        terminal.say(printable(f"actcli: computed without loss of digits: {forms} (--no-rewrite: as typed)"))


def _values(settings: "Sequence[str]") -> dict[str, str]:
    from actcli.sources.numbers.arguments import numbers_in

    values: dict[str, str] = {}
    for text in settings:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and len(numbers_in(value)) == 1):
            raise UsageError(f"--set {text!r} sets nothing; write NAME=VALUE, such as b=1.5")
        if name in values:
            raise UsageError(f"--set {name} is given twice")
        values[name] = value
    return values


def _adapted(
    part: str, in_stack: bool, values: dict[str, str], unused: dict[str, str], no_rewrite: bool
) -> str:
    from actcli.activations.names import split_parameters
    from actcli.activations.resolve import is_name, parameter_of

    head, tail = split_parameters(part)
    if not is_name(part):
        if no_rewrite:
            head = f"plain({head.strip()})"
        if in_stack:
            head = f"({head.strip()})"
    given = [] if tail is None else [tail]
    for name, value in values.items():
        if parameter_of(part, name) is not None:
            given.append(f"{name}={value}")
            unused.pop(name, None)
    return ":".join([head, ",".join(given)]) if given else head
