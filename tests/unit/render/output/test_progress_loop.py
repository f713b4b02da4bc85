"""A comparison followed: the bar, and what an interruption leaves."""

import io
import re

import pytest
from comparisons import comparison, steps

from actcli.exits import DataError, UsageError
from actcli.render.output.progress_loop import followed
from actcli.terminal import Terminal


class Clock:
    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


def world(**more):
    return Terminal(
        None, io.BytesIO(), io.BytesIO(), **{"stderr_is_tty": True, "color_choice": "never", **more}
    )


def follow(found, terminal=None, seconds=1.0, **more):
    terminal = terminal or world()
    return followed(steps(found, **more), terminal, clock=Clock(seconds)), terminal.stderr.getvalue().decode()


def test_to_the_end():
    outcome, _ = follow(comparison())
    assert (outcome.comparison, outcome.complete, outcome.share) == (comparison(), True, 1.0)


def test_a_bar_that_is_gone_at_the_end():
    _, shown = follow(comparison())
    lines = shown.split("\r")
    assert re.match(r"gelu ━+ +66% 0:0\d left\x1b\[K$", lines[2])
    assert lines[-1] == "\x1b[K"
    assert "\n" not in shown


@pytest.mark.parametrize(("more", "seconds"), [({}, 0.1), ({"stderr_is_tty": False}, 1.0)])
def test_no_bar_in_the_first_second_or_without_a_terminal(more, seconds):
    assert follow(comparison(), world(**more), seconds)[1] == ""


def test_an_interruption_leaves_what_is_known():
    part = comparison(comparison().contenders[:2])
    outcome, shown = follow(part, failure=KeyboardInterrupt(), total=3)
    assert outcome.comparison == part
    assert (outcome.complete, outcome.share) == (False, pytest.approx(2 / 3))
    assert shown.endswith("\r\x1b[K")


def test_an_interruption_before_anything_is_known_goes_on():
    with pytest.raises(KeyboardInterrupt):
        follow(comparison([]), failure=KeyboardInterrupt())


def test_an_interruption_after_the_last_step_takes_nothing_away():
    outcome, _ = follow(comparison(), failure=KeyboardInterrupt())
    assert outcome.complete


def test_an_error_goes_on_and_the_bar_goes():
    terminal = world()
    with pytest.raises(DataError, match="broken"):
        follow(comparison(), terminal, failure=DataError("broken"))
    assert terminal.stderr.getvalue().endswith(b"\r\x1b[K")


def test_the_first_step_is_looked_at_before_the_second_is_computed():
    pulled = []

    def counted():
        for step in steps(comparison()):
            pulled.append(step.done)
            yield step

    def refuse(_):
        raise UsageError("no such column")

    with pytest.raises(UsageError, match="no such column"):
        followed(counted(), world(), refuse)
    assert pulled == [1]
