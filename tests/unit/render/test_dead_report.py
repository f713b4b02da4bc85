"""deadcheck's output for programs: lines a unit, JSON, Markdown, JUnit."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from dead_units import HIDDEN, HOSTILE, findings, planted, state
from rendering import terminal

from actcli.analysis.deadness import CLASSES, Settings
from actcli.exits import UsageError
from actcli.render.dead_plan import Plan, write_plan
from actcli.render.dead_report import COLUMNS, MORE_COLUMNS, worst_first, write_findings
from actcli.render.dead_table import View
from actcli.render.layout import Layout


def written(found, form, view=None, **more):
    world = terminal(**more)
    write_findings(found, view or View(), Layout(form, None), world)
    return world.stdout.getvalue().decode()


def two_layers(**more):
    states = [state("conv1", planted(), start=1000), state(HOSTILE, planted(50))]
    return findings(*states, unobserved=(HIDDEN,), ops={"conv1": "Relu"}, **more)


@pytest.mark.parametrize("form", ["plain", "tsv"])
def test_a_line_a_unit_that_is_not_alive(form):
    head, *lines = [line.split("\t") for line in written(two_layers(), form).splitlines()]
    assert head == ["layer", "unit", "class", "firings", "samples", "bound"] == list(COLUMNS)
    assert [line[:5] for line in lines[:3]] == [
        ["conv1", "1", "silent", "0", "400"],
        ["conv1", "2", "rare", "2", "400"],
        ["conv1", "3", "always_active", "400", "400"],
    ]
    assert float(lines[0][5]) == pytest.approx(1 - 0.05 ** (1 / 400), rel=1e-12)
    assert [line[0] for line in lines[3:]] == ["a b[31m<[red]&\"'> c"] * len(lines[3:])
    assert all(len(line) == 6 for line in lines)


def test_units_adds_what_else_is_known():
    found = list(csv.DictReader(io.StringIO(written(two_layers(), "csv", View(units=True)))))
    assert list(found[0]) == [*COLUMNS, *MORE_COLUMNS]
    silent, rare, always = found[:3]
    assert (silent["evidence"], silent["locked"], silent["first"], silent["cause"]) == (
        "observed",
        "no",
        "",
        "",
    )
    assert float(silent["maximum"]) == -float(silent["margin"]) == planted()[:, 1].max()
    assert (rare["first"], rare["last"], rare["margin"]) == ("1005", "1007", "")
    assert (always["first"], always["last"], always["bound"]) == ("1000", "1399", "1.0")


def test_nobody_to_name_leaves_the_head_alone():
    assert written(findings(state("fc", planted()[:, 4:])), "plain").splitlines() == ["\t".join(COLUMNS)]


def test_json_has_these_keys_and_no_other():
    said = json.loads(written(two_layers(limit=0.01), "json"))
    assert list(said) == [
        "complete", "noise", "verdict", "settings", "units", "dead", "dead_share", "samples_needed", "layers",
        "not_observed", "change", "notes",
    ]  # fmt: skip
    assert list(said["layers"][0]) == [
        "layer", "op", "function", "recorded", "units", "samples", "elements", "counts", "dead", "dead_share",
        "sparsity", "bound", "evidence", "firing_rate", "not_alive",
    ]  # fmt: skip
    assert list(said["layers"][0]["not_alive"][0]) == [
        "unit", "class", "firings", "samples", "bound", "evidence", "minimum", "maximum", "margin", "cause",
        "locked", "first", "last",
    ]  # fmt: skip
    assert list(said["verdict"]) == ["status", "sentences", "limit", "pattern", "stopped_early", "layers"]
    assert list(said["layers"][0]["counts"]) == list(CLASSES)


def test_json_says_what_is_so():
    said = json.loads(written(two_layers(limit=0.01), "json"))
    assert (said["units"], said["dead"], said["verdict"]["status"]) == (32, 2, "not enough data")
    assert said["layers"][1]["layer"] == HOSTILE
    assert said["not_observed"] == [
        {"layer": HOSTILE, "op": "Relu", "observed": False, "reason": "inside an If branch"}
    ]
    first = said["layers"][0]
    z = planted()
    assert first["op"] == "Relu"
    assert first["sparsity"] == pytest.approx((z <= 0).mean())
    assert first["firing_rate"]["median"] == pytest.approx(np.median((z > 0).mean(0)))
    assert [unit["unit"] for unit in first["not_alive"]] == [1, 2, 3]
    assert first["not_alive"][0]["margin"] == -z[:, 1].max()


def test_what_is_not_known_is_null():
    z = planted()
    z[:, 1] = np.nan
    said = json.loads(written(findings(state("fc", z, recorded="post")), "json"))
    unit = said["layers"][0]["not_alive"][0]
    assert (unit["class"], unit["minimum"], unit["maximum"], unit["first"]) == ("nonfinite", None, None, None)
    assert said["verdict"]["limit"] is None


def test_a_json_line_a_layer_and_one_for_what_was_not_observed():
    lines = [json.loads(line) for line in written(two_layers(), "jsonl").splitlines()]
    assert [line["layer"] for line in lines] == ["conv1", HOSTILE, HOSTILE]
    assert lines[2]["observed"] is False


def test_a_name_that_is_no_text_is_written_all_the_same():
    name = b"conv\xff".decode("utf-8", "surrogateescape")
    found = findings(state(name, planted()), limit=0.0)
    assert json.loads(written(found, "json"))["layers"][0]["layer"] == "conv\\udcff"
    for form in ("plain", "markdown", "table", "junit", "csv"):
        assert "conv" in written(found, form)


def test_markdown_has_the_verdict_the_layers_and_what_was_not_observed():
    text = written(two_layers(), "markdown", View(units=True))
    tables = text.split("\n\n")
    assert tables[0].startswith("| Verdict |\n| --- |\n| 2 of 32 units (6.25 %) are dead")
    assert "\\<\\[red\\]" in text
    assert [table.splitlines()[0].split(" | ")[0] for table in tables[1:]] == [
        "| layer", "| layer", "| not observed",
    ]  # fmt: skip
    assert "| conv1 | 1 | silent | 0 | 400 | 7.47e-3 |" in tables[2]


def test_junit_is_xml_with_a_case_a_layer():
    suite = ET.fromstring(written(two_layers(), "junit"))  # noqa: S314 - our own text
    assert suite.tag == "testsuite"
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "2", "errors": "0", "skipped": "1"}
    conv1, hostile, hidden = suite.findall("testcase")
    assert conv1.get("name") == "conv1"
    assert conv1.find("failure").get("type") == "not enough data"
    assert conv1.find("failure").text == "units dead: 1"
    assert hostile.get("name") == "a b[31m<[red]&\"'> c"
    assert hidden.find("skipped").get("message") == "not observed: inside an If branch"


@pytest.mark.parametrize(
    ("limit", "layer_glob", "failing"),
    [
        (None, None, ["conv1"]),
        (0.0, None, ["conv1", "all units"]),
        (0.05, None, ["conv1"]),
        (0.07, None, []),
        (0.05, "conv*", ["conv1"]),
        (0.05, "fc", []),
    ],
)
def test_junit_fails_the_layers_above_the_limit(limit, layer_glob, failing):
    states = [state("conv1", planted(900)), state("fc", planted(900)[:, 3:])]
    suite = ET.fromstring(written(findings(*states, limit=limit, layer_glob=layer_glob), "junit"))  # noqa: S314
    assert [case.get("name") for case in suite if case.find("failure") is not None] == failing
    assert suite.get("failures") == str(len(failing))
    assert all(
        case.find("failure").get("type") == "dead units" for case in suite if case.get("name") in failing
    )


def test_junit_after_an_interruption_does_not_look_done():
    suite = ET.fromstring(written(findings(state("fc", planted()[:, 3:]), complete=False), "junit"))  # noqa: S314
    assert suite.find("testcase/skipped").get("message") == "interrupted"


def test_the_worst_layer_first():
    states = [state("good", planted()[:, 3:]), state("bad", planted()[:, :3]), state("fair", planted())]
    report = worst_first(findings(*states).report)
    assert [layer.name for layer in report.layers] == ["bad", "fair", "good"]


def test_arrays_hold_no_report():
    with pytest.raises(UsageError, match="npy holds numbers"):
        write_findings(two_layers(), View(), Layout("npy", "x.npy"), terminal())


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("plain", "12200\n"),
        ("tsv", "units\trare\tconfidence\tsamples\n10000\t0.001\t0.95\t12200\n"),
        ("jsonl", '{"units":10000,"rare":0.001,"confidence":0.95,"samples":12200}\n'),
        (
            "table",
            (
                "12 200 samples: if any of 10 000 units is silent in all of them,\n"
                "it fires with p < 0.001, at 95 % confidence for all 10 000 together.\n"
            ),
        ),
    ],
)
def test_a_plan(form, said):
    world = terminal()
    write_plan(Plan(10_000, 0.001, 0.95, 12_200), Layout(form, None), world)
    assert world.stdout.getvalue().decode() == said


def test_a_plan_is_no_test_suite():
    with pytest.raises(UsageError, match="no verdict for junit"):
        write_plan(Plan(1, 0.1, 0.9, 22), Layout("junit", None), terminal())


def test_junit_counts_what_another_definition_flags():
    found = findings(state("fc", planted(900)), settings=Settings(definition="loss-of-plasticity"))
    case = ET.fromstring(written(found, "junit")).find("testcase/failure")  # noqa: S314
    assert case.get("message") == "2 of 16 units are flagged by loss-of-plasticity (12.5 %)"
    assert case.text == "units flagged by loss-of-plasticity: 1, 2"
