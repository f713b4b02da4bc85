"""Trial: the networks to train, and the check that they can be trained."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from actcli.activations import Activation
from actcli.analysis.deadness.firing_rule import Rule, firing_rule
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.hidden_layer import learned_parameters
from actcli.analysis.training.history import Member
from actcli.analysis.training.initial import second_moment_gain
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.significance import Nesting
from actcli.analysis.training.stack import Stack
from actcli.analysis.wording import counted
from actcli.exits import UsageError

TARGET = 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """The networks to train for each stack of functions.

    Attributes:
        plan: the settings that all networks share, except for their depth.
        width, depths: units per hidden layer, numbers of hidden layers. Each depth is a contender of its own.
        rates: learning rates, each a contender of its own; empty: each function's own best rate on each split is
            searched.
        splits: ways in which the data are split for training and testing.
        seeds: networks per contender on each split.
        seed: the first seed.
        target: the test score to reach.

    """

    plan: TrainingPlan
    width: int = 64
    depths: tuple[int, ...] = (2,)
    rates: tuple[float, ...] = (0.1,)
    splits: int = 1
    seeds: int = 10
    seed: int = 0
    target: float = TARGET

    @property
    def networks(self) -> int:
        """The number of networks per contender, over all splits."""
        return self.splits * self.seeds

    def members(self, stack: Stack, rates: Sequence[float]) -> list[Member]:
        """Return the networks of a stack, by split and then by seed; rates: one per split."""
        return [
            Member(stack, rate, self.seed + i, split)
            for split, rate in zip(range(self.splits), rates, strict=True)
            for i in range(self.seeds)
        ]

    def nesting(self, data: Dataset) -> Nesting:
        """Return how the networks of a contender are nested."""
        return Nesting(self.splits, data.test_ratio)

    @property
    def cover_text(self) -> str:
        """The scope of the intervals, as `± covers 10 seeds on one split`; blank without intervals."""
        if self.splits > 1:
            return f"± covers {self.splits} splits of the data with {counted(self.seeds, 'seed')} each"
        return f"± covers {self.seeds} seeds on one split of the data" if self.seeds > 1 else ""

    def plan_of(self, depth: int) -> TrainingPlan:
        """Return the plan for networks of this depth."""
        return replace(self.plan, hidden=(self.width,) * depth)


def require_trainable(stacks: Sequence[Stack], trial: Trial) -> dict[str, Rule]:
    """Return the firing rules of the functions, by specification.

    Raises UsageError for functions, parameters or inits that cannot be trained: see `compare_training`.
    """
    if trial.seeds < 1 or trial.width < 1 or min(trial.depths) < 1:
        raise UsageError("`seeds`, `width` and `depth` must be whole numbers from 1 on")
    plan = trial.plan
    if plan.warmup > plan.epochs:
        raise UsageError(
            f"`warmup={plan.warmup:g}` is longer than the training of `epochs={plan.epochs}`; shorten the warm-up"
        )
    if plan.batch_norm and plan.batch < 2:
        raise UsageError("`batch_norm` normalises over a batch; `batch=1` must be 2 or more")
    if plan.residual and min(trial.depths) < 2:
        raise UsageError("`residual` connects hidden layers; `depth=1` must be 2 or more")
    functions = [f for stack in stacks for f in stack.functions]
    rules: dict[str, Rule] = {}
    for f in functions:
        _ = f.kernels
        rules[f.spec] = rules.get(f.spec) or firing_rule(f, "pre")
        if trial.plan.init in {"gain", "orthogonal"}:
            second_moment_gain(f)
    for f in functions:
        learned_parameters(f, plan.learn)
    for name in plan.learn or ():
        if not any(_has_parameter(f, name) for f in functions):
            raise UsageError(f"`learn={name}`: none of the functions has such a parameter")
    return rules


def _has_parameter(f: Activation, name: str) -> bool:
    try:
        f.resolve_parameter(name)
    except UsageError:
        return False
    return True
