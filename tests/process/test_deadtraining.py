"""`deadcheck --train` and `--born-dead` as whole processes: deaths, exit statuses, files, models read again."""

import json
import re
import signal

import numpy as np
import pytest
from program import Program, wait_until_it_worked

SMALL = ("--data", "moons", "--width", "8", "--seeds", "2", "--epochs", "3")
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def test_relu_dies_and_leaky_relu_does_not(actcli: Program) -> None:
    ended = actcli(
        "deadcheck",
        "--train",
        "relu",
        "--train",
        "leaky_relu:0.1",
        "--lr",
        "0.1,30",
        *SMALL,
        "--format",
        "json",
    )
    assert ended.status == 0
    courses = {(one["function"], one["rate"]): one for one in json.loads(ended.out)["training"]["courses"]}
    assert courses["relu", 30.0]["dead_share"] >= 0.25
    assert courses["leaky_relu:0.1", 0.1]["dead_share"] == 0
    assert courses["leaky_relu:0.1", 30.0]["dead_share"] == 0
    assert len(courses["relu", 30.0]["epochs"]) == 4


def test_the_same_seed_gives_the_same_bytes(actcli: Program) -> None:
    asked = ("deadcheck", "--train", "relu", "--train", "tanh", "--lr", "0.1,3", *SMALL, "--format", "json")
    one, two = actcli(*asked, "--threads", "1"), actcli(*asked, "--threads", "2")
    assert one.out == two.out
    assert one.err == two.err
    assert actcli(*asked, "--seed", "1").out != one.out


@pytest.mark.parametrize(
    ("form", "out", "err"),
    [
        ("table", "Against the earlier statistics", "Since the earlier statistics"),
        ("markdown", "| Since the earlier statistics", ""),
        ("jsonl", '"change":{"newly_dead":[],"revived":[],"still_dead":[', "Since the earlier statistics"),
        ("plain", "", "actcli: Since the earlier statistics"),
    ],
)
def test_a_training_against_an_earlier_one(actcli: Program, form: str, out: str, err: str) -> None:
    asked = ("deadcheck", "--train", "relu", "--lr", "0.1", *SMALL)
    assert actcli(*asked, "--save-state", "old.npz").status == 0
    ended = actcli(*asked, "--against", "old.npz", "--format", form)
    assert ended.status == 0
    assert out in ended.out
    assert err in ended.err


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal(actcli: Program, columns: int) -> None:
    ended = actcli.on_a_terminal(
        "deadcheck", "--train", "relu", "--lr", "0.1,30", *SMALL, COLUMNS=str(columns)
    )
    assert ended.status == 0
    plain = ESCAPE.sub("", ended.out)
    assert "Dead units after each epoch, %" in plain
    assert "dead units, % by epoch" in plain
    assert "Dead units after 3 epochs: relu" in plain
    assert max(map(len, plain.splitlines())) <= columns


def test_a_terminal_in_ascii(actcli: Program) -> None:
    ended = actcli.on_a_terminal(
        "deadcheck",
        "--train",
        "relu",
        "--lr",
        "0.1,30",
        *SMALL,
        LC_ALL="C",
        PYTHONIOENCODING="ascii",
        NO_COLOR="1",
    )
    assert ended.out.isascii()
    assert "?" not in ended.out


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--lr", "0.1", "--fail-above", "50%"), 0),
        (("--lr", "30", "--fail-above", "1%", "--rare", "0.1"), 3),
        (("--lr", "30", "--fail-above", "1%", "--rare", "0.0001"), 4),
    ],
)
def test_exit_statuses(actcli: Program, options: tuple[str, ...], status: int) -> None:
    ended = actcli("deadcheck", "--train", "relu", *SMALL, *options)
    assert ended.status == status
    assert status != 4 or "it takes" in ended.err


def test_units_as_of_any_model(actcli: Program) -> None:
    ended = actcli("deadcheck", "--train", "relu", "--lr", "30", *SMALL, "--units")
    head, *units = (line.split("\t") for line in ended.lines)
    assert head[:3] == ["layer", "unit", "class"]
    assert {unit[0] for unit in units} <= {"relu lr 30 layer 1", "relu lr 30 layer 2"}
    assert "silent" in {unit[2] for unit in units}


def test_statistics_are_read_again(actcli: Program) -> None:
    trained = actcli("deadcheck", "--train", "relu", "--lr", "30", *SMALL, "--units", "--save-state", "s.npz")
    again = actcli("deadcheck", "s.npz")
    assert [line.split("\t")[:6] for line in trained.lines] == [line.split("\t")[:6] for line in again.lines]


def test_the_rate_above_which_it_dies(actcli: Program) -> None:
    ended = actcli("deadcheck", "--train", "relu", "--find-limit", *SMALL, "--lr", "0.1,100")
    assert ended.status == 0
    head, line = (row.split("\t") for row in ended.lines)
    found = dict(zip(head, line, strict=True))
    assert 1 < float(found["above"]) / float(found["within"]) <= 1.1
    assert f"lr {float(found['within']):g}" in ended.err


