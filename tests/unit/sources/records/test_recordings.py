"""Recorded activations from files: names, shards, axes, orders, and what is refused."""

import io
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers import npy as npy_module
from actcli.sources.records import recordings as module
from actcli.sources.records.recordings import inspect_records
from actcli.sources.records.unit_axis import UnitAxes
from actcli.terminal import Terminal

DENSE = np.arange(12, dtype=np.float32).reshape(4, 3)
NOWHERE = Terminal(None, None, None)
IMAGES = np.arange(2 * 3 * 4 * 5, dtype=np.float64).reshape(2, 3, 4, 5)


# An audit hook stays for good, so that one passes on to those that a test puts here.
hooks = []
sys.addaudithook(lambda event, arguments: [hook(event, arguments) for hook in hooks] and None)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def recorded(tokens, axes=None, terminal=None):
    return inspect_records(tokens, terminal or NOWHERE).read(axes or UnitAxes())


def drawn(*tokens, axis=None, stdin=b"", tty=False):
    terminal = Terminal(stdin=io.BytesIO(stdin), stdout=None, stderr=None, stdin_is_tty=tty)
    return [
        (layer.name, layer.units, layer.samples, layer.start, np.concatenate(list(layer.blocks)))
        for layer in recorded(tokens, UnitAxes(axis, for_all=True), terminal)
    ]


def only(*tokens, **more):
    (layer,) = drawn(*tokens, **more)
    return layer


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_a_file_is_a_layer_of_its_name():
    np.save("conv1.npy", DENSE)
    name, units, samples, start, values = only("conv1.npy")
    assert (name, units, samples, start) == ("conv1", 3, 4, 0)
    np.testing.assert_array_equal(values, DENSE)


