"""The same statistics from Watch, from a recorded .npz, and from safetensors shards, in every count."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from invocation import invoke  # noqa: E402
from safetensors_bytes import safetensors  # noqa: E402
from torch import nn  # noqa: E402
from watched_models import Kept, assert_same  # noqa: E402

from actcli.sources.records.state_file import read_state  # noqa: E402
from actcli.sources.records.timeline_file import read_timeline  # noqa: E402
from actcli.torch import Watch  # noqa: E402


class Classifier(nn.Module):
    def __init__(self, keep):
        super().__init__()
        self.keep = keep
        self.conv, self.relu = nn.Conv2d(1, 6, 3), nn.ReLU()
        self.fc, self.gelu = nn.Linear(6 * 16, 20), nn.GELU()

    def forward(self, x):
        x = self.relu(self.keep("relu", self.conv(x)))
        return self.gelu(self.keep("gelu", 3 * self.fc(x.flatten(1)) - 3))


def states_of(tmp_path, *sources):
    """Map layers to the statistics that the command computes of recorded inputs."""
    saved = tmp_path / "state.npz"
    saved.unlink(missing_ok=True)
    invoke(
        "deadcheck", *sources, "--recorded", "pre", "--activation", "gelu=gelu", "--activation", "relu=relu",
        "--save-state", saved, "--start", "0",
    )  # fmt: skip
    return {state.name: state for state in read_state(str(saved))}


def test_watch_recorded_arrays_and_shards_have_the_same_counts(tmp_path):
    torch.manual_seed(2)
    keep = Kept()
    model = Classifier(keep)
    with Watch(model) as watch:
        for samples in (30, 25):
            model(torch.randn(samples, 1, 6, 6))
        watch.epoch()
        watch.save(tmp_path / "run.npz")
    (epoch,) = read_timeline(str(tmp_path / "run.npz")).epochs
    arrays = {layer: [part.numpy() for part in parts] for layer, parts in keep.parts.items()}
    np.savez(tmp_path / "acts.npz", **{layer: np.concatenate(parts) for layer, parts in arrays.items()})
    assert_same(epoch.states, states_of(tmp_path, tmp_path / "acts.npz"))
    for layer, parts in arrays.items():
        for i, part in enumerate(parts):
            (tmp_path / f"{layer}-{i}.safetensors").write_bytes(safetensors(values=part))
    shards = [f"{layer}={tmp_path}/{layer}-*.safetensors" for layer in arrays]
    # of shards, where a part begins in all the data is not known
    for state, other in zip(epoch.states, states_of(tmp_path, *shards).values(), strict=True):
        for field in ("fired", "nonpositive", "nan", "infinite", "low", "high", "minimum", "maximum"):
            np.testing.assert_array_equal(getattr(state, field), getattr(other, field))
