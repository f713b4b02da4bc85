"""Names from files that attack a terminal, a table, a spreadsheet or a browser, through every format and command."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest
from invocation import invoke

NAMES = (
    "\x1b]0;title\x07\x1b[31mred",
    "line\nbreak\r\ttab\u2028\x85end",
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+1+1",
    "-1+1",
    '"quoted", with, commas',
    "pipe | *bold* `code` [a](b) <script>",
    "\u202ereversed",
)
TEXT_FORMATS = ("csv", "tsv", "json", "jsonl", "markdown", "table")


def outcome(*arguments):
    """What a command writes to stdout and to stderr."""
    return invoke(*arguments, size=(400, 40))[1:]


def npz(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for place, name in enumerate(names):
            member = io.BytesIO()
            np.save(member, np.linspace(-1, 0, 40).reshape(20, 2) - place)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return str(path)


def assert_safe(text):
    """Only printable characters, tabs and line ends."""
    assert text.replace("\t", "").replace("\n", "").isprintable(), ascii(text)


@pytest.fixture
def archive(tmp_path):
    return npz(tmp_path / "named.npz", NAMES)


@pytest.mark.parametrize("form", TEXT_FORMATS)
@pytest.mark.parametrize("command", ["eval", "grad"])
def test_array_names_of_eval_and_grad(command, form, archive):
    out, err = outcome(command, "relu", archive, "--format", form)
    assert_safe(out)
    assert err == ""
    escaped = r"\u001b]0;title\u0007" if form in {"json", "jsonl"} else r"\x1b]0;title\x07"
    assert escaped in out.replace("\\\\", "\\").replace(r"\]", "]")


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("command", ["eval", "grad"])
def test_no_name_breaks_a_line_or_runs_as_a_formula(command, form, archive):
    out, _ = outcome(command, "relu", archive, "--format", form)
    lines = out.splitlines()
    rows = list(csv.reader(lines)) if form == "csv" else [line.split("\t") for line in lines]
    assert {len(row) for row in rows} == {2}
    found = list(dict.fromkeys(row[0] for row in rows[1:]))
    assert len(found) == len(NAMES)
    assert not [name for name in found if name.startswith(("=", "+", "-", "@"))]
    assert "'=cmd|' /C calc'!A0" in found
    assert float(rows[1][1]) == pytest.approx(0.0, abs=1)


@pytest.mark.parametrize("command", ["eval", "grad"])
def test_json_keeps_the_names_as_they_are(command, archive):
    assert list(json.loads(outcome(command, "relu", archive, "--format", "json")[0])["arrays"]) == list(NAMES)
    lines = outcome(command, "relu", archive, "--format", "jsonl")[0].split("\n")[:-1]
    assert list(dict.fromkeys(json.loads(line)["array"] for line in lines)) == list(NAMES)


def test_markdown_starts_no_markup(archive):
    out, _ = outcome("eval", "relu", archive, "--format", "markdown")
    assert r"pipe \| \*bold\* \`code\` \[a\](b) \<script>" in out


@pytest.mark.parametrize("form", [*TEXT_FORMATS, "plain", "junit"])
def test_layer_names_of_deadcheck(form, archive):
    more = [] if form in {"json", "jsonl", "junit"} else ["--units"]
    more += ["--map"] if form == "table" else []
    out, err = outcome("deadcheck", archive, "--recorded", "pre", "--format", form, *more)
    assert_safe(out)
    assert_safe(err)
    if form in {"csv", "tsv"}:
        assert not [line for line in out.splitlines() if line.startswith(("=", "@", '"=', '"@'))]


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "markdown", "table"])
def test_a_column_s_name_in_compare_and_plot(form, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('"=cmd\x1b[31m|x"\n-1\n0\n2\n')
    out, err = outcome(
        "compare",
        "relu",
        "gelu",
        "--by",
        "values",
        "-i",
        str(path),
        "--column",
        "=cmd\x1b[31m|x",
        "--format",
        form,
    )
    assert_safe(out)
    assert_safe(err)
    if form not in {"markdown", "table"}:
        out, err = outcome("plot", "relu", "-i", str(path), "--column", "=cmd\x1b[31m|x", "--format", form)
        assert_safe(out)
        assert_safe(err)


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "markdown", "table", "plain"])
@pytest.mark.parametrize("command", [("list", "--family", "formula"), ("info", "mine")])
def test_what_a_file_of_functions_says_of_them(command, form, tmp_path):
    path = tmp_path / "functions.toml"
    path.write_text('[mine]\nformula = "x*sigmoid(x)"\nabout = "=cmd \\u001b]0;x\\u0007 | y"\n')
    out, err = outcome(*command, "--functions", str(path), "--format", form)
    assert_safe(out)
    assert_safe(err)
    cells = [cell for line in out.splitlines() for cell in line.replace(",", "\t").split("\t")]
    assert form not in {"csv", "tsv"} or not [cell for cell in cells if cell.startswith("=")]
