"""Signals and gradients measured in random networks of finite width.

The network is that of `propagation`. Every contender gets the same weights, so that only the functions make a
difference. Weights are drawn one layer at a time, going forward and again going back, so that memory does not grow
with the depth.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.card.gaussian import Floats
from actcli.analysis.stream.memory import keep_freed_memory
from actcli.analysis.training.stack import Stack

INPUTS = 8
"""Inputs per network. Their mean is one observation; the spread of the networks gives the standard error."""
_ROOM = 2**26
"""Bytes for the slopes of all layers, which the way back needs."""
_SIZES = 1e-100, 1e100
"""Mean squares of gradients outside this range are rescaled, exactly, by powers of 2."""


@dataclass(frozen=True, slots=True)
class Network:
    """One contender: the functions of its layers, and the sw of the weights after each, for one round."""

    functions: Stack
    weight_stds: tuple[float, ...]

    def weight_std(self, layer: int) -> float:
        """Return the sw after a layer's function; layers count from 0."""
        return self.weight_stds[layer % len(self.weight_stds)]


@dataclass(frozen=True, slots=True)
class Sample:
    """The random networks to draw.

    Attributes:
        depth, width: the number of layers, and of units in each.
        bias_std: sb.
        seeds: the number of networks.
        seed: that of the random numbers; network i of a seed does not depend on their number.

    """

    depth: int
    width: int
    bias_std: float
    seeds: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Norms:
    """Mean squares of signal and gradient per unit after each layer, (networks, seeds, depth); nan until measured.

    The gradient starts at 1 after the last layer, in a random direction. inf where numbers overflow.
    """

    signal: Floats
    gradient: Floats


@dataclass(frozen=True, slots=True)
class Measurement:
    """Norms that are measured while they are asked for: how many times they are yielded, and the norms so far."""

    steps: int
    norms: Iterator[Norms]


Measure = Callable[[Sequence[Network], Sample], Measurement]
"""Measures networks, on threads as `measure` or elsewhere."""


def measure(networks: Sequence[Network], sample: Sample, threads: int) -> Measurement:
    """Return the measurement of all networks on threads of this process."""
    return Measurement(count_steps(networks, sample), propagate(networks, sample, threads))


def bytes_needed(depth: int, width: int) -> int:
    """Return the memory that one network takes: its slopes in every layer, one layer's weights, and both signals."""
    return 8 * width * ((depth + 2) * INPUTS + width)


def count_steps(networks: Sequence[Network], sample: Sample) -> int:
    """Return how many times `propagate` yields."""
    return 2 * sample.depth * len(batches(networks, sample, sample.seeds))


def propagate(
    networks: Sequence[Network], sample: Sample, threads: int, seeds: range | None = None
) -> Iterator[Norms]:
    """Send random inputs forward and random gradients back, and yield the norms so far after each layer.

    seeds: some of the sample's seeds; None: all. `threads` change the speed only, and so do the seeds that are measured
    together.
    """
    seeds = range(sample.seeds) if seeds is None else seeds
    shape = len(networks), len(seeds), sample.depth
    norms = Norms(np.full(shape, math.nan), np.full(shape, math.nan))
    with _workers(threads) as work:
        for contenders, own in batches(networks, sample, len(seeds)):
            part = Norms(norms.signal[contenders, own], norms.gradient[contenders, own])
            for _ in _there_and_back(networks[contenders], sample, seeds[own], part, work):
                yield norms


_Work = Callable[[Callable[[int], None], int], None]
"""Calls a function with 0 … n - 1 on the threads."""


@contextmanager
def _workers(threads: int) -> Iterator[_Work]:
    if threads == 1:
        yield _one_by_one
        return
    from concurrent.futures import ThreadPoolExecutor

    keep_freed_memory()
    with ThreadPoolExecutor(threads, "actcli") as pool:

        def work(function: Callable[[int], None], n: int) -> None:
            for _ in pool.map(function, range(n)):
                pass

        yield work


def _one_by_one(function: Callable[[int], None], n: int) -> None:
    for i in range(n):
        function(i)


