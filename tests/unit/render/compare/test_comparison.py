"""A comparison in every format: what a program gets."""

import csv
import io
import json
from dataclasses import replace

import pytest
from comparisons import COLUMNS, CONTENDERS, comparison
from rendering import Screen, terminal

from actcli.analysis.compare.result import Contender
from actcli.exits import DataError, UsageError
from actcli.render.compare.comparison import Page, write_comparison, write_winner
from actcli.render.output.layout import Layout


def written(form, page=None, **more):
    world = terminal(**more)
    write_comparison(
        page or Page(comparison(seed=7)), Layout(form, None, digits=more.pop("digits", None)), world
    )
    return world.stdout.getvalue().decode(world.encoding)


def winner(column, found=None):
    world = terminal()
    found = found or comparison()
    write_winner(found, found.column(column), world)
    return world.stdout.getvalue().decode()


@pytest.mark.parametrize("form", ["plain", "tsv"])
def test_a_line_a_contender(form):
    assert written(form).splitlines() == [
        "function\tinfimum\tzero_gradient\texplained\tsmooth\tfloat16_error\tfloat16_time",
        "relu\t0.0\t(-inf, 0]\t0.8183098861837907\tno\t0.1\t2.5".replace("0]", "0.0]"),
        "gelu\t-0.16997120747990369\t\t0.95\tyes\t0.25\t12.0",
        "leaky_relu:alpha=0.25\t-inf\t\t\tyes\tnan\t2.5",
    ]


def test_csv_quotes_what_has_a_comma():
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert [row["function"] for row in rows] == ["relu", "gelu", "leaky_relu:alpha=0.25"]
    assert rows[0]["zero_gradient"] == "(-inf, 0.0]"
    assert float(rows[1]["infimum"]) == -0.16997120747990369


def test_json_has_everything():
    found = comparison(
        seed=7, answer="gelu explains most.", warnings=("2 left out.",), notes=("digits: 20 epochs",)
    )
    document = json.loads(written("json", Page(found)))
    assert document["schema"] == 1
    assert list(document) == ["schema", "by", "seed", "columns", "contenders", "answer", "notes"]
    assert (document["by"], document["seed"]) == ("precision", 7)
    assert document["columns"][0] == {
        "name": "infimum",
        "heading": "infimum",
        "better": "neither",
        "group": None,
        "unit": None,
    }
    assert document["columns"][-1] == {
        "name": "float16_time",
        "heading": "time",
        "better": "small",
        "group": "float16",
        "unit": "ns",
    }
    assert document["answer"] == "gelu explains most."
    assert document["notes"] == ["2 left out.", "digits: 20 epochs"]
    relu, gelu, odd = document["contenders"]
    assert list(relu) == ["function", *(column.name for column in COLUMNS), "layers"]
    assert relu["zero_gradient"] == [{"low": "-inf", "high": 0.0, "holds_low": False, "holds_high": True}]
    assert relu["layers"] == [{"layer": 1, "signal": 0.5}, {"layer": 2, "signal": "inf"}]
    assert (gelu["zero_gradient"], gelu["smooth"]) == ([], True)
    assert (odd["infimum"], odd["explained"], odd["float16_error"]) == ("-inf", None, "nan")


def test_json_says_when_it_is_cut_short():
    document = json.loads(written("json", Page(comparison(CONTENDERS[:1]), complete=False)))
    assert document["complete"] is False
    assert len(document["contenders"]) == 1


def test_jsonl_is_a_contender_a_line():
    records = [json.loads(line) for line in written("jsonl").splitlines()]
    assert records == json.loads(written("json"))["contenders"]


def test_markdown_is_for_reading():
    assert written("markdown").splitlines() == [
        "| ◂ best | relu | gelu | leaky_relu:alpha=0.25 |",
        "| --- | --- | --- | --- |",
        "| infimum | 0 | -0.17 | -∞ |",
        "| no gradient | x ≤ 0 | none | – |",
        "| explained variance | 0.8183 | 0.95 ◂ | – |",
        "| smooth | no | yes ◂ | yes ◂ |",
        "| float16 largest error | 0.1 ◂ | 0.25 | – |",
        "| float16 time, ns | 2.5 ◂ | 12 | 2.5 ◂ |",
    ]


def test_the_same_findings_are_the_same_bytes():
    assert written("json") == written("json")


@pytest.mark.parametrize(
    ("column", "spec"), [("explained", "gelu"), ("float16-error", "relu"), ("smooth", "gelu")]
)
def test_the_winner_alone(column, spec):
    assert winner(column) == f"{spec}\n"


def test_the_first_of_equals_wins():
    assert winner("float16_time") == "relu\n"
    alike = [Contender(name, {"explained": 1.0}) for name in ("silu", "swish")]
    assert winner("explained", comparison(alike)) == "silu\n"


def test_one_that_has_a_value_beats_those_that_have_none():
    known = [Contender("a"), Contender("b", {"explained": float("nan")}), Contender("c", {"explained": 0.5})]
    assert winner("explained", comparison(known)) == "c\n"
    with pytest.raises(DataError, match="no contender has a number in the column explained"):
        winner("explained", comparison(known[:2]))


def test_arrays_are_refused():
    with pytest.raises(UsageError, match="npy holds numbers, not a comparison"):
        written("npy")


def test_a_file_is_utf8_without_colours(tmp_path):
    target = tmp_path / "found.txt"
    world = terminal(encoding="ascii", color_choice="always")
    write_comparison(Page(comparison()), Layout("table", str(target)), world)
    text = target.read_text("utf-8")
    assert "\n◂ best " in text
    assert "\x1b" not in text


ANSWERED = comparison(answer="gelu explains 95 % of x, relu 82 %.", warnings=("2 numbers are left out.",))


@pytest.mark.parametrize(
    ("form", "tty", "below", "beside"),
    [
        ("table", True, True, False),
        ("table", False, False, True),
        ("tsv", False, False, True),
        ("json", False, True, False),
    ],
)
def test_the_answer_is_below_the_table_of_a_terminal_and_on_stderr_of_a_pipe(form, tty, below, beside):
    world = replace(terminal(stdout_is_tty=tty), stderr=Screen())
    write_comparison(Page(ANSWERED), Layout(form, None), world)
    out, err = (stream.getvalue().decode() for stream in (world.stdout, world.stderr))
    assert (ANSWERED.answer in out, ANSWERED.answer in err) == (below, beside)
    assert out.endswith(f"\n\n{ANSWERED.answer}\n") == (form == "table" and tty)
    assert ("left out" in err) == (form != "json")


def test_a_file_holds_the_answer_of_its_table(tmp_path):
    target, world = tmp_path / "found.txt", replace(terminal(), stderr=Screen())
    write_comparison(Page(ANSWERED), Layout("table", str(target)), world)
    assert target.read_text("utf-8").endswith(f"\n{ANSWERED.answer}\n")
    assert world.stderr.getvalue() == b"actcli: 2 numbers are left out.\n"
