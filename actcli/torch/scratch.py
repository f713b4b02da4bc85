"""Memory for masks and differences that are needed for a moment, taken once and used by every layer."""

import torch

_MOST_LENGTHS = 64


class Scratch:
    """Buffers in the type and on the device of a tensor. Fresh memory for each would cost more than the sums."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[torch.device, torch.dtype, int], torch.Tensor] = {}
        self._numbers: dict[tuple[torch.device, torch.dtype, int], torch.Tensor] = {}

    def like(self, tensor: torch.Tensor, place: int) -> torch.Tensor:
        """Return a buffer in shape and memory order of a tensor. The same place gives the same memory."""
        key = tensor.device, tensor.dtype, place
        size = tensor.numel()
        buffer = self._buffers.get(key)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[key] = torch.empty(size, dtype=tensor.dtype, device=tensor.device)
        if _is_dense(tensor):
            return buffer.as_strided(tensor.shape, tensor.stride())
        return buffer[:size].view(tensor.shape)

    def numbers(self, count: int, like: torch.Tensor) -> torch.Tensor:
        """Return 1, 2, ... count in a column, in the type and on the device of a tensor. Not to be written to."""
        key = like.device, like.dtype, count
        if key not in self._numbers:
            if len(self._numbers) >= _MOST_LENGTHS:
                self._numbers.clear()
            numbers = torch.arange(1, count + 1, dtype=like.dtype, device=like.device)
            self._numbers[key] = numbers.unsqueeze(1)
        return self._numbers[key]


def _is_dense(tensor: torch.Tensor) -> bool:
    """Return whether a tensor's elements fill its memory without gaps, in some order of its axes."""
    expected = 1
    for stride, length in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if length != 1 and stride != expected:
            return False
        expected *= length if length != 1 else 1
    return True
