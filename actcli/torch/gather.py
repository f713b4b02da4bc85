"""Statistics of several processes that train one model, merged on each of them."""

import json
from collections.abc import Sequence

import numpy as np
import torch
import torch.distributed as dist

from actcli.analysis.deadness.state_record import pack, read_description, unpack
from actcli.analysis.deadness.unit_state import LayerState, merge, place_at
from actcli.exits import UsageError


def gather_states(states: Sequence[LayerState]) -> tuple[LayerState, ...]:
    """Return the merged statistics of all processes of the default group; each of them must call this.

    Samples are counted on from rank to rank, so that places mean the same on each. Nothing is pickled: bytes of the
    format of statistics files are sent. Raises UsageError without a process group.
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise UsageError("gather() merges processes: call torch.distributed.init_process_group() first")
    merged: dict[str, LayerState] = {}
    for rank, content in enumerate(_exchange(_to_bytes(states))):
        for state in _from_bytes(content, f"rank {rank}"):
            before = merged.get(state.name)
            merged[state.name] = state if before is None else merge(before, place_at(state, before.samples))
    return tuple(merged.values())


def _to_bytes(states: Sequence[LayerState]) -> bytes:
    if not states:
        return b""
    description, counts, numbers = pack(states)
    head = json.dumps({"description": len(description), "units": counts.shape[1]}).encode()
    return b"\n".join((head, description)) + counts.tobytes() + numbers.tobytes()


def _from_bytes(content: bytes, origin: str) -> tuple[LayerState, ...]:
    if not content:
        return ()
    head, _, rest = content.partition(b"\n")
    sizes = json.loads(head)
    layers, _ = read_description(rest[: sizes["description"]], origin)
    arrays = np.frombuffer(rest[sizes["description"] :], np.int64).reshape(2, 8, sizes["units"])
    return unpack(layers, arrays[0], arrays[1].view(np.float64), origin)


def _exchange(content: bytes) -> list[bytes]:
    """Return the bytes of every rank, in order of the ranks."""
    # NCCL moves tensors of the GPU only
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else "cpu"
    size = torch.tensor([len(content)], dtype=torch.int64, device=device)
    sizes = [torch.empty_like(size) for _ in range(dist.get_world_size())]
    dist.all_gather(sizes, size)
    longest = max(int(one) for one in sizes)
    sent = torch.zeros(longest, dtype=torch.uint8, device=device)
    if content:
        sent[: len(content)] = torch.frombuffer(bytearray(content), dtype=torch.uint8).to(device)
    received = [torch.empty_like(sent) for _ in sizes]
    dist.all_gather(received, sent)
    return [bytes(one[: int(n)].cpu().numpy()) for one, n in zip(received, sizes, strict=True)]
