"""The command line as the completion scripts see it: commands, options, and the words that can follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Kind = Literal["function", "file", "choice", "other"]


@dataclass(frozen=True, slots=True)
class CompletedOption:
    """One option.

    Attributes:
        names: `--input`, `-i`.
        summary: its help, in one line.
        values: how many words follow it: 0, 1 or 2.
        kind: what these words are.
        choices: the words, where there is a list of them.
        label: what the help calls its value.

    """

    names: tuple[str, ...]
    summary: str
    values: int
    kind: Kind = "other"
    choices: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class CompletedArgument:
    """One positional argument; the last one of a command may repeat."""

    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class CompletedCommand:
    """One command with its options, the program's own among them."""

    name: str
    summary: str
    options: tuple[CompletedOption, ...]
    arguments: tuple[CompletedArgument, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole command line.

    Attributes:
        commands: in the order of the help.
        options: those that stand before the command.
        functions: every name of a function, to the names of its parameters.

    """

    commands: tuple[CompletedCommand, ...]
    options: tuple[CompletedOption, ...]
    functions: dict[str, tuple[str, ...]]

    @property
    def plain_names(self) -> list[str]:
        """The functions' names without a dialect."""
        return sorted(name for name in self.functions if "." not in name)

    @property
    def dialect_names(self) -> list[str]:
        """The functions' names below `torch.` and so on."""
        return sorted(name for name in self.functions if "." in name)

    @property
    def dialects(self) -> list[str]:
        """`jax.`, `keras.` …: offered instead of all the names below them."""
        return sorted({name.partition(".")[0] + "." for name in self.dialect_names})

    def by_parameters(self) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Parameters and the functions that take just these."""
        taking = sorted((parameters, name) for name, parameters in self.functions.items() if parameters)
        for parameters, group in groupby(taking, key=lambda pair: pair[0]):
            yield parameters, [name for _, name in group]

    def meanings(self) -> list[tuple[str, CompletedOption]]:
        """Every option once for each meaning, with the command in which it means that; `*` is any other.

        What is said of one command comes first. --sort takes a column in one command and nothing in another.
        """
        found: dict[str, CompletedOption] = {}
        for option in [*self.options, *(option for command in self.commands for option in command.options)]:
            found.setdefault(option.names[0], option)
        own = [
            (command.name, option)
            for command in self.commands
            for option in command.options
            if _meaning(option) != _meaning(found[option.names[0]])
        ]
        return [*own, *(("*", option) for option in found.values())]


def _meaning(option: CompletedOption) -> tuple[int, Kind, tuple[str, ...]]:
    return option.values, option.kind, option.choices
