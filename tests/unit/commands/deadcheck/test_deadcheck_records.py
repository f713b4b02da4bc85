"""`actcli deadcheck` on records that are not what the command line says: refused before, or instead of, a verdict."""

import io
import os
import re
import threading
import xml.etree.ElementTree as ET
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from invocation import invoke, refused
from recorded_layers import layer

from actcli.activations import activation
from actcli.exits import ActcliError, DataError, UsageError


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows(out):
    return [line.split("\t")[:2] for line in out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("*.npz", ["a9.npz", "a10.npz", "b.npz"]),
        ("a[0-9]*.npz", ["a9.npz", "a10.npz"]),
        ("**/b*.npz", ["b.npz", "in/b[1].npz"]),
        ("in/b[1].npz", ["in/b[1].npz"]),
        ("a?.npz", ["a9.npz"]),
    ],
)
def test_a_quoted_pattern_is_the_files_that_match_it(pattern, files):
    Path("in").mkdir()
    for number, name in enumerate(("a10.npz", "a9.npz", "b.npz", "in/b[1].npz"), 2):
        np.savez(name, h=layer(10 * number))
    run = ("--save-state", "s.npz")
    found = invoke("deadcheck", pattern, *run), Path("s.npz").read_bytes()
    Path("s.npz").unlink()
    assert found == (invoke("deadcheck", *files, *run), Path("s.npz").read_bytes())
    assert found[0].status == 0


def test_patterns_of_other_kinds_of_sources():
    np.savez("a1.npz", h=layer(20))
    invoke("deadcheck", "a1.npz", "--save-state", "s1.npz")
    invoke("deadcheck", "a1.npz", "--save-state", "s2.npz")
    assert "s1.npz and s2.npz hold the same" in invoke("deadcheck", "s*.npz").err
    assert "one kind at a time" in refused("deadcheck", "*.npz")
    assert refused("deadcheck", "*.npy", kind=DataError) == "*.npy: no file matches"
    assert "read and would be overwritten" in refused("deadcheck", "a*.npz", "--save-state", "a1.npz")


def images(dead=(2,)):
    """Outputs of relu, (samples, channels, height, width), some channels 0 throughout."""
    h = np.abs(np.random.default_rng(0).standard_normal((300, 4, 5, 6))).astype(np.float32)
    h[:, list(dead)] = 0
    return h


def test_an_axis_for_tokens_does_not_move_the_images_beside_them():
    tokens = np.abs(np.random.default_rng(1).standard_normal((300, 7, 9)))
    tokens[:, :, 5] = 0
    np.savez("net.npz", conv=images(), tok=tokens)
    assert np.isfinite(tokens).all()
    status, out, err = invoke("deadcheck", "net.npz", "--unit-axis", "-1", "--fail-above", "50%")
    dead = [line.split("\t")[:3] for line in out.splitlines() if "\tsilent\t" in line]
    assert (status, dead) == (0, [["conv", "2", "silent"], ["tok", "5", "silent"]])
    assert "--unit-axis -1 applies to layers" in err
    assert "units of conv are axis 1" in err
    assert "--unit-axis" not in invoke("deadcheck", "net.npz", "--unit-axis", "tok=-1").err


def test_channels_last_by_the_layers_name():
    np.savez("net.npz", conv=np.moveaxis(images(), 1, -1), other=images())
    out = invoke("deadcheck", "net.npz", "--unit-axis", "conv=-1").out
    assert [line for line in rows(out) if line[1] == "2"] == [["conv", "2"], ["other", "2"]]


def test_channels_last_that_could_be_first_are_refused_and_found_by_the_option():
    h = np.abs(np.random.default_rng(0).standard_normal((1000, 8, 8, 24))).astype(np.float32)
    h[..., :12] = 0
    np.save("h.npy", h)
    assert "--unit-axis h=-1" in refused("deadcheck", "h.npy", "--fail-above", "5%")
    assert invoke("deadcheck", "h.npy", "--fail-above", "5%", "--unit-axis", "-1").status == 3


