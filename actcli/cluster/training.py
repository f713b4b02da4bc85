"""Networks trained on the workers of a cluster; a job trains some of them in step, from the first epoch to the last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import History, Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.population import NetworkArrays, Progress, most_in_step, require_room, train
from actcli.analysis.training.stack import parse_stack
from actcli.cluster.workers import Workers, while_wanted

_FEWEST_IN_STEP = 4
"""Networks that a job has at least; alone they take three times as long."""


@dataclass(frozen=True, slots=True)
class _TrainingJob:
    """Networks to train.

    Attributes:
        specs, rates, seeds: of each network.
        split: the split of the data.
        plan: the settings of all.
        keeps_networks: whether weights and biases are wanted, beside the history.

    """

    specs: tuple[str, ...]
    rates: tuple[float, ...]
    seeds: tuple[int, ...]
    split: int
    plan: TrainingPlan
    keeps_networks: bool


@dataclass(frozen=True, slots=True)
class _Trained:
    """Networks that a worker has trained, or those that it is still to train; `history` has no members on the wire."""

    history: History
    reached: int
    networks: tuple[NetworkArrays, ...] = ()

    def network(self, column: int) -> NetworkArrays:
        return self.networks[column]


def train_on(
    workers: Workers, keeps_networks: bool, members: Sequence[Member], plan: TrainingPlan, data: Dataset
) -> Iterator[Progress]:
    """Train all members on the workers; yield at the start, and whenever some are trained to the end.

    The numbers are those of `train`, but for `seconds`. keeps_networks: whether `Progress.network` is asked for. Raises
    UsageError as `train`, and DataError for workers that fail.
    """
    require_room(len(members), plan, data)
    parts = _parts(members, workers.share(len(members), most_in_step(plan, data), _FEWEST_IN_STEP))
    jobs = [
        _TrainingJob(
            tuple(m.stack.spec for m in part),
            tuple(m.rate for m in part),
            tuple(m.seed for m in part),
            part[0].split,
            plan,
            keeps_networks,
        )
        for part in parts
    ]
    cohorts = [_Trained(History.unwritten(part, plan), -1) for part in parts]
    results = workers.run(_train_job, data, jobs, f"training {len(members):,} networks")
    try:
        yield Progress(0, len(parts), tuple(cohorts))
        for done, (place, trained) in enumerate(results, 1):
            history = replace(trained.history, members=parts[place])
            cohorts[place] = replace(trained, history=history)
            yield Progress(done, len(parts), tuple(cohorts))
    finally:
        results.close()


def _parts(members: Sequence[Member], most: int) -> list[tuple[Member, ...]]:
    """Return the networks in parts of equal size, each with one stack and split: one kernel serves a whole part."""
    by_kind: dict[tuple[int, str], list[Member]] = {}
    for member in members:
        by_kind.setdefault((member.split, member.stack.spec), []).append(member)
    parts = []
    for own in by_kind.values():
        count = -(-len(own) // most)
        ends = [len(own) * place // count for place in range(count + 1)]
        parts += [tuple(own[first:end]) for first, end in pairwise(ends)]
    return parts


def _train_job(data: Dataset, job: _TrainingJob) -> _Trained:
    """Train networks on a worker. Raises DataError once nobody waits for them."""
    stacks = {spec: parse_stack(spec) for spec in job.specs}
    members = [
        Member(stacks[spec], rate, seed, job.split)
        for spec, rate, seed in zip(job.specs, job.rates, job.seeds, strict=True)
    ]
    *_, progress = map(while_wanted, train(members, job.plan, data, 1))
    networks = tuple(map(progress.network, members)) if job.keeps_networks else ()
    return _Trained(replace(progress.of(members), members=()), job.plan.epochs, networks)
