"""deadcheck's output for programs: lines a unit, JSON, Markdown, JUnit."""

import csv
import io
import json
import re
import tracemalloc
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from dead_units import HIDDEN, HOSTILE, findings, planted, state
from rendering import terminal

from actcli.analysis.deadness.since import find_change
from actcli.analysis.deadness.unit_state import NEVER, UNKNOWN
from actcli.analysis.deadness.verdict import CLASSES, Settings
from actcli.exits import UsageError
from actcli.render.deadness.findings import View
from actcli.render.deadness.plan import SamplePlan, write_plan
from actcli.render.deadness.report import COLUMNS, MORE_COLUMNS, worst_first, write_findings
from actcli.render.output.layout import Layout


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
    assert [line[0] for line in lines[3:]] == [r"a\tb\x1b[31m<[red]&" + "\"'>\\nc"] * len(lines[3:])
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
    assert list(said) == ["schema",
        "complete", "noise", "verdict", "settings", "units", "dead", "dead_share", "samples_needed", "layers",
        "not_observed", "change", "notes",
    ]  # fmt: skip
    assert list(said["layers"][0]) == [
        "layer", "op", "function", "recorded", "units", "samples", "elements", "counted_samples", "counts", "dead",
        "dead_share", "sparsity", "bound", "evidence", "firing_rate", "not_alive",
    ]  # fmt: skip
    assert list(said["layers"][0]["not_alive"][0]) == [
        "unit", "class", "firings", "samples", "bound", "evidence", "minimum", "maximum", "margin", "cause",
        "locked", "first", "last",
    ]  # fmt: skip
    assert list(said["verdict"]) == [
        "status", "sentences", "limit", "pattern", "limits", "stopped_early", "layers",
    ]  # fmt: skip
    assert list(said["settings"]) == ["confidence", "rare", "tau", "definition", "window", "density_below"]
    assert list(said["layers"][0]["counts"]) == list(CLASSES)


def test_json_says_what_is_so():
    said = json.loads(written(two_layers(limit=0.01), "json"))
    assert (said["units"], said["dead"], said["verdict"]["status"]) == (32, 2, "not enough data")
    assert said["layers"][1]["layer"] == HOSTILE
    assert said["not_observed"] == [{"name": HOSTILE, "op": "Relu", "reason": "inside an If branch"}]
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


def suite_of(found):
    return ET.fromstring(written(found, "junit"))  # noqa: S314 - our own text


def test_junit_is_xml_with_a_case_a_layer():
    suite = suite_of(two_layers())
    assert suite.tag == "testsuite"
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "0", "errors": "0", "skipped": "1"}
    conv1, hostile, hidden = suite.findall("testcase")
    assert conv1.get("name") == "conv1"
    assert conv1.findtext("system-out") == "1 of 16 units dead: 1; observed on 400 samples"
    assert hostile.get("name") == r"a\tb\x1b[31m<[red]&" + "\"'>\\nc"
    assert hidden.find("skipped").get("message") == "not observed: inside an If branch"


@pytest.mark.parametrize(
    ("limit", "layer_glob", "cases", "failing"),
    [
        (None, None, ["conv1", "fc"], []),
        (0.0, None, ["conv1", "fc", "all units"], ["all units"]),
        (0.05, None, ["conv1", "fc", "all units"], []),
        (0.0, "*", ["conv1", "fc"], ["conv1"]),
        (0.05, "conv*", ["conv1", "fc"], ["conv1"]),
        (0.05, "fc", ["conv1", "fc"], []),
    ],
)
def test_junit_fails_what_the_limit_is_for(limit, layer_glob, cases, failing):
    states = [state("conv1", planted(900)), state("fc", planted(900)[:, 3:])]
    found = findings(*states, limit=limit, layer_glob=layer_glob)
    suite = suite_of(found)
    assert [case.get("name") for case in suite.findall("testcase")] == cases
    failed = [case for case in suite if case.find("failure") is not None]
    assert [case.get("name") for case in failed] == failing
    assert all(case.find("failure").get("type") == "dead units" for case in failed)
    assert suite.get("failures") == str(len(failing))
    assert bool(failing) == (found.judgement is not None and found.judgement.status != "fine")
    (conv1,) = (case for case in suite if case.get("name") == "conv1")
    said = conv1.findtext("failure") if failing == ["conv1"] else conv1.findtext("system-out")
    assert "units dead: 1" in said


def test_junit_says_where_there_are_too_few_samples():
    failure = suite_of(two_layers(limit=0.01)).find("testcase/failure")
    assert failure.get("type") == "not enough data"
    assert failure.get("message") == (
        "2 of 32 units are dead (6.25 %), the limit is 1 %, but 50 samples are too few to say so: it takes 574"
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
                "It takes 12,200 samples: any of 10,000 units that is silent in all of them\n"
                "fires with p < 0.001, at 95 % confidence for all 10,000 together.\n"
            ),
        ),
    ],
)
def test_a_plan(form, said):
    world = terminal()
    write_plan(SamplePlan(10_000, 0.001, 0.95, 12_200), Layout(form, None), world)
    assert world.stdout.getvalue().decode() == said


