"""`actcli save`: a formula under a name of one's own."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from actcli.commands.build import build_command
from actcli.commands.declaration import Argument, Option
from actcli.commands.own.change import File, change_functions
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.activations import Parameter
    from actcli.activations.personal import Entry
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli save my_gate 'x*sigmoid(b*x)' --set b=1.5 --bounds b=0:10
  actcli save squash 'tanh(g*x)/g' --bounds 'g=(0:' --note 'tanh of any height'
  actcli save my_gate 'x*sigmoid(b*x)' --force
  actcli eval my_gate:b=2 1
"""
_BOUNDS = re.compile(r"([\[(]?)([^\[\]():]*):([^\[\]():]*)([\])]?)")


@dataclass(frozen=True, kw_only=True)
class SaveOptions:
    """The command line of `save`."""

    name: Annotated[str, Argument("NAME", help="The name: letters, digits and _, not one of the catalogue.")]
    formula: Annotated[
        str,
        Argument("FORMULA", help="A formula in x: 'x*sigmoid(b*x)'; functions of your own are known in it."),
    ]
    settings: Annotated[
        tuple[str, ...],
        Option("--set", metavar="NAME=VALUE", help="Default value of a parameter. Repeatable; all are used."),
    ] = ()
    bounds: Annotated[
        tuple[str, ...],
        Option(
            "--bounds",
            metavar="NAME=LO:HI",
            help="Bounds of a parameter; either may be missing, and a round bracket excludes one: 'b=(0:10]'. "
            "Repeatable; all are used.",
        ),
    ] = ()
    note: Annotated[
        str, Option("--note", metavar="TEXT", help="A description, which list and info show.")
    ] = ""
    force: Annotated[bool, Option("--force", help="Replace a function of your own; its aliases stay.")] = (
        False
    )
    functions: File = None


def save_function(options: SaveOptions, session: "Session") -> None:
    """Keep a formula under a name of your own.

    It is written to functions.toml, after a check; the rest of that file stays
    as it is. Every command knows the name from then on.
    """
    from actcli.activations.personal import Entry, refuse_name
    from actcli.sources.functions.functions_text import with_entry

    name = options.name
    refusal = refuse_name(name)
    if refusal:
        raise UsageError(f"{name} cannot be saved: {refusal}")
    formula, parameters = _formula(options), tuple(_parameters(options))
    note = " ".join(options.note.split())
    if not note.isprintable():
        raise UsageError("--note has characters that cannot be shown; leave them out")

    def make(content: bytes, path: str, entries: "list[Entry]") -> bytes:
        old = _same(name, entries)
        if old is not None and not options.force:
            raise UsageError(
                f"{old.name} is in {path} already; replace it with --force, or take another name"
            )
        aliases = () if old is None else old.aliases
        return with_entry(content, path, Entry(name, path, formula, parameters, aliases, note))

    path = change_functions(name, options.functions, make, session)
    session.terminal.say(f"actcli: {name} is saved in {path}; actcli info {name} shows it")


def _same(name: str, entries: "Sequence[Entry]") -> "Entry | None":
    """Return the entry of that name. Raises UsageError where it is the alias of another."""
    from actcli.activations.names import normalise

    for entry in entries:
        if normalise(entry.name) == normalise(name):
            return entry
        if normalise(name) in entry.names:
            raise UsageError(f"{name} is an alias of {entry.name} already; take another name")
    return None


def _formula(options: SaveOptions) -> str:
    """Return the formula on one line. Raises UsageError for a name, and for parameters after a colon."""
    from actcli.activations.names import split_parameters
    from actcli.activations.resolve import is_name

    text = " ".join(options.formula.split())
    head, tail = split_parameters(text)
    if is_name(text):
        call = head if tail is None else f"{head.strip()}(x, {tail})"
        right = f"{head.strip()}(x)" if tail is None else call
        raise UsageError(f"{text!r} is a function by itself; write it as a formula in x: '{right}'")
    if tail is not None:
        raise UsageError(f"{text!r}: give parameters by --set: {head.strip()!r} --set {tail.split(',')[0]}")
    return text


def _parameters(options: SaveOptions) -> "list[Parameter]":
    """Return the parameters with the values and bounds of the options. Raises UsageError for malformed ones."""
    from actcli.activations import Parameter

    defaults = {
        name: _number(value, f"--set {text!r}") for name, value, text in _pairs("--set", options.settings)
    }
    bounds = {name: _interval(value, text) for name, value, text in _pairs("--bounds", options.bounds)}
    parameters = []
    for name in dict.fromkeys((*defaults, *bounds)):
        low, high, open_low, open_high = bounds.get(name, (-math.inf, math.inf, False, False))
        parameters.append(
            Parameter(
                name, defaults.get(name, math.nan), low=low, high=high, open_low=open_low, open_high=open_high
            )
        )
    return parameters


def _pairs(option: str, texts: "Sequence[str]") -> "list[tuple[str, str, str]]":
    """Return the name, value and text of each NAME=VALUE. Raises UsageError for another text, or a name twice."""
    from actcli.activations.names import GREEK

    pairs: dict[str, tuple[str, str, str]] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        name = GREEK.get(name, name)
        if not (name and equals and value):
            right = "NAME=VALUE, such as b=1.5" if option == "--set" else "NAME=LO:HI, such as b=0:10"
            raise UsageError(f"{option} {text!r} is not {right}")
        if name in pairs:
            raise UsageError(f"{option} {name} is given twice; give it once")
        pairs[name] = (name, value, text)
    return list(pairs.values())


def _interval(text: str, owner: str) -> tuple[float, float, bool, bool]:
    match = _BOUNDS.fullmatch(text)
    if match is None or not (match[2].strip() or match[3].strip()):
        raise UsageError(f"--bounds {owner!r} is not NAME=LO:HI, such as b=0:10, b=0: or 'b=(0:1)'")
    low = _number(match[2], f"--bounds {owner!r}") if match[2].strip() else -math.inf
    high = _number(match[3], f"--bounds {owner!r}") if match[3].strip() else math.inf
    return low, high, match[1] == "(", match[4] == ")"


def _number(text: str, owner: str) -> float:
    from actcli.sources.numbers.arguments import numbers_in

    numbers = numbers_in(text.strip())
    if len(numbers) != 1 or not math.isfinite(numbers[0]):
        raise UsageError(f"{owner}: {text.strip()!r} is not a finite number")
    return numbers[0]


command = build_command("save", SaveOptions, save_function, epilog=EPILOG)
