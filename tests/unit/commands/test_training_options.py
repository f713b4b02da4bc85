"""The options of training, for `compare --by training` and `deadcheck --train`: results, files, and mistakes."""

import csv
import json

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation

SMALL = ("--data", "xor", "--epochs", "2", "--width", "4", "--seeds", "2", "--batch", "64")


def compare(*options):
    return invoke("compare", "relu", "tanh", "--by", "training", *SMALL, *options)


def deadcheck(*options):
    return invoke("deadcheck", "--train", "relu", *SMALL, *options)


CONDITIONS = [
    (("--optimizer", "rmsprop"), {"optimizer": "rmsprop", "decay": 0.0}, "rmsprop"),
    (("--optimizer", "adamw"), {"optimizer": "adamw", "decay": 0.01}, "adamw, decay 0.01"),
    (("--optimizer", "adamw", "--decay", "0"), {"optimizer": "adamw", "decay": 0.0}, "adamw, batches"),
    (("--warmup", "0.5"), {"warmup": 0.5, "schedule": "constant"}, "warm-up over 0.5 epochs"),
    (("--warmup", "1", "--schedule", "cosine"), {"warmup": 1.0, "schedule": "cosine"}, "cosine schedule"),
    (("--batch-norm",), {"batch_norm": True, "residual": False}, "batch norm"),
    (("--residual",), {"residual": True}, "residual connections"),
]
SPLIT = ("--splits", "3")


@pytest.mark.parametrize(("options", "settings", "words"), CONDITIONS)
def test_a_comparison_names_its_conditions(options, settings, words):
    plain, one = compare("--format", "json").json, compare(*options, "--format", "json").json
    assert settings.items() <= one["settings"].items()
    assert any(words in note for note in one["notes"])
    assert not any(words in note for note in plain["notes"])
    scores = [[c["final_loss"] for c in found["contenders"]] for found in (plain, one)]
    assert scores[0] != scores[1]


@pytest.mark.parametrize(("options", "settings", "words"), CONDITIONS)
def test_deadcheck_names_its_conditions(options, settings, words, tmp_path):
    record = tmp_path / "r.csv"
    outcome = deadcheck(*options, "--format", "json", "--record", record)
    assert settings.items() <= outcome.json["training"].items()
    with record.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3
    for name, value in settings.items():
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else None
        assert {row[name] if text else type(value)(row[name]) for row in rows} == {text or value}
    shown = deadcheck(*options, "--format", "table")
    assert words in " ".join((shown.out + shown.err).split())


def test_the_intervals_over_splits_are_those_of_the_recording(tmp_path):
    path = tmp_path / "r.jsonl"
    found = compare(*SPLIT, "--format", "json", "--record", path).json
    assert found["settings"]["splits"] == 3
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for contender in found["contenders"]:
        own = [one for one in lines if one["function"] == contender["function"] and one["epoch"] == 2]
        by_split = np.array([[one["test_score"] for one in own if one["split"] == part] for part in range(3)])
        means = by_split.mean(axis=1)
        assert contender["test_score"] == pytest.approx(means.mean())
        half = 4.302653 * np.sqrt((1 / 3 + 1 / 3) * means.var(ddof=1))
        assert contender["test_score_interval"] == pytest.approx(half, rel=1e-6)
        assert contender["seed_interval"] == pytest.approx(
            3.182446 * np.sqrt(by_split.var(axis=1, ddof=1).mean() / 2)
        )


def test_an_answer_says_what_its_intervals_cover():
    one, several = compare("--format", "tsv"), compare(*SPLIT, "--format", "tsv")
    assert "2 seeds on one split" in one.err
    assert "3 splits" in several.err
    shown = deadcheck(*SPLIT, "--format", "table")
    assert "3 splits" in " ".join((shown.out + shown.err).split())


def test_deadcheck_watches_the_units_of_all_splits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = deadcheck(*SPLIT, "--format", "json", "--export", "n.npz", "--export-data", "x.npy").json
    training = found["training"]
    assert (training["splits"], training["networks"]) == (3, 6)
    assert training["courses"][0]["networks"] == 6
    assert training["courses"][0]["test_score_interval"] > 0
    layer = found["layers"][0]
    assert (layer["units"], layer["samples"]) == (6 * 4, 250)
    archive, x = np.load("n.npz"), np.load("x.npy")
    z = x @ archive["weights1"] + archive["bias1"]
    alone = deadcheck("--format", "json", "--export", "m.npz").json
    assert (np.load("m.npz")["weights1"] == archive["weights1"]).all()
    rates = [one["layers"][0]["firing_rate"]["maximum"] for one in (found, alone)]
    assert rates[0] >= rates[1] >= (z > 0).mean(axis=0).max()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--optimizer", "adamw"), ("adamw",)),
        (("--warmup", "1", "--schedule", "cosine"), ("warm-up over 1 epoch", "cosine schedule")),
        (("--optimizer", "rmsprop", "--residual"), ("rmsprop", "residual connections")),
    ],
)
def test_the_answer_names_what_is_special_about_the_training(options, words):
    for outcome in (compare(*options, "--format", "tsv"), deadcheck(*options, "--format", "tsv")):
        assert all(word in outcome.err for word in words)
    assert "With" not in compare("--format", "tsv").err


