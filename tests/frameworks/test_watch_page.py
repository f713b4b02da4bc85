"""The programs of README and docs/watch.md run as they are written, with the real frameworks."""

import os
import re
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

import numpy as np
import pytest

from actcli.sources.records.timeline_file import read_timeline

torch = pytest.importorskip("torch", exc_type=ImportError)

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore")


def programs(page, word):
    """The Python blocks of a page that contain a word."""
    text = (ROOT / page).read_text("utf-8")
    found = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if word in block]
    assert found
    return found


def run(program, **names):
    exec(compile(program, "page", "exec"), names)  # noqa: S102 - our own text is what is tested


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def network():
    return torch.nn.Sequential(torch.nn.Linear(10, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))


@pytest.mark.parametrize("page", ["README.md", "docs/watch.md"])
def test_two_lines_in_a_training_loop(page, capsys):
    logged = []

    class Logger:
        log = staticmethod(logged.append)

    def train(model):
        for _ in range(20):
            model(torch.randn(8, 10)).sum().backward()

    for program in programs(page, "Watch(model, every=10)"):
        run(program, model=network(), epochs=3, train=train, logger=Logger())
    assert "epoch 3: 16 samples" in capsys.readouterr().out
    assert len(read_timeline("run.npz").epochs) == 3
    assert page == "README.md" or "dead/1" in logged[0]


def test_the_recorder_of_the_readme(capsys):
    (program,) = programs("README.md", "Recorder()")
    run(program, batches=np.ones((3, 5, 4)), hidden=lambda x: np.maximum(x, 0))
    assert "epoch 1: 15 samples" in capsys.readouterr().out


def test_lightning(capsys):
    pl = pytest.importorskip("lightning.pytorch", exc_type=ImportError)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = network()

        def training_step(self, batch, _):
            return self.net(batch).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    (program,) = programs("docs/watch.md", "pl.Trainer")
    run(program, module=Module(), train_loader=torch.utils.data.DataLoader(torch.randn(40, 10), 8))
    assert "epoch 2: 40 samples" in capsys.readouterr().out


def test_transformers(capsys):
    transformers = pytest.importorskip("transformers", exc_type=ImportError)
    pytest.importorskip("accelerate", exc_type=ImportError)
    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=20, n_positions=8)
    ids = torch.randint(0, 20, (80, 6))
    arguments = transformers.TrainingArguments(
        "out", num_train_epochs=1, use_cpu=True, report_to=[], save_strategy="no"
    )
    (program,) = programs("docs/watch.md", "transformers")
    data = [{"input_ids": row, "labels": row} for row in ids]
    run(program, model=transformers.GPT2LMHeadModel(config), arguments=arguments, data=data)
    assert "epoch 1: 8 samples" in capsys.readouterr().out


def test_jax(capsys):
    pytest.importorskip("jax", exc_type=ImportError)
    rng = np.random.default_rng(0)
    parameters = {"w1": rng.normal(size=(10, 16)), "b1": np.zeros(16), "w2": rng.normal(size=(16, 4))}
    (program,) = programs("docs/watch.md", "jax.jit")
    run(program, parameters=parameters, batches=rng.normal(size=(3, 50, 10)))
    assert "epoch 1: 150 samples" in capsys.readouterr().out
    assert [state.units for state in read_timeline("run.npz").last.states] == [16, 4]
