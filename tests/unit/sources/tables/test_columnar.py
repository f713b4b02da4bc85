"""Parquet and Arrow files: chosen columns as numbers, lists as rows, and nothing but one line about the rest."""

import random
from decimal import Decimal

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import ActcliError, DataError, UsageError
from actcli.sources import NumberRequest

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

H = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
COLUMNS = {
    "f2": pa.array(np.float16([1.5, 0, -2])),
    "f4": pa.array([1.5, None, -2], pa.float32()),
    "f8": pa.array([1.5, None, -2], pa.float64()),
    "i1": pa.array([1, None, -2], pa.int8()),
    "u8": pa.array([1, 2**64 - 1, 0], pa.uint64()),
    "decimal": pa.array([Decimal("1.25"), None, Decimal(-3)]),
    "bool": pa.array([True, False, None]),
    "null": pa.nulls(3),
    "category": pa.array([5, 7, None]).dictionary_encode(),
    "list": pa.array([[1.0, 2.0], [None, -4.0], [0.0, 1.0]], pa.list_(pa.float32())),
    "fixed": pa.array([[1, 2], [3, -4], [0, 1]], pa.list_(pa.int32(), 2)),
    "large": pa.array([[1, 2], [3, -4], [0, 1]], pa.large_list(pa.int16())),
    "ragged": pa.array([[1, 2], [3], [0, 1]]),
    "hole": pa.array([[1, 2], None, [0, 1]]),
    "text": pa.array(["a", "b", "c"]),
    "day": pa.array([1, 2, 3], pa.date32()),
    "nested": pa.array([[[1.0]], [[2.0]], [[3.0]]]),
    "record": pa.array([{"a": 1}, {"a": 2}, {"a": 3}]),
}
nan = float("nan")
EXPECTED = {
    "f2": [1.5, 0, -2],
    "f4": [1.5, nan, -2],
    "f8": [1.5, nan, -2],
    "i1": [1, nan, -2],
    "u8": [1, 2.0**64, 0],
    "decimal": [1.25, nan, -3],
    "bool": [1, 0, nan],
    "null": [nan, nan, nan],
    "category": [5, 7, nan],
    "list": [1, 2, nan, -4, 0, 1],
    "fixed": [1, 2, 3, -4, 0, 1],
    "large": [1, 2, 3, -4, 0, 1],
}


def stream_bytes(table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(name, columns):
        table = pa.table(columns)
        if name.endswith(".parquet"):
            parquet.write_table(table, name, row_group_size=100)
        elif name.endswith(".feather"):
            feather.write_feather(table, name, chunksize=100)
        else:
            (tmp_path / name).write_bytes(stream_bytes(table))
        return name

    return save


FILES = ["x.parquet", "x.feather", "x.arrow", "x"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("column", EXPECTED)
def test_a_column(write, draw, name, column):
    drawn = draw(NumberRequest(input=write(name, COLUMNS), columns=(column,)))
    np.testing.assert_array_equal(drawn.values, EXPECTED[column])
    assert str(drawn.dtype) == {"f2": "float16", "f4": "float32", "list": "float32"}.get(column, "float64")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("text", "'text' holds string, not numbers"),
        ("day", "holds date32"),
        ("nested", "holds list<"),
        ("record", "holds struct<"),
        ("missing", "no column 'missing', there are 'f2'"),
        ("ragged", "row 2 of column 'ragged' has 1 numbers, the first 2"),
        ("hole", "row 2 of column 'hole' has 0 numbers"),
    ],
)
def test_other_columns_are_refused_by_their_type(write, name, column, words):
    message = refused("eval", "relu", "-i", write(name, COLUMNS), "--column", column, kind=DataError)
    assert words in message


@pytest.mark.parametrize("name", FILES)
def test_lists_are_the_samples_of_a_layer(write, name):
    write(name, {"id": pa.array([str(i) for i in range(300)]), "h": pa.array(list(H.clip(0) * [1, 1, 1, 0]))})
    document = invoke("deadcheck", name, "--format", "json").json
    assert (document["units"], document["dead"], document["layers"][0]["samples"]) == (4, 1, 300)


@pytest.mark.parametrize("name", FILES)
def test_columns_are_units_too(write, name):
    write(name, {f"unit{i}": H[:, i].clip(0) * (i != 2) for i in range(4)})
    document = invoke("deadcheck", name, "--format", "json").json
    assert (document["units"], document["dead"]) == (4, 1)


