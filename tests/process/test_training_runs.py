"""`actcli compare --by training` as a process: a small run, the same bytes again, wrong data, a terminal, Ctrl-C."""

import json
import os
import re

import numpy as np
import pytest
from program import Program, fork_on_terminal, read_until

SMALL = ("compare", "relu", "tanh", "--by", "training", "--data", "moons", "--width", "6", "--seeds", "3")
QUICK = (*SMALL, "--epochs", "3")


def test_a_small_run(actcli: Program) -> None:
    ended = actcli(*QUICK, "--record", "r.csv")
    head, *lines = [line.split("\t") for line in ended.lines]
    assert [line[0] for line in lines] == ["relu", "tanh"]
    assert all(0.5 < float(line[head.index("test_score")]) <= 1 for line in lines)
    assert ended.status == 0
    assert "test accuracy" in ended.err
    rows = (actcli.folder / "r.csv").read_text().splitlines()
    assert rows[0].startswith(
        "function,depth,rate,seed,epoch,train_loss,test_loss,train_score,test_score,dead_1"
    )
    assert len(rows) == 1 + 2 * 3 * 4


def test_threads_change_nothing_but_the_time(actcli: Program) -> None:
    line = ("compare", "relu", "gelu", "relu/tanh", "--by", "training", "--epochs", "2", "--seeds", "2")
    one, two = (actcli(*line, "--format", "json", "--threads", threads) for threads in ("1", "2"))

    def timeless(text: str) -> str:
        return re.sub(r'"seconds_per_epoch": [^,]*', "", text)

    assert timeless(one.out) == timeless(two.out)
    assert timeless(one.out) != one.out
    assert json.loads(one.out)["seed"] == 0
    other = actcli(*line, "--format", "json", "--seed", "1")
    assert timeless(other.out) != timeless(one.out)


def test_rates_depths_sweeps_and_learned_parameters(actcli: Program) -> None:
    ended = actcli(
        *(
            "compare",
            "leaky_relu",
            "--sweep",
            "alpha=0.1,0.3",
            "--by",
            "training",
            "--data",
            "xor",
            "--seeds",
            "2",
        ),
        *(
            "--epochs",
            "2",
            "--width",
            "4",
            "--depth",
            "1,2",
            "--lr",
            "0.1,1",
            "--learn",
            "alpha",
            "--init",
            "gain",
        ),
        *("--optimizer", "adam", "--decay", "1e-4", "--batch", "50", "--format", "json"),
    )
    assert ended.status == 0
    found = [(c["function"], c["depth"], c["rate"]) for c in json.loads(ended.out)["contenders"]]
    assert len(set(found)) == 8
    assert found[0] == ("leaky_relu:alpha=0.1", 1, 0.1)


