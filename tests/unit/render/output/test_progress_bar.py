import errno
import io
import re

import numpy as np
import pytest
from rendering import results

from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.output.progress import with_progress
from actcli.render.values.evaluations import write_evaluations
from actcli.terminal import Terminal

TO_FILE = Layout("npy", "y.npy")


class Clock:
    """Each look at it takes some time."""

    def __init__(self, step):
        self.now = 0.0
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


def terminal(**more):
    more = {"stderr_is_tty": True, "color_choice": "never", "size": (80, 24), **more}
    return Terminal(None, io.BytesIO(), io.BytesIO(), **more)


def drawn(world, evaluations, step=0.4, layout=None):
    """The lines drawn on stderr while all blocks are pulled, and the sum of the blocks."""
    total = sum(
        float(y.sum())
        for evaluation in with_progress(iter(evaluations), world, layout, Clock(step))
        for _, y in evaluation.blocks
    )
    return world.stderr.getvalue().decode(world.encoding), total


def ten(**more):
    return results(*[np.ones(100_000)] * 10, **more)


def test_a_bar_that_is_gone_at_the_end():
    shown, total = drawn(terminal(), [ten(shape=(1_000_000,))])
    lines = shown.split("\r")
    assert total == 1e6
    assert re.match(r"gelu ━+╸ +20% 200.0 k of 1.0 M, .* k/s, 0:0\d left\x1b\[K$", lines[1])
    assert re.match(r"gelu +━+ +100% 1.0 M of 1.0 M, .* 0:00 left\x1b\[K$", lines[-2])
    assert lines[-1] == "\x1b[K"
    assert "\n" not in shown


def test_a_count_where_the_size_is_not_known():
    shown, _ = drawn(terminal(), [ten(array="conv1")])
    assert re.match(r"conv1 1\.0 M, [\d.]+ k/s\x1b\[K$", shown.split("\r")[-2])


def test_nothing_for_short_work():
    assert drawn(terminal(), [ten()], step=0.01) == ("", 1e6)


def test_not_more_often_than_ten_times_a_second():
    shown, _ = drawn(terminal(), [results(*[np.ones(1)] * 1000)], step=0.01)
    assert 80 <= shown.count("\r") <= 101


@pytest.mark.parametrize(
    ("world", "layout", "seen"),
    [
        ({"stderr_is_tty": False}, None, False),
        ({"stdout_is_tty": True}, None, False),
        ({"stdout_is_tty": True}, Layout("table", None), False),
        ({"stdout_is_tty": True}, TO_FILE, True),
        ({}, Layout("plain", None), True),
    ],
)
def test_only_where_it_disturbs_nothing(world, layout, seen):
    shown, total = drawn(terminal(**world), [ten()], layout=layout)
    assert bool(shown) == seen
    assert total == 1e6


def test_not_between_the_numbers_that_a_person_types():
    assert drawn(terminal(stdin_is_tty=True), [ten(live=True)])[0] == ""
    assert drawn(terminal(), [ten(live=True)])[0] != ""


@pytest.mark.parametrize("width", [1, 20, 40, 80])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_is_one_line_whatever_the_width(width, encoding):
    world = terminal(size=(width, 24), encoding=encoding)
    shown, _ = drawn(world, [ten(shape=(1_000_000,), function="x*[red]\x1b[31m" * 9)])
    lines = [line.removesuffix("\x1b[K") for line in shown.split("\r")]
    assert max(map(len, lines)) < max(width, 2)
    assert "\n" not in shown


class FullAfter(io.BytesIO):
    """A disk with room for so many writes."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def write(self, data):
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize(("room", "said"), [(999, "the input fails"), (30, "No space left")])
def test_it_is_gone_before_an_error_is_said(room, said):
    world = terminal()
    world.stdout = FullAfter(room)
    stream = results(*[np.ones(100_000)] * 10, failure=DataError("the input fails"))
    with pytest.raises(DataError, match=said):
        write_evaluations(with_progress([stream], world, None, Clock(2)), Layout("plain", None), world)
    shown = world.stderr.getvalue()
    assert b"gelu" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_a_closed_stderr_does_not_matter():
    world = terminal()
    world.stderr.close()
    evaluations = with_progress([ten()], world, None, Clock(2))
    assert sum(len(y) for evaluation in evaluations for _, y in evaluation.blocks) == 1_000_000
