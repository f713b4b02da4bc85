"""Measured, not derived: signals and gradients in random networks of finite width.

The network is that of `propagation`. Every contender sees the same weights, so that their differences are their
own. Weights are drawn one layer at a time, going forward and once more going back: memory does not grow with
them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.memory import keep_freed_memory
from actcli.analysis.training.stack import Stack

Array = NDArray[np.float64]

INPUTS = 8
"""Inputs that go through each network: their mean is its one observation, the networks' spread is the error."""
_ROOM = 2**26
"""Bytes that the slopes of all layers, which the way back needs, may take at a time."""
_SIZES = 1e-100, 1e100
"""Of the mean square of a gradient: beyond them it is scaled, to come back from there exactly."""


@dataclass(frozen=True, slots=True)
class Network:
    """One contender: the functions of its layers and the sw of the weights behind each, for one round."""

    functions: Stack
    weight_stds: tuple[float, ...]

    def weight_std(self, layer: int) -> float:
        """The sw behind a layer's function, counted from 0."""
        return self.weight_stds[layer % len(self.weight_stds)]


@dataclass(frozen=True, slots=True)
class Sample:
    """Which random networks are drawn.

    Attributes:
        depth, width: layers, and units in each.
        bias_std: sb.
        seeds: how many networks.
        seed: of the random numbers; network i of a seed is the same however many there are.

    """

    depth: int
    width: int
    bias_std: float
    seeds: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Norms:
    """Mean squares of signal and gradient per unit behind each layer, (networks, seeds, depth); nan: not yet known.

    The gradient starts at 1 behind the last layer, as a random direction. inf where numbers overflow.
    """

    signal: Array
    gradient: Array


def steps(networks: Sequence[Network], sample: Sample) -> int:
    """How many times `propagate` will yield."""
    return 2 * sample.depth * len(_batches(networks, sample))


def propagate(networks: Sequence[Network], sample: Sample, threads: int) -> Iterator[Norms]:
    """Send random inputs forward and random gradients back; after each layer: what is known by then.

    `threads` change the speed, never a number.
    """
    shape = len(networks), sample.seeds, sample.depth
    norms = Norms(np.full(shape, math.nan), np.full(shape, math.nan))
    with _workers(threads) as work:
        for contenders, seeds in _batches(networks, sample):
            part = Norms(norms.signal[contenders, seeds], norms.gradient[contenders, seeds])
            for _ in _there_and_back(networks[contenders], sample, range(sample.seeds)[seeds], part, work):
                yield norms


_Work = Callable[[Callable[[int], None], int], None]
"""Calls a function with 0 … n - 1, on the threads."""


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


def _batches(networks: Sequence[Network], sample: Sample) -> list[tuple[slice, slice]]:
    """Contenders and seeds that go through together: as many as there is room for."""
    slopes = sample.depth * sample.width * INPUTS * 8
    together = min(len(networks), max(1, _ROOM // slopes))
    at_once = max(1, _ROOM // (slopes * together + sample.width**2 * 8))
    return [
        (slice(first, first + together), slice(seed, seed + at_once))
        for first in range(0, len(networks), together)
        for seed in range(0, sample.seeds, at_once)
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
        # the same inputs for all contenders
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
            _multiplied(weights, y, x)
            x *= _scales(networks, layer, sample.width)
            if sample.bias_std:
                x += sample.bias_std * biases
            square = _mean_square(x)
            lost |= ~np.isfinite(square)
            norms.signal[:, :, layer] = np.where(lost, math.inf, square)
            if lost.any():  # beyond the numbers there is nothing to follow, and inf − inf is slow
                x[np.broadcast_to(lost.T[:, None, :, None], shape)] = 0.0
            yield

        for i, seed in enumerate(seeds):
            x[i] = _generator(sample, seed, sample.depth + 1).standard_normal((sample.width, 1, INPUTS))
        x /= np.sqrt(np.square(x).mean(axis=1, keepdims=True))
        power = np.zeros(lost.shape, np.int64)
        # the last signal has been through no slope
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
                _multiplied(weights.swapaxes(1, 2), x, y)
                y *= _scales(networks, layer, sample.width)
                np.multiply(y, slopes[layer], out=x)
            yield


def _generator(sample: Sample, network: int, layer: int) -> np.random.Generator:
    """Random numbers that depend on nothing but these three, so that they can be drawn again going back."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(sample.seed, spawn_key=(network, layer)))
    )


def _multiplied(weights: Array, x: Array, out: Array) -> None:
    """One product a seed for all contenders and inputs together."""
    seeds, width = weights.shape[:2]
    np.matmul(weights, x.reshape(seeds, width, -1), out=out.reshape(seeds, width, -1))


def _scales(networks: Sequence[Network], layer: int, width: int) -> Array:
    return np.array([[network.weight_std(layer) / math.sqrt(width)] for network in networks])


def _mean_square(x: Array) -> Array:
    """(seeds, width, contenders, inputs) to (contenders, seeds)."""
    result: Array = np.square(x).mean(axis=(1, 3)).T
    return result


def _rescale(x: Array, square: Array, power: NDArray[np.int64]) -> None:
    """Bring far too small and far too large gradients back to 1 by a power of 2, which rounds nothing."""
    far = np.isfinite(square) & (square > 0) & ((square < _SIZES[0]) | (square > _SIZES[1]))
    if not far.any():
        return
    exponent = np.where(far, np.frexp(square)[1] // 2, 0)
    power += exponent
    x *= np.ldexp(1.0, -exponent).T[:, None, :, None]
