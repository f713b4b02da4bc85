"""Overhead of actcli.torch.Watch on a training step: plain and watched steps in turn, on one thread.

    python tests/benchmarks/watch.py [ROUNDS]

Prints the median, smallest and largest of the rounds' ratios; a ratio is CPU time of ten watched steps over that of ten
plain ones in the same round.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from actcli.torch import Watch

STEPS = 10


class Block(nn.Module):
    """Two convolutions with batch norm and a skip connection (He et al. 2016), as in ResNet-20."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        same = inputs == outputs
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        h = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(h + self.skip(x))


def perceptron(activation: type[nn.Module]) -> tuple[nn.Module, torch.Tensor]:
    """Four layers of 1024 units, a batch of 256."""
    layers = [part for _ in range(4) for part in (nn.Linear(1024, 1024), activation())]
    return nn.Sequential(*layers, nn.Linear(1024, 10)), torch.randn(256, 1024)


def resnet() -> tuple[nn.Module, torch.Tensor]:
    """ResNet-20 of 16, 32 and 64 channels, a batch of 32 images of 32 by 32."""
    blocks = [
        Block(a, b, s)
        for a, b, s in ((16, 16, 1),) * 3
        + ((16, 32, 2),)
        + ((32, 32, 1),) * 2
        + ((32, 64, 2),)
        + ((64, 64, 1),) * 2
    ]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), *blocks, *head), torch.randn(
        32, 3, 32, 32
    )


def stepper(model: nn.Module, x: torch.Tensor) -> Callable[[], None]:
    """Return a training step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    target = torch.randint(0, 10, (len(x),))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), target).backward()
        optimizer.step()

    return step


def seconds(step: Callable[[], None]) -> float:
    """Return the CPU time of ten steps."""
    begun = time.process_time()
    for _ in range(STEPS):
        step()
    return time.process_time() - begun


def measure(name: str, model: nn.Module, x: torch.Tensor, rounds: int) -> None:
    """Print the overhead of every tenth step and of all steps watched."""
    step = stepper(model, x)
    ratios: dict[int, list[float]] = {10: [], 1: []}
    seconds(step)
    for round_number in range(rounds + 1):
        plain = seconds(step)
        for every, measured in ratios.items():
            with Watch(model, every=every):
                for _ in range(every):  # the first watched pass takes memory, once in a training
                    step()
                spent = seconds(step)
            if round_number:  # the first round takes memory
                measured.append(spent / plain)
    for every, measured in ratios.items():
        low, middle, high = min(measured), statistics.median(measured), max(measured)
        print(f"{name}, every={every}: {middle:.3f} ({low:.3f} to {high:.3f}), {rounds} rounds", flush=True)


def main() -> None:
    """Measure an MLP with relu and gelu, and a small ResNet."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    measure("MLP 4x1024, batch 256, relu", *perceptron(nn.ReLU), rounds)
    measure("MLP 4x1024, batch 256, gelu", *perceptron(nn.GELU), rounds)
    measure("ResNet-20, batch 32", *resnet(), rounds)


if __name__ == "__main__":
    main()
