"""The outline of the command line that completion scripts use: commands, options, and the words that may follow."""

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
        summary: its help in one line.
        values: the number of words that follow it: 0, 1 or 2.
        kind: the kind of these words.
        choices: the words, where a list of them exists.
        label: the name of its value in the help.

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
    """One command with its options, including those of the program."""

    name: str
    summary: str
    options: tuple[CompletedOption, ...]
    arguments: tuple[CompletedArgument, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole command line.

    Attributes:
        commands: all commands, in the order of the help.
        options: those before the command.
        functions: the names of the parameters of each function, by its names.

    """

    commands: tuple[CompletedCommand, ...]
    options: tuple[CompletedOption, ...]
    functions: dict[str, tuple[str, ...]]

    @property
    def plain_names(self) -> list[str]:
        """The names of functions without a dialect."""
        return sorted(name for name in self.functions if "." not in name)

    @property
    def dialect_names(self) -> list[str]:
        """The names of functions behind `torch.` and other dialects."""
        return sorted(name for name in self.functions if "." in name)

    @property
    def dialects(self) -> list[str]:
        """The dialects, `jax.`, `keras.` …: offered in place of all names behind them."""
        return sorted({name.partition(".")[0] + "." for name in self.dialect_names})

    def by_parameters(self) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Yield each list of parameters with the functions that take exactly these."""
        taking = sorted((parameters, name) for name, parameters in self.functions.items() if parameters)
        for parameters, group in groupby(taking, key=lambda pair: pair[0]):
            yield parameters, [name for _, name in group]

    def meanings(self) -> list[tuple[str, CompletedOption]]:
        """Return every option once per meaning, with its command; `*` stands for all other commands.

        An option may differ between commands: --sort takes a column in one and nothing in another. Those of one
        command come first.
        """
        first: dict[str, CompletedOption] = {}
        for option in [*self.options, *(option for command in self.commands for option in command.options)]:
            first.setdefault(option.names[0], option)
        own = [
            (command.name, option)
            for command in self.commands
            for option in command.options
            if _meaning(option) != _meaning(first[option.names[0]])
        ]
        return [*own, *(("*", option) for option in first.values())]


def _meaning(option: CompletedOption) -> tuple[int, Kind, tuple[str, ...]]:
    return option.values, option.kind, option.choices
