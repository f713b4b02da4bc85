"""--resume: what could be read before a failure is kept, and the rest is added to the same bits."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.cluster import run
from actcli.cluster.gathering import Gathered
from actcli.cluster.partial import MEMBERS, read_partial
from actcli.exits import DataError

pytestmark = pytest.mark.usefixtures("folder")
RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Seven shards, two of which are damaged; the whole ones are in `whole`."""
    monkeypatch.chdir(tmp_path)
    Path("whole").mkdir()
    for number, samples in enumerate((300, 400, 1, 700, 0, 900, 550)):
        z = RNG.normal(size=(samples, 12))
        z[:, ::5] -= 9
        np.savez(f"whole/{number}.npz", a=np.maximum(z, 0), b=np.maximum(z[:, :4], 0))
        shutil.copy(f"whole/{number}.npz", f"{number}.npz")
    for number in (1, 5):
        damage(f"{number}.npz")
    return tmp_path


def damage(path):
    """Damage an array and leave the archive's list whole."""
    with Path(path).open("r+b") as file:
        file.seek(20_000)
        file.write(b"\x55" * 20)


def mend(number):
    shutil.copy2(f"whole/{number}.npz", f"{number}.npz")


SHARDS = [f"{number}.npz" for number in range(7)]


def fail(*arguments):
    return refused("deadcheck", *arguments, kind=DataError)


def test_only_what_is_missing_is_read(folder):
    message = fail(*SHARDS, "--save-state", "part.npz")
    assert "1.npz" in message
    assert "1 more" in message
    assert "5 of 7 shards are in part.npz: go on with --resume part.npz" in message
    assert [Path(path).name for path in read_partial("part.npz").missing] == ["1.npz", "5.npz"]
    mend(1)
    again = fail(*SHARDS, "--resume", "part.npz", "--save-state", "part.npz")
    assert "6 of 7 shards" in again
    mend(5)
    for number in (0, 1, 3, 6):  # they are not read again
        stamp = Path(f"{number}.npz").stat()
        damage(f"{number}.npz")
        os.utime(f"{number}.npz", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    resumed = invoke("deadcheck", *SHARDS, "--resume", "part.npz", "--save-state", "all.npz")
    os.chdir("whole")
    assert resumed == invoke("deadcheck", *SHARDS, "--save-state", "all.npz")
    os.chdir("..")
    assert (folder / "all.npz").read_bytes() == (folder / "whole/all.npz").read_bytes()


def test_what_is_whole_needs_no_reading():
    for number in (1, 5):
        mend(number)
    damage("6.npz")
    fail(*SHARDS, "--save-state", "part.npz")
    mend(6)
    invoke("deadcheck", *SHARDS, "--resume", "part.npz", "--save-state", "one.npz")
    assert "one.npz: is no partial run" in fail(*SHARDS, "--resume", "one.npz")


def test_a_partial_file_is_no_statistics():
    fail(*SHARDS, "--save-state", "part.npz")
    assert "--resume part.npz" in refused("deadcheck", "part.npz")


@pytest.mark.parametrize(
    ("sources", "options", "words"),
    [
        (SHARDS, ["--activation", "leaky_relu"], "other options"),
        (SHARDS, ["--recorded", "pre"], "other options"),
        (SHARDS, ["--unit-axis", "a=1"], "other options"),
        (SHARDS[1:], [], "0.npz, which is not among the sources"),
        (SHARDS[::-1], [], "not among the sources"),
        ([*SHARDS[:6], "new.npz"], [], "6.npz, which is not among"),
    ],
)
def test_other_shards_than_before(sources, options, words):
    fail(*SHARDS, "--save-state", "part.npz")
    shutil.copy("6.npz", "new.npz")
    assert words in fail(*sources, *options, "--resume", "part.npz")


def test_a_shard_that_has_changed():
    fail(*SHARDS, "--save-state", "part.npz")
    np.savez("3.npz", a=np.ones((700, 12)), b=np.ones((700, 4)))
    assert "3.npz" in fail(*SHARDS, "--resume", "part.npz")


def test_nothing_could_be_read():
    assert "--resume" not in fail("1.npz", "5.npz", "--save-state", "part.npz")
    assert not Path("part.npz").exists()


def test_without_a_file_to_save_to_the_first_failure_ends_the_run():
    message = fail(*SHARDS)
    assert "1.npz" in message
    assert "more" not in message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--resume", "none.npz"], "none.npz"),
        (["--resume", "0.npz"], "0.npz: is no partial run"),
        (["--resume", "x.txt"], "x.txt"),
        (["--resume", ""], ""),
    ],
)
def test_what_is_no_partial_run(folder, options, words):
    (folder / "x.txt").write_text("1 2\n")
    assert words in fail("0.npz", *options)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["0.npz", "--resume", "part.npz", "--stop-when-certain"], "--stop-when-certain"),
        (["--plan", "9", "--resume", "part.npz"], "--resume"),
        (["-", "--resume", "part.npz"], "standard input"),
    ],
)
def test_what_does_not_go_with_it(arguments, words):
    assert words in refused("deadcheck", *arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"nodes": [[0, 3, -1, 0]]},
        {"nodes": [[1, 2, -1, 0]]},
        {"nodes": [[-1, 1, -1, 0]]},
        {"nodes": [[0, 1, 5, 0]]},
        {"nodes": [[0, True, -1, 0]]},
        {"nodes": "x"},
        {"nodes": []},
        {"done": [3]},
        {"done": None},
        {"how": 3},
        {"missing": {}},
        {"layers": []},
        {"version": 99},
        {"counts": ["fired"]},
    ],
)
def test_a_damaged_description(change):
    fail("0.npz", "1.npz", "a=2.npz", "--save-state", "part.npz")
    with np.load("part.npz") as members:
        arrays = dict(members)
    name = MEMBERS[0].removesuffix(".npy")
    description = json.loads(arrays[name].tobytes()) | change
    arrays[name] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez("part.npz", **arrays)
    with pytest.raises(DataError, match=r"part\.npz"):
        read_partial("part.npz")


