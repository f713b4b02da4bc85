"""The PyTorch hook of docs/deadcheck.md records what the page says; runs where torch is installed."""

import re
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke

torch = pytest.importorskip("torch")

PAGE = (Path(__file__).parents[2] / "docs" / "deadcheck.md").read_text("utf-8")


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (source,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "def record" in block
    )
    names = {}
    exec(compile(source, "deadcheck.md", "exec"), names)  # noqa: S102 - our own text is what is tested
    return names["record"]


class Reusing(torch.nn.Module):
    """One activation called twice in a forward pass, and one that changes its input in place."""

    def __init__(self, kind=torch.nn.ReLU):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 6), torch.nn.Linear(6, 3)
        self.act, self.last = kind(), torch.nn.ReLU(inplace=True)
        self.dropout = torch.nn.Dropout(0.9)

    def forward(self, x):
        return self.last(-self.act(self.second(self.dropout(self.act(self.first(x))))) + 0.1)


def batches(count=3, samples=10):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(samples, 4, generator=generator) for _ in range(count)]


def test_each_call_of_a_reused_module_is_a_layer(record):
    model = Reusing()
    record(model, batches(), "acts.npz")
    x = torch.cat(batches())
    with np.load("acts.npz") as found, torch.inference_mode():
        assert sorted(found) == ["act", "act#2", "last"]
        first = torch.relu(model.first(x))
        np.testing.assert_allclose(found["act"], first.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            found["act#2"], torch.relu(model.second(first)).numpy(), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("kind", [torch.nn.GELU, torch.nn.SiLU])
def test_one_word_records_the_inputs(record, kind):
    model = Reusing(kind)
    record(model, batches(), "acts.npz", kind, "pre")
    x = torch.cat(batches())
    with np.load("acts.npz") as found, torch.inference_mode():
        assert sorted(found) == ["act", "act#2"]
        np.testing.assert_allclose(found["act"], model.first(x).numpy(), rtol=1e-5, atol=1e-6)


def test_inputs_are_those_before_an_activation_that_works_in_place(record):
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(inplace=True))
    record(model, batches(), "acts.npz", what="pre")
    with np.load("acts.npz") as found:
        assert (found["1"] < 0).any()


def test_the_hooks_are_gone_afterwards_and_half_precision_is_kept(record):
    model = Reusing().to(torch.bfloat16)
    record(model, [batch.to(torch.bfloat16) for batch in batches()], "acts.npz")
    assert not model.act._forward_hooks
    record(torch.nn.ReLU(), batches(), "one.npz")
    with np.load("acts.npz") as found, np.load("one.npz") as one:
        assert {found[name].shape for name in found} == {(30, 6), (30, 3)}
        assert list(one) == ["model"]


def test_batches_of_a_loader_and_the_mode_as_it_was(record):
    model = Reusing().train()
    record(model, [[batch, torch.zeros(10)] for batch in batches()], "pairs.npz")
    assert model.training
    assert model.dropout.training
    model.eval()
    record(model, batches(), "plain.npz")
    assert not model.training
    with np.load("pairs.npz") as pairs, np.load("plain.npz") as plain:
        assert list(pairs) == list(plain)
        assert all((pairs[name] == plain[name]).all() for name in plain)


def test_deadcheck_reads_what_is_recorded(record):
    model = Reusing(torch.nn.GELU)
    with torch.no_grad():
        model.first.weight[2], model.first.bias[2] = 0.0, -50.0
    record(model, batches(40), "acts.npz", torch.nn.GELU, "pre")
    ended = invoke("deadcheck", "acts.npz", "--recorded", "pre", "--activation", "gelu", "--fail-above", "0")
    assert ended.status == 4  # 400 samples are too few for 9 units
    assert [row[:3] for row in ended.rows] == [["act", "2", "gate_dead"]]
