"""Models of torch.onnx.export(dynamo=True): their layers have the names and the units that Watch gives them."""

import json
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

from invocation import invoke  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812 - as everybody calls it

from actcli.exits import UsageError  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402
from actcli.sources.records.state_file import read_state  # noqa: E402
from actcli.sources.records.timeline_file import read_timeline  # noqa: E402
from actcli.torch import Watch  # noqa: E402

WIDTH = 12
DEAD = {"stem.1": 3, "blocks.0.relu": 2, "blocks.1.relu": 1, "product": 1, "relu": 2}
"""Units that are dead because of how the weights are set, by layer."""


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH)
        self.relu, self.back = nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x):
        return self.relu(x + 0.1 * self.back(self.relu(self.norm(self.conv(x)))))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(WIDTH, WIDTH, 1), OwnActivation()

    def forward(self, x):
        return self.act(x + F.relu(self.conv(x)) - F.gelu(x))


class OwnActivation(nn.Module):
    def forward(self, x):
        return F.leaky_relu(x, 0.3)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, WIDTH, 3, padding=1), nn.ReLU())
        self.blocks = nn.ModuleList([Residual(), Functional()])
        self.gate, self.up, self.out = nn.Linear(WIDTH, 20), nn.Linear(WIDTH, 20), nn.Linear(20, 10)
        self.last = nn.Linear(10, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = x.mean((2, 3))
        x = F.silu(self.gate(x)) * self.up(x)
        x = F.relu(self.out(x))
        return F.softmax(torch.tanh(self.last(x) / 50), -1)


def classifier():
    torch.manual_seed(0)
    model = Classifier().eval()
    with torch.no_grad():
        model.stem[0].bias[:3] = -50
        model.blocks[0].back.bias[:] = 9
        model.blocks[0].norm.bias[4:6] = -60
        model.blocks[1].conv.bias[:] = 9
        model.blocks[1].conv.bias[7] = -90
        model.up.weight[5], model.up.bias[5] = 0, 0
        model.out.bias[2:] = 9
        model.out.bias[:2] = -99
    return model


def transformer():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, dropout=0.0, activation="gelu")
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return nn.Sequential(encoder, nn.Linear(16, 8), nn.ReLU()).eval()


def exported(folder, model, x):
    """Export a model; run it under Watch on the samples, which are saved beside it. Returns what Watch found."""
    path = folder / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter calls functions of PyTorch that are going
        torch.onnx.export(model, (x[:2],), path, dynamo=True, dynamic_shapes=({0: "batch"},), verbose=False)
    np.save(folder / "x.npy", x.numpy())
    with Watch(model, when="eval") as watch, torch.no_grad():
        for part in x.split(100):
            model(part)
        watch.epoch()
        watch.save(folder / "run.npz")
    return watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def watch(folder):
    return exported(folder, classifier(), torch.randn(300, 1, 6, 6))


def test_layers_have_the_names_that_watch_gives(folder, watch):
    model = open_model(str(folder / "model.onnx"))
    assert {layer.name: (layer.function, layer.units) for layer in model.layers} == {
        layer.name: (layer.function, layer.units) for layer in watch.layers
    }
    assert {"blocks.0.relu#2", "blocks.1.relu", "blocks.1.gelu", "blocks.1.act", "tanh"} <= {
        layer.name for layer in model.layers
    }
    assert [one.name for one in model.unobserved] == [one.name for one in watch.unobserved] == ["softmax"]


def test_the_dead_units_are_those_of_watch_and_those_that_were_made(folder, watch):
    assert {layer.name for layer in watch.layers} > set(DEAD)
    status, out, _ = invoke(
        "deadcheck", folder / "model.onnx", "--data", folder / "x.npy", "--against", folder / "run.npz",
        "--format", "json",
    )  # fmt: skip
    report = json.loads(out)
    assert status == 0
    assert {layer["layer"]: layer["dead"] for layer in report["layers"] if layer["dead"]} == DEAD
    assert all(change["newly_dead"] == change["revived"] == [] for change in report["change"])
    assert {one["layer"]: len(one["still_dead"]) for one in report["change"] if one["still_dead"]} == DEAD


