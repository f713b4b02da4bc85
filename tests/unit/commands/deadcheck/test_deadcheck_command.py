"""`actcli deadcheck` as a call: options that are refused, sources that are understood, what comes out."""

import json
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused
from recorded_layers import layer

from actcli.commands.deadcheck.layer_rules import firing_rules, split_layer
from actcli.commands.deadcheck.reports import choose_reports
from actcli.exits import ActcliError, DataError, UsageError
from actcli.render.output.layout import Layout
from actcli.terminal import Terminal


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", conv1=layer(), fc=layer(dead=()))
    np.save("one.npy", layer())
    return tmp_path


# Options


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("relu6", (None, "relu6")),
        ("leaky_relu:alpha=0.2", (None, "leaky_relu:alpha=0.2")),
        ("conv1=leaky_relu:alpha=0.2", ("conv1", "leaky_relu:alpha=0.2")),
        ("a=b=tanh", ("a=b", "tanh")),
        ("block.*=gelu", ("block.*", "gelu")),
        ("a:b=tanh", ("a:b", "tanh")),
    ],
)
def test_an_activation_of_a_layer(text, divided):
    assert split_layer(text) == divided


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conv1=rleu", "--activation conv1=rleu: unknown function 'rleu'; did you mean relu"),
        ("leaky_relu:alpa=0.2", "--activation leaky_relu:alpa=0.2: .*alpha"),
        ("conv1=", "--activation conv1=:"),
        ("=relu", "--activation =relu:"),
        ("", "--activation :"),
    ],
)
def test_an_activation_that_is_none(text, said):
    with pytest.raises(UsageError, match=said):
        split_layer(text)


def test_the_last_activation_that_fits_a_name_holds():
    rules, patterns = firing_rules(("tanh", "conv*=relu6", "conv2=sigmoid"), "pre")
    assert [rules(name).function for name in ("conv1", "conv2", "fc")] == ["relu6", "sigmoid", "tanh"]
    assert patterns == ("conv*", "conv2")
    assert firing_rules(("fc=tanh",), "post")[0]("conv1").function == "relu"


def outputs(name):
    """What `-o name` gives; nothing without."""
    return () if name is None else (name,)


@pytest.mark.parametrize(
    ("format_", "output", "layout"),
    [
        ("junit", None, Layout("junit", None)),
        ("junit", "-", Layout("junit", None)),
        (None, "r.xml", Layout("junit", "r.xml")),
        ("junit", "r.XML", Layout("junit", "r.XML")),
        ("junit", "/dev/fd/3", Layout("junit", "/dev/fd/3")),
        (None, None, Layout("plain", None)),
        (None, "r.json", Layout("json", "r.json")),
    ],
)
def test_junit_is_a_format_and_xml_its_suffix(format_, output, layout):
    assert choose_reports(format_, outputs(output), Terminal(None, None, None)).layouts == (layout,)


@pytest.mark.parametrize(
    ("format_", "output", "said"),
    [
        ("json", "r.xml", "is junit by its suffix, but --format says json"),
        ("junit", "r.json", "a file that ends in .xml"),
        (None, "r.npz", "--save-state for the statistics"),
        (None, "r.gif", "the suffix names no format"),
    ],
)
def test_forms_that_disagree(format_, output, said):
    with pytest.raises(UsageError, match=said):
        choose_reports(format_, outputs(output), Terminal(None, None, None))


@pytest.mark.parametrize(
    ("format_", "outputs", "quiet", "message"),
    [
        ("json", ("a.json", "b.json"), False, "--format goes with one -o"),
        (None, ("-", "/dev/stdout"), False, "standard output twice"),
        (None, ("a.json", "r.gif"), False, "the suffix names no format"),
        (None, ("a.json", "a.npz"), False, "--save-state for the statistics"),
        ("json", (), True, "--quiet prints no report"),
        (None, ("a.json", "-"), True, "--quiet does not go with a report on standard output"),
    ],
)
def test_places_that_do_not_go_together(format_, outputs, quiet, message):
    with pytest.raises(UsageError, match=message):
        choose_reports(format_, outputs, Terminal(None, None, None), quiet=quiet)


def test_several_files_and_standard_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", conv1=layer())
    run = invoke("deadcheck", "net.npz", "-o", "a.xml", "-o", "a.json", "-o", "-", "--fail-above", "5%")

    assert run.status == 3
    assert json.loads(Path("a.json").read_text())["dead"] == 2
    assert "<failure" in Path("a.xml").read_text()
    assert run.out.startswith("layer\tunit")


