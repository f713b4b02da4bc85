"""A run followed to its end: the bar, and what an interruption leaves."""

import io
import re
from dataclasses import dataclass

import pytest

from actcli.exits import DataError
from actcli.render.output.progress import Bar
from actcli.render.output.progress_loop import follow
from actcli.terminal import Terminal


@dataclass
class Moment:
    doing: str
    done: int
    total: int = 3


RELU, GELU, SILU = (Moment(name, done) for done, name in enumerate(("relu", "gelu", "silu"), 1))


def steps(*moments, failure=None):
    yield from moments
    if failure is not None:
        raise failure


class Clock:
    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


def show(*moments, terminal=None, seconds=1.0, **more):
    """Follow some steps with a bar; the run, and what stderr got."""
    terminal = terminal or Terminal(None, io.BytesIO(), io.BytesIO(), color_choice="never")
    clock = Clock(seconds)
    run = follow(steps(*moments, **more), Bar(terminal, clock, counts=False), clock=clock)
    return run, terminal.stderr.getvalue().decode()


def test_to_the_end():
    run, _ = show(RELU, GELU, SILU)
    assert (run.last, run.interrupted, run.sufficed) == (SILU, False, False)


def test_a_bar_that_is_gone_at_the_end():
    _, shown = show(RELU, GELU, SILU)
    lines = shown.split("\r")
    assert re.match(r"gelu ━+ +66% 0:0\d left\x1b\[K$", lines[2])
    assert lines[-1] == "\x1b[K"
    assert "\n" not in shown


def test_no_bar_in_the_first_second():
    assert show(RELU, GELU, SILU, seconds=0.1)[1] == ""


def test_the_speed_of_a_part_counts_from_its_beginning():
    parts = [Moment("first", 1, 10), Moment("first", 10, 10), Moment("second", 5, 10)]
    since = []

    class Recorder:
        def show(self, step, start):
            since.append((step.doing, start))

        def clear(self, *, interrupted=False):
            pass

    follow(iter(parts), Recorder(), by_part=True, clock=Clock(1.0))
    assert since == [("first", 1.0), ("first", 1.0), ("second", 2.0)]


def test_an_interruption_leaves_the_last_step():
    run, shown = show(RELU, GELU, failure=KeyboardInterrupt())
    assert (run.last, run.interrupted) == (GELU, True)
    assert shown.endswith("\r\x1b[K")


def test_an_interruption_before_the_first_step_goes_on():
    with pytest.raises(KeyboardInterrupt):
        show(failure=KeyboardInterrupt())


def test_an_interruption_with_nothing_usable_goes_on():
    with pytest.raises(KeyboardInterrupt):
        follow(steps(RELU, failure=KeyboardInterrupt()), None, usable=lambda _: False)


def test_an_error_goes_on_and_the_bar_goes():
    terminal = Terminal(None, io.BytesIO(), io.BytesIO(), color_choice="never")
    with pytest.raises(DataError, match="broken"):
        show(RELU, GELU, SILU, terminal=terminal, failure=DataError("broken"))
    assert terminal.stderr.getvalue().endswith(b"\r\x1b[K")


def test_until_ends_it_and_closes_the_steps():
    closed = []

    def endless():
        try:
            while True:
                yield from (RELU, GELU)
        finally:
            closed.append(True)

    run = follow(endless(), None, until=lambda step: step.done == 2)
    assert (run.last, run.sufficed, closed) == (GELU, True, [True])


def test_no_step_at_all_is_an_error():
    with pytest.raises(DataError, match="empty"):
        follow(iter(()), None, nothing="empty")