def test_every_unit_fires_as_often_as_watch_counts(folder, watch):
    del watch
    saved = folder / "state.npz"
    invoke("deadcheck", folder / "model.onnx", "--data", folder / "x.npy", "--save-state", saved)
    of_watch = read_timeline(str(folder / "run.npz")).last.states
    for state, other in zip(read_state(str(saved)), of_watch, strict=True):
        assert state.name == other.name
        # the kernels of PyTorch and onnxruntime differ in the last digit of values near 0
        np.testing.assert_allclose(state.fired, other.fired, atol=2)


def test_recordings_named_like_the_layers_take_their_axes(folder, watch):
    del watch
    model, kept = classifier(), {}
    model.stem[1].register_forward_hook(lambda *call: kept.update({"stem.1": call[2].numpy()}))
    with torch.no_grad():
        model(torch.from_numpy(np.load(folder / "x.npy")))
    square = kept[
        "stem.1"
    ]  # (300, 12, 6, 6); the channels are known by the model alone where axes 1 and 2 are equal
    np.savez(folder / "square.npz", **{"stem.1": np.concatenate([square, square], -2)})
    _, out, _ = invoke(
        "deadcheck", folder / "square.npz", "--unit-axis", folder / "model.onnx", "--format", "json"
    )
    (layer,) = json.loads(out)["layers"]
    assert (layer["units"], layer["dead"]) == (WIDTH, DEAD["stem.1"])
    with pytest.raises(UsageError, match="--unit-axis"):
        invoke("deadcheck", folder / "square.npz")


def test_a_transformer(tmp_path):
    watch = exported(tmp_path, transformer(), torch.randn(200, 7, 16))
    model = open_model(str(tmp_path / "model.onnx"))
    assert [layer.name for layer in model.layers] == [layer.name for layer in watch.layers]
    assert {"0.layers.0.gelu", "2"} <= {layer.name for layer in model.layers}
    assert [one.name for one in model.unobserved] == [f"0.layers.{i}.self_attn.softmax" for i in range(2)]
    status, _, err = invoke(
        "deadcheck", tmp_path / "model.onnx", "--data", tmp_path / "x.npy", "--against", tmp_path / "run.npz",
        "--fail-on", "unobserved",
    )  # fmt: skip
    assert status == 3
    assert "self_attn.softmax" in err


class Block(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.fc, self.act = nn.Linear(12, 12), act

    def forward(self, x):
        return self.act(self.fc(x))


class DroppingActivation(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(F.relu(x))


class Gates(nn.Module):
    def __init__(self):
        super().__init__()
        shared = nn.ReLU()
        self.blocks = nn.Sequential(Block(shared), Block(shared), Block(DroppingActivation()))
        self.layers = nn.ModuleList(nn.Linear(12, 12) for _ in range(3))
        self.gated, self.prelu = nn.Sequential(nn.Linear(12, 24), nn.GLU()), nn.PReLU()

    def forward(self, x):
        z = self.layers[0](self.blocks[1](self.blocks(x)))
        x = self.gated(z * torch.sigmoid(z))
        x = F.glu(torch.cat([self.layers[1](x), x], -1), -1)
        return self.prelu(self.layers[2](x))


def test_gates_shared_modules_and_learned_parameters(tmp_path):
    torch.manual_seed(0)
    model = Gates().eval()
    with torch.no_grad():
        model.gated[0].weight[3], model.gated[0].bias[3] = 0, 0
        model.prelu.weight[:] = 0.07
        for block in model.blocks:
            block.fc.bias[:] = 3
    watch = exported(tmp_path, model, torch.randn(200, 12))
    names = [layer.name for layer in open_model(str(tmp_path / "model.onnx")).layers]
    blocks = [*(f"blocks.{i}.act" for i in range(3)), "blocks.1.act#2"]
    assert names == [layer.name for layer in watch.layers] == [*blocks, "silu", "gated.1", "glu", "prelu"]
    _, out, _ = invoke(
        "deadcheck", tmp_path / "model.onnx", "--data", tmp_path / "x.npy", "--against", tmp_path / "run.npz",
        "--format", "json",
    )  # fmt: skip
    changes = {change["layer"]: change for change in json.loads(out)["change"]}
    assert changes["gated.1"]["still_dead"] == [3]
    assert all(change["newly_dead"] == change["revived"] == [] for change in changes.values())