def test_quiet_says_nothing_but_errors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", conv1=layer())
    alone = invoke("deadcheck", "net.npz", "--quiet", "--fail-above", "5%")
    with_file = invoke("deadcheck", "net.npz", "--quiet", "-o", "a.json")

    assert (alone.status, alone.out, alone.err) == (3, "", "")
    assert (with_file.status, with_file.out, with_file.err) == (0, "", "")
    assert Path("a.json").exists()


WRONG = {
    "": ("SOURCE", "recorded activations"),
    "net.npz model.onnx": ("net.npz", "record of activations", "model.onnx", "model"),
    "a.onnx b.onnx": ("one model", "a.onnx", "b.onnx"),
    "model.onnx": ("model.onnx", "--data FILE", "--random N"),
    "model.onnx --data x.npy --random 4": ("--random does not go with --data",),
    "model.onnx --random 4 --limit 2": ("--limit needs --data FILE",),
    "model.onnx --data x.npy --seed 2": ("--seed needs --random",),
    "model.onnx --data x.npy --recorded pre": ("--recorded belongs to recorded activations",),
    "model.onnx --data x.npy --activation relu": ("--activation belongs to recorded activations",),
    "model.onnx --data x.npy --unit-axis 1": ("--unit-axis belongs to recorded activations",),
    "net.npz --batch 4": ("--batch belongs to models",),
    "net.npz --data x.npy": ("--data belongs to models",),
    "net.npz --random 4": ("--random belongs to models",),
    "net.npz --limit 4": ("--limit belongs to models",),
    "net.npz --lr 0.1": ("--lr belongs to --train",),
    "net.npz --train relu": ("SOURCE net.npz does not go with --train",),
    "net.npz --born-dead": ("SOURCE net.npz does not go with --born-dead",),
    "net.npz --plan 10": ("SOURCE net.npz does not go with --plan",),
    "--train relu --recorded pre": ("--recorded belongs to recorded activations or --follow -, not --train",),
    "--train relu --start 3 --save-state s.npz": ("--start", "not --train"),
    "--train relu --find-limit --export e.npz": ("--export does not go with --find-limit",),
    "--born-dead --units": ("--units does not go with --born-dead",),
    "net.npz --batch 0": ("--batch '0'", "whole number from 1"),
    "net.npz --layer conv1": ("--layer needs --fail-above",),
    "net.npz --fail-above 5": ("--fail-above '5'", "5% or 0.05"),
    "net.npz --activation gelu": ("gelu", "--recorded pre"),
    "net.npz --activation softmax": ("softmax", "rows"),
    "net.npz --activation conv9=relu6": ("--activation conv9", "conv1, fc"),
    "net.npz --stop-when-certain --definition redo": ("--definition does not go with --stop-when-certain",),
    "net.npz --definition nobody": ("--definition 'nobody'", "'redo'"),
    "net.npz --start 5": ("--start needs --save-state FILE",),
    "net.npz --start -1 --save-state s.npz": ("--start '-1'", "whole number from 0"),
    "model.onnx --random 4 --fail-above 5%": ("--fail-above does not go with --random",),
    "model.onnx --random 4 --save-state s.npz": ("--save-state does not go with --random",),
    "net.npz --confidence 1": ("--confidence '1'", "between 0% and 100%", "95% or 0.95"),
    "net.npz --map": ("--map", "plain", "--format table"),
    "net.npz --map --format json": ("--map", "json", "--format table"),
    "net.npz --units --format json": ("--units", "json"),
    "net.npz --format yaml": ("--format 'yaml'",),
    "net.npz --save-state s.json": ("--save-state 's.json'", ".npz"),
    "net.npz --fail-above 0 --layer nothing*": ("--layer 'nothing*'", "conv1, fc"),
    "--plan 10 --start 1": ("--start", "not --plan"),
    "--plan 10 --units": ("--units does not go with --plan",),
    "--plan 0": ("--plan '0'", "whole number from 1"),
    "--plan 10 --rare 1": ("--rare '1'", "count or a percentage"),
}
"""Command lines, and the key words of the message each gets."""


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.usefixtures("folder")
def test_wrong_use(line):
    message = refused("deadcheck", *line.split())
    assert all(word in message for word in WRONG[line]), message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.npy"], "missing.npy"),
        (
            ["net.npz", "-o", "no/folder/r.json"],
            "cannot write no/folder/r.json",
        ),
        (["net.npz", "--save-state", "no/s.npz"], "cannot write no/s.npz"),
        (["net.npz", "--against", "one.npy"], "one.npy"),
        (["net.npz", "--against", "missing.npz"], "missing.npz"),
    ],
)
def test_files_that_are_wrong(folder, arguments, said):
    before = sorted(path.name for path in folder.iterdir())
    assert said in refused("deadcheck", *arguments, kind=DataError)
    assert sorted(path.name for path in folder.iterdir()) == before