def batches(networks: Sequence[Network], sample: Sample, seeds: int) -> list[tuple[slice, slice]]:
    """Return the slices of contenders and of seeds that go through together, as many as fit into memory.

    The contenders of a slice share matrix products, whose last bits depend on how many they are.
    """
    slopes = sample.depth * sample.width * INPUTS * 8
    together = min(len(networks), max(1, _ROOM // slopes))
    at_once = max(1, _ROOM // (slopes * together + sample.width**2 * 8))
    return [
        (slice(first, first + together), slice(seed, seed + at_once))
        for first in range(0, len(networks), together)
        for seed in range(0, seeds, at_once)
    ]


def _there_and_back(
    networks: Sequence[Network], sample: Sample, seeds: range, norms: Norms, work: _Work
) -> Iterator[None]:
    """Fill `norms`, (networks, seeds, depth), from the first layer to the last and back."""
    weights = np.empty((len(seeds), sample.width, sample.width))
    biases = np.empty((len(seeds), sample.width, 1, 1))
    shape = len(seeds), sample.width, len(networks), INPUTS
    x, y = np.empty(shape), np.empty(shape)
    slopes = np.empty((sample.depth, *shape))
    lost = np.zeros((len(networks), len(seeds)), np.bool_)

    def start(i: int) -> None:
        # all contenders get the same inputs
        x[i] = _generator(sample, seeds[i], 0).standard_normal((sample.width, 1, INPUTS))

    def draw(layer: int) -> Callable[[int], None]:
        def drawn(i: int) -> None:
            generator = _generator(sample, seeds[i], layer + 1)
            generator.standard_normal(out=weights[i])
            if sample.bias_std:
                biases[i, :, 0, 0] = generator.standard_normal(sample.width)

        return drawn

    def activate(layer: int) -> Callable[[int], None]:
        def activated(k: int) -> None:
            f = networks[k].functions.at(layer)
            y[:, :, k] = f(x[:, :, k])
            slopes[layer, :, :, k] = f.grad(x[:, :, k])

        return activated

    with np.errstate(all="ignore"):
        work(start, len(seeds))
        for layer in range(sample.depth):
            work(draw(layer), len(seeds))
            work(activate(layer), len(networks))
            _multiply(weights, y, x)
            x *= _scales(networks, layer, sample.width)
            if sample.bias_std:
                x += sample.bias_std * biases
            square = _mean_square(x)
            lost |= ~np.isfinite(square)
            norms.signal[:, :, layer] = np.where(lost, math.inf, square)
            if lost.any():  # nothing to follow beyond float64, and inf − inf is slow
                x[np.broadcast_to(lost.T[:, None, :, None], shape)] = 0.0
            yield

        for i, seed in enumerate(seeds):
            x[i] = _generator(sample, seed, sample.depth + 1).standard_normal((sample.width, 1, INPUTS))
        x /= np.sqrt(np.square(x).mean(axis=1, keepdims=True))
        power = np.zeros(lost.shape, np.int64)
        # the last signal has passed no slope
        lost = ~np.isfinite(norms.signal[:, :, -2]) if sample.depth > 1 else lost
        for layer in range(sample.depth - 1, -1, -1):
            square = _mean_square(x)
            if layer < sample.depth - 1:
                norms.gradient[:, :, layer] = np.where(
                    lost | np.isnan(square), math.inf, np.ldexp(square, 2 * power)
                )
                _rescale(x, square, power)
            else:
                norms.gradient[:, :, layer] = 1.0
            if layer:
                work(draw(layer), len(seeds))
                _multiply(weights.swapaxes(1, 2), x, y)
                y *= _scales(networks, layer, sample.width)
                np.multiply(y, slopes[layer], out=x)
            yield


def _generator(sample: Sample, network: int, layer: int) -> np.random.Generator:
    """Return random numbers that depend on these three only, so that the way back can draw them again."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(sample.seed, spawn_key=(network, layer)))
    )


def _multiply(weights: Floats, x: Floats, out: Floats) -> None:
    """Multiply once per seed, for all contenders and inputs together."""
    seeds, width = weights.shape[:2]
    np.matmul(weights, x.reshape(seeds, width, -1), out=out.reshape(seeds, width, -1))


def _scales(networks: Sequence[Network], layer: int, width: int) -> Floats:
    return np.array([[network.weight_std(layer) / math.sqrt(width)] for network in networks])


def _mean_square(x: Floats) -> Floats:
    """Return the mean squares, (seeds, width, contenders, inputs) to (contenders, seeds)."""
    result: Floats = np.square(x).mean(axis=(1, 3)).T
    return result


def _rescale(x: Floats, square: Floats, power: NDArray[np.int64]) -> None:
    """Scale very small and very large gradients to about 1 by a power of 2, which is exact."""
    far = np.isfinite(square) & (square > 0) & ((square < _SIZES[0]) | (square > _SIZES[1]))
    if not far.any():
        return
    exponent = np.where(far, np.frexp(square)[1] // 2, 0)
    power += exponent
    x *= np.ldexp(1.0, -exponent).T[:, None, :, None]
