"""`actcli.lightning.DeadUnits` with the real Lightning: a module that calls its network directly."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from actcli.exits import UsageError
from actcli.recording.epoch_report import DeadUnitsError
from actcli.sources.records.timeline_file import read_timeline

torch = pytest.importorskip("torch", exc_type=ImportError)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of packages that Lightning imports
    pl = pytest.importorskip("lightning.pytorch", exc_type=ImportError)

from actcli.lightning import DeadUnits  # noqa: E402 - Lightning may be missing

pytestmark = pytest.mark.filterwarnings("ignore")


class Classifier(pl.LightningModule):
    """Never calls itself: training_step goes to `self.net`, as most modules do."""

    def __init__(self, dying=False):
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(10, 32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, 16),
            torch.nn.GELU(),
            torch.nn.Linear(16, 2),
        )
        self.dying = dying

    def on_train_epoch_start(self):
        if self.dying and self.current_epoch == 1:
            self.net[0].bias.data[3] = -1e4

    def training_step(self, batch, _):
        x, y = batch
        return torch.nn.functional.cross_entropy(self.net(x), y)

    def validation_step(self, batch, _):
        x, _ = batch
        self.log("level", self.net(x + 1e6).mean())  # would count if validation did

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)

    def fit(callback, model=None, epochs=3, **options):
        x = torch.randn(200, 10)
        data = torch.utils.data.TensorDataset(x, (x[:, 0] > 0).long())
        trainer = pl.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            callbacks=[callback, *options.pop("others", [])],
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            logger=options.pop("logger", False),
            **options,
        )
        loaders = [torch.utils.data.DataLoader(data, 25, num_workers=0) for _ in range(2)]
        trainer.fit(model or Classifier(dying=True), *loaders)
        return trainer

    return fit


def test_a_unit_dies_in_the_epoch_in_which_it_dies(train):
    reports = []
    train(DeadUnits(show=reports.append, path="run.npz"))
    assert [report.newly_dead for report in reports] == [0, 1, 0]
    first, second = reports[1].report.layers
    assert (first.name, second.name) == ("net.1", "net.3")
    assert np.flatnonzero(first.dead_units).tolist() == [3]
    assert first.samples == 200
    assert [epoch.number for epoch in read_timeline("run.npz").epochs] == [0, 1, 2]


def test_the_shares_are_logged_and_may_stop_the_training(train):
    logger = pl.loggers.CSVLogger(".")
    stop = pl.callbacks.EarlyStopping("dead_share", mode="min", patience=1, check_on_train_epoch_end=True)
    trainer = train(DeadUnits(show=None), epochs=9, logger=logger, others=[stop], log_every_n_steps=1)
    assert trainer.callback_metrics["dead/net.1"] == pytest.approx(1 / 32)
    assert trainer.current_epoch < 4
    head = (Path(logger.log_dir) / "metrics.csv").read_text("utf-8").splitlines()[0]
    assert "dead/net.1" in head.split(",")


def test_it_prints_a_table(train, capsys):
    train(DeadUnits(), epochs=1)
    assert "epoch 0: 200 samples" in capsys.readouterr().out


def test_a_limit_ends_the_training_and_leaves_the_module_as_it_was(train):
    model = Classifier(dying=True)
    model.net[0].bias.data[:20] = -1e4
    callback = DeadUnits(show=None, fail_above=0.05, path="run.npz", rare=0.1)
    with pytest.raises(DeadUnitsError, match="limit of 5 %"):
        train(callback, model)
    assert len(read_timeline("run.npz").epochs) == 1
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_restarted_training_goes_on_in_the_timeline(train):
    train(DeadUnits(show=None, path="run.npz"), epochs=2)
    reports = []
    train(DeadUnits(show=reports.append, path="run.npz", resume=True), epochs=2)
    assert [report.number for report in reports] == [0, 1]
    assert [epoch.number for epoch in read_timeline("run.npz").epochs] == [0, 1]


def test_options_of_the_watch_are_passed_on(train):
    reports = []
    train(DeadUnits(show=reports.append, every=4, layers="net.1"), epochs=1)
    (layer,) = reports[0].report.layers
    assert (layer.name, layer.samples) == ("net.1", 2 * 25)


def test_an_epoch_of_which_no_pass_was_watched_is_left_out(train):
    reports = []
    train(DeadUnits(show=reports.append, every=16), epochs=3)
    assert [report.number for report in reports] == [0, 2]


def test_the_ranks_of_a_distributed_training_are_counted_together(tmp_path):
    program = Path(__file__).parent / "lightning_ranks.py"
    done = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout[done.stdout.index("{") :])
    assert seen == {"samples": 80, "fired": [0, 1, 80], "dead": 1, "logged": pytest.approx(1 / 3)}
    assert len(read_timeline(str(tmp_path / "run.npz")).epochs) == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"fail_above": 5}, "fail_above=5"),
        ({"fail_above": "5%"}, "fail_above='5%'"),
        ({"resume": True}, "path="),
        ({"every": 0}, "every=0"),
        ({"when": "training"}, "when="),
        ({"each": 3}, "each"),
        ({"layers": 3}, "layers"),
        ({"mask": 3}, "mask"),
        ({"per": "batch"}, "per="),
        ({"unit_axis": 1}, "unit_axis"),
    ],
)
def test_a_wrong_option_is_refused_at_once_in_one_line(options, word):
    with pytest.raises(UsageError, match=word) as caught:
        DeadUnits(**options)
    assert "\n" not in str(caught.value)
