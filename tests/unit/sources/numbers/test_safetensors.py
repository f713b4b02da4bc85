"""Files of .safetensors: the same numbers as in an .npz, and every damage named in one line."""

import gzip
import json
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from invocation import refused
from safetensors_bytes import entry, safetensors, with_table

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, open_numbers
from actcli.sources.numbers.low_precision import low_types

ROWS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(content, name="a.safetensors"):
        (tmp_path / name).write_bytes(content)
        return name

    return save


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_floats_are_read_in_their_own_type(saved, draw, dtype):
    drawn = draw(NumberRequest(tokens=(saved(safetensors(x=ROWS.astype(dtype))),)))
    assert (drawn.array, drawn.origin, drawn.shape, drawn.dtype) == (
        "x",
        "a.safetensors:x",
        (30, 4),
        np.dtype(dtype),
    )
    assert np.array_equal(drawn.values, ROWS.astype(dtype).ravel())


@pytest.mark.parametrize("dtype", ["i8", "i4", "u1", "b1"])
def test_integers_and_truth_values_are_numbers(saved, draw, dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    drawn = draw(NumberRequest(tokens=(saved(safetensors(x=array)),)))
    assert (drawn.dtype, drawn.values.tolist()) == (np.float64, array.ravel().astype(float).tolist())


def test_bfloat16_is_widened_to_the_bit(saved, draw):
    patterns = np.arange(1 << 16, dtype=np.uint16)
    drawn = draw(NumberRequest(tokens=(saved(safetensors(x=patterns)),)))
    assert drawn.dtype == np.float32
    assert np.array_equal(drawn.values.view(np.uint32), patterns.astype(np.uint32) << 16)


@pytest.mark.parametrize(("kind", "name"), [("F8_E4M3", "float8_e4m3"), ("F8_E5M2", "float8_e5m2")])
def test_float8_is_widened(saved, draw, kind, name):
    content = with_table(json.dumps({"x": entry(kind, (256,), 0)}), bytes(range(256)))
    wanted = low_types([name])[0].decode(np.arange(256)).astype(np.float32)
    assert np.array_equal(draw(NumberRequest(tokens=(saved(content),))).values, wanted, equal_nan=True)


def test_all_arrays_or_one(saved, draw_all, draw):
    name = saved(safetensors({"format": "pt"}, b=ROWS, a=ROWS[:2], one=np.float64(3)))
    assert [(one.array, one.shape) for one in draw_all(NumberRequest(tokens=(name,)))] == [
        ("b", (30, 4)),
        ("a", (2, 4)),
        ("one", ()),
    ]
    assert draw(NumberRequest(tokens=(name,), array="a")).values.tolist() == ROWS[:2].ravel().tolist()
    with pytest.raises(DataError, match="no array 'c', there are b, a, one"):
        draw(NumberRequest(tokens=(name,), array="c"))


def test_the_order_of_the_table_need_not_be_that_of_the_data(saved, draw_all):
    table = {"late": entry("F32", (1,), 4), "early": entry("F32", (1,), 0)}
    name = saved(with_table(json.dumps(table), np.float32([1, 2]).tobytes()))
    assert [(one.array, one.values.tolist()) for one in draw_all(NumberRequest(tokens=(name,)))] == [
        ("late", [2]),
        ("early", [1]),
    ]


def damaged(change=None, data=b"\0" * 24, **changes):
    table = {"x": entry("F32", (2, 3), 0) | changes}
    return with_table(json.dumps(table | (change or {})), data)


BAD = {
    "nothing": (b"", "is empty"),
    "three bytes": (b"abc", "too short"),
    "a huge table": (b"\xff" * 8 + b"{}", "18,446,744,073,709,551,615 bytes"),
    "a longer table than the file": ((999).to_bytes(8, "little") + b"{}", "truncated: a table of 999 bytes"),
    "no JSON": (with_table("{'x'"), "its table is no JSON"),
    "no UTF-8": ((2).to_bytes(8, "little") + b"\xff\xff", "its table is no JSON"),
    "a list": (with_table("[1]"), "its table is no JSON object"),
    "deep JSON": (with_table("[" * 100_000), "its table is no JSON"),
    "a long number": (with_table('{"x": ' + "9" * 10_000 + "}"), "its table is no JSON"),
    "a key twice": (with_table('{"x": {}, "x": {}}'), "the name 'x' stands twice"),
    "a key twice inside": (
        with_table('{"x": {"dtype": "F32", "dtype": "F32"}}'),
        "the name 'dtype' stands twice",
    ),
    "no table of an array": (with_table('{"x": 3}'), "needs dtype, shape and data_offsets"),
    "another key": (damaged(order="C"), "and nothing else"),
    "a type that is no name": (damaged(dtype=3), "has no type"),
    "a hostile type": (damaged(dtype="F32\x1b[31m"), "has no type"),
    "a negative length": (damaged(shape=[-2, 3]), "has no shape"),
    "a length with a fraction": (damaged(shape=[2.0, 3]), "has no shape"),
    "a true length": (damaged(shape=[True, 6]), "has no shape"),
    "too many numbers": (damaged(shape=[1 << 40, 1 << 40]), "has no shape"),
    "too many axes": (damaged(shape=[1] * 65), "has no shape"),
    "one offset": (damaged(data_offsets=[24]), "has no place"),
    "offsets backwards": (damaged(data_offsets=[24, 0]), "has no place"),
    "a shape that is too large": (damaged(shape=[2, 4]), "takes 32 bytes, its place has 24"),
    "data cut off": (damaged(data=b"\0" * 20), "truncated: its arrays take 24 bytes, the file has 20"),
    "data left over": (damaged(data=b"\0" * 30), "6 bytes at its end belong to no array"),
    "an overlap": (damaged({"y": entry("F32", (2, 3), 12)}, b"\0" * 40), "array 'y' overlaps another"),
    "a hole": (damaged({"y": entry("F32", (2,), 28)}, b"\0" * 36), "array 'y' leaves a hole"),
    "complex numbers": (damaged(dtype="C64", shape=[3]), "holds C64; save it"),
    "no array": (with_table('{"__metadata__": {"a": "b"}}'), "holds no arrays"),
}


@pytest.mark.parametrize("name", BAD)
def test_damage_is_named_in_one_line(saved, draw, name):
    content, words = BAD[name]
    with pytest.raises(DataError) as caught:
        draw(NumberRequest(tokens=(saved(content),)))
    message = str(caught.value)
    assert words in message
    assert message.startswith("a.safetensors:")
    assert "\x1b" not in message


@pytest.mark.parametrize(
    "command", [("eval", "relu"), ("deadcheck",), ("compare", "relu", "--by", "training", "--data")]
)
def test_the_table_is_held_to_memory(saved, command):
    name = saved(with_table(json.dumps({"__metadata__": {"a": "b" * 10**5}})))
    message = refused(*command, name, "--memory", "3MB", kind=DataError)
    assert "its table of 100,032 bytes needs about 4 MB of memory, 3 MB are allowed" in message


def test_a_packed_file_is_to_be_unpacked(saved, draw):
    with pytest.raises(DataError, match="packed or a pipe"):
        draw(NumberRequest(tokens=(saved(gzip.compress(safetensors(x=ROWS))),)))


def test_no_more_than_a_block_is_in_memory(saved, terminal):
    array = np.zeros(8_000_000, np.float32)
    name = saved(safetensors(x=array))
    del array
    tracemalloc.start()
    (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
    count = sum(block.size for block in numbers.blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 8_000_000
    assert peak < 8_000_000


def test_a_file_that_shrinks_meanwhile_is_truncated(saved, terminal):
    name = saved(safetensors(x=np.zeros(1_000_000)))
    (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
    next(numbers.blocks)
    os.truncate(name, 3_000_000)
    with pytest.raises(DataError, match="truncated"):
        list(numbers.blocks)


def test_options_of_other_files_are_refused(saved, draw):
    name = saved(safetensors(x=ROWS))
    with pytest.raises(UsageError, match="--column"):
        draw(NumberRequest(tokens=(name,), columns=("a",)))
    (kind,) = low_types(["bfloat16"])
    with pytest.raises(DataError, match=r"holds float32, which needs no --dtype bfloat16"):
        draw(NumberRequest(tokens=(name,), stored=kind, must_be_stored=True))


@pytest.mark.usefixtures("saved")
def test_the_files_of_the_library_itself(draw_all):
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    x = torch.randn(50, 7)
    kinds = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool)
    tensors = {str(kind).rpartition(".")[2]: (x * 3).to(kind) for kind in kinds}
    library.save_file(tensors, "a.safetensors", metadata={"format": "pt"})
    found = {one.array: one.values for one in draw_all(NumberRequest(tokens=("a.safetensors",)))}
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(found[name], tensor.double().numpy().ravel()), name


def test_reading_loads_no_library(saved):
    name = saved(safetensors(x=ROWS))
    code = (
        "import sys; from actcli.sources import NumberRequest, open_numbers; from actcli.terminal import Terminal\n"
        f"[list(n.blocks) for n in open_numbers(NumberRequest(tokens=({name!r},)), Terminal(None, None, None))]\n"
        "sys.exit(bool({'safetensors', 'torch', 'ml_dtypes'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0
