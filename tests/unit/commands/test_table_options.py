"""Columns, decimal signs and NUL on the command lines that read numbers."""

from pathlib import Path

import pytest
from invocation import invoke, refused

from actcli.exits import DataError

TABLE = "a;b;name\n1,5;0;u\n0;0;v\n2;3,5;w\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)


def test_several_columns_side_by_side() -> None:
    columns = ("t.csv", "--column", "b", "--column", "1", "--decimal", ",")
    assert invoke("eval", "relu", *columns).out == "0.0 1.5\n0.0 0.0\n3.5 2.0\n"
    assert invoke("grad", "relu", *columns, "--format", "csv").out.splitlines()[0] == "relu'(b),relu'(a)"
    assert invoke("eval", "x+1", *columns, "--format", "csv", "--with-x").out.splitlines()[:2] == [
        "b,a,x+1 at b,x+1 at a",
        "0.0,1.5,1.0,2.5",
    ]
    assert '"shape":[3,2]' in invoke("eval", "relu", *columns, "--format", "json").out


def test_a_name_from_a_file_is_no_formula_of_a_spreadsheet() -> None:
    Path("t.csv").write_text('"=cmd()",b\n1,2\n')
    lines = invoke(
        "eval", "relu", "t.csv", "--column", "1", "--column", "2", "--with-x", "--format", "csv"
    ).out
    assert lines.splitlines()[0] == "'=cmd(),b,relu(=cmd()),relu(b)"


def test_units_of_recorded_activations_are_the_chosen_columns() -> None:
    found = invoke(
        "deadcheck", "t.csv", "--column", "b", "--column", "a", "--decimal", ",", "--format", "json"
    ).json
    assert (found["layers"][0]["units"], found["layers"][0]["samples"]) == (2, 3)
    piped = invoke(
        "deadcheck", "-", "--column", "a", "--format", "json", "--decimal", ",", stdin=TABLE.encode()
    ).json
    assert piped["layers"][0]["units"] == 1


def test_plot_and_compare_take_all_numbers_of_the_columns() -> None:
    chosen = ("-i", "t.csv", "--column", "a", "--column", "b", "--decimal", ",")
    assert "t.csv: 6 numbers from 0 to 3.5" in invoke("plot", "relu", *chosen).out
    compared = invoke("compare", "relu", "gelu", "--by", "values", *chosen)
    assert compared.rows[0][:4] == ["relu", "0.0", "3.5", str(7 / 6)]


def test_the_targets_of_a_training_with_decimal_commas() -> None:
    Path("d.csv").write_text("x;y;c\n" + "1,5;2;0\n-1;-0,5;1\n" * 20)
    options = (
        "--by",
        "training",
        "--data",
        "d.csv",
        "--target",
        "c",
        "--epochs",
        "1",
        "--seeds",
        "1",
        "--lr",
        "0.1",
    )
    assert invoke("compare", "relu", *options, "--decimal", ",").status == 0
    assert "d.csv:2: '1,5' in column 'x' is not a number" in refused(
        "compare", "relu", *options, kind=DataError
    )


def test_nul_in_and_out() -> None:
    assert invoke("eval", "relu", "-z", stdin=b"1\x00-2\x003").out == "1.0\x000.0\x003.0\x00"
    assert invoke("eval", "softmax", "--null", stdin=b"0 0\x001 1\x00").out == "0.5 0.5\x00" * 2
    assert invoke("grad", "relu", "-z", "--format", "csv", stdin=b"1\x00").out == "y\n1.0\n"
    assert invoke("eval", "relu", "-z", stdin=b"1\x00", stdout_is_tty=True).out == "1.0\x00"
    assert invoke("eval", "-x", "-0").out == "0.0\n"  # -0 is a number


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("eval relu 1 -z", "--null says how a file or stdin is read"),
        ("eval relu t.csv -z", "--null says what ends a number in text"),
        ("eval relu t.csv --decimal ;", "--decimal"),
        ("eval relu t.csv --decimal", "--decimal"),
        ("eval relu t.csv --input-format xml", "--input-format"),
        ("eval relu 1 --input-format csv", "--input-format says how a file or stdin is read"),
        ("eval relu 1 --column x", "--column chooses a column of a table"),
        ("eval relu t.csv --column a --column 1", "the column 'a' is named twice"),
        ("grad relu --check --column x", "--column belongs to numbers"),
        ("grad relu --check -z", "--null belongs to numbers"),
        ("plot relu --column a", "--column needs --input FILE"),
        ("plot relu --decimal ,", "--decimal needs --input FILE"),
        ("compare relu --by training --input-format csv", "--input-format belongs to"),
        ("compare relu --by values --decimal ,", "--decimal needs --input FILE"),
        ("deadcheck --train 2 --column a", "--column"),
    ],
)
def test_refusals(arguments: str, message: str) -> None:
    assert message in refused(*arguments.split())