def test_a_plan_is_no_test_suite():
    with pytest.raises(UsageError, match="no verdict for junit"):
        write_plan(SamplePlan(1, 0.1, 0.9, 22), Layout("junit", None), terminal())


def test_junit_counts_what_another_definition_flags():
    definition = Settings(definition="loss-of-plasticity")
    found = findings(state("fc", planted(1800)), limit=0.1, layer_glob="fc", settings=definition)
    case = suite_of(found).find("testcase/failure")
    assert (
        case.get("message") == "2 of 16 units are flagged by loss-of-plasticity (12.5 %), the limit is 10 %"
    )
    assert case.text == "units flagged by loss-of-plasticity: 1, 2"
    case = suite_of(findings(state("fc", planted(900)), settings=definition)).find("testcase")
    assert case.findtext("system-out").startswith("2 of 16 units flagged by loss-of-plasticity: 1, 2;")


# Against older statistics


def changed(**more):
    """Unit 1 dead then and now, unit 5 dead then and alive now, unit 0 dead since."""
    then, now = planted(), planted()
    then[:, 5], now[:, 0] = -1.0, -1.0
    found = findings(state("fc", now), state("good", planted()[:, 4:]), **more)
    old = [state("fc", then), state("good", planted()[:, 4:])]
    new = [layer.state for layer in found.report.layers]
    return replace(found, report=replace(found.report, change=find_change(old, new, Settings())))


@pytest.mark.parametrize("form", ["plain", "tsv", "csv"])
def test_a_line_a_unit_says_what_has_become_of_it(form):
    head, *lines = [re.split(r"[\t,]", line) for line in written(changed(), form).splitlines()]
    assert head == [*COLUMNS, "change", "p_value"]
    assert [bool(line[7]) for line in lines] == [True, False, False, False, True]
    assert max(float(lines[0][7]), float(lines[4][7])) < 0.05
    assert [[line[1], line[2], line[6]] for line in lines] == [
        ["0", "silent", "newly dead"],
        ["1", "silent", "still dead"],
        ["2", "rare", ""],
        ["3", "always_active", ""],
        ["5", "alive", "revived"],
    ]
    assert {line[0] for line in lines} == {"fc"}


def test_the_change_stands_before_what_units_adds():
    head = written(changed(), "plain", View(units=True)).splitlines()[0].split("\t")
    assert head == [*COLUMNS, "change", "p_value", *MORE_COLUMNS]


def test_a_json_line_has_its_layer_s_change():
    fc, good = [json.loads(line) for line in written(changed(), "jsonl").splitlines()]
    tests = fc["change"].pop("tests")
    none = {"newly_dead": [], "revived": [], "still_dead": [], "unclear": [], "unclear_revived": []}
    assert fc["change"] == none | {"newly_dead": [0], "revived": [5], "still_dead": [1]}
    died, revived = tests
    assert (died["unit"], list(died)) == (0, ["unit", "fired_before", "fired_now", "p_value", "holm"])
    assert died["p_value"] < died["holm"] < 0.05
    assert (revived["unit"], revived["fired_before"], revived["fired_now"] > 0) == (5, 0, True)
    fc["change"]["tests"] = tests
    assert good["change"] == none | {"tests": []}
    assert json.loads(written(changed(), "json"))["change"] == [
        {"layer": "fc", **fc["change"]},
        {"layer": "good", **good["change"]},
    ]
    assert "change" not in json.loads(written(findings(state("fc", planted())), "jsonl"))


def test_a_junit_case_says_its_layer_s_change_and_does_not_fail_by_it():
    fc, good = suite_of(changed()).findall("testcase")
    assert fc.find("failure") is None
    said = fc.findtext("system-out").splitlines()[1]
    assert re.search(
        r"1 newly dead \(0; p-value [\d.e-]+\), 1 revived \(5; p-value [\d.e-]+\), 1 still dead \(1\)$", said
    )
    assert good.find("system-out") is None


@pytest.mark.parametrize("form", ["markdown", "table"])
def test_a_person_reads_the_change_in_a_line(form):
    said = " ".join(written(changed(), form).split())
    assert re.search(
        r"fc: 1 newly dead \(0; p-value [\d.e-]+\), 1 revived \(5; p-value [\d.e-]+\), 1 still dead \(1\)",
        said,
    )


def test_a_unit_that_was_rare_may_be_silent_by_chance():
    then, now = planted(), planted()
    now[:, 2] = -1.0
    found = findings(state("fc", now))
    change = find_change([state("fc", then)], [found.report.layers[0].state], Settings())
    found = replace(found, report=replace(found.report, change=change))
    lines = [line.split("\t") for line in written(found, "tsv").splitlines()]
    assert [line[6] for line in lines if line[1] == "2"] == ["unclear"]
    assert "1 more is silent now" in " ".join(written(found, "table").split())


