"""Train on two processes with `DeadUnits`: each rank sees half of the samples. Rank 0 prints what was seen as JSON."""

import json
import sys

import lightning.pytorch as pl
import torch

from actcli.lightning import DeadUnits


class Classifier(pl.LightningModule):
    """Its second unit fires on one sample alone, which one of the ranks has."""

    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
        self.net[0].weight.data = torch.tensor([[0.0] * 4, [1.0, 0, 0, 0], [0, 1.0, 0, 0]])
        self.net[0].bias.data = torch.tensor([-1.0, -50.0, 50.0])

    def training_step(self, batch, _):
        return self.net(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.0)


if __name__ == "__main__":
    x = torch.zeros(80, 4)
    x[5, 0] = 100
    reports = []
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        callbacks=[DeadUnits(show=reports.append, path="run.npz")],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
    )
    data = torch.utils.data.TensorDataset(x)
    trainer.fit(Classifier(), torch.utils.data.DataLoader(data, 8, num_workers=0))
    if trainer.global_rank == 0:
        (layer,) = reports[0].report.layers
        seen = {"samples": layer.samples, "fired": layer.state.fired.tolist(), "dead": layer.dead}
        json.dump(seen | {"logged": float(trainer.callback_metrics["dead/net.1"])}, sys.stdout)
    elif reports:
        raise SystemExit("a second rank reported")
