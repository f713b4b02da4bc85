"""`actcli deadcheck` of a timeline: one file, or statistics files in order; every format; the limit; bad inputs."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from invocation import invoke, refused
from training_runs import layer, run_of

from actcli.exits import DataError
from actcli.render.deadness.state_file import write_state
from actcli.render.deadness.timeline_file import write_timeline

RUN = {"conv": [".....", "...xx", "..xxx", ".x..."], "fc": ["....."] * 6}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_timeline(run_of(RUN), "run.npz")
    for epoch in range(3):
        write_state([layer("conv", RUN["conv"], epoch + 2)], f"e{epoch}.npz")


def test_a_timeline_is_recognised():
    run = invoke("deadcheck", "run.npz", "--format", "table")

    assert run.status == 0
    assert "Dead units by epoch" in run.out
    assert "began in epoch 3 in conv (1 unit)" in run.err


def test_several_states_are_epochs_in_the_order_of_the_command_line():
    lines = invoke("deadcheck", "--timeline", "e2.npz", "e0.npz", "--format", "csv").out.splitlines()

    assert [line.split(",")[:3] for line in lines] == [
        ["epoch", "label", "layer"],
        ["1", "e2", "conv"],
        ["2", "e0", "conv"],
    ]


def test_lines_per_layer_and_per_unit():
    layers = invoke("deadcheck", "run.npz").out.splitlines()
    units = invoke("deadcheck", "run.npz", "--units").out.splitlines()

    assert layers[0].split("\t") == [
        "epoch", "label", "layer", "units", "samples", "dead", "dead_share", "died", "revived", "nonfinite",
        "median_firing_rate",
    ]  # fmt: skip
    assert len(layers) == 1 + 2 * 5
    assert units[0].split("\t") == ["layer", "unit", "fate", "died", "revived", "epochs_dead", "p_value"]
    assert [line.split("\t")[:6] for line in units[1:]] == [
        ["conv", "1", "died", "4", "", "2"],
        ["conv", "2", "died", "3", "", "3"],
        ["conv", "3", "revived", "2", "3", "1"],
    ]


def test_json_has_a_schema_the_verdict_of_the_last_epoch_and_the_timeline():
    document = invoke("deadcheck", "run.npz", "--format", "json").json
    timeline = document["timeline"]

    assert (document["schema"], document["dead"], document["units"]) == (1, 2, 10)
    assert timeline["beginning"] == {"epoch": 3, "layer": "conv", "units": 1}
    assert [epoch["epoch"] for epoch in timeline["epochs"]] == [1, 2, 3, 4, 5]
    assert timeline["epochs"][0]["passes"] == 10
    assert len(timeline["by_layer"]) == 10
    assert {unit["fate"] for unit in timeline["units_dead_once"]} == {"died", "revived"}


def test_jsonl_and_markdown_and_junit():
    lines = [
        json.loads(line) for line in invoke("deadcheck", "run.npz", "--format", "jsonl").out.splitlines()
    ]
    assert [("epoch" in line, "unit" in line) for line in lines] == [(True, False)] * 10 + [(False, True)] * 3

    markdown = invoke("deadcheck", "run.npz", "--format", "markdown", "--units").out
    assert "| layer | units |" in markdown
    assert "began in epoch 3" in markdown

    junit = invoke("deadcheck", "run.npz", "--format", "junit", "--fail-above", "10%")
    assert junit.status == 3
    (suite,) = ET.fromstring(junit.out).iter("testsuite")  # noqa: S314 - our own output
    assert suite.get("failures") == "1"


def test_the_limit_is_for_the_last_epoch():
    write_timeline(run_of({"a": ["xxx..", "....x"] + ["....."] * 8}), "woke.npz")

    assert invoke("deadcheck", "woke.npz", "--fail-above", "10%").status == 0
    assert invoke("deadcheck", "woke.npz", "--fail-above", "9%").status == 3
    assert invoke("deadcheck", "run.npz", "--fail-above", "0%", "--layer", "fc").status == 0


def test_another_definition_is_read_of_the_last_epoch():
    answered = invoke("deadcheck", "run.npz", "--definition", "sagemaker", "--format", "table")
    assert "In epoch" in answered.err
    assert "sagemaker flags" in answered.err


def test_files_for_the_report():
    assert invoke("deadcheck", "run.npz", "-o", "a.json", "-o", "a.xml", "-o", "a.md").out == ""
    assert json.loads(Path("a.json").read_text())["timeline"]["beginning"]["epoch"] == 3
    assert Path("a.xml").read_text().startswith("<?xml")
    assert Path("a.md").read_text().startswith("| Verdict")


def test_the_verdict_on_a_timeline_says_what_changed():
    write_state([layer("conv", RUN["conv"], 0), layer("fc", RUN["fc"], 0)], "old.npz")

    sentences = invoke("deadcheck", "run.npz", "--against", "old.npz").err

    assert "Since the earlier statistics" in sentences
    assert "died" in sentences


def test_against_an_earlier_state():
    write_state(run_of(RUN).epochs[0].states, "old.npz")
    change = invoke("deadcheck", "run.npz", "--against", "old.npz", "--format", "json").json["change"]

    assert change[0]["newly_dead"] == [1, 2]


def test_against_the_last_epoch_of_a_timeline():
    write_timeline(run_of({"conv": RUN["conv"]}), "conv.npz")
    change = invoke("deadcheck", "e0.npz", "--against", "conv.npz", "--format", "json").json["change"]

    assert (change[0]["still_dead"], change[0]["revived"]) == ([2], [1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run.npz", "--recorded", "pre"], "not timelines"),
        (["run.npz", "--data", "x.npy"], "not timelines"),
        (["run.npz", "--map"], "not timelines"),
        (["run.npz", "--save-state", "s.npz"], "not timelines"),
        (["run.npz", "run2.npz"], "one timeline at a time"),
        (["run.npz", "e0.npz"], "one kind at a time"),
        (["--timeline", "e0.npz", "e0.npz"], "is named twice"),
        (["--timeline", "e0.npz", "run.npz"], "is a timeline of several epochs"),
        (["run.npz", "-o", "a.json", "-o", "a.json"], "two options name the file"),
        (["run.npz", "-o", "run.npz"], "holds numbers"),
        (["run.npz", "--fail-above", "5%", "--layer", "nothing"], "no layer matches"),
        (["--timeline"], "SOURCE is missing"),
    ],
)
def test_wrong_use(arguments, words):
    write_timeline(run_of(RUN), "run2.npz")

    assert words in refused("deadcheck", *arguments)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"layers": {"conv": ["....."]}}, "and 1 in other"),
        ({"layers": {"conv": ["....."] * 4}, "function": "relu6"}, "relu6"),
    ],
)
def test_states_that_are_not_of_one_run(content, words):
    write_state(
        [
            layer(name, texts, 0, function=content.get("function", "relu"))
            for name, texts in content["layers"].items()
        ],
        "other.npz",
    )

    assert words in refused("deadcheck", "--timeline", "e0.npz", "other.npz", kind=DataError)


@pytest.mark.parametrize("name", ["gone.npz", "acts.npz", "text.npz", "cut.npz"])
def test_files_that_are_no_epochs(name):
    np.savez("acts.npz", a=np.zeros((3, 2)))
    Path("text.npz").write_text("1 2 3")
    Path("cut.npz").write_bytes(Path("e0.npz").read_bytes()[:300])

    assert name in refused("deadcheck", "--timeline", "e0.npz", name, kind=DataError)


# --follow


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--follow"], "one SOURCE"),
        (["--follow", "a.npz", "b.npz"], "one SOURCE"),
        (["--follow", "--timeline", "run.npz"], "--timeline does not go with --follow"),
        (["--follow", "run.npz", "--format", "json"], "a format that grows"),
        (["--follow", "run.npz", "--format", "junit"], "a format that grows"),
        (["--follow", "run.npz", "--recorded", "pre"], "--recorded"),
        (["--follow", "run.npz", "--data", "x.npy"], "--data"),
        (["--follow", "run.npz", "--save-state", "x.npz"], "--save-state"),
        (["--follow", "run.npz", "--map"], "--map"),
        (["--follow", "text.txt"], "--follow takes a timeline"),
        (["--follow", "-", "--data", "x.npy"], "--data"),
    ],
)
def test_wrong_use_of_follow(arguments, words):
    Path("text.txt").write_text("1 2 3")

    assert words in refused("deadcheck", *arguments)


def npy(*arrays):
    stream = io.BytesIO()
    for array in arrays:
        np.save(stream, np.asarray(array, np.float64))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "ended before its first epoch"),
        (b"1 2 3\n", "is no statistics file"),
        (npy(np.ones((3, 2)), np.ones((3, 4))), "parts of one layer"),
        (npy(np.ones((3, 2))) + b"more", "what follows array 1 is no array"),
        (npy(np.ones((3, 2)))[:-5], "truncated"),
        (npy(np.ones(3)), "need two axes"),
        (npy(np.ones((3, 0))), "empty"),
    ],
)
def test_streams_that_cannot_be_followed(stream, words):
    assert words in refused("deadcheck", "--follow", "-", stdin=stream, kind=DataError)


def test_a_stream_from_a_terminal_and_options_for_arrays_alone():
    assert "is a terminal" in refused("deadcheck", "--follow", "-", stdin_is_tty=True)
    state = Path("e0.npz").read_bytes()
    assert "for .npy arrays" in refused("deadcheck", "--follow", "-", "--recorded", "pre", stdin=state)


def test_each_array_of_a_stream_is_an_epoch():
    alive, dead = np.ones((50, 3)), np.ones((50, 3)) * [1, 0, 1]
    run = invoke("deadcheck", "--follow", "-", "--format", "jsonl", stdin=npy(alive, dead))

    assert [json.loads(line)["dead"] for line in run.out.splitlines()] == [0, 1]
