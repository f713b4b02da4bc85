"""Timelines that grow: a file that is replaced, and files that follow one another in a stream."""

import contextlib
import io
import os
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from training_runs import layer, run_of

from actcli.analysis.timeline.timeline import Timeline
from actcli.exits import DataError, UsageError
from actcli.render.deadness.state_file import write_state
from actcli.render.deadness.timeline_file import write_timeline
from actcli.sources.records.archive_stream import Rewound, archives_in
from actcli.sources.records.followed import follow_file, stream_timelines

RUN = run_of({"a": ["...x"]}, run="r")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(epochs, path="run.npz"):
    write_timeline(Timeline(RUN.epochs[:epochs], "r"), path)


def follow(*between, path="run.npz", memory=None):
    """The timelines seen, as their number of epochs, where each call of `between` happens between two looks."""
    events = iter(between)

    def sleep(_seconds):
        try:
            next(events)()
        except StopIteration:
            raise KeyboardInterrupt from None

    seen = []
    with contextlib.suppress(KeyboardInterrupt):
        seen.extend(
            None if timeline is None else len(timeline.epochs)
            for timeline in follow_file(path, memory, sleep)
        )
    return seen


def nothing():
    """Nothing happens between two looks."""


def test_a_file_is_waited_for_and_read_whenever_it_changes():
    assert follow(nothing, lambda: write(1), nothing, lambda: write(2), lambda: write(4)) == [None, 1, 2, 4]


def test_a_file_that_goes_and_comes_back():
    write(2)

    assert follow(Path("run.npz").unlink, nothing, lambda: write(3)) == [2, 3]


def test_a_run_that_went_back_to_a_checkpoint():
    write(4)

    assert follow(lambda: write(2), lambda: write(3)) == [4, 2, 3]


def test_statistics_files_that_replace_one_another_are_epochs():
    def write_epoch(place):
        write_state([layer("a", ["...x"], place)], "run.npz")

    write_epoch(0)

    assert follow(lambda: write_epoch(1), lambda: write_epoch(2)) == [1, 2, 3]


def test_a_file_that_is_written_in_place_is_read_when_it_is_whole():
    write(2)
    whole = Path("run.npz").read_bytes()

    def begin():
        Path("run.npz").write_bytes(whole[:700])

    assert follow(begin, nothing, lambda: write(3)) == [2, 3]


def test_a_file_that_stays_damaged_is_an_error():
    write(2)
    Path("run.npz").write_bytes(Path("run.npz").read_bytes()[:700])

    with pytest.raises(DataError, match=r"run\.npz"):
        follow(*[nothing] * 20)


@pytest.mark.parametrize("content", [b"1 2 3", b"\x93NUMPY", b"\x80\x04 pickle"])
def test_a_file_of_something_else_is_refused_at_once(content):
    Path("run.npz").write_bytes(content)

    with pytest.raises(UsageError, match="--follow takes a timeline"):
        follow(nothing)


def test_a_folder_and_too_little_memory():
    write(4)
    with pytest.raises(DataError, match="needs about"):
        follow(*[nothing] * 20, memory=10)
    Path("folder").mkdir()
    with pytest.raises((DataError, UsageError), match="folder"):
        follow(*[nothing] * 20, path="folder")


# Streams


def archive(*states):
    write_state(states, "part.npz")
    return Path("part.npz").read_bytes()


def epochs_in(stream, memory=None):
    return [len(timeline.epochs) for timeline in stream_timelines(io.BytesIO(stream), memory)]


def test_statistics_files_in_a_stream_are_epochs():
    parts = [archive(layer("a", ["...x"], place)) for place in range(3)]

    assert epochs_in(b"".join(parts)) == [1, 2, 3]


def test_timelines_in_a_stream_replace_one_another():
    write(2)
    two = Path("run.npz").read_bytes()
    write(4)

    assert epochs_in(two + Path("run.npz").read_bytes()) == [2, 4]


def test_an_epoch_is_there_before_the_stream_ends():
    one = archive(layer("a", ["."], 0))

    class Endless(io.BytesIO):
        def read(self, size=-1):
            data = super().read(size)
            if not data:
                pytest.fail("waited for more")
            return data

    assert len(list(islice(stream_timelines(Endless(one), None), 1))) == 1


def test_archives_of_other_programs_can_be_told_apart():
    def make(compression):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", compression) as one:
            one.comment = b"PK\x05\x06 a comment"
            one.writestr("a" * 70, b"PK\x03\x04" * 99)
        return content.getvalue()

    both = [make(zipfile.ZIP_STORED), make(zipfile.ZIP_DEFLATED)]

    assert [content.read() for content in archives_in(io.BytesIO(b"".join(both)), None)] == both


def bad_streams():
    good = archive(layer("a", ["."], 0))
    other = io.BytesIO()
    np.savez(other, a=np.zeros((3, 2)))
    piped = io.BytesIO()

    class Pipe:
        def write(self, data):
            return piped.write(data)

        def flush(self):
            pass

    with zipfile.ZipFile(Pipe(), "w") as file:
        file.writestr("a", b"123")
    units = archive(layer("a", [".", "."], 0))
    return {
        "text": (b"1 2 3\n", "file 1 is no"),
        "text after a file": (good + b"\n", "file 2 is no"),
        "an array after a file": (good + b"\x93NUMPY", "file 2 is no"),
        "cut short": (good[:-1], "file 1 is truncated"),
        "cut in the data": (good[:500], "file 1 is truncated"),
        "cut in the second": (good + good[:40], "file 2 is truncated"),
        "cut in a signature": (good[:-22], "damaged, or truncated"),
        "other arrays": (other.getvalue(), "neither a timeline nor"),
        "written to a pipe": (piped.getvalue(), "written to a pipe"),
        "other units": (good + units, "1 units in epoch 1 and 2 in epoch 2"),
        "a wrong byte": (good[:200] + bytes([good[200] ^ 1]) + good[201:], "corrupt"),
        "an endless record": (b"PK\x06\x06" + b"\xff" * 8, "is no"),
        "a huge promise": (good[:18] + b"\xfe\xff\xff\xff" * 2 + good[26:], "needs about|truncated"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "text",
        "text after a file",
        "an array after a file",
        "cut short",
        "cut in the data",
        "cut in the second",
        "cut in a signature",
        "other arrays",
        "written to a pipe",
        "other units",
        "a wrong byte",
        "an endless record",
        "a huge promise",
    ],
)
def test_streams_that_are_no_epochs(name):
    stream, message = bad_streams()[name]

    with pytest.raises(DataError, match=message):
        epochs_in(stream, memory=10**8)


def test_the_first_bytes_are_read_again():
    stream = Rewound(b"abc", io.BytesIO(b"defg"))
    buffer = bytearray(2)

    assert stream.read(2) == b"ab"
    assert (stream.readinto(memoryview(buffer)), buffer[:1]) == (1, b"c")
    assert stream.read(10) == b"defg"
    assert stream.read(10) == b""


@pytest.mark.parametrize(
    ("path", "words"), [(".", "a folder"), ("/dev/null", "can replace"), ("pipe", "can replace")]
)
def test_what_is_no_file_is_not_waited_for(path, words):
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match=words):
        next(follow_file(path, None))
