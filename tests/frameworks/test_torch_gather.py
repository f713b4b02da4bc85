"""Two processes of gloo train one model; their merged statistics are those of one process with all samples."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from watched_models import Kept, Transformer, assert_same  # noqa: E402

from actcli.exits import UsageError  # noqa: E402
from actcli.torch import Watch  # noqa: E402

HERE = Path(__file__).parent


def batches(rank):
    """Return a rank's batches, three of rank 0 and two of rank 1, with masks."""
    generator = torch.Generator().manual_seed(rank)
    result = []
    for samples in (4, 2, 3)[: 3 - rank]:
        ids = torch.randint(0, 50, (samples, 6), generator=generator)
        lengths = torch.randint(1, 7, (samples,), generator=generator)
        result.append((ids, (torch.arange(6) < lengths[:, None]).long()))
    return result


def make_model(keep):
    torch.manual_seed(11)
    return Transformer(keep)


def train(rank, folder):
    """Train as one rank of two, and write what the rank knows after each gather."""
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    keep = Kept()
    keep.on = False
    model = DistributedDataParallel(make_model(keep))
    with Watch(model, mask="attention_mask") as watch:
        for ids, mask in batches(rank):
            if len(ids) == 3:
                with torch.no_grad():  # no collective of the gradients: the other rank has no third batch
                    model.module(ids, attention_mask=mask)
            else:
                model(ids, attention_mask=mask).sum().backward()
        watch.gather()
        watch.gather()
        watch.epoch()
        watch.save(f"{folder}/rank{rank}.npz")
    dist.destroy_process_group()


def test_the_ranks_of_ddp_have_together_the_counts_of_all_samples(tmp_path):
    from actcli.sources.records.timeline_file import read_timeline

    processes = [
        subprocess.Popen([sys.executable, __file__, str(rank), str(tmp_path)], cwd=HERE) for rank in range(2)
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    keep = Kept()
    model = make_model(keep)
    masks = []
    for rank in range(2):
        for ids, mask in batches(rank):
            model(ids, attention_mask=mask)
            masks.append(mask.bool().numpy())
    recorded = keep.states(model.rules, model.axes, masks)
    timelines = [read_timeline(str(tmp_path / f"rank{rank}.npz")) for rank in range(2)]
    for timeline in timelines:
        assert_same(timeline.epochs[0].states, recorded)
    for ours, theirs in zip(*(timeline.epochs[0].states for timeline in timelines), strict=True):
        np.testing.assert_array_equal(ours.mean, theirs.mean)


def test_gather_needs_a_process_group():
    with pytest.raises(UsageError, match="init_process_group"):
        Watch(torch.nn.ReLU()).gather()


if __name__ == "__main__":
    train(int(sys.argv[1]), sys.argv[2])
