"""Which words with a minus sign are arguments, and that Typer's parser still has the place where this is said."""

import pytest
import typer
from typer.core import TyperCommand

from actcli.commands.parser import Command, is_argument
from actcli.exits import UsageError


@pytest.mark.parametrize(
    "word",
    [
        "-1",
        "-.5",
        "-5.",
        "-1e-3",
        "-inf",
        "-nan",
        "-Infinity",
        "-1,-2",
        "-1 2",
        "-tanh(x)",
        "-x*2",
        "-x + 1",
        "-x",
        "-x^2",
        "-x/2",
        "-x+1",
        "-2^x",
        "-x%2",
        "-√x",
        "-x²",
        "-β/x",
    ],
)
def test_numbers_and_formulas_are_arguments(word: str) -> None:
    assert is_argument(word)


@pytest.mark.parametrize(
    "word",
    [
        "-i",
        "-o",
        "-h",
        "--range",
        "--1",
        "-5f7",
        "-1_0",
        "-q",
        "--with x",
        "-\u0663",
        "-o/tmp/y.npy",
        "-ia+b.txt",
    ],
)
def test_everything_else_may_be_an_option(word: str) -> None:
    assert not is_argument(word)


def test_typers_parser_processes_options_where_we_step_in() -> None:
    """The canary: without this private method `-1` would be an option again."""
    app = typer.Typer(add_completion=False)
    taken: list[list[str]] = []

    @app.command(cls=Command)
    def take(x: list[str]) -> None:
        taken.append(x)

    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    parser = command.make_parser(typer.Context(command))
    assert "_process_opts" in vars(parser), "this parser is not wrapped"
    assert "_process_opts" in dir(type(parser)), "Typer has renamed the method: find the new place"
    command.main(["-1", "2", "-3,-4"], standalone_mode=False)
    assert taken == [["-1", "2", "-3,-4"]]
    with pytest.raises(UsageError, match="neither a number nor an option"):
        command.main(["-5f7"], standalone_mode=False)
