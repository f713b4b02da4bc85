"""A run followed to its end: the bar, and what an interruption leaves."""

import io
import re

import pytest
from comparisons import comparison, steps

from actcli.exits import DataError
from actcli.render.output.progress import Bar
from actcli.render.output.progress_loop import follow
from actcli.terminal import Terminal


class Clock:
    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


def show(found, terminal=None, seconds=1.0, **more):
    """Follow the steps of a comparison with a bar; the run, and what stderr got."""
    terminal = terminal or Terminal(None, io.BytesIO(), io.BytesIO(), color_choice="never")
    clock = Clock(seconds)
    run = follow(steps(found, **more), Bar(terminal, clock, counts=False), clock=clock)
    return run, terminal.stderr.getvalue().decode()


def test_to_the_end():
    run, _ = show(comparison())
    assert (run.last.so_far, run.last.done, run.interrupted) == (comparison(), run.last.total, False)


def test_a_bar_that_is_gone_at_the_end():
    _, shown = show(comparison())
    lines = shown.split("\r")
    assert re.match(r"gelu ━+ +66% 0:0\d left\x1b\[K$", lines[2])
    assert lines[-1] == "\x1b[K"
    assert "\n" not in shown


def test_no_bar_in_the_first_second():
    assert show(comparison(), seconds=0.1)[1] == ""


def test_an_interruption_leaves_the_last_step():
    part = comparison(comparison().contenders[:2])
    run, shown = show(part, failure=KeyboardInterrupt(), total=3)
    assert (run.last.so_far, run.last.done, run.interrupted) == (part, 2, True)
    assert shown.endswith("\r\x1b[K")


def test_an_interruption_before_the_first_step_goes_on():
    with pytest.raises(KeyboardInterrupt):
        show(comparison([]), failure=KeyboardInterrupt())


def test_an_interruption_with_nothing_usable_goes_on():
    with pytest.raises(KeyboardInterrupt):
        follow(steps(comparison(), failure=KeyboardInterrupt()), None, usable=lambda _: False)


def test_an_error_goes_on_and_the_bar_goes():
    terminal = Terminal(None, io.BytesIO(), io.BytesIO(), color_choice="never")
    with pytest.raises(DataError, match="broken"):
        show(comparison(), terminal, failure=DataError("broken"))
    assert terminal.stderr.getvalue().endswith(b"\r\x1b[K")


def test_until_ends_it_and_closes_the_steps():
    closed = []

    def endless():
        try:
            while True:
                yield from steps(comparison())
        finally:
            closed.append(True)

    run = follow(endless(), None, until=lambda step: step.done == 2)
    assert (run.last.done, run.sufficed, closed) == (2, True, [True])


def test_no_step_at_all_is_an_error():
    with pytest.raises(DataError, match="empty"):
        follow(iter(()), None, nothing="empty")