@pytest.mark.parametrize("spec", ["relu", "gelu", "leaky_relu:0.1"])
def test_a_network_that_is_exported_has_the_same_verdict(actcli: Program, spec: str) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    files = ("--export", "net.onnx", "--export-data", "held-out.npy")
    options = (
        "--data",
        "moons",
        "--width",
        "16",
        "--seeds",
        "1",
        "--epochs",
        "3",
        "--lr",
        "2",
        "--format",
        "json",
    )
    trained = actcli("deadcheck", "--train", spec, *options, *files)
    read = actcli("deadcheck", "net.onnx", "--data", "held-out.npy", "--format", "json")
    assert (trained.status, read.status) == (0, 0)
    ours, theirs = json.loads(trained.out), json.loads(read.out)
    assert (ours["units"], ours["dead"]) == (theirs["units"], theirs["dead"])
    assert spec != "relu" or ours["dead"] > 0
    for one, other in zip(ours["layers"], theirs["layers"], strict=True):
        assert one["samples"] == other["samples"] == 250
        dead = [
            {unit["unit"] for unit in layer["not_alive"] if unit["class"] in {"silent", "gate_dead"}}
            for layer in (one, other)
        ]
        assert dead[0] == dead[1]


def test_weights_as_an_archive(actcli: Program) -> None:
    ended = actcli("deadcheck", "--train", "prelu", "--learn", "alpha", *SMALL, "--export", "net.npz")
    assert ended.status == 0
    with np.load(actcli.folder / "net.npz", allow_pickle=False) as archive:
        assert archive["weights1"].shape == (2, 8)
        assert all(said.startswith("prelu:alpha=") for said in archive["functions"].tolist())
        assert "prelu:alpha=0.25" not in archive["functions"].tolist()


def test_a_diverged_network_is_not_exported(actcli: Program) -> None:
    ended = actcli("deadcheck", "--train", "exponential", "--lr", "1000", *SMALL, "--export", "net.npz")
    assert ended.status == 1
    assert "has diverged" in ended.err
    assert "Warning" not in ended.err
    assert not (actcli.folder / "net.npz").exists()


def test_every_epoch_is_recorded(actcli: Program) -> None:
    actcli("deadcheck", "--train", "relu", "--lr", "0.1,1", *SMALL, "--record", "run.csv")
    head, *lines = (actcli.folder / "run.csv").read_text().splitlines()
    assert head.startswith("function,depth,rate,seed,epoch")
    assert len(lines) == 2 * 2 * 4


def test_born_dead(actcli: Program) -> None:
    ended = actcli("deadcheck", "--born-dead", "--width", "2", "--depth", "9", "--format", "json")
    (found,) = json.loads(ended.out)["risks"]
    assert found["risk"] == pytest.approx(0.9249, abs=1e-4)
    assert found["measured"] == pytest.approx(found["risk"], abs=0.011)
    assert found["draws"] == 10_000
    assert found["width_needed"] == 8
    assert actcli("deadcheck", "--born-dead", "--width", "2", "--fail-above", "5%").status == 3
    assert actcli("deadcheck", "--born-dead", "--width", "9", "--fail-above", "5%").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--epochs", "3", "x.npz"), "--epochs belongs to --train"),
        (("x.npz", "--find-limit"), "--find-limit belongs to --train"),
        (("--train", "relu", "x.npz"), "SOURCE x.npz does not go with --train"),
        (("--train", "relu", "--recorded", "pre"), "not --train"),
        (("--train", "relu", "--born-dead"), "--born-dead belongs to --born-dead"),
        (("--train", "relu", "--train", "relu"), "named twice"),
        (("--train", "softmax"), "works over rows"),
        (("--train", "relu", "--export", "x.pt"), "ends in .onnx or .npz"),
        (("--train", "relu", "--export", "a.npz", "--save-state", "a.npz"), "give each its own"),
        (("--train", "relu", "--export-data", "a.npz"), "ends in .npy"),
        (("--train", "relu", "--find-limit", "--lr", "auto"), "give --lr rates"),
        (("--train", "relu", "--find-limit", "--export", "x.npz"), "--export does not go with --find-limit"),
        (("--train", "relu", "--fail-above", "5%", "--layer", "zz*"), "matches no layer"),
        (("--train", "relu", "--lr", "0"), "above 0"),
        (("--train", "relu", "--learn", "alpha"), "none of the functions has such a parameter"),
        (("--train", "logit", "--init", "gain"), "logit has no gain"),
        (("--train", "relu", "--depth", "1,700", "--width", "1000", "--memory", "4GB"), "4 GB are allowed"),
        (("--born-dead", "--units"), "--units does not go with --born-dead"),
        (("--born-dead", "--fail-above", "0"), "between 0% and 100%"),
    ],
)
def test_mistakes_are_told_before_any_work(actcli: Program, arguments: tuple[str, ...], said: str) -> None:
    # a training that began would take longer than a run of these tests may
    endless = ("--epochs", "10000") if "--train" in arguments else ()
    ended = actcli("deadcheck", *arguments, *endless)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_ctrl_c_prints_what_was_trained(actcli: Program, running) -> None:
    process = running(
        "deadcheck",
        "--train",
        "relu",
        "--epochs",
        "10000",
        *SMALL[:-2],
        "--record",
        "run.jsonl",
        "--export",
        "net.npz",
    )
    wait_until_it_worked(process.pid, 2)
    process.send_signal(signal.SIGINT)
    # a line per epoch: more than a pipe holds, where many epochs were trained
    out, err = (stream.decode() for stream in process.communicate(timeout=20))
    assert process.returncode == 130
    assert out.startswith("function\tdepth\trate\tepoch")
    assert len(out.splitlines()) > 2
    assert err.startswith("actcli: Interrupted: ")
    assert "epochs" in err.splitlines()[1]
    assert "net.npz not written" in err
    assert err.lower().count("interrupted") == 1
    assert [path.name for path in actcli.folder.iterdir()] == ["run.jsonl"]
