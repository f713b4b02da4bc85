"""`-o FILE.parquet` and `--append` to a Parquet file: columns, types, row groups, and ten mistakes in one line."""

import sys
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation
from actcli.exits import DataError, UsageError

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402 - pyarrow may be missing

LOSS = [1.5, None, -2.0]


def results(tmp_path: Path, *arguments: str, stdin: bytes = b""):
    path = tmp_path / "y.parquet"
    invoke(*arguments, "-o", str(path), stdin=stdin)
    return parquet.read_table(path)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    table = pa.table(
        {
            "loss": pa.array(LOSS * 400, pa.float32()),
            "name": ["a", "b", "c"] * 400,
            "n": list(range(1200)),
            "tags": [["x"], [], None] * 400,
        }
    )
    path = tmp_path / "runs.parquet"
    parquet.write_table(
        table.replace_schema_metadata({"k": "v"}), path, row_group_size=500, compression="zstd"
    )
    return path


@pytest.mark.parametrize(
    ("arguments", "stdin", "wanted"),
    [
        (["eval", "relu", "-1", "2"], b"", {"y": [0.0, 2.0]}),
        (["eval", "relu", "--with-x"], b"-1\n2\n", {"x": [-1.0, 2.0], "y": [0.0, 2.0]}),
        (["grad", "relu", "-1", "2"], b"", {"y": [0.0, 1.0]}),
        (["eval", "softmax"], b"0 0\n5 5\n", {"y1": [0.5, 0.5], "y2": [0.5, 0.5]}),
        (["eval", "glu", "--with-x"], b"2 0\n", {"x1": [2.0], "x2": [0.0], "y1": [1.0]}),
        (
            ["grad", "reglu", "--jacobian"], b"2 3\n1 1\n",
            {"row": [1, 2], "i": [1, 1], "dy_dx1": [3.0, 1.0], "dy_dx2": [2.0, 1.0]},
        ),
        (["eval", "relu", "--column", "a", "--column", "b"], b"a,b\n1,-2\n", {"relu(a)": [1.0], "relu(b)": [0.0]}),
        (["eval", "relu", "1", "--dtype", "bfloat16", "--bits"], b"", {"y": [0x3F80]}),
        (["eval", "relu"], b"", {"y": []}),
    ],
)  # fmt: skip
def test_results_have_the_columns_of_csv(tmp_path: Path, arguments, stdin, wanted) -> None:
    assert results(tmp_path, *arguments, stdin=stdin).to_pydict() == wanted


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_type_stays(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-3, 3, 7).astype(dtype))
    y = results(tmp_path, "eval", "gelu", str(tmp_path / "x.npy")).column("y").to_numpy()
    assert y.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(y, activation("gelu")(np.linspace(-3, 3, 7).astype(dtype)))