# What comes out


@pytest.mark.usefixtures("folder")
def test_in_a_pipe_a_line_a_unit_and_the_verdict_on_stderr():
    status, out, err = invoke("deadcheck", "net.npz")
    assert status == 0
    assert [line.split("\t")[:5] for line in out.splitlines()] == [
        ["layer", "unit", "class", "firings", "samples"],
        ["conv1", "3", "silent", "0", "2000"],
        ["conv1", "7", "silent", "0", "2000"],
    ]
    # 1 - 0.05**(1/2000) = 0.0014967
    assert err.startswith(
        "actcli: 2 of 40 units (5 %) are dead, both in conv1: no firing in 2,000 samples, p < 1.5e-3"
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--fail-above", "5%"], 0),
        (["--fail-above", "4.9%"], 3),
        (["--fail-above", "4%", "--rare", "0.001"], 4),
        (["--fail-above", "9%", "--layer", "fc"], 0),
        (["--fail-above", "9%", "--layer", "conv*"], 3),
        (["--fail-above", "0.049", "--stop-when-certain"], 3),
    ],
)
@pytest.mark.parametrize("form", ["table", "plain", "json", "junit"])
@pytest.mark.usefixtures("folder")
def test_the_exit_status(arguments, status, form):
    assert invoke("deadcheck", "net.npz", *arguments, "--format", form).status == status


@pytest.mark.usefixtures("folder")
def test_not_enough_data_names_the_samples_it_takes():
    status, _, err = invoke("deadcheck", "net.npz", "--fail-above", "4%", "--rare", "0.001")
    assert status == 4
    # one unit is allowed: ln(39/0.05) / -ln(0.999) = 6655.98
    assert "Not enough data: 5 % (2 of 40) is above the limit of 4 %, but 2,000 samples are too few" in err
    assert "it takes 6,656" in err


@pytest.mark.usefixtures("folder")
def test_sorted_the_worst_comes_first():
    np.savez("sorted.npz", good=layer(dead=()), bad=layer())
    layers = invoke("deadcheck", "sorted.npz", "--sort", "--format", "json").json["layers"]
    assert [one["layer"] for one in layers] == ["bad", "good"]


@pytest.mark.usefixtures("folder")
def test_the_activation_of_one_layer():
    said = invoke("deadcheck", "net.npz", "--activation", "fc=relu6", "--format", "json").json
    assert [one["function"] for one in said["layers"]] == ["relu", "relu6"]


@pytest.mark.parametrize(
    "name", ["sagemaker", "keras-contrib", "deepdiagnosis", "redo", "loss-of-plasticity"]
)
@pytest.mark.usefixtures("folder")
def test_every_other_definition(name):
    status, out, err = invoke("deadcheck", "net.npz", "--definition", name, "--format", "json")
    said = json.loads(out)
    assert status == 0
    assert f"{name} flags " in err
    assert said["settings"]["definition"] == name
    assert {"flagged", "layer_flagged"} <= set(said["layers"][0])
    assert set(said["layers"][0]["flagged"]) >= {3, 7} or name == "deepdiagnosis"
    assert "flagged" in invoke("deadcheck", "net.npz", "--definition", name, "--format", "table").out


@pytest.mark.usefixtures("folder")
def test_a_plan():
    assert invoke("deadcheck", "--plan", 10_000, "--rare", 0.001).out == "12200\n"
    said = invoke("deadcheck", "--plan", 10_000, "--rare", "0.1%", "--format", "json").json
    assert said == {"schema": 1, "units": 10_000, "rare": 0.001, "confidence": 0.95, "samples": 12_200}


@pytest.mark.usefixtures("folder")
def test_into_files_and_the_verdict_is_said_all_the_same():
    for name in ("r.json", "r.xml", "r.csv", "r.md", "r.txt", "r.tsv", "r.jsonl"):
        status, out, err = invoke("deadcheck", "net.npz", "-o", name)
        assert (status, out) == (0, "")
        assert "2 of 40 units (5 %) are dead" in err
    assert ET.parse("r.xml").getroot().get("failures") == "0"  # noqa: S314 - our own text


