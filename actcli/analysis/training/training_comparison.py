"""Activations compared by training: networks of every function, depth and learning rate, trained side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from actcli.analysis.compare.result import Comparison, Step, Steps
from actcli.analysis.training.comparison.contenders import (
    Entrant,
    EntrantHistories,
    EntrantHistory,
    compare_histories,
)
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import Member
from actcli.analysis.training.population import Progress, Train, require_room, train
from actcli.analysis.training.rates import best_rates, candidates, rate_grid
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.trial import Trial, require_trainable

_FINENESS = 1000
"""Steps in which progress is counted."""


def compare_training(
    stacks: Sequence[Stack],
    data: Dataset,
    trial: Trial,
    threads: int,
    keep: Callable[[EntrantHistories], None] = lambda _: None,
    elsewhere: Train | None = None,
) -> Steps:
    """Train every stack at every depth and rate with every seed, and compare them.

    keep: receives the histories of all networks at the end, and with every comparison before that somebody looks at:
    one takes some 20 milliseconds. elsewhere: trains the networks, in place of the threads.
    Raises UsageError for impossible conditions: functions over rows or without any gradient, learned parameters that
    no function has, inits that a function does not allow, and too many networks for memory.
    """
    rules = require_trainable(stacks, trial)
    rates: tuple[float | None, ...] = trial.rates or (None,)
    entrants = [Entrant(s, depth, rate) for s in stacks for depth in trial.depths for rate in rates]
    for depth in trial.depths:
        own = sum(entrant.depth == depth for entrant in entrants)
        searched = 0 if trial.rates else candidates(own, trial.plan.optimizer, trial.splits)
        require_room(max(own * trial.networks, searched), trial.plan_of(depth), data)
    return _steps(
        _Runs(entrants, data, trial, elsewhere or partial(train, threads=threads, rules=rules)), keep
    )


@dataclass(frozen=True, slots=True)
class _Team:
    """The networks of all entrants of one depth, while they are trained; no progress while rates are searched."""

    members: Mapping[Entrant, list[Member]]
    progress: Progress | None = None

    @property
    def is_complete(self) -> bool:
        """Whether these networks are trained to the end."""
        return self.progress is not None and self.progress.done == self.progress.total

    def histories(self) -> dict[Entrant, EntrantHistory]:
        """Return the histories of all entrants so far."""
        if self.progress is None:
            return {}
        return {
            entrant: EntrantHistory(tuple({m.split: m.rate for m in own}.values()), self.progress.of(own))
            for entrant, own in self.members.items()
        }


@dataclass(frozen=True, slots=True)
class _Runs:
    """All entrants and what they are trained on."""

    entrants: list[Entrant]
    data: Dataset
    trial: Trial
    train: Train

    def rounds(self) -> Iterator[tuple[float, str, _Team]]:
        """Train depth after depth: the share of all work done (exactly 1 at the end), its name, and the networks."""
        trial = self.trial
        depths = sorted({entrant.depth for entrant in self.entrants})
        own_of = {depth: [e for e in self.entrants if e.depth == depth] for depth in depths}
        # the work of a network grows with its layers
        work = {depth: trial.networks * len(own_of[depth]) * (depth + 1) for depth in depths}
        search = {
            depth: 0
            if trial.rates
            else candidates(len(own_of[depth]) * (depth + 1), trial.plan.optimizer, trial.splits)
            for depth in depths
        }
        total, before = sum(work.values()) + sum(search.values()), 0
        for depth in depths:
            own, plan = own_of[depth], trial.plan_of(depth)
            rates = [(entrant.rate or 0.0,) * trial.splits for entrant in own]
            if not trial.rates:
                stacks, grid = [entrant.stack for entrant in own], rate_grid(plan.optimizer)
                for part, best in best_rates(stacks, grid, plan, self.data, trial.seed, self.train):
                    rates = list(best)
                    yield (before + part * search[depth]) / total, "looking for rates", _Team({})
                before += search[depth]
            members = {
                entrant: trial.members(entrant.stack, rate) for entrant, rate in zip(own, rates, strict=True)
            }
            every = [member for team in members.values() for member in team]
            for progress in self.train(every, plan, self.data):
                part = progress.done / progress.total
                yield (before + part * work[depth]) / total, "training", _Team(members, progress)
            before += work[depth]


def _steps(runs: _Runs, keep: Callable[[EntrantHistories], None]) -> Iterator[Step]:
    complete: dict[Entrant, EntrantHistory] = {}

    def compare(team: _Team) -> Comparison:
        histories = {**complete, **team.histories()}
        keep(histories)
        return compare_histories(runs.entrants, histories, runs.data, runs.trial)

    for share, doing, team in runs.rounds():
        if team.is_complete:
            complete.update(team.histories())
        if share == 1:
            keep(complete)
        yield Step(int(_FINENESS * share), _FINENESS, doing, partial(compare, team))