def test_own_data(actcli: Program) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    np.savez(actcli.folder / "d.npz", X=x, y=x[:, 0] - x[:, 1])
    ended = actcli(
        "compare", "tanh", "relu", "--by", "training", "--data", "d.npz", "--seeds", "2", "--format", "json"
    )
    assert json.loads(ended.out)["columns"][2]["heading"] == "test R²"
    assert json.loads(ended.out)["contenders"][0]["test_score"] > 0.8
    sheet = "a,b,kind\n" + "".join(f"{a},{b},{'xy'[int(a > b)]}\n" for a, b in x[:, :2])
    ended = actcli("compare", "tanh", "--by", "training", "--data", "-", "--target", "kind", stdin=sheet)
    assert (ended.status, len(ended.lines)) == (0, 2)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--data", "d.csv", "--target", "kind"], 1, "d.csv:3: 'wide' in column 'width' is not a number"),
        (["--data", "d.csv"], 2, "--data d.csv needs --target COLUMN, the column to predict"),
        (["--data", "none.npz"], 1, "none.npz: No such file or directory"),
        (["--lr", "0"], 2, "--lr '0' is not a finite number above 0"),
        (["--lr", "0.1,,1"], 2, "--lr '0.1,,1' lacks a value"),
        (["--lr", "0.1,0.10"], 2, "--lr '0.1,0.10' has 0.1 twice"),
        (["--depth", "0"], 2, "--depth '0' is not a whole number from 1 to 10000"),
        (
            ["--data", ""],
            2,
            "--data '' is unknown; choose digits, moons, spirals, xor, an .npz or .safetensors file with X and y",
        ),
        (
            ["--init", "he,gain"],
            2,
            "--init 'he,gain'",
        ),
        (["--init", "hi"], 2, "--init 'hi' is not known; choose from he, xavier, lecun, gain, orthogonal"),
        (["--decay", "-1"], 2, "--decay '-1' is not a finite number of 0 or more"),
        (["--learn", "alpha"], 2, "--learn alpha: none of the functions has such a parameter"),
        (
            ["--record", "r.txt"],
            2,
            "--record 'r.txt': the suffix must be .csv or .jsonl",
        ),
        (
            ["--record", "r.csv", "-o", "r.csv"],
            2,
            "--record and -o both name r.csv; they write different things",
        ),
        (
            ["relu/tanh/relu", "--depth", "8,2"],
            2,
            "--depth 2 is too small for relu/tanh/relu",
        ),
        (["--weight-std", "1"], 2, "--weight-std belongs to --by gradients"),
    ],
)
def test_mistakes(actcli: Program, arguments: list[str], status: int, said: str) -> None:
    (actcli.folder / "d.csv").write_text("width,kind\n1,a\nwide,b\n")
    ended = actcli("compare", "relu", "tanh", "--by", "training", *arguments)
    assert (ended.out, ended.err.count("\n"), ended.status) == ("", 1, status)
    assert ended.err.startswith(f"actcli: {said}")
    assert not list(actcli.folder.glob("r.*"))


@pytest.mark.parametrize("spec", ["relu", "exponential"])
def test_what_diverges_is_counted(actcli: Program, spec: str) -> None:
    ended = actcli("compare", spec, "tanh", "--by", "training", "--lr", "1000",
                   "--seeds", "2", "--epochs", "2", "--format", "json")  # fmt: skip
    assert (ended.err, ended.status) == ("", 0)
    gone = json.loads(ended.out)["contenders"][0]
    assert (gone["diverged"], gone["test_score"], gone["final_loss"]) == (2, 0.0, "inf")


LONG = (
    "compare",
    "relu",
    "gelu",
    "tanh",
    "--by",
    "training",
    "--epochs",
    "5000",
    "--seeds",
    "4",
    "--threads",
    "1",
)


def test_curves_grow_on_a_terminal_and_ctrl_c_keeps_what_is_known(actcli: Program) -> None:
    child, main = fork_on_terminal(actcli, *LONG, "--record", "r.jsonl")
    shown = read_until(main, lambda text: text.count("\x1b[?2026h") >= 3)
    frames = shown.split("\x1b[?2026h")
    assert "test accuracy" in frames[1]
    lines = frames[1].count("\r\n")
    assert lines > 8
    assert f"\r\x1b[{lines}A" in frames[2]
    assert "%" in frames[2]
    os.write(main, b"\x03")
    rest = read_until(main, lambda _: False)
    os.close(main)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    table = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", rest.rsplit("\x1b[J", 1)[1]).replace("\r\n", "\n")
    assert "test accuracy" in table
    assert re.search(r"\nactcli: interrupted: \d+ % done\n$", table)
    assert "\x1b[?25l" not in shown + rest
    records = [json.loads(line) for line in (actcli.folder / "r.jsonl").read_text().splitlines()]
    assert {one["function"] for one in records} <= {"relu", "gelu", "tanh"}
    assert max(one["epoch"] for one in records) >= 1


def test_a_stack_is_as_deep_as_it_is_long(actcli: Program) -> None:
    small = ("--by", "training", "--epochs", "1", "--seeds", "1", "--width", "4", "--format", "tsv")
    for functions, depth in ((("relu",), "2"), (("relu/tanh/relu", "relu"), "3")):
        lines = actcli("compare", *functions, *small).out.splitlines()
        assert [line.split("\t")[1] for line in lines] == ["depth", *[depth] * len(functions)]
    deaths = actcli("deadcheck", "--train", "relu/relu/tanh/relu", *small[2:]).out.splitlines()
    assert {line.split("\t")[1] for line in deaths} == {"depth", "4"}
