"""Models on workers: sent once, run on shards of their data, with the bits of one machine."""

import os
import shutil

import numpy as np
import pytest
from cluster_processes import deadcheck, same_as_on_one_machine

pytest.importorskip("distributed")
pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

RNG = np.random.default_rng(0)
SIZES = (3000, 17, 1, 12_000, 900)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, the same with its weights in a file beside it, of rows, with a mask, and shards of their inputs."""
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("models")
    weights = {
        "W1": RNG.normal(size=(24, 48)) / 5, "b1": np.where(np.arange(48) % 6, 0, -9),
        "W2": RNG.normal(size=(48, 16)) / 7,
    }  # fmt: skip
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    nodes = [
        helper.make_node("MatMul", ["x", "W1"], ["p1"]),
        helper.make_node("Add", ["p1", "b1"], ["z1"]),
        helper.make_node("Relu", ["z1"], ["h1"], name="one"),
        helper.make_node("MatMul", ["h1", "W2"], ["z2"]),
        helper.make_node("Sigmoid", ["z2"], ["s2"]),
        helper.make_node("Mul", ["z2", "s2"], ["y"], name="two"),
    ]
    for name, shape, mask in (
        ("m", ["N", 24], ()), ("rows", ["N", 7, 24], ()), ("masked", ["N", 7, 24], ("mask",)),
    ):  # fmt: skip
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        inputs += [helper.make_tensor_value_info(one, TensorProto.INT64, ["N", 7]) for one in mask]
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [*shape[:-1], 16])
        graph = helper.make_graph(nodes, name, inputs, [y], tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, folder / f"{name}.onnx")
    onnx.save(
        onnx.load(folder / "m.onnx"), folder / "e.onnx", save_as_external_data=True, location="e.bin",
        size_threshold=0,
    )  # fmt: skip
    for number, samples in enumerate(SIZES):
        x = RNG.normal(size=(samples, 24)).astype(np.float32)
        np.save(folder / f"d{number}.npy", x)
        np.savez_compressed(folder / f"d{number}.npz", x=x)
        few = max(samples // 20, 1)
        mask = (np.arange(7) < RNG.integers(0, 8, size=(few, 1))).astype(np.int64)
        rows = RNG.normal(size=(few, 7, 24)).astype(np.float32)
        np.save(folder / f"r{number}.npy", rows)
        np.savez(folder / f"k{number}.npz", x=rows, mask=mask)
    (folder / "bad.npy").write_bytes((folder / "d0.npy").read_bytes()[:-100])
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["m.onnx", "--data", "d*.npy"],
        ["e.onnx", "--data", "d*.npz", "--limit", "14500", "--batch", "100"],
        ["m.onnx", "--data", "d3.npy"],
        ["masked.onnx", "--data", "k*.npz", "--mask", "mask"],
        ["rows.onnx", "--data", "r*.npy", "--quick"],
        ["rows.onnx", "--data", "r*.npy", "--quick", "--start", "5", "--batch", "7", "--limit", "700"],
    ],
)
def test_the_bits_of_one_machine(folder, two_workers, arguments):
    same_as_on_one_machine(folder, arguments, "--cluster", two_workers.address)


@pytest.mark.parametrize("workers", [1, 5])
def test_processes_of_this_machine(folder, workers):
    same_as_on_one_machine(folder, ["m.onnx", "--data", "d*.npy"], ACTCLI_CLUSTER=f"local:{workers}")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["m.onnx", "--data", "[bd]*.npy"], 1, "bad.npy: truncated"),
        (["m.onnx", "--data", "none*.npy"], 1, "no file matches"),
        (["m.onnx", "--data", "k0.npz"], 1, "expects"),
        (["m.onnx", "--data", "-"], 2, "standard input"),
        (["m.onnx", "--random", "9"], 2, "--random"),
        (["masked.onnx", "--data", "k0.npz", "--mask", "y"], 2, "no input"),
    ],
)
def test_what_is_not_shared(folder, two_workers, arguments, status, words):
    code, out, err = deadcheck(folder, *arguments, "--cluster", two_workers.address)
    assert (code, out) == (status, "")
    assert words in err
    assert err.count("\n") == 1


def test_data_that_could_be_read_are_kept(folder, two_workers, tmp_path):
    """The model goes on with the missing shard, on the cluster or here."""
    for name in ("m.onnx", *(f"d{number}.npz" for number in range(5))):
        shutil.copy(folder / name, tmp_path)
    whole = (tmp_path / "d3.npz").read_bytes()
    stamp = (tmp_path / "d3.npz").stat()
    (tmp_path / "d3.npz").write_bytes(whole[:90_000] + b"\x55" * 40 + whole[90_040:])
    os.utime(tmp_path / "d3.npz", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    run = ["m.onnx", "--data", "d*.npz"]
    cluster = ["--cluster", two_workers.address]
    status, _, err = deadcheck(tmp_path, *run, *cluster, "--save-state", "part.npz")
    assert status == 1
    assert "d3.npz" in err
    assert "--resume part.npz" in err
    (tmp_path / "d3.npz").write_bytes(whole)
    assert (
        "changed" in deadcheck(tmp_path, *run, "--resume", "part.npz")[2]
    )  # the shard before it has samples of it
    os.utime(tmp_path / "d3.npz", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    found = [
        deadcheck(tmp_path, *run, "--resume", "part.npz", "--save-state", "many.npz", *cluster),
        deadcheck(tmp_path, *run, "--resume", "part.npz", "--save-state", "here.npz"),
        deadcheck(tmp_path, *run, "--save-state", "one.npz"),
    ]
    assert found[0] == found[1] == found[2]
    for name in ("many.npz", "here.npz"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "one.npz").read_bytes()
    assert "other options" in deadcheck(tmp_path, *run, "--batch", "7", "--resume", "part.npz")[2]


CRASHING = """
import os, onnxruntime

def crashing(run):
    def run_or_abort(session, names, feed, *rest):
        if any((array == 1e30).any() for array in feed.values()):
            os.abort()
        return run(session, names, feed, *rest)
    return run_or_abort

onnxruntime.InferenceSession.run = crashing(onnxruntime.InferenceSession.run)
"""


def test_a_model_that_crashes_its_workers_is_named(folder, tmp_path, dying):
    """The library is made to crash, in a worker, on a sample."""
    shutil.copy(folder / "m.onnx", tmp_path)
    for number in range(3):
        x = RNG.normal(size=(3000, 24)).astype(np.float32)
        x[1500, 7] = 1e30 if number == 1 else 0
        np.save(tmp_path / f"s{number}.npy", x)
    status, out, err = deadcheck(
        tmp_path,
        *("m.onnx", "--data", "s*.npy", "--batch", "5"),
        *("--save-state", "part.npz", "--cluster", dying(CRASHING)),
    )
    assert (status, out) == (1, "")
    assert "s1.npy: 1 worker died while running m.onnx on it" in err
    assert "2 of 3 shards are in part.npz" in err
    assert err.count("\n") == 1