def test_a_unit_that_is_rare_may_have_been_silent_by_chance():
    then, now = planted(), planted()
    then[:, 2] = -1.0
    found = findings(state("fc", now))
    change = find_change([state("fc", then)], [found.report.layers[0].state], Settings())
    found = replace(found, report=replace(found.report, change=change))
    lines = [line.split("\t") for line in written(found, "tsv").splitlines()]
    assert [(line[2], line[6], float(line[7]) > 0.05) for line in lines if line[1] == "2"] == [
        ("rare", "unclear", True)
    ]
    said = " ".join(written(found, "table").split())
    assert "none revived" in said
    assert "1 more fires now, but too rarely to say that it was dead before" in said
    assert "1 unclear if revived (2; p-value" in said


# Names


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+cmd", "-x", "@SUM(A1)", "plain", "a=b"])
def test_no_spreadsheet_runs_a_layer_s_name(name):
    found = findings(state(name, planted()))
    safe = name if name[0] not in "=+-@" else f"'{name}"
    assert list(csv.reader(io.StringIO(written(found, "csv"))))[1][0] == safe
    assert written(found, "tsv").splitlines()[1].split("\t")[0] == safe
    assert written(found, "plain").splitlines()[1].split("\t")[0] == name


def with_nan(**more):
    z = planted(700)
    z[3, 0] = np.nan
    return findings(state("conv1", z), state("fc", np.full((700, 2), np.nan)), **more)


def test_nothing_is_bounded_of_a_unit_that_gave_nan():
    conv1, fc = json.loads(written(with_nan(), "json"))["layers"]
    assert (conv1["evidence"], fc["evidence"], fc["bound"]) == ("bounded", None, None)
    assert conv1["bound"] == pytest.approx(1 - 0.05 ** (1 / 700))
    assert [(unit["bound"], unit["evidence"]) for unit in fc["not_alive"]] == [(None, None)] * 2
    assert [unit["evidence"] for unit in conv1["not_alive"]] == [None, "bounded", "bounded", "bounded"]
    lines = [line.split("\t") for line in written(with_nan(), "tsv").splitlines()]
    assert lines[1] == [
        "conv1",
        "0",
        "nonfinite",
        str(int((np.delete(planted(700)[:, 0], 3) > 0).sum())),
        "700",
        "",
    ]
    rows = written(with_nan(), "table", size=(140, 40)).splitlines()
    assert [line.split()[-1] for line in rows if line.startswith(("conv1 ", "   fc ", "fc "))][:2] == [
        "4.28e-3",
        "–",
    ]


def test_junit_fails_by_nan():
    text = written(with_nan(limit=0.5), "junit")
    failures = ET.fromstring(text).findall("testcase/failure")  # noqa: S314 - our own text
    assert [failure.get("type") for failure in failures] == ["NaN or inf"]
    assert (
        failures[0].get("message") == "1 of 18 units is dead (5.56 %), 3 gave NaN or inf, the limit is 50 %"
    )


def test_places_that_are_not_known():
    layer = state("conv1", planted())
    places = np.where(layer.first == NEVER, NEVER, UNKNOWN)
    unknown = replace(layer, start=None, first=places, last=places)
    (said,) = json.loads(written(findings(unknown), "json"))["layers"]
    assert [(unit["first"], unit["last"]) for unit in said["not_alive"]] == [(None, None)] * 3
    rows = list(csv.DictReader(io.StringIO(written(findings(unknown), "csv", View(units=True)))))
    assert [row["first"] for row in rows] == [""] * 3
    shown = written(findings(unknown), "markdown", View(units=True)).splitlines()
    silent, rare = ([line for line in shown if f"| {name} " in line][-1] for name in ("silent", "rare"))
    assert (silent.count("?"), rare.count("?")) == (0, 2)


def test_what_is_asked_of_a_layer_is_asked_once_and_not_of_every_unit(monkeypatch):
    from actcli.analysis.deadness.verdict import LayerVerdict

    asked = []
    margins = LayerVerdict.margins.fget
    monkeypatch.setattr(LayerVerdict, "margins", property(lambda layer: asked.append(1) or margins(layer)))
    found = findings(state("wide", np.zeros((20, 300))))
    for form in ("plain", "csv", "json", "jsonl"):
        written(found, form)
    assert len(asked) == 4


@pytest.mark.parametrize("form", ["tsv", "json", "jsonl"])
def test_a_wide_layer_is_written_in_memory_that_does_not_grow_with_its_text(form):
    found = findings(state("wide", np.zeros((1, 30_000))))
    drain = Drain()
    tracemalloc.start()
    try:
        write_findings(found, View(), Layout(form, None), terminal(drain))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert drain.written > 700_000
    assert peak < 6_000_000  # all lines as fields, or all units as records, take 30 MB


class Drain:
    """A stream that counts and keeps nothing."""

    def __init__(self):
        self.written = 0

    def write(self, data):
        self.written += len(data)

    def flush(self):
        pass