@pytest.mark.usefixtures("folder")
def test_on_a_terminal_everything_fits():
    status, out, err = invoke("deadcheck", "net.npz", "--units", "--map", stdout_is_tty=True, size=(80, 24))
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert out.splitlines()[0] == "40 units in 2 layers"


def test_more_of_the_data_cannot_hurt(folder):
    """Everything fires at once: with no dead unit left nothing needs to be read on."""
    np.save(folder / "long.npy", layer(60_000, 64, dead=()))
    said = invoke("deadcheck", "long.npy", "--stop-when-certain", "--format", "json").json
    assert said["layers"][0]["samples"] <= 60_000
    assert said["dead"] == 0


def test_standard_input():
    rows = "\n".join("0 1 2" if i % 2 else "0 0 1" for i in range(50))
    status, out, _ = invoke("deadcheck", "-", stdin=rows.encode())
    assert status == 0
    assert out.splitlines()[1].split("\t")[1:5] == ["0", "silent", "0", "50"]


def test_every_mistake_is_one_of_ours(folder):
    for content in (b"", b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00", b"x\n"):
        for name in ("bad.npy", "bad.npz", "bad.csv", "bad.txt", "bad.onnx"):
            (folder / name).write_bytes(content)
            more = ["--random", "2"] if name == "bad.onnx" else []
            refused("deadcheck", name, *more, kind=ActcliError)


@pytest.fixture
def model(folder):
    """x (N, 4) -> z = W x + b -> Relu: unit 1 is dead by its bias, unit 2 has no weights, unit 3 is always on."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.eye(4, dtype=np.float32)
    weights[:, 2] = 0
    bias = np.array([0, -100, -1, 100], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["z"], "fc"),
            helper.make_node("Relu", ["z"], ["h"], "relu<1>"),
        ],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("h", TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(built, folder / "model.onnx")
    x = np.random.default_rng(0).standard_normal((1500, 4)).astype(np.float32)
    np.save(folder / "x.npy", x)
    return "model.onnx"


def test_a_model_on_data(model):
    status, out, err = invoke(
        "deadcheck", model, "--data", "x.npy", "--fail-above", "10%", "--format", "json"
    )
    (one,) = json.loads(out)["layers"]
    assert status == 3
    assert (one["layer"], one["op"], one["samples"]) == ("relu<1>", "Relu", 1500)
    units = {unit["unit"]: unit for unit in one["not_alive"]}
    x = np.load("x.npy")
    assert [units[i]["class"] for i in (1, 2, 3)] == ["silent", "silent", "always_active"]
    assert [units[i]["cause"] for i in (1, 2, 3)] == ["bias", "zero weights", None]
    assert units[1]["margin"] == pytest.approx(100 - x[:, 1].max(), rel=1e-6)
    assert "2 of 4 units (50 %) are dead" in err


def test_a_model_on_fewer_samples(model):
    status, out, _ = invoke(
        "deadcheck",
        model,
        "--data",
        "x.npy",
        "--limit",
        40,
        "--batch",
        7,
        "--fail-above",
        "0",
        "--format",
        "json",
    )
    assert status == 4
    assert json.loads(out)["layers"][0]["samples"] == 40


@pytest.mark.parametrize("form", ["table", "plain", "json", "junit", "markdown"])
def test_noise_is_said_loudly(model, form):
    _, out, err = invoke("deadcheck", model, "--random", 30, "--seed", 5, "--format", form)
    assert "30 samples of RANDOM NOISE" in err
    assert "RANDOM NOISE" in out or form == "plain"


def test_the_same_seed_is_the_same_noise(model):
    runs = [
        invoke("deadcheck", model, "--random", 30, "--seed", seed, "--format", "json").out
        for seed in (5, 5, 6)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_model_ends_when_it_is_certain(model):
    # ln(4/0.05)/-ln(0.99) = 436.01: 437 samples, in batches of 100
    arguments = ("--data", "x.npy", "--batch", 100, "--stop-when-certain", "--threads", 1, "--format", "json")
    said = invoke("deadcheck", model, *arguments).json
    assert 437 <= said["layers"][0]["samples"] <= 1500
    assert said["dead"] == 2


@pytest.mark.parametrize("name", ["relu", "gelu:2", "torch.gelu", "Leaky ReLU"])
def test_the_name_of_a_function_is_answered_with_the_right_command(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused("deadcheck", name)
    assert f"actcli info {shlex.quote(name)}" in said
    assert f"deadcheck --train {shlex.quote(name)}" in said
