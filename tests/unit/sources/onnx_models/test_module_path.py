"""Names of layers in exports of torch.onnx.export(dynamo=True): the paths of the modules."""

import json

import numpy as np
import pytest
from invocation import invoke

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import helper  # noqa: E402

from actcli.exits import DataError  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402
from actcli.sources.onnx.graph import calling_module  # noqa: E402

SCOPES, NAMESPACE = "pkg.torch.onnx.name_scopes", "namespace"


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({SCOPES: "['', 'blocks', 'blocks.1', 'blocks.1.relu', 'relu_1']"}, "blocks.1.relu"),
        ({SCOPES: "['', 'relu']"}, ""),
        ({SCOPES: "['', 'act', 'act@1', 'relu_1']"}, "act"),
        ({SCOPES: '["", "it\'s", "relu"]'}, "it's"),
        ({SCOPES: "['relu']"}, None),
        (
            {NAMESPACE: ": __main__.Net/blocks.1: m.Block/blocks.1.relu: nn.ReLU/relu_1: aten.relu.default"},
            "blocks.1.relu",
        ),
        ({NAMESPACE: ": __main__.Net/relu: aten.relu.default"}, ""),
        ({NAMESPACE: "relu: aten.relu.default"}, None),
        ({SCOPES: "['', 'a', 'relu']", NAMESPACE: ": Net/b: B/relu: aten.relu.default"}, "a"),
        ({}, None),
        ({SCOPES: ""}, None),
        ({SCOPES: "[]"}, None),
        ({SCOPES: "__import__('os').getcwd()"}, None),
        ({SCOPES: "[" * 100_000}, None),
        ({SCOPES: "'" * 99_999}, ""),
        ({NAMESPACE: "/" * 100_000}, ""),
        ({NAMESPACE: ":" * 100_000}, None),
    ],
)
def test_the_path_of_the_module_that_called_a_node(metadata, path):
    assert calling_module(metadata)[0] == path


def exported(write, scopes):
    """A chain of relu layers whose nodes have these scopes; None for a node without."""
    nodes, tensor = [], "x"
    for place, scope in enumerate(scopes):
        nodes.append(helper.make_node("MatMul", [tensor, "w"], [f"z{place}"]))
        relu = helper.make_node("Relu", [f"z{place}"], [f"y{place}"], name=f"node_relu_{place}")
        if scope is not None:
            entry = relu.metadata_props.add()
            entry.key, entry.value = SCOPES, repr([*scope, f"relu_{place}"])
        nodes.append(relu)
        tensor = f"y{place}"
    return write(nodes, {"w": np.eye(3, dtype=np.float32)}, outputs=(tensor,))


def test_layers_are_named_as_their_modules(write):
    scopes = [
        ["", "blocks", "blocks.0", "blocks.0.relu"],
        ["", "act"],
        ["", "act"],
        ["", "act@2"],
        [""],
        None,
        ["", "act#2"],
    ]
    assert [layer.name for layer in open_model(exported(write, scopes)).layers] == [
        "blocks.0.relu",
        "act",
        "act#2",
        "act#3",
        "relu",
        "node_relu_5",
        "act#2 (2)",
    ]


def test_a_recording_is_compared_with_the_export(write, tmp_path, monkeypatch):
    path = exported(write, [["", "blocks.1", "blocks.1.relu"]])
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    np.save("x.npy", x)
    np.savez("recorded.npz", **{"blocks.1.relu": np.maximum(x, 0)})
    invoke("deadcheck", "recorded.npz", "--save-state", "old.npz")
    status, out, _ = invoke("deadcheck", path, "--data", "x.npy", "--against", "old.npz", "--format", "json")
    (layer,) = json.loads(out)["layers"]
    assert (status, layer["layer"]) == (0, "blocks.1.relu")
    invoke("deadcheck", "recorded.npz", "--activation", "relu6", "--save-state", "six.npz")
    with pytest.raises(DataError, match="post of relu6"):
        invoke("deadcheck", path, "--data", "x.npy", "--against", "six.npz")
