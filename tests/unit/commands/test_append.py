"""`--append`: the table as it came, byte for byte, with columns of results."""

from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import DataError, UsageError

GERMAN = '# made\r\nx;"y";name\r\n1,5;2,25;"a;b"\r\n# c\r\n\r\n-3,5;4;"d ""e""\r\nf"\r\n# end'


def appended(tmp_path: Path, content: str | bytes, *arguments: str, name: str = "a.csv") -> bytes:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = invoke(*arguments, str(path), "--append", "-o", str(path))
    assert (ended.status, ended.out) == (0, "")
    return path.read_bytes()


def test_everything_else_stays_byte_for_byte(tmp_path: Path) -> None:
    after = appended(tmp_path, GERMAN, "eval", "relu", "--column", "x", "--column", "y", "--decimal", ",")
    wanted = GERMAN.replace("name\r\n", "name;relu(x);relu(y)\r\n")
    wanted = wanted.replace('"a;b"', '"a;b";1,5;2,25').replace('f"', 'f";0,0;4,0')
    assert after.decode() == wanted


@pytest.mark.parametrize(
    ("content", "arguments", "wanted"),
    [
        ("x\n1\n-2\n", ["eval", "relu"], "x,relu(x)\n1,1.0\n-2,0.0\n"),
        ("1\n-2", ["eval", "relu"], "1,1.0\n-2,0.0"),
        ("1\t2\n", ["eval", "relu", "--column", "2"], "1\t2\t2.0\n"),
        ("x|y\r-1|a\r", ["eval", "relu", "x*x"], "x|y|relu(x)|x*x\r-1|a|0.0|1.0\r"),
        ('"x","n"\n"1","a"\n', ["eval", "relu"], '"x","n","relu(x)"\n"1","a","1.0"\n'),
        ('x,"n,o"\n1,2\n', ["eval", "relu", "--column", "n,o"], 'x,"n,o","relu(n,o)"\n1,2,2.0\n'),
        ("x,y\n3,a\n", ["grad", "x^2"], "x,y,(x^2)'(x)\n3,a,6.0\n"),
        ("p,y\n-3,a\n", ["grad", "prelu", "--wrt", "alpha"], "p,y,dprelu/dalpha at p\n-3,a,-3.0\n"),
        ("p,y\n3,a\n", ["eval", "x+1", "x*2"], "p,y,x+1 at p,x*2 at p\n3,a,4.0,6.0\n"),
        ("a,b\n0,0\n", ["eval", "softmax"], "a,b,softmax(a),softmax(b)\n0,0,0.5,0.5\n"),
        ("a,b\n2,0\n", ["eval", "glu"], "a,b,glu(x)[1]\n2,0,1.0\n"),
        ("x,y\n", ["eval", "relu", "--column", "y"], "x,y,relu(y)\n"),
        ("x,y\n1,a\n-,b\n", ["eval", "relu", "--on-error", "skip"], "x,y,relu(x)\n1,a,1.0\n-,b,\n"),
        ("x,y\n1,a\n,b\n", ["eval", "relu", "--on-error", "nan"], "x,y,relu(x)\n1,a,1.0\n,b,nan\n"),
        ("x,y\n3,a\n", ["eval", "x/7", "--digits", "2"], "x,y,x/7\n3,a,0.43\n"),
        ("x,y\n0.1,a\n", ["eval", "relu", "--dtype", "bfloat16"], "x,y,relu(x)\n0.1,a,0.1\n"),
    ],
)
def test_csv(tmp_path: Path, content: str, arguments: list[str], wanted: str) -> None:
    assert appended(tmp_path, content, *arguments).decode() == wanted


def test_json_lines(tmp_path: Path) -> None:
    text = '{"a":1, "b":[2]}\n\n  {"a": "nan" } \n{"a":-2}'
    after = appended(tmp_path, text, "eval", "relu", "x*x", "--column", "a", name="a.jsonl").decode()
    assert after == (
        '{"a":1, "b":[2],"relu(a)":1.0,"x*x at a":1.0}\n\n  {"a": "nan" ,"relu(a)":"nan","x*x at a":"nan"} \n'
        '{"a":-2,"relu(a)":0.0,"x*x at a":4.0}'
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_stays(tmp_path: Path, encoding: str) -> None:
    after = appended(tmp_path, "ä;y\n1;2\n".encode(encoding), "eval", "relu", "--column", "ä")
    assert after == "ä;y;relu(ä)\n1;2;1.0\n".encode(encoding)


def test_many_rows_of_plain_numbers_and_of_words(tmp_path: Path) -> None:
    x = np.arange(-150_000, 150_000)
    for word in ("", "w"):
        text = "x,y\n" + "".join(f"{value},{word}{value % 7}\n" for value in x)
        lines = appended(tmp_path, text, "eval", "relu", "--column", "x").decode().splitlines()
        assert lines[0] == "x,y,relu(x)"
        assert [line.rpartition(",")[0] for line in lines] == text.splitlines()
        assert [float(line.rpartition(",")[2]) for line in lines[1:]] == np.maximum(x, 0).tolist()


def test_a_bad_row_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n3\n")
    assert "a.csv:3: 1 cell" in refused(
        "eval",
        "relu",
        str(path),
        "--column",
        "x",
        "--append",
        "-o",
        str(path),
        kind=DataError,
    )
    assert path.read_text() == "x,y\n1,2\n3\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["eval", "relu", "1"], 2, "'1' is a number"),
        (
            ["eval", "relu", "x.npy"],
            2,
            "--append adds columns to .csv, .tsv, .jsonl and .parquet; x.npy is read as npy",
        ),
        (["eval", "relu", "x.npz"], 2, "is read as archive"),
        (["eval", "relu", "x.json"], 2, "is read as json"),
        (["eval", "relu", "a.csv", "b.csv"], 2, "one input at a time: a.csv or b.csv"),
        (["eval", "relu", "softmax", "a.csv"], 2, "not both at once"),
        (["eval", "relu", "gelo", "a.csv"], 2, "unknown function 'gelo'"),
        (["eval", "relu", "relu", "a.csv"], 2, "'relu(x)' would be added twice"),
        (["eval", "relu", "a.csv", "--column", "z"], 1, "no column 'z'"),
        (["eval", "relu", "a.csv", "-o", "b.jsonl"], 2, "--append keeps the format"),
        (["eval", "relu", "a.csv", "-o", "b.tsv"], 2, "--append keeps the format"),
        (["eval", "relu", "a.csv", "--format", "csv"], 2, "--format does not go with --append"),
        (["eval", "relu", "a.csv", "--with-x"], 2, "--with-x does not go with --append"),
        (["eval", "relu", "--range", "0", "1"], 2, "--range does not go with --append"),
        (["eval", "relu", "a.csv", "-z"], 2, "--null does not go with --append"),
        (["eval", "relu", "a.csv", "--input-format", "text"], 2, "is read as text"),
        (["grad", "softmax", "a.csv", "--jacobian"], 2, "--append does not go with --jacobian"),
        (["grad", "relu", "a.csv", "--check"], 2, "--append does not go with --check"),
        (["grad", "relu", "a.csv", "--wrt", "q"], 2, "relu has no parameters"),
    ],
)
def test_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("x,y\n1,a\n")
    assert message in refused(*arguments, "--append", kind=UsageError if status == 2 else DataError)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