@pytest.mark.parametrize("size", [2, 7, 100])
def test_blocks_hold_whole_samples(size, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", size)
    values = np.random.default_rng(0).normal(size=(50, 2, 3, 1))
    np.save("a.npy", values)
    np.testing.assert_array_equal(only("a.npy")[4], values.reshape(50, 2, 3))


@pytest.mark.parametrize(
    ("array", "axis", "wanted"),
    [
        (IMAGES, None, IMAGES.reshape(2, 3, 20)),
        (IMAGES, 1, IMAGES.reshape(2, 3, 20)),
        (IMAGES, -1, IMAGES.reshape(2, 12, 5).swapaxes(1, 2)),
        (IMAGES, 2, np.moveaxis(IMAGES, 2, 1).reshape(2, 4, 15)),
        (IMAGES[..., None], None, IMAGES.reshape(2, 3, 20)),
        (IMAGES[0], -1, IMAGES[0].swapaxes(1, 2)),
        (IMAGES[0], 1, IMAGES[0]),
        (DENSE, None, DENSE),
        (DENSE, -1, DENSE),
    ],
)
@pytest.mark.parametrize("fortran", [False, True])
def test_the_units_lie_along_the_stated_axis(array, axis, wanted, fortran):
    np.save("a.npy", np.asfortranarray(array) if fortran else array)
    name, units, samples, _, values = only("a.npy", axis=axis)
    assert (name, units, samples) == ("a", wanted.shape[1], len(wanted))
    np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", "i1", "u2", "i8", "?"])
def test_numbers_of_every_type(dtype):
    np.save("a.npy", DENSE.astype(dtype))
    np.testing.assert_array_equal(only("a.npy")[4], DENSE.astype(dtype).astype("f8"))


def test_arrays_of_one_name_in_archives_are_consecutive_shards():
    np.savez("one.npz", conv1=DENSE, fc=DENSE[:, :2])
    np.savez_compressed("two.npz", conv1=DENSE[:2], fc=DENSE[:1, :2])
    found = drawn("one.npz", "two.npz")
    assert [layer[:4] for layer in found] == [
        ("conv1", 3, 4, 0), ("fc", 2, 4, 0), ("conv1", 3, 2, 4), ("fc", 2, 1, 4),
    ]  # fmt: skip


def test_a_pattern_names_shards_in_the_order_of_their_numbers():
    Path("shards").mkdir()
    for i in (10, 9, 1):
        np.save(f"shards/part{i}.npy", np.full((i, 2), float(i)))
    found = drawn("conv1=shards/*.npy")
    assert [layer[:4] for layer in found] == [("conv1", 2, 1, 0), ("conv1", 2, 9, 1), ("conv1", 2, 10, 10)]


def test_a_named_archive_gives_the_array_of_that_name_or_its_only_one():
    np.savez("one.npz", conv1=DENSE, fc=DENSE)
    np.savez("two.npz", x=DENSE[:1])
    assert [layer[:4] for layer in drawn("conv1=*.npz")] == [("conv1", 3, 4, 0), ("conv1", 3, 1, 4)]
    with pytest.raises(DataError, match="holds 2 arrays, none of them named 'b'"):
        drawn("b=one.npz")


def test_a_file_with_an_equals_sign_is_that_file():
    np.save("a=b.npy", DENSE)
    assert only("a=b.npy")[0] == "a=b"


def test_two_files_of_one_name_are_two_layers():
    for folder in ("x", "y"):
        Path(folder).mkdir()
        np.save(f"{folder}/conv1.npy", DENSE)
    assert [layer[0] for layer in drawn("x/conv1.npy", "y/conv1.npy")] == ["x/conv1", "y/conv1"]


@pytest.mark.parametrize(("name", "text"), [("a.csv", "u,v,w\n"), ("a.txt", "# u v w\n"), ("a.csv", "")])
def test_in_text_a_row_is_a_sample(name, text):
    separator = "," if name == "a.csv" else " "
    rows = "".join(separator.join(map(str, row)) + "\n" for row in DENSE.tolist())
    Path(name).write_text(text + rows)
    layer = only(name)
    assert layer[:4] == ("a", 3, None, 0)
    np.testing.assert_array_equal(layer[4], DENSE)


@pytest.mark.parametrize("data", [npy(DENSE), b"0 1 2\n3 4 5\n6 7 8\n9 10 11\n"])
def test_stdin_holds_an_array_or_text(data):
    name, units, *_, values = only("-", stdin=data)
    assert (name, units) == ("stdin", 3)
    np.testing.assert_array_equal(values, DENSE)


def test_stdin_may_have_the_name_of_a_layer():
    assert only("relu1=-", stdin=npy(DENSE))[:2] == ("relu1", 3)
    with pytest.raises(UsageError, match="stdin: is named twice"):
        drawn("relu1=-", "-", stdin=npy(DENSE))
    with pytest.raises(UsageError, match="terminal"):
        drawn("relu1=-", tty=True)


@pytest.mark.parametrize(
    ("array", "axis", "error", "message"),
    [
        (
            IMAGES[0],
            None,
            UsageError,
            r"shape \(3, 4, 5\), .*--unit-axis a=1 .*--unit-axis a=-1",
        ),
        (IMAGES, 0, UsageError, "axis 0 of a.npy is the samples"),
        (IMAGES, -4, UsageError, "axis 0 of a.npy is the samples"),
        (IMAGES, 4, UsageError, "its axes are 0 to 3"),
        (DENSE[0], None, DataError, "samples and units need two axes"),
        (np.float64(3), None, DataError, "samples and units need two axes"),
        (DENSE[:, :0], None, DataError, "its samples are empty"),
        (IMAGES[:, :, :0], None, DataError, "its samples are empty"),
        (DENSE.astype("c8"), None, DataError, "complex"),
    ],
)
def test_shapes_that_are_no_layer(array, axis, error, message):
    np.save("a.npy", array)
    with pytest.raises(error, match=message):
        drawn("a.npy", axis=axis)


@pytest.mark.parametrize(
    ("tokens", "stdin", "error", "message"),
    [
        (("none.npy",), b"", DataError, "none.npy: No such file"),
        (("a=none*.npy",), b"", DataError, r"no file matches none\*.npy"),
        (("a.npy", "a.npy"), b"", UsageError, "a.npy: is named twice"),
        (("-", "-"), b"", UsageError, "stdin: is named twice"),
        (("-",), b"PK\x03\x04....", DataError, "stdin: holds an archive"),
        (("-",), b"", DataError, "stdin: holds no numbers"),
        (("-",), b"1 2\n1\n", DataError, "stdin: sample 2 has 1 number, those before have 2"),
        (("-",), b"1 2\n1 2 3\n", DataError, "stdin: sample 2 has 3 numbers, those before have 2"),
        (("-",), b"1 x\n", DataError, "'x' is not a number"),
        (("empty.npy",), b"", DataError, "empty.npy: is empty"),
        (("cut.npy",), b"", DataError, "cut.npy: truncated"),
        (("bad.npz",), b"", DataError, "bad.npz: not an .npz archive"),
        (("c=bad.npz",), b"", DataError, "bad.npz: not an .npz archive"),
    ],
)
def test_files_that_hold_no_layer(tokens, stdin, error, message):
    np.save("a.npy", DENSE)
    Path("empty.npy").touch()
    Path("cut.npy").write_bytes(npy(DENSE)[:-5])
    Path("bad.npz").write_bytes(b"no archive")
    with pytest.raises(error, match=message):
        drawn(*tokens, stdin=stdin)


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 2, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_shard_without_samples_is_a_shard(shape, order):
    np.save("a.npy", np.zeros(shape, order=order))
    np.savez("b.npz", a=np.ones((2, *shape[1:])))
    first, second = recorded(["a=a.npy", "b.npz"])
    assert (first.units, first.samples, list(first.blocks)) == (3, 0, [])
    assert (second.start, sum(map(len, second.blocks))) == (0, 2)


def test_a_terminal_is_no_input():
    with pytest.raises(UsageError, match="standard input is a terminal"):
        drawn("-", tty=True)


def test_mistakes_are_said_before_anything_is_read():
    np.save("a.npy", DENSE)
    with pytest.raises(DataError, match=r"none\.npy"):
        inspect_records(["a.npy", "none.npy"], NOWHERE)


def test_each_file_is_opened_once_to_look_and_once_to_read(monkeypatch):
    np.save("a.npy", DENSE)
    np.savez("b.npz", fc=DENSE)
    Path("c.csv").write_text("u,v\n1,2\n")
    opened = []

    def watch(event, arguments):
        if event == "open" and str(arguments[0]) in {"a.npy", "b.npz", "c.csv"}:
            opened.append(str(arguments[0]))

    monkeypatch.setattr(module, "BLOCK", 6)
    hooks.append(watch)
    try:
        records = inspect_records(["a.npy", "b.npz", "c.csv"], NOWHERE)
        assert opened == ["a.npy", "b.npz", "c.csv"]
        assert [head.shape for head in records.heads] == [(4, 3), (4, 3), None]
        assert records.hint is None
        layers = records.read(UnitAxes())
        assert [(layer.name, sum(map(len, layer.blocks))) for layer in layers] == [
            ("a", 4),
            ("fc", 4),
            ("c", 1),
        ]
    finally:
        hooks.remove(watch)
    assert opened == 2 * ["a.npy", "b.npz", "c.csv"]


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_file_that_is_replaced_between_is_not_read_by_the_old_header(name):
    save = np.save if name == "a.npy" else np.savez
    save(name, DENSE)
    records = inspect_records([name], NOWHERE)
    save(name, DENSE[:, :2])
    with pytest.raises(DataError, match=f"{name}: was changed"):
        list(records.read(UnitAxes()))


def test_units_are_counted_beforehand_where_that_can_be_done():
    np.save("a.npy", IMAGES)
    Path("c.csv").write_text("u,v\n1,2\n")
    np.savez("b.npz", a=IMAGES, fc=DENSE)
    terminal = Terminal(io.BytesIO(b"1 2"), None, None)
    assert inspect_records(["a.npy", "c.csv", "b.npz"], terminal).count_units(UnitAxes()) == 3 + 2 + 3
    assert inspect_records(["-"], terminal).count_units(UnitAxes()) == 0


def test_an_axis_means_nothing_for_text():
    with pytest.raises(UsageError, match="--unit-axis 2: a line of stdin is a sample"):
        drawn("-", axis=2, stdin=b"1 2\n")


def test_an_archive_whose_header_promises_more_than_it_has_is_refused():
    out = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 1 << 10)}
    np.lib.format.write_array_header_1_0(out, header)
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", out.getvalue() + bytes(1 << 16))
    with pytest.raises(DataError, match="truncated: the header promises"):
        drawn("bomb.npz")


