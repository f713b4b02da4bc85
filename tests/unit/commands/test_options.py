"""The declarations: they agree with what the layers below understand, and their parsers refuse with a sentence."""

from typing import get_args

import typer

from actcli.activations import SIDES
from actcli.app import COMMANDS, app
from actcli.commands import options
from actcli.commands.grad import KinkRule
from actcli.render.output.layout import TEXT_FORMATS
from actcli.sources import OnError


def test_choices_are_those_of_the_layers_below() -> None:
    assert get_args(options.FormatName) == TEXT_FORMATS
    assert get_args(options.ErrorChoice) == tuple(OnError)
    assert get_args(KinkRule) == SIDES


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


def test_the_highest_order_is_the_one_of_the_core():
    from actcli.activations.activation import HIGHEST_ORDER

    # declared again for the help alone: the core would load NumPy for it
    assert options.HIGHEST_ORDER == HIGHEST_ORDER
