"""Random networks measured on the workers of a cluster, some seeds a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from actcli.analysis.signal.random_network import Measurement, Network, Norms, Sample, batches, propagate
from actcli.analysis.training.stack import parse_stack
from actcli.cluster.workers import Workers, while_wanted


@dataclass(frozen=True, slots=True)
class _RandomJob:
    """Networks to measure, by their functions and the stds of their weights, at some seeds of a sample."""

    specs: tuple[str, ...]
    weight_stds: tuple[tuple[float, ...], ...]
    sample: Sample
    seeds: range


def measure_on(workers: Workers, networks: Sequence[Network], sample: Sample) -> Measurement:
    """Send the networks to the workers at once, and return their measurement; its numbers are those of `measure`."""
    slices = batches(networks, sample, sample.seeds)
    # of matrix products that contenders share, the last bits depend on how many share them
    contenders = list({(part.start, part.stop): part for part, _ in slices}.values())
    most = max(seeds.stop - seeds.start for _, seeds in slices)
    at_once = workers.share(sample.seeds * len(contenders), most)
    places = [
        (part, range(first, min(first + at_once, sample.seeds)))
        for part in contenders
        for first in range(0, sample.seeds, at_once)
    ]
    jobs = [
        _RandomJob(
            tuple(network.functions.spec for network in networks[part]),
            tuple(network.weight_stds for network in networks[part]),
            sample,
            seeds,
        )
        for part, seeds in places
    ]
    results = workers.run(_measure_job, None, jobs, f"measuring {sample.seeds:,} random networks")

    def norms() -> Iterator[Norms]:
        shape = len(networks), sample.seeds, sample.depth
        so_far = Norms(np.full(shape, nan), np.full(shape, nan))
        try:
            for place, own in results:
                part, seeds = places[place]
                so_far.signal[part, seeds.start : seeds.stop] = own.signal
                so_far.gradient[part, seeds.start : seeds.stop] = own.gradient
                yield so_far
        finally:
            results.close()

    return Measurement(len(jobs), norms())


def _measure_job(_: object, job: _RandomJob) -> Norms:
    """Measure networks on a worker. Raises DataError once nobody waits for them."""
    stacks = {spec: parse_stack(spec) for spec in job.specs}
    networks = [Network(stacks[spec], stds) for spec, stds in zip(job.specs, job.weight_stds, strict=True)]
    *_before, norms = map(while_wanted, propagate(networks, job.sample, 1, job.seeds))
    return norms