def test_a_sample_that_cannot_be_held_is_refused_before_it_is():
    np.save("a.npy", np.zeros((1, 2, 10**5)))
    assert only("a.npy", axis=1)[4].shape == (1, 2, 10**5)
    with pytest.raises(
        DataError, match=r"one sample of the shape \(2, 100000\) needs about 12\.8 MB .* --memory"
    ):
        inspect_records(["a.npy"], NOWHERE, NumberRequest(memory=10**7))


@pytest.mark.parametrize("shape", [(50, 3), (50, 2, 3), (50, 2, 3, 4), (50, 2, 1, 3, 2)])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "f2", "i1"])
def test_fortran_order_is_put_together_from_pieces_of_the_file(shape, dtype, monkeypatch):
    values = np.random.default_rng(0).integers(-9, 9, size=shape).astype(dtype)
    np.save("a.npy", np.asfortranarray(values))
    whole = only("a.npy", axis=1)[4]
    monkeypatch.setattr(npy_module, "_ACROSS", 1)
    monkeypatch.setattr(module, "BLOCK", 20)
    (layer,) = recorded(["a.npy"], UnitAxes(1, for_all=True))
    pieces = list(layer.blocks)
    assert len(pieces) > 3
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    np.testing.assert_array_equal(whole.reshape(values.shape), values.astype(float))


