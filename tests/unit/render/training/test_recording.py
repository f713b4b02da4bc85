"""Every epoch of every network as a file: the columns, the lists, what is left blank."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from actcli.analysis.training.history import History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.exits import DataError, UsageError
from actcli.render.training.recording import Recording, write_recording


def history(spec="relu", hidden=(4, 2), epochs=1):
    members = tuple(Member(parse_stack(spec), 0.1, seed) for seed in (5, 6))
    blank = History.unwritten(members, TrainingPlan(hidden=hidden, epochs=2))
    for i, array in enumerate((blank.train_loss, blank.test_loss, blank.train_score, blank.test_score)):
        array[...] = 1 + i
    blank.gradient[1:] = 0.5
    blank.seconds[1:] = 0.25
    blank.dead[0][1, 1, :3] = True
    return replace(blank, epochs=epochs)


def diverged():
    found = history("gelu", (3,), epochs=1)
    found.diverged[1] = 1
    found.train_loss[1, 1] = np.inf
    found.gradient[1, 1] = np.nan
    return found


def test_a_line_a_network_and_epoch(tmp_path):
    path = tmp_path / "r.jsonl"
    write_recording([history(), diverged()], str(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["function"], one["depth"], one["seed"], one["epoch"]) for one in lines] == [
        (f, d, s, e) for f, d in (("relu", 2), ("gelu", 1)) for s in (5, 6) for e in (0, 1)
    ]
    assert lines[0] == {
        "function": "relu", "depth": 2, "rate": 0.1, "seed": 5, "epoch": 0, "train_loss": 1.0, "test_loss": 2.0,
        "train_score": 3.0, "test_score": 4.0, "dead": [0.0, 0.0], "gradient": [None, None, None],
        "seconds": None, "diverged": False, "optimizer": "sgd", "decay": 0.0, "warmup": 0.0, "schedule": "constant",
        "batch_norm": False, "residual": False, "split": 0,
    }  # fmt: skip
    assert lines[3]["dead"] == [0.75, 0.0]
    assert lines[3]["gradient"] == [0.5, 0.5, 0.5]
    last = lines[-1]
    assert (last["train_loss"], last["dead"], last["gradient"]) == ("inf", [None], [None, None])
    assert last["diverged"] is True


def test_columns_for_the_deepest(tmp_path):
    path = tmp_path / "r.csv"
    write_recording([history(), diverged()], str(path))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0])[9:] == [
        *("dead_1", "dead_2", "gradient_1", "gradient_2", "gradient_3", "seconds", "diverged"),
        *("optimizer", "decay", "warmup", "schedule", "batch_norm", "residual", "split"),
    ]
    assert (rows[3]["dead_1"], rows[3]["gradient_3"], rows[3]["diverged"]) == ("0.75", "0.5", "no")
    assert (rows[4]["dead_2"], rows[4]["gradient_3"], rows[4]["seconds"]) == ("", "", "")
    assert (rows[7]["train_loss"], rows[7]["dead_1"], rows[7]["diverged"]) == ("inf", "", "yes")


def test_a_file_that_cannot_be_is_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match=r"--record 'r.txt'.*.csv or .jsonl"):
        Recording("r.txt")
    with pytest.raises(DataError, match="does not exist"):
        Recording(str(tmp_path / "none" / "r.csv"))


def test_nothing_is_written_of_nothing(tmp_path):
    Recording(str(tmp_path / "r.csv")).write()
    assert not list(tmp_path.iterdir())


def test_learned_parameters_are_lists_by_layer(tmp_path):
    found = history("relu/prelu", (4, 2, 3))
    found.learned["alpha"][:, :, 1] = 0.5
    write_recording([history(), found], str(tmp_path / "r.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [lines[0]["learned_alpha"], lines[-1]["learned_alpha"]] == [[None, None], [None, 0.5, None]]
    write_recording([history(), found], str(tmp_path / "r.csv"))
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert [rows[-1][f"learned_alpha_{layer}"] for layer in (1, 2, 3)] == ["", "0.5", ""]
    assert rows[0]["learned_alpha_3"] == ""
