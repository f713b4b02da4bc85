"""`--fail-on unobserved`: what looks like an activation and was not judged is a failure where that is asked for."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from invocation import invoke, refused

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).standard_normal((500, 4)).astype(np.float32))
    np.save("acts.npy", np.ones((5, 3)))
    return tmp_path


def write(*ops):
    """A dense layer and one operator behind it, as often as there are operators."""
    nodes, tensor = [], "x"
    for i, op in enumerate(ops):
        nodes.append(helper.make_node("Gemm", [tensor, "w"], [f"z{i}"], f"fc{i}"))
        nodes.append(helper.make_node(op, [f"z{i}"], [f"h{i}"], f"act{i}"))
        tensor = f"h{i}"
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info(tensor, TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "model.onnx"
    )


def check(*arguments):
    return invoke("deadcheck", "model.onnx", "--data", "x.npy", *arguments)


@pytest.mark.parametrize("limit", [(), ("--fail-above", "5%")])
def test_an_unobserved_activation_exits_with_3(limit):
    write("Relu", "Softmax")
    assert check(*limit, "--format", "json").status == 0
    status, out, err = check(*limit, "--fail-on", "unobserved", "--format", "json")
    said = json.loads(out)
    assert status == 3
    assert said["verdict"]["status"] == "not observed"
    (one,) = said["not_observed"]
    assert list(one) == ["name", "op", "reason"]
    assert (one["name"], one["op"]) == ("act1", "Softmax")
    assert "NOT OBSERVED, which fails the check" in err
    assert "act1" in err


def test_dead_units_come_first():
    write("Relu", "Softmax")
    z = np.load("x.npy")
    z[:, 2] = -1
    np.save("x.npy", z)
    status, out, _ = check("--fail-on", "unobserved", "--fail-above", "0", "--format", "json")
    assert (status, json.loads(out)["verdict"]["status"]) == (3, "found")


def test_a_model_of_known_activations_passes():
    write("Relu", "Sigmoid")
    assert check("--fail-on", "unobserved", "--fail-above", "5%").status == 0


def test_its_case_fails_in_junit():
    write("Relu", "Sin")
    assert '<skipped message="not observed' in check("--format", "junit").out
    suite = ET.fromstring(check("--fail-on", "unobserved", "--format", "junit").out)  # noqa: S314
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None] == [
        "act1"
    ]


def test_nothing_observed_at_all_fails_too():
    write("Sin")
    assert check("--fail-on", "unobserved").status == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("model.onnx", "--data", "x.npy", "--fail-on", ""),
        ("model.onnx", "--data", "x.npy", "--fail-on", "dead"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "unobserve"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "unobserved,dead"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "3"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "-1"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "nan"),
        ("model.onnx", "--data", "x.npy", "--fail-on", "unobserved", "--fail-on", "unobserved"),
        ("model.onnx", "--data", "x.npy", "--fail-on"),
        ("acts.npy", "--fail-on", "unobserved"),
        ("--plan", "100", "--fail-on", "unobserved"),
        ("--born-dead", "--fail-on", "unobserved"),
        ("--train", "relu", "--fail-on", "unobserved"),
    ],
)
def test_wrong_use(arguments):
    write("Relu")
    assert "--fail-on" in refused("deadcheck", *arguments)
