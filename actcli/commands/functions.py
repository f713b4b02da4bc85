"""The functions that a command line names, with --set and --no-rewrite applied to them."""

import os
from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from actcli.activations import Activation
    from actcli.activations.personal import Entry
    from actcli.commands.options import FunctionOptions
    from actcli.terminal import Terminal


def load_functions(files: "Sequence[str]", terminal: "Terminal") -> None:
    """Make a person's own functions available: those of --functions, and those of their personal file.

    The personal file is read when a name is looked up that the catalogue does not have. A definition in --functions
    wins over one in the personal file, and the last of several wins. Mistakes in an entry or in the personal file are
    reported on stderr. Raises DataError for a file of --functions that is missing or cannot be read, and for a
    missing file that ACTCLI_CONFIG names.
    """
    from actcli.activations import await_functions

    named = _last_mentions(files)
    entries_of_files: list[Entry] = []
    # without either there is nothing to look at before a name is missing
    if named or terminal.environ.get("ACTCLI_CONFIG"):
        from actcli.sources.functions.functions_file import personal_file, read_functions

        personal_file(terminal.environ)
        entries_of_files = [entry for path in named.values() for entry in read_functions(path)]

    def tell(sentence: str) -> None:
        from actcli.terminal import printable

        terminal.say(f"actcli: {printable(sentence)}")

    def load() -> "list[Entry]":
        return [*_personal_entries(named, terminal, tell), *entries_of_files]

    await_functions(load, tell)


def own_entries(files: "Sequence[str]", terminal: "Terminal") -> "list[Entry]":
    """Return the entries of the personal file and of --functions, for another process to define."""
    from actcli.sources.functions.functions_file import read_functions

    named = _last_mentions(files)
    personal = _personal_entries(named, terminal, lambda _: None)
    return [*personal, *(entry for path in named.values() for entry in read_functions(path))]


def _personal_entries(
    named: "Mapping[str, str]", terminal: "Terminal", tell: "Callable[[str], None]"
) -> "list[Entry]":
    """Return the entries of the personal file, none where it is named already or cannot be read."""
    from actcli.sources.functions.functions_file import personal_file, read_personal_functions

    try:
        own = personal_file(terminal.environ)
        is_named = own is not None and os.path.realpath(own) in named
        return [] if is_named else read_personal_functions(terminal.environ)
    except DataError as error:
        tell(str(error))
        return []


def _last_mentions(files: "Sequence[str]") -> dict[str, str]:
    """Return the files by their real paths, in the order of their last mention; one may have several names."""
    if not all(files):
        raise UsageError("--functions names no file; write --functions FILE")
    files_by_path: dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file)
        files_by_path.pop(real, None)
        files_by_path[real] = file
    return files_by_path


def resolve(spec: str, options: "FunctionOptions", terminal: "Terminal") -> "Activation":
    """Return the one function that a command names. Raises UsageError for a function that does not exist."""
    (f,) = resolve_all([spec], options, terminal)
    return f


def resolve_all(
    specs: "Sequence[str]", options: "FunctionOptions", terminal: "Terminal"
) -> "list[Activation]":
    """Return the functions that a command names. Raises UsageError for one that does not exist."""
    from actcli.activations import activation

    load_functions(options.function_files, terminal)
    functions = [activation(spec) for spec in specifications(specs, options)]
    tell_rewritings(functions, terminal)
    return functions


def specifications(specs: "Sequence[str]", options: "FunctionOptions") -> tuple[str, ...]:
    """Return the specifications as --framework, --set and --no-rewrite change them.

    Names are those of the framework, --set's values are parameters, and formulas are in plain(). Raises UsageError for
    a formula, or a name of another framework, with --framework; for a setting that is malformed, that fits no
    function, or that a function has already; and for --no-rewrite without a formula.
    """
    if options.framework is not None:
        specs = [_in_framework(spec, options.framework) for spec in specs]
    if not options.settings and not options.no_rewrite:
        return tuple(specs)
    from actcli.activations.resolve import is_name, parameter_names, split_layers

    values = _values(options.settings)
    layers = [split_layers(spec) for spec in specs]
    if options.no_rewrite and all(is_name(part) for parts in layers for part in parts):
        raise UsageError("--no-rewrite needs a formula; named functions are never rewritten")
    unused = dict(values)
    adapted = tuple(
        "/".join(_adapt(part, len(parts) > 1, values, unused, options.no_rewrite) for part in parts)
        for parts in layers
    )
    if unused:
        named = " or ".join(specs)
        existing = dict.fromkeys(name for parts in layers for part in parts for name in parameter_names(part))
        has = f"its parameters are {', '.join(existing)}" if existing else "it has none"
        raise UsageError(f"--set {next(iter(unused))}: {named} has no parameter of that name; {has}")
    return adapted


def _in_framework(spec: str, framework: str) -> str:
    """Return a specification with the framework before each name: `torch.gelu`."""
    from actcli.activations.names import DIALECTS, NAME, WORDS, expand_module, split_parameters, split_slashes

    dialect = expand_module(f"{framework}.x").partition(".")[0]
    parts = []
    for part in map(str.strip, split_slashes(spec)):
        head = split_parameters(part)[0].strip()
        own = expand_module(head).partition(".")[0].lower()
        if not (NAME.fullmatch(head) or WORDS.fullmatch(head)) or head == "x":
            raise UsageError(f"--framework says whose named functions are meant; {part!r} is a formula")
        if own in DIALECTS and own != dialect and "." in head:
            raise UsageError(f"{part} is a function of {own}; leave out --framework {framework}")
        parts.append(part if own == dialect and "." in head else f"{dialect}.{part}")
    return "/".join(parts)


def tell_rewritings(functions: "Iterable[Activation]", terminal: "Terminal") -> None:
    """Tell a person, on stderr, which parts of their formulas are computed in another form than the typed one."""
    from actcli.activations.definition import FORMULA
    from actcli.terminal import printable

    if not terminal.stderr_is_tty:
        return
    from actcli.activations.formula import read_expression

    written = [f.definition for f in functions if f.definition.family == FORMULA and not f.is_named]
    rewritings = dict.fromkeys(
        one for definition in written for one in read_expression(definition).rewritings
    )
    if rewritings:
        forms = ", ".join(f"{one.before} as {one.after}" for one in rewritings)
        terminal.say(printable(f"actcli: computed without loss of digits: {forms} (--no-rewrite: as typed)"))


def _values(settings: "Sequence[str]") -> dict[str, str]:
    from actcli.sources.numbers.arguments import numbers_in

    values: dict[str, str] = {}
    for text in settings:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and len(numbers_in(value)) == 1):
            raise UsageError(f"--set {text!r} is not NAME=VALUE, such as b=1.5")
        if name in values:
            raise UsageError(f"--set {name} is given twice; give it once")
        values[name] = value
    return values


def _adapt(
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
    parameters = [] if tail is None else [tail]
    for name, value in values.items():
        if parameter_of(part, name) is not None:
            parameters.append(f"{name}={value}")
            unused.pop(name, None)
    return ":".join([head, ",".join(parameters)]) if parameters else head
