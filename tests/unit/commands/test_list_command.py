"""`actcli list` as a call: which functions match, and in which form."""

import csv
import io
import json
from typing import get_args

import pytest
from invocation import invoke, refused

from actcli.activations import DIALECTS, catalogue
from actcli.activations.definition import FORMULA
from actcli.commands.list import FamilyName, FrameworkName
from actcli.render.card.listing import COLUMNS


def names(*arguments: str) -> list[str]:
    return invoke("list", *arguments).out.split()


def test_choices_are_those_of_the_catalogue() -> None:
    families = {definition.family for definition in catalogue()}
    assert set(get_args(FamilyName)) == families | {FORMULA}
    assert get_args(FrameworkName) == DIALECTS


def test_in_a_pipe_one_name_a_line() -> None:
    assert invoke("list") == (0, "".join(f"{definition.name}\n" for definition in catalogue()), "")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["Leaky-ReLU"], ["leaky_relu", "leaky_relu_squared"]),
        (["swish"], ["hard_swish", "silu"]),
        (["soft*"], ["softsign", "softplus", "softcap", "softshrink", "softmax", "softmin"]),
        (["?elu"], ["relu", "pelu", "selu", "celu", "telu", "gelu"]),
        (["[cs]elu"], ["selu", "celu"]),
        (["[a-c]elu"], ["celu"]),
        (["[!a-r]elu"], ["selu", "telu"]),
        (["hard-[r-t]a*"], ["hard_tanh"]),
        (["re_lu[0-9]*"], ["relu6", "relu_squared"]),
        (["keras.relu"], ["keras.relu"]),
        (["relu", "--framework", "onnx"], ["relu", "leaky_relu", "prelu", "thresholded_relu"]),
        (["--family", "wave", "--monotone"], ["snake"]),
        (
            ["--family", "sigmoid", "--bounded", "--smooth"],
            ["erf", "laplace", "sigmoid", "tanh", "arctan", "softcap", "dyt", "derf", "isru"],
        ),
        (["*max", "--monotone"], []),
        (["*max", "--bounded", "--smooth"], ["softmax"]),
    ],
)
def test_filters(arguments: list[str], wanted: list[str]) -> None:
    assert names(*arguments) == wanted


@pytest.mark.parametrize("form", ["plain", "table", "markdown", "jsonl"])
def test_nothing_found_is_said_on_stderr(form: str) -> None:
    status, out, err = invoke("list", "nothing", "--format", form)
    assert (status, out) == (1, "")
    assert "no function matches" in err
    assert err.count("\n") == 1


def test_nothing_found_is_still_valid_json_and_csv() -> None:
    assert invoke("list", "nothing", "--format", "json").json == {"schema": 1, "functions": []}
    assert invoke("list", "nothing", "--format", "csv").out == ",".join(COLUMNS) + "\n"


def test_json_has_the_columns_and_csv_the_same() -> None:
    records = invoke("list", "--format", "json").json["functions"]
    assert {tuple(record) for record in records} == {COLUMNS}
    rows = list(csv.DictReader(io.StringIO(invoke("list", "--format", "csv").out)))
    assert [row["name"] for row in rows] == [record["name"] for record in records]
    assert [row["formula"] for row in rows] == [record["formula"] for record in records]
    relu = next(record for record in records if record["name"] == "relu")
    assert (relu["infimum"], relu["supremum"], relu["smoothness"], relu["year"]) == (0.0, "inf", 0, 2010)
    assert relu["zero_gradient"] == [{"low": "-inf", "high": 0.0, "holds_low": False, "holds_high": True}]
    softmax = next(row for row in rows if row["name"] == "softmax")
    assert (softmax["monotone"], softmax["zero_gradient"]) == ("", "")


def test_jsonl_and_tsv_are_a_function_a_line() -> None:
    lines = invoke("list", "hard_*", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == names("hard_*")
    header, *fields = invoke("list", "hard_*", "--format", "tsv").out.splitlines()
    assert header.split("\t") == list(COLUMNS)
    assert {line.count("\t") for line in fields} == {len(COLUMNS) - 1}


def test_markdown_escapes_what_would_end_a_cell() -> None:
    head, rule, line = invoke("list", "softsign", "--format", "markdown").out.splitlines()
    assert head == "| name | formula | range | class | no gradient | year |"
    assert rule.count("---") == 6
    assert line == r"| softsign | x/(1 + \|x\|) | -1 … 1 | C¹ | – | 2009 |"


def test_a_file_appears_whole(tmp_path) -> None:
    target = tmp_path / "functions.json"
    assert invoke("list", "gelu", "-o", str(target)).out == ""
    assert [record["name"] for record in json.loads(target.read_text())["functions"]] == [
        "gelu_10",
        "gelu_tanh",
        "quick_gelu",
        "gelu",
    ]


def test_arrays_are_refused() -> None:
    assert "npy holds numbers, not a list of functions" in refused("list", "-o", "list.npy")