def test_of_a_wide_layer_several_samples_come_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 20)
    np.save("wide.npy", np.zeros((40, 50)))
    np.save("maps.npy", np.zeros((40, 5, 10)))
    wide, maps = recorded(["wide.npy", "maps.npy"], UnitAxes(1))
    assert [len(block) for block in wide.blocks] == [16, 16, 8]
    assert [len(block) for block in maps.blocks] == [1] * 40


def test_fortran_order_on_stdin_is_read_where_the_array_begins(monkeypatch):
    monkeypatch.setattr(npy_module, "_ACROSS", 1)
    values = np.arange(60.0).reshape(20, 3)
    Path("a.npy").write_bytes(npy(np.asfortranarray(values)))
    with Path("a.npy").open("rb") as stdin:
        terminal = Terminal(stdin=stdin, stdout=None, stderr=None)
        (layer,) = recorded(["-"], terminal=terminal)
        np.testing.assert_array_equal(np.concatenate(list(layer.blocks)), values)


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("name", ["-", "a.npy", "pipe"])
def test_arrays_that_follow_each_other_are_parts_of_one_layer(name, fortran, monkeypatch):
    monkeypatch.setattr(npy_module, "_ACROSS", 100)
    rng = np.random.default_rng(0)
    arrays = [rng.random((n, 3, 2)).astype(t) for n, t in ((30, "f4"), (0, "f4"), (25, "f8"), (1, "i4"))]
    order = np.asfortranarray if fortran else np.ascontiguousarray
    data = b"".join(npy(order(array)) for array in arrays)
    Path("a.npy").write_bytes(data)
    if name == "pipe":
        os.mkfifo("pipe")
        threading.Thread(target=lambda: Path("pipe").write_bytes(data), daemon=True).start()
    terminal = Terminal(stdin=io.BytesIO(data), stdout=None, stderr=None)
    found = [
        (layer.name, layer.samples, layer.start, list(layer.blocks))
        for layer in recorded([name], UnitAxes(1, for_all=True), terminal)
    ]
    assert [(samples, start) for _, samples, start, _ in found] == [(30, 0), (0, 30), (25, 30), (1, 55)]
    assert len({layer for layer, *_ in found}) == 1
    values = np.concatenate([block for *_, blocks in found for block in blocks])
    np.testing.assert_array_equal(values, np.concatenate(arrays))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (npy(np.ones((2, 4))), r"array 2 has the shape \(2, 4\).*\(4, 3\)"),
        (npy(np.ones((2, 3, 1))), "array 2 has the shape"),
        (npy(np.float64(1)), "array 2 has the shape"),
        (npy(np.ones(3)), "array 2 has the shape"),
        (npy(np.array(["a"])), "strings"),
        (npy(np.ones((2, 3)))[:-1], "truncated"),
        (npy(np.ones((2, 3)))[:20], "header|truncated"),
        (b"\n", "no array"),
        (b"1 2 3\n", "no array"),
        (b"\x93NUM", "no array"),
        (b"PK\x03\x04....", "no array"),
    ],
)
@pytest.mark.parametrize("name", ["-", "a.npy"])
def test_what_follows_an_array_and_is_no_part_of_its_layer(name, more, message):
    Path("a.npy").write_bytes(npy(DENSE) + more)
    with pytest.raises(DataError, match=message):
        drawn(name, stdin=npy(DENSE) + more)


