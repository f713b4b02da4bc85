"""Declared options: what a class of options becomes, and what every declaration of the program must hold to."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_origin

import pytest
import typer
from invocation import refused

from actcli.commands.build import build_command
from actcli.commands.compare.modes import WAYS_IN_WORDS
from actcli.commands.compare.options import CompareOptions
from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.deadcheck.options import MODES_IN_WORDS, DeadcheckOptions
from actcli.commands.declaration import Argument, Option, declared
from actcli.commands.eval import EvalOptions
from actcli.commands.grad import GradOptions
from actcli.commands.info import InfoOptions
from actcli.commands.list import ListOptions
from actcli.commands.plot.options import PlotOptions
from actcli.commands.values import whole_number
from actcli.exits import ExitStatus, UsageError

COMMANDS = {
    "eval": (EvalOptions, {}),
    "grad": (GradOptions, {}),
    "plot": (PlotOptions, dict.fromkeys(("characters", "figure", "series"), "")),
    "compare": (CompareOptions, WAYS_IN_WORDS),
    "deadcheck": (DeadcheckOptions, MODES_IN_WORDS),
    "list": (ListOptions, {}),
    "info": (InfoOptions, {}),
}
OPTIONS = [
    pytest.param(command, one, id=f"{command} {one.declaration.name}")
    for command, (options, _) in COMMANDS.items()
    for one in declared(options)
    if isinstance(one.declaration, Option)
]


@dataclass(frozen=True, kw_only=True)
class GreetOptions:
    name: Annotated[str, Argument("NAME", help="Whom to greet.")]
    times: Annotated[
        int | None, Option("--times -t", metavar="N", parse=whole_number(1, 9), help="Count.")
    ] = None
    size: Annotated[tuple[int, int] | None, Option("--size", "Size.", metavar="W H", parse=int)] = None
    tags: Annotated[tuple[str, ...], Option("--tag", "Tags.", metavar="TAG", needs=("--times",))] = ()
    tone: Annotated[Literal["warm", "cool"], Option("--tone", "Tone.", metavar="TONE", default="warm")] = (
        "warm"
    )
    loud: Annotated[bool, Option("--loud", "Loudly.", excludes=("--soft",), modes=("hall", "street"))] = False
    soft: Annotated[bool, Option("--soft", "Softly.", modes=("home",))] = False


def call(*words):
    """The options that a command line becomes, and the status of the run."""
    seen = []

    def greet(options, _session):
        """Greet."""
        seen.append(options)
        return ExitStatus.FOUND if options.loud else None

    command = typer.main.get_command(build_command("greet", GreetOptions, greet, epilog=""))
    with command.make_context("greet", list(words)) as context:
        try:
            command.invoke(context)
        except typer.Exit as ending:
            return seen[0], ending.exit_code
    return seen[0], 0


def test_a_command_line_becomes_an_object():
    assert call("Ada") == (GreetOptions(name="Ada"), 0)
    options, status = call(
        *["Ada", "-t", "3", "--size", "4", "5", "--tag", "a", "--tag", "b", "--tone", "COOL", "--loud"]
    )
    assert options == GreetOptions(name="Ada", times=3, size=(4, 5), tags=("a", "b"), tone="cool", loud=True)
    assert status == 3


def test_a_parser_s_message_names_the_option():
    with pytest.raises(UsageError, match=r"^--times '0' is not a whole number from 1 to 9$"):
        call("Ada", "-t", "0")


@pytest.mark.parametrize(
    ("given", "mode", "words"),
    [
        ({"tags": ("a",)}, "", ["--tag needs --times N"]),
        ({"loud": True, "soft": True}, "", ["--soft does not go with --loud"]),
        ({"loud": True}, "home", ["--loud belongs to a hall or the street, not home"]),
        ({"soft": True}, "hall", ["--soft belongs to home, not a hall"]),
    ],
)
def test_conflicts(given, mode, words):
    modes = {"hall": "a hall", "street": "the street", "home": "home"}
    with pytest.raises(UsageError) as caught:
        refuse_conflicts(GreetOptions(name="Ada", **given), mode, modes)
    assert all(word in str(caught.value) for word in words)
    refuse_conflicts(GreetOptions(name="Ada", times=1, tags=("a",), soft=True), "home", modes)


@pytest.mark.parametrize(("command", "one"), OPTIONS)
def test_an_option_that_takes_one_value_is_refused_twice(command, one):
    values = (
        []
        if one.type is bool
        else ["1", "2"]
        if get_origin(one.type) is tuple and not one.is_parsed
        else ["1"]
    )
    for flag in one.declaration.flags.split():
        twice = [command, one.declaration.name, *values, flag, *values]
        if not one.is_repeatable:
            assert f"{one.declaration.name} is given twice" in refused(*twice)


def test_the_program_s_own_options_are_refused_twice():
    assert "--threads is given twice" in refused("--threads", "1", "--threads", "2", "list")
    assert "--color is given twice" in refused("list", "--color", "never", "--color", "always")


@pytest.mark.parametrize(("command", "one"), OPTIONS)
def test_a_declaration_names_what_there_is(command, one):
    options, modes = COMMANDS[command]
    names = {other.declaration.name for other in declared(options)}
    assert {*one.declaration.needs, *one.declaration.excludes} <= names
    assert set(one.declaration.modes) <= set(modes)
    assert one.declaration.help.endswith((".", "]"))
    assert bool(one.declaration.metavar) == (one.type is not bool)
    assert one.is_repeatable == ("Repeatable" in one.declaration.help)