@pytest.mark.parametrize("name", FILES)
def test_every_command_reads_them(write, name):
    write(name, {"x": H[:, 0], "y": H[:, 1], "word": ["w"] * 300})
    x = invoke("eval", "relu", name, "--column", "x").out
    assert np.array_equal(np.float32(x.split()), H[:, 0].clip(0))
    assert np.array_equal(
        np.float64(invoke("grad", "relu", "-i", name, "--column", "2").out.split()), H[:, 1] > 0
    )
    both = invoke("eval", "relu", name, "--column", "x", "--column", "y").out
    assert np.array_equal(np.float32(both.split()).reshape(-1, 2), H[:, :2].clip(0))
    assert "300 numbers" in invoke("plot", "relu", "-i", name, "--column", "x").out
    assert (
        invoke("compare", "relu", "gelu", "--by", "values", "-i", name, "--column", "x").rows[0][0] == "relu"
    )


def test_a_stream_on_standard_input_and_packed(draw):
    packed = __import__("gzip").compress(stream_bytes(pa.table({"x": H[:, 0]})))
    for content in (stream_bytes(pa.table({"x": H[:, 0]})), packed):
        assert np.array_equal(draw(NumberRequest(tokens=("-",)), content).values, H[:, 0])


BAD = {
    "eval relu x.parquet": "choose one by --column: 'x', 'y'",
    "eval relu x.parquet --column x --column x": "named twice",
    "eval relu x.parquet --column x --array a": "--array",
    "eval relu x.parquet --column x --axis 0": "--axis",
    "eval softmax x.parquet --column x --axis 0": "--axis",
    "eval softmax x.parquet": "'word' holds string",
    "eval relu x.parquet --column 0": "no column '0'",
    "eval relu x.parquet --column word": "holds string",
    "eval relu lists.parquet --column h --column g": "read it alone",
    "eval relu packed.parquet.gz": "no pipe, and not packed",
    "eval relu text.parquet": "does not begin",
    "eval relu empty.parquet": "is empty",
    "eval relu x.parquet --column x --null": "--null",
    "eval relu none.parquet --column x": "no numbers",
    "deadcheck x.parquet": "'word' holds string",
}


@pytest.mark.parametrize("line", BAD)
def test_what_is_wrong_is_one_line(write, tmp_path, line):
    write("x.parquet", {"x": H[:, 0], "y": H[:, 1], "word": ["w"] * 300})
    write("none.parquet", {"x": pa.array([], pa.float64())})
    write("lists.parquet", {"h": pa.array([[1.0]]), "g": pa.array([[1.0]])})
    (tmp_path / "packed.parquet.gz").write_bytes(
        __import__("gzip").compress((tmp_path / "x.parquet").read_bytes())
    )
    (tmp_path / "text.parquet").write_text("1 2 3")
    (tmp_path / "empty.parquet").touch()
    assert BAD[line] in refused(*line.split(), kind=ActcliError)


def test_a_row_group_that_needs_too_much_memory_is_refused(write, monkeypatch):
    write("x.parquet", {"x": H[:, 0]})
    monkeypatch.setattr("actcli.sources.budget.default_budget", lambda: 100)
    assert "row group 1 needs about" in refused("eval", "relu", "x.parquet", kind=DataError)


def test_without_pyarrow_the_package_is_named(write, monkeypatch):
    write("x.parquet", {"x": H[:, 0]})
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "pip install pyarrow" in refused("eval", "relu", "x.parquet", kind=DataError)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(12))
def test_damaged_files_are_one_line(write, tmp_path, name, seed):
    chance = random.Random(seed)  # noqa: S311
    columns = {"x": H[:, 0], "h": pa.array(list(H)), "word": pa.array(["w"] * 300).dictionary_encode()}
    content = bytearray((tmp_path / write(name, columns)).read_bytes())
    kind = seed % 3
    if kind == 0:
        content = content[: chance.randrange(8, len(content))]
    for _ in range(8 if kind == 1 else 2):
        place = (
            chance.randrange(8, len(content))
            if kind == 1
            else chance.randrange(max(8, len(content) - 600), len(content))
        )
        content[place] = chance.randrange(256)
    (tmp_path / name).write_bytes(content)
    for column in ("x", "h"):
        message = name
        try:
            invoke("eval", "relu", "-i", name, "--column", column)
        except ActcliError as error:
            message = str(error)
        assert message.startswith(name)
        assert "\n" not in message


def test_a_data_set_with_words_as_targets(write):
    words = ["yes" if value > 0 else "no" for value in H[:, 0]]
    write("d.parquet", {"a": H[:, 0], "b": H[:, 1], "class": words})
    line = "compare relu gelu --by training --data d.parquet --target class --epochs 2 --seeds 2 --width 4"
    assert len(invoke(*line.split()).rows) == 2
    message = refused("compare", "relu", "gelu", "--by", "training", "--data", "d.parquet", kind=UsageError)
    assert "--target" in message