def test_fortran_order_that_becomes_shorter_while_it_is_read(monkeypatch):
    monkeypatch.setattr(npy_module, "_ACROSS", 1)
    np.save("a.npy", np.asfortranarray(np.zeros((40, 5))))
    (layer,) = recorded(["a.npy"])
    next(layer.blocks)
    os.truncate("a.npy", 200)
    with pytest.raises(DataError, match="truncated: the header promises 1600 bytes"):
        list(layer.blocks)


def test_fortran_order_that_has_to_be_held_is_refused_where_it_is_too_large():
    wide = np.asfortranarray(np.zeros((100, 10**5), "i1"))
    np.savez("in_an_archive.npz", wide)
    np.save("on_disk.npy", wide)
    request = NumberRequest(memory=10**7)
    terminal = Terminal(stdin=io.BytesIO(npy(wide)), stdout=None, stderr=None)
    for source in ("in_an_archive.npz", "-"):
        with pytest.raises(DataError, match=r"Fortran order: reading it needs about 20 MB .* np\.save\(FILE"):
            next(inspect_records([source], terminal, request).read(UnitAxes()))
    assert inspect_records(["on_disk.npy"], terminal, request).samples == {"on_disk": 100}


def test_many_files_of_one_shape_get_a_hint():
    for i in range(21):
        np.save(f"part{i}.npy", DENSE)
    names = [f"part{i}.npy" for i in range(21)]
    hints = [inspect_records(tokens, NOWHERE).hint for tokens in (names, names[:20], ["a=part*.npy"])]
    assert "21 files of the shape (4, 3) are taken as 21 layers" in hints[0]
    assert hints[1:] == [None, None]


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("fortran", [False, True])
def test_memory_is_flat_in_the_length_of_the_file(fortran):
    with Path("long.npy").open("wb") as out:
        header = {"descr": "<f4", "fortran_order": fortran, "shape": (1 << 18, 256)}
        np.lib.format.write_array_header_1_0(out, header)
        out.truncate(out.tell() + (1 << 28))  # a hole: 256 MiB of zeros that take no room
    program = (
        "import re, sys\n"
        "from actcli import activation\n"
        "from actcli.analysis.deadness.firing_rule import firing_rule\n"
        "from actcli.analysis.deadness.watching import watch\n"
        "from actcli.sources.records.recordings import inspect_records\n"
        "from actcli.sources.records.unit_axis import UnitAxes\n"
        "from actcli.terminal import Terminal\n"
        "rule = firing_rule(activation('relu'), 'post')\n"
        "records = inspect_records(['long.npy'], Terminal.of_process())\n"
        "for seen in watch(records.read(UnitAxes()), lambda _: rule, 2): pass\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "print(seen.states['long'].samples, peak)\n"
    )
    environ = {"PYTHONPATH": str(Path(__file__).parents[4])}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True
    )
    samples, peak = map(int, done.stdout.split())
    assert samples == 1 << 18
    assert 20 * 1024 < peak < 150 * 1024