def test_a_model_tells_the_axes_of_recordings_named_like_its_layers():
    write_model("net.onnx")
    h = np.abs(np.random.default_rng(0).standard_normal((1000, 8, 8, 24))).astype(np.float32)
    h[..., :12] = 0
    np.savez("h.npz", relu1=h, other=layer())
    status, out, _ = invoke("deadcheck", "h.npz", "--fail-above", "5%", "--unit-axis", "net.onnx")
    assert (
        status,
        sum(line.startswith("relu1\t") and "\tsilent\t" in line for line in out.splitlines()),
    ) == (3, 12)
    np.savez("g.npz", conv=h)
    assert "there is relu1" in refused("deadcheck", "g.npz", "--unit-axis", "net.onnx")
    with pytest.raises(DataError, match=r"none\.onnx: No such file"):
        invoke("deadcheck", "h.npz", "--unit-axis", "none.onnx")
    assert "overwritten" in refused("deadcheck", "h.npz", "--unit-axis", "net.onnx", "--save-state", "h.npz")


def test_all_arrays_of_a_stream_are_read():
    first, second = io.BytesIO(), io.BytesIO()
    np.save(first, layer(700, dead=(3, 7), seed=1))
    np.save(second, layer(500, dead=(3,), seed=2))
    both = first.getvalue() + second.getvalue()
    _, out, err = invoke("deadcheck", "-", stdin=both)
    assert [line.split("\t")[1:5] for line in out.splitlines()[1:] if "silent" in line] == [
        ["3", "silent", "0", "1200"]
    ]
    assert "2 arrays" in err
    assert "1 array" not in invoke("deadcheck", "-", stdin=first.getvalue()).err
    Path("both.npy").write_bytes(both)
    assert invoke("deadcheck", "both.npy").out == out.replace("stdin", "both")


def test_shards_that_are_not_named_are_said_before_anything_is_read(monkeypatch):
    for i in range(21):
        np.save(f"part{i}.npy", layer(40, seed=i))
    names = [f"part{i}.npy" for i in range(21)]
    err = invoke("deadcheck", *names).err
    assert "21 files of the shape (40, 20)" in err.splitlines()[0]
    assert err.count("21 files") == 1
    monkeypatch.setattr("actcli.sources.records.recordings.Records.read", None)
    with pytest.raises(TypeError), patch("actcli.terminal.Terminal.say") as say:
        invoke("deadcheck", *names)
    assert "layer='shards/*.npy'" in say.call_args.args[0]


def test_one_layer_in_two_files_may_be_counted_twice_and_that_is_said():
    np.savez("epoch1.npz", relu1=layer(1350), relu2=layer(1350, 9))
    np.savez("epoch2.npz", relu1=layer(1350), relu2=layer(1350, 9))
    err = invoke("deadcheck", "epoch1.npz", "epoch2.npz").err
    (note,) = [line for line in err.splitlines() if "twice" in line]
    for words in ("relu1", "relu2", "epoch1.npz", "epoch2.npz", "2,700", "1,350"):
        assert words in note
    np.savez("epoch3.npz", relu1=layer(50))
    assert " 1,400 " in invoke("deadcheck", "epoch1.npz", "epoch2.npz", "epoch3.npz").err
    for tokens in (["epoch1.npz"], ["relu1=epoch?.npz"], ["epoch1.npz", "a=epoch3.npz"]):
        assert "twice" not in invoke("deadcheck", *tokens).err
    assert "counted twice" in invoke("deadcheck", "epoch1.npz", "epoch2.npz", "--format", "json").out