def test_a_rate_is_searched_on_each_split(tmp_path):
    path = tmp_path / "r.jsonl"
    line = (*SPLIT, "--lr", "auto", "--format", "json", "--record", path)
    found = compare(*line).json
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for contender in found["contenders"]:
        rates = {row["split"]: row["rate"] for row in contender["rates"]}
        recorded = {(one["split"], one["rate"]) for one in lines if one["function"] == contender["function"]}
        assert recorded == set(rates.items())
    (course,) = deadcheck(*SPLIT, "--lr", "auto", "--format", "json").json["training"]["courses"]
    assert len(course["rates"]) in {1, 3}
    assert course["rate"] in course["rates"]
    shown = deadcheck(*SPLIT, "--lr", "auto", "--format", "table").out
    low, high = min(course["rates"]), max(course["rates"])
    assert (f"{low:g}-{high:g}" if low < high else f"{low:g}") in shown


def test_dead_shares_have_an_interval():
    options = ("--lr", "3", "--format", "json")
    (course,) = deadcheck(*options).json["training"]["courses"]
    by_epoch = [row["dead_share_interval"] for row in course["epochs"]]
    assert course["dead_share_interval"] == by_epoch[-1]
    assert all(interval is not None for interval in by_epoch)
    contender = compare(*options).json["contenders"][0]
    assert contender["dead_share_interval"] is not None
    assert "dead_share_interval" in contender["epochs"][0]


def test_the_usual_rate_of_each_optimizer():
    for optimizer, rate in {"sgd": 0.1, "momentum": 0.01, "rmsprop": 0.001, "adamw": 0.001}.items():
        found = compare("--optimizer", optimizer, "--format", "json").json
        assert found["contenders"][0]["rate"] == rate


def test_a_recording_has_the_settings(tmp_path):
    path = tmp_path / "r.jsonl"
    compare("--schedule", "cosine", "--optimizer", "adamw", "--record", path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(one["optimizer"], one["schedule"], one["warmup"]) for one in lines} == {("adamw", "cosine", 0.0)}


BAD = [
    *(("--splits", value, "--splits") for value in (
        "0", "-1", "1.5", "nan", "inf", "", "two", "1,2", "101", "1e400", "0x2",
    )),
    *(("--warmup", value, "--warmup") for value in (
        "-1", "nan", "inf", "", "two", "1,2", "1e400", "--", "0x", "3",
    )),
    *(("--schedule", value, "--schedule") for value in (
        "", "step", "cos", "linear", "cosine,constant", "1", "nan", " cosine", "none", "cosine ",
    )),
    *(("--optimizer", value, "--optimizer") for value in (
        "", "adamax", "rms", "adam,sgd", "1", "nan", "adam w", "lion", "adamW2", "none",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value", "words"), BAD)
def test_mistakes(option, value, words):
    for line in (("compare", "relu", "--by", "training"), ("deadcheck", "--train", "relu")):
        assert words in refused(*line, *SMALL, option, value)


@pytest.mark.parametrize("option", [("--batch-norm",), ("--residual",), ("--batch-norm", "--residual")])
def test_the_answer_names_the_parts_of_the_networks(option):
    names = {"--batch-norm": "batch norm", "--residual": "residual connections"}
    for outcome in (compare(*option, "--format", "tsv"), deadcheck(*option, "--format", "tsv")):
        assert all(names[one] in outcome.err for one in option)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--batch-norm", "--batch", "1"), "--batch 1"),
        (("--residual", "--depth", "1"), "--depth 1"),
        (("--residual", "--depth", "1,3"), "--depth 1"),
    ],
)
def test_networks_that_cannot_be(options, words):
    small = [*SMALL[:8]]
    for line in (("compare", "relu", "--by", "training"), ("deadcheck", "--train", "relu")):
        message = refused(*line, *small, *options)
        assert options[0] in message
        assert words.replace(" ", "=") in message or words in message


@pytest.mark.parametrize("parts", [("--batch-norm",), ("--residual",), ("--batch-norm", "--residual")])
@pytest.mark.parametrize("function", ["relu", "silu", "tanh/relu"])
def test_an_exported_network_does_the_same(parts, function, tmp_path, monkeypatch):
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    ending = ("--export-data", "x.npy", "--format", "json")
    small = (*SMALL[:6], "--seeds", "1", "--depth", "3", "--lr", "1", *parts)
    ours = invoke("deadcheck", "--train", function, *small, "--export", "n.onnx", *ending).json
    invoke("deadcheck", "--train", function, *small, "--export", "n.npz", *ending)
    theirs = invoke("deadcheck", "n.onnx", "--data", "x.npy", "--format", "json").json
    measured = [
        [(one["units"], one["counts"], one["firing_rate"], one["not_alive"]) for one in found["layers"]]
        for found in (ours, theirs)
    ]
    assert len(measured[0]) == 3
    assert measured[0] == measured[1]
    h = x = np.load("x.npy")
    archive = np.load("n.npz")
    assert ("residual" in archive) == ("--residual" in parts)
    for layer, spec in enumerate(archive["functions"], 1):
        after = activation(str(spec))(h @ archive[f"weights{layer}"] + archive[f"bias{layer}"])
        h = after + (h if "residual" in archive and layer > 1 else 0)
    outputs = h @ archive["weights4"] + archive["bias4"]
    session = runtime.InferenceSession("n.onnx", providers=["CPUExecutionProvider"])
    assert np.allclose(session.run(None, {"x": x})[0], outputs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "option", [("--warmup", "1"), ("--schedule", "cosine"), SPLIT, ("--batch-norm",), ("--residual",)]
)
def test_other_ways_have_no_training(option):
    assert "--by training" in refused("compare", "relu", "tanh", "--by", "values", *option)
    assert option[0] in refused("deadcheck", "x.npy", *option)