def test_many_numbers_become_several_row_groups(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=1_500_000).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    invoke("eval", "relu", str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.parquet"))
    file = parquet.ParquetFile(tmp_path / "y.parquet")
    assert file.metadata.num_row_groups == 2
    np.testing.assert_array_equal(file.read().column("y").to_numpy(), np.maximum(x, 0))


def test_several_arrays_have_a_column_of_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", one=np.array([-1.0, 2.0]), two=np.array([3.0]))
    found = results(tmp_path, "eval", "relu", str(tmp_path / "x.npz")).to_pydict()
    assert found == {"array": ["one", "one", "two"], "y": [0.0, 2.0, 3.0]}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "y.parquet"
    invoke("eval", "tanh", "0.1", "-0.25", "-o", str(path))
    assert invoke("eval", "identity", str(path)).out == invoke("eval", "tanh", "0.1", "-0.25").out


def test_columns_are_added_and_all_else_stays(runs: Path) -> None:
    before = parquet.read_table(runs)
    invoke("eval", "relu", "x^2", str(runs), "--column", "loss", "--append", "-o", str(runs))
    file = parquet.ParquetFile(runs)
    after = file.read()
    assert after.select(before.column_names).equals(before, check_metadata=True)
    assert after.column_names[4:] == ["relu(loss)", "x^2 at loss"]
    assert after.column("relu(loss)").to_pylist() == [1.5, None, 0.0] * 400
    assert str(after.schema.field("x^2 at loss").type) == "float"
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [500, 500, 200]
    assert {file.metadata.row_group(0).column(at).compression for at in range(6)} == {"ZSTD"}


def test_derivatives_and_functions_over_rows_are_added(runs: Path) -> None:
    out = runs.with_name("more.parquet")
    columns = ("--column", "loss", "--column", "n")
    invoke("grad", "relu", str(runs), *columns, "--append", "-o", str(out))
    first = parquet.read_table(out).slice(1, 2).to_pydict()
    assert (first["relu'(loss)"], first["relu'(n)"]) == ([None, 0.0], [1.0, 1.0])
    invoke("eval", "softmax", str(runs), *columns, "--append", "-o", str(out))
    assert parquet.read_table(out).column("softmax(n)").slice(0, 3).to_pylist()[1] is None


def test_a_file_without_rows_gets_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    parquet.write_table(pa.table({"x": pa.array([], pa.float64()), "t": pa.array([], pa.string())}), path)
    invoke("eval", "relu", str(path), "--column", "x", "--append", "-o", str(path))
    assert parquet.read_table(path).column_names == ["x", "t", "relu(x)"]


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["relu", "1", "-o", "y.parquet.gz"], UsageError, ".parquet files are not packed"),
        (["relu", "1", "-o", "y.parquet", "--format", "csv"], UsageError, "is parquet by its suffix"),
        (["relu", "1", "-o", "y.parquet", "--digits", "3"], UsageError, "parquet holds every number exactly"),
        (["relu", "runs.parquet", "--column", "loss", "--append"], UsageError, "name such a file with -o"),
        (["relu", "runs.parquet", "--column", "loss", "--append", "-o", "y.csv"], UsageError, "keeps the format"),
        (["relu", "runs.parquet", "--column", "loss", "--append", "--digits", "3", "-o", "y.parquet"], UsageError,
         "--digits belongs to text"),
        (["relu", "runs.parquet", "--column", "name", "--append", "-o", "y.parquet"], DataError, "holds string"),
        (["relu", "runs.parquet", "--column", "tags", "--append", "-o", "y.parquet"], DataError, "holds list"),
        (["relu", "runs.parquet", "--column", "none", "--append", "-o", "y.parquet"], DataError, "no column 'none'"),
        (["relu", "relu", "runs.parquet", "--column", "n", "--append", "-o", "y.parquet"], UsageError,
         "would be added twice"),
        (["relu", "bad.parquet", "--column", "n", "--append", "-o", "y.parquet"], DataError, "damaged"),
        (["relu", "gone.parquet", "--column", "n", "--append", "-o", "y.parquet"], DataError, "gone.parquet"),
        (["softmax", "ragged.txt", "-o", "y.parquet"], DataError, "rows of one length"),
        (["relu", "runs.parquet", "--column", "n", "--append", "-o", "none/y.parquet"], DataError, "does not exist"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_leave_nothing(arguments, kind, said, runs, monkeypatch) -> None:
    monkeypatch.chdir(runs.parent)
    Path("bad.parquet").write_bytes(b"PAR1" + b"\xff" * 64 + b"PAR1")
    Path("ragged.txt").write_text("1 2\n1 2 3\n")
    assert said in refused("eval", *arguments, kind=kind)
    assert {path.name for path in Path().iterdir()} == {"runs.parquet", "bad.parquet", "ragged.txt"}


@pytest.mark.parametrize("arguments", [["info", "relu"], ["list"], ["compare", "relu"]])
def test_reports_are_not_written_as_parquet(arguments: list[str]) -> None:
    assert "parquet holds numbers" in refused(*arguments, "-o", "y.parquet")


def test_a_missing_pyarrow_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install pyarrow \(the extra parquet\)"):
        invoke("eval", "relu", "1", "-o", str(tmp_path / "y.parquet"))
    assert list(tmp_path.iterdir()) == []