def write_model(name):
    """Write a model with one layer, relu1, of 24 channels in (N, 24, H, W)."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.ones((24, 3, 1, 1), np.float32), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["z"], name="conv"),
        helper.make_node("Relu", ["z"], ["y"], name="relu1"),
    ]
    x = helper.make_tensor_value_info("x", number, ("N", 3, 8, 8))
    y = helper.make_tensor_value_info("y", number, ("N", 24, 8, 8))
    graph = helper.make_graph(nodes, "g", [x], [y], initializer=[weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), name)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--unit-axis", "3"], r"no layer needs it.*--unit-axis 'conv=3'"),
        (["--unit-axis", "cnv=3"], "--unit-axis cnv=3: no layer has that name; there are conv, fc"),
        (
            ["--activation", "cnv=relu6"],
            r"--activation cnv=\.\.\.: no layer has that name; there are conv, fc",
        ),
        (
            ["--layer", "cnv", "--fail-above", "0"],
            "--layer 'cnv': no layer has that name; there are conv, fc",
        ),
    ],
)
def test_a_name_that_is_wrong_is_said_before_anything_is_watched(arguments, said, monkeypatch):
    np.savez("net.npz", conv=images(), fc=layer())
    monkeypatch.setattr("actcli.analysis.deadness.watching.observe", None)
    assert re.search(said, refused("deadcheck", "net.npz", *arguments))


def test_pipes_need_the_layers_named():
    np.save("a.npy", images())
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: open("pipe", "wb").close(), daemon=True)  # noqa: PTH123
    writer.start()
    assert re.search(
        r"--unit-axis 2: a pipe .* LAYER=2",
        refused("deadcheck", "a.npy", "pipe", "--unit-axis", "2"),
    )
    os.close(os.open("pipe", os.O_RDONLY))
    writer.join()


@pytest.mark.parametrize("more", [[], ["--activation", "relu"], ["--activation", "act=relu6"]])
def test_outputs_below_0_are_no_outputs_of_relu(more):
    z = np.random.default_rng(0).standard_normal((500, 6)).astype(np.float32)
    np.savez("net.npz", fc=layer(), act=activation("gelu")(z))
    assert re.search(
        r"'act' goes down to -0.17, .*relu6? .* below 0",
        refused("deadcheck", "net.npz", *more),
    )
    assert "--activation act=gelu --recorded pre" in refused(
        "deadcheck", "net.npz", *more, "--format", "table"
    )
    assert invoke("deadcheck", "net.npz", *more, "--recorded", "pre").status == 0


def test_the_smallest_output_below_0_is_enough():
    h = layer()
    h[7, 3] = -1e-30
    np.save("act.npy", h)
    assert "goes down to -1e-30" in refused("deadcheck", "act.npy")
    h[7, 3] = -0.0
    np.save("act.npy", h)
    assert invoke("deadcheck", "act.npy").status == 0


@pytest.mark.parametrize(
    ("name", "beyond", "within"), [("tanh", 1.5, 1.02), ("sigmoid", 3.0, 1.01), ("elu", -2.0, -1.01)]
)
def test_other_bounds_have_the_room_that_quantised_outputs_need(name, beyond, within):
    h = np.abs(activation(name)(np.random.default_rng(0).standard_normal((300, 4))))
    h[0, 0] = within
    np.save("act.npy", h)
    assert invoke("deadcheck", "act.npy", "--activation", name).status == 0
    h[0, 0] = beyond
    np.save("act.npy", h)
    with pytest.raises(UsageError, match=rf"'act' goes (up|down) to {beyond:g}, .*{name}"):
        invoke("deadcheck", "act.npy", "--activation", name)


def test_a_unit_that_broke_is_a_finding_not_a_mistake():
    h = layer()
    h[3, 1], h[4, 2] = -np.inf, np.nan
    np.save("act.npy", h)
    status, out, _ = invoke("deadcheck", "act.npy")
    assert status == 0
    assert ["act", "1"] in rows(out)
    assert "nonfinite" in out


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_archive_in_shards_is_one_layer_for_the_axis(share):
    np.savez("a.npz", conv=images())
    np.savez("b.npz", conv=images(dead=(2, 3)))
    status, out, _ = invoke("deadcheck", "a.npz", "b.npz", "--unit-axis", "1", "--fail-above", share)
    assert [line for line in rows(out) if line[1] == "2"] == [["conv", "2"]]
    assert status == (3 if share == 0 else 0)


def test_damage_in_the_last_file_is_said_before_the_first_is_watched(monkeypatch):
    np.save("a.npy", images())
    with open("b.npy", "wb") as file:  # noqa: PTH123
        file.write(b"\x93NUMPY\x01\x00")
    monkeypatch.setattr("actcli.analysis.deadness.watching.observe", None)
    assert "b.npy" in refused("deadcheck", "a.npy", "b.npy", kind=ActcliError)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 0),
        (["--fail-above", "5%"], 0),
        (["--fail-above", "4%"], 3),
        (["--fail-above", "4%", "--rare", "0.001"], 4),
        (["--fail-above", "9%", "--layer", "fc"], 0),
        (["--fail-above", "9%", "--layer", "*"], 3),
        (["--fail-above", "9%", "--layer", "*", "--rare", "0.001"], 4),
        (["--definition", "redo"], 0),
        (["--definition", "redo", "--fail-above", "4%"], 3),
    ],
)
def test_a_build_server_and_the_shell_are_told_the_same(options, status):
    np.savez("net.npz", conv1=layer(), fc=layer(dead=()))
    ended, out, _ = invoke("deadcheck", "net.npz", "--format", "junit", *options)
    failures = ET.fromstring(out).findall("testcase/failure")  # noqa: S314 - our own text
    assert ended == status
    assert {failure.get("type") for failure in failures} == {
        0: set(),
        3: {"dead units"},
        4: {"not enough data"},
    }[status]


@pytest.mark.parametrize(
    ("options", "world", "on_stdout", "on_stderr"),
    [
        ([], {"stdout_is_tty": True}, 1, 0),
        (["--save-state", "s.npz"], {"stdout_is_tty": True}, 1, 1),
        (["--format", "markdown"], {}, 1, 1),
        ([], {}, 0, 1),
        (["-o", "r.txt"], {"stdout_is_tty": True}, 0, 1),
    ],
)
def test_an_interruption_is_said_once_on_each_stream(options, world, on_stdout, on_stderr, monkeypatch):
    from actcli.analysis.deadness import watching

    def interrupted(*arguments):
        yield from whole(*arguments)
        raise KeyboardInterrupt

    whole = watching.watch
    monkeypatch.setattr(watching, "watch", interrupted)
    np.save("a.npy", layer())
    status, out, err = invoke("deadcheck", "a.npy", *options, **world)
    assert status == 130
    assert (out.count("Interrupted"), err.lower().count("interrupted")) == (on_stdout, on_stderr)
    assert ("not written" in err) == bool(on_stderr and options and options[0] != "--format")


def test_a_pipe_is_told_what_has_changed():
    np.savez("net.npz", conv1=layer(dead=(3, 4)))
    invoke("deadcheck", "net.npz", "--save-state", "old.npz")
    np.savez("net.npz", conv1=layer(dead=(4, 6)))
    _, out, err = invoke("deadcheck", "net.npz", "--against", "old.npz")
    assert [[line.split("\t")[place] for place in (1, 6)] for line in out.splitlines()] == [
        ["unit", "change"],
        ["3", "revived"],
        ["4", "still dead"],
        ["6", "newly dead"],
    ]
    assert "Since the earlier statistics 1 unit died, 1 revived, and 1 is still dead." in err


NEWCOMERS = {
    "m.pt": ("m.pt", "torch.save", "torch.onnx.export"),
    "m.keras": ("Keras or TensorFlow", "tf2onnx"),
    "m.tflite": ("TensorFlow Lite", "tf2onnx --tflite"),
    "a.npy m.pt": ("m.pt", "torch.save"),
    "a.npy ./a.npy": ("a.npy and ./a.npy are one file", "twice"),
    "a=*.npy a.npy": ("a.npy", "twice"),
    "folder": ("folder", "folder/*.npy"),
    "a.npy -o r.docx": (".txt, .json, .jsonl, .csv, .tsv, .md, .xml", "--format"),
    "a.npy -o r": (".txt, .json, .jsonl, .csv, .tsv, .md, .xml", "--format"),
    "a.npy -o r.npy": ("npy", ".txt", ".xml", "--save-state"),
    "a.npy --activation b=gelu": ("--activation b", "there is a"),
    "a.npy --rare 5e-324": ("--rare '5e-324'", "1e-12"),
    "--plan 10 --rare 1e-300": ("--rare '1e-300'", "1e-12"),
}
"""Command lines of a newcomer, and the key words of the message each gets."""


@pytest.mark.parametrize("line", NEWCOMERS)
def test_what_a_newcomer_tries(line, tmp_path):
    np.save("a.npy", layer())
    Path("m.pt").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    (tmp_path / "folder").mkdir()
    message = refused("deadcheck", *line.split(), kind=ActcliError)
    assert all(word in message for word in NEWCOMERS[line]), message
