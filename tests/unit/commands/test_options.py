"""The declarations: they agree with what the layers below understand, and their parsers refuse with a sentence."""

from typing import get_args

import pytest
import typer

from actcli.activations import SIDES
from actcli.app import COMMANDS, app
from actcli.commands import options
from actcli.exits import UsageError
from actcli.render.output.layout import TEXT_FORMATS
from actcli.sources import OnError


def test_choices_are_those_of_the_layers_below() -> None:
    assert get_args(options.FormatName) == TEXT_FORMATS
    assert get_args(options.ErrorChoice) == tuple(OnError)
    assert get_args(options.KinkRule) == SIDES


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    context = typer.Context(group)
    for name, summary in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.help is not None
        assert command.help.splitlines()[0] == summary


def test_eval_and_grad_share_their_options() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    context = typer.Context(group)
    declared = {}
    for name in ("eval", "grad"):
        command = group.get_command(context, name)
        assert command is not None
        declared[name] = {p.name: (p.opts, p.metavar, getattr(p, "help", "")) for p in command.params}
    assert declared["eval"].items() <= declared["grad"].items()
    assert set(declared["grad"]) - set(declared["eval"]) == {
        "order",
        "wrt",
        "at_kink",
        "jacobian",
        "check",
        "tolerance",
    }


@pytest.mark.parametrize("text", ["1", "007", "100"])
def test_whole_numbers(text: str) -> None:
    assert options.whole_number("--points", 1, 100)(text) == int(text)


@pytest.mark.parametrize("text", ["", "0", "101", "-1", "+1", "1.0", "1e1", "1_0", "\u0663", "²", "9" * 5000])
def test_what_is_no_whole_number_in_the_bounds(text: str) -> None:
    with pytest.raises(UsageError, match="is not a whole number from 1 to 100"):
        options.whole_number("--points", 1, 100)(text)


def test_an_axis_may_count_from_the_end() -> None:
    parse = options.whole_number("--axis", -64, 63)
    assert (parse("-1"), parse("0")) == (-1, 0)
    with pytest.raises(UsageError):
        parse("--1")


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1,2", "1 2", "0x1", "1_0", "x"])
def test_what_is_no_finite_number(text: str) -> None:
    with pytest.raises(UsageError, match="is not a finite number"):
        options.finite_number("--range")(text)


def test_a_list_in_words() -> None:
    assert options.one_of(options.ColorChoice) == "auto, always or never"


def test_the_highest_order_is_the_one_of_the_core():
    from actcli.activations.activation import HIGHEST_ORDER

    # declared again for the help alone: the core would load NumPy for it
    assert options.HIGHEST_ORDER == HIGHEST_ORDER
