"""The options of training, for `compare --by training` and `deadcheck --train`: results, files, and mistakes."""

import csv
import json

import pytest
from invocation import invoke, refused

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
]


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
        assert {type(value)(row[name]) for row in rows} == {value}
    shown = deadcheck(*options, "--format", "table")
    assert words in " ".join((shown.out + shown.err).split())


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


@pytest.mark.parametrize("option", [("--warmup", "1"), ("--schedule", "cosine")])
def test_other_ways_have_no_training(option):
    assert "--by training" in refused("compare", "relu", "tanh", "--by", "values", *option)
    assert option[0] in refused("deadcheck", "x.npy", *option)