def test_shards_that_a_file_claims_and_does_not_hold():
    fail(*SHARDS, "--save-state", "part.npz")
    with np.load("part.npz") as members:
        arrays = dict(members)
    name = MEMBERS[0].removesuffix(".npy")
    description = json.loads(arrays[name].tobytes())
    mend(1)
    mend(5)
    description["done"].append(description["done"][0].replace("0.npz", "1.npz"))
    arrays[name] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez("part.npz", **arrays)
    assert fail(*SHARDS, "--resume", "part.npz")


def test_text_is_kept_up_to_the_failure(folder):
    """Where the samples of a text lie is known when those before it are counted."""
    for number in range(4):
        np.savetxt(f"t{number}.csv", np.maximum(RNG.normal(size=(30 + number, 3)), 0), delimiter=",")
    good = (folder / "t2.csv").read_text()
    invoke("deadcheck", "t=t*.csv", "--save-state", "whole.npz")
    (folder / "t2.csv").write_text("1,2,3\n4,5,x\n")
    assert "2 of 4 shards" in fail("t=t*.csv", "--save-state", "part.npz")
    (folder / "t2.csv").write_text(good)
    invoke("deadcheck", "t=t*.csv", "--resume", "part.npz", "--save-state", "all.npz")
    assert (folder / "all.npz").read_bytes() == (folder / "whole.npz").read_bytes()


@pytest.mark.parametrize(
    ("place", "name", "calls", "words"),
    [
        (run, "observe_shards", 4, "3 of 7 shards are in part.npz: go on with --resume part.npz."),
        (Gathered, "add", 4, "part.npz not written"),
    ],
)
def test_ctrl_c_keeps_the_shards_that_were_read(place, name, calls, words, monkeypatch):
    """Where it comes while a result is taken, half of that would be kept: nothing is."""
    for number in (1, 5):
        mend(number)
    function, left = getattr(place, name), iter(range(1, calls))

    def interrupted(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, interrupted)
        status, _, err = invoke("deadcheck", *SHARDS, "--save-state", "part.npz")
    assert status == 130
    assert words in err
    assert Path("part.npz").exists() == ("--resume" in words)
    if Path("part.npz").exists():
        resumed = invoke("deadcheck", *SHARDS, "--resume", "part.npz", "--save-state", "all.npz")
        assert resumed == invoke("deadcheck", *SHARDS, "--save-state", "one.npz")
        assert Path("all.npz").read_bytes() == Path("one.npz").read_bytes()
