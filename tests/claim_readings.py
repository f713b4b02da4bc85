"""What the numbers of a recording say about a claim: a verdict, and a sentence or two. Nothing is decided by hand."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from claim_recordings import TARGET, Recording, Team

from actcli.analysis.training.rates import rate_grid
from actcli.analysis.training.significance import holm, paired_p

CHANCE = 0.05
"""A corrected p value below it is a difference."""
VANISHED = 1e-3
"""A gradient in the first layer that is so much smaller than in the last."""
KEPT = 0.1
MANY_DEAD = 0.05
NO_FUNCTION = "identity"


class Verdict(StrEnum):
    """How a claim fares."""

    HOLDS = "Holds here"
    PARTLY = "Holds in part"
    FAILS = "Does not hold here"


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict on a claim, and the sentences that give its grounds."""

    verdict: Verdict
    sentence: str


def relu_is_faster(recording: Recording) -> Reading:
    """The first function against every other one: epochs to the target, each at its own best rate."""
    (relu,), *rest = (recording.of(name) for name in recording.functions)
    others = [team for (team,) in rest]
    tests = holm([paired_p(team.epochs, relu.epochs) for team in others])
    slower, faster, alike = [], [], []
    for team, p in zip(others, tests, strict=True):
        kind = alike if not p < CHANCE else slower if _mean(team.epochs) > _mean(relu.epochs) else faster
        kind.append(team)
    counts = [f"{_code(team)} {_mean(team.epochs):.1f} (rate {team.rate:g})" for team in (relu, *others)]
    goal = f"epochs until {_percent(TARGET, 0)} of the test set are right"
    said = [f"At the rate that suits each best, {goal}, on average: {_listed(counts)}."]
    said += [f"Slower than {_code(relu)}, beyond chance: {_names(slower)}."] if slower else []
    said += [f"Faster, beyond chance: {_names(faster)}."] if faster else []
    said += [f"Not told apart from {_code(relu)}: {_names(alike)}."] if alike else []
    edge = [team for team in (relu, *others) if team.rate == rate_grid("sgd")[-1]]
    said += (
        [f"{_names(edge)} took the largest rate on offer: a larger one might suit it better."] if edge else []
    )
    return Reading(_share_verdict(len(slower), len(others)), " ".join(said))


def gradients_vanish(recording: Recording) -> Reading:
    """The first function's gradient, first over last layer, at every depth; beside the deepest of the others."""
    name, *others = recording.functions
    own = recording.of(name)
    deepest = own[-1]
    ratios = _listed([f"{_size(team.gradient_ratio)} at {team.depth} layers" for team in own])
    rest = [recording.of(other)[-1] for other in others]
    beside = _listed([f"{_size(team.gradient_ratio)} in `{team.function}`" for team in rest])
    scores = _listed([f"`{team.function}` {_score(team)}" for team in (deepest, *rest)])
    vanished = deepest.gradient_ratio is not None and deepest.gradient_ratio < VANISHED
    kept = all(team.gradient_ratio is not None and team.gradient_ratio > KEPT for team in rest)
    verdict = Verdict.FAILS if not vanished else Verdict.HOLDS if kept else Verdict.PARTLY
    return Reading(
        verdict,
        f"After training, the gradient in the first layer of `{name}`, as a multiple of that in the last, is {ratios}. "
        f"At {deepest.depth} layers it is {beside}. Test accuracy at {deepest.depth} layers: {scores}.",
    )


def high_rates_kill(recording: Recording) -> Reading:
    """The dead share of the first function by learning rate."""
    teams = recording.of(recording.functions[0])
    lowest, *higher = teams
    worst = max(higher, key=lambda team: team.dead or 0.0)
    said = [f"Dead units by learning rate: {_deaths(teams)}.", *_divergence(teams)]
    dies = (worst.dead or 0.0) > MANY_DEAD and _p_of_death(worst, lowest) < CHANCE
    spared = [team for team in teams if team.rate < worst.rate]
    most = max(team.dead or 0.0 for team in spared)
    if dies and most < MANY_DEAD and worst.diverged:
        said.append(
            f"So units die in numbers at a rate at which networks diverge too; at {spared[-1].rate:g} and below "
            f"no more than {_percent(most)} do."
        )
    best = max(teams, key=lambda team: team.test_score)
    said.append(f"Most accurate is {best.rate:g}, with {_percent(best.test_score)} and {_dead(best)} dead.")
    return Reading(Verdict.HOLDS if dies else Verdict.FAILS, " ".join(said))


def a_leak_repairs(recording: Recording) -> Reading:
    """The first function against leaky ones at every rate: dead units, and what becomes of the accuracy."""
    name, *leaky = recording.functions
    plain = recording.of(name)
    pairs = [(team, _at(plain, team.rate)) for other in leaky for team in recording.of(other)]
    tests = holm([paired_p(team.test_scores, relu.test_scores) for team, relu in pairs])
    differ = [pair for pair, p in zip(pairs, tests, strict=True) if p < CHANCE]
    better = [(team, relu) for team, relu in differ if team.test_score > relu.test_score]
    worse = [(team, relu) for team, relu in differ if team.test_score < relu.test_score]
    leaks = [team for team, _ in pairs]
    alive = not any(team.dead for team in leaks)
    said = [f"Dead units of `{name}`: {_deaths(plain)}."]
    for other in leaky:
        own = [team for team in recording.of(other) if team.dead is not None]
        none = "none at any rate" if alive and len(own) == len(plain) else _deaths(own)
        said.append(f"Of `{other}`: {none}.")
    if better:
        said.append(
            f"The leak gains accuracy, beyond chance: {_listed([_against(*pair) for pair in better])}."
        )
    else:
        said.append("At no rate does the leak gain accuracy beyond chance.")
    if worse:
        said.append(f"It loses accuracy, beyond chance: {_listed([_against(*pair) for pair in worse])}.")
    said += _divergence([*plain, *leaks], named=True)
    if not alive:
        return Reading(Verdict.FAILS, " ".join(said))
    return Reading(Verdict.HOLDS if better and not worse else Verdict.PARTLY, " ".join(said))


def alpha_matters(recording: Recording) -> Reading:
    """A sweep of a parameter: how wide the range is within which the best one is not told apart from the others."""
    teams = [recording.of(name)[0] for name in recording.functions]
    best = max(teams, key=lambda team: team.test_score)
    tied = _ties(best, [team for team in teams if team is not best])
    level = sorted([best, *tied], key=_parameter)
    lost = [team for team in teams if team not in level]
    low, high = _parameter(level[0]), _parameter(level[-1])
    said = [f"Best is α = {_parameter(best):g}, with {_percent(best.test_score)}."]
    if tied:
        said.append(
            f"{len(level)} of {len(teams)} values, from {low:g} to {high:g}, a factor of {high / low:.0f}, "
            "are not told apart on the test set."
        )
    if lost:
        behind = [f"{_parameter(t):g} by {_points(best.test_score - t.test_score)}" for t in lost]
        said.append(f"Worse, beyond chance: α = {_listed(behind)}.")
    if not lost:
        return Reading(Verdict.FAILS, " ".join(said))
    return Reading(Verdict.PARTLY if tied and high >= 10 * low else Verdict.HOLDS, " ".join(said))


def layers_differ(recording: Recording) -> Reading:
    """Networks with a function of its own a layer against the best with one function in all of them."""
    mixed = [team for team in recording.teams if "/" in team.function]
    pure = [team for team in recording.teams if "/" not in team.function]
    plain, best = (max(kind, key=lambda team: team.test_score) for kind in (pure, mixed))
    tests = holm([paired_p(team.test_scores, plain.test_scores) for team in mixed])
    gains = [
        team
        for team, p in zip(mixed, tests, strict=True)
        if p < CHANCE and team.test_score > plain.test_score
    ]
    pairs = _turned(mixed)
    tests = holm([paired_p(a.test_scores, b.test_scores) for a, b in pairs])
    turned = [pair for pair, p in zip(pairs, tests, strict=True) if p < CHANCE]
    said = [f"Best of the mixtures: {_scored(best)}; of the single functions: {_scored(plain)}."]
    if gains:
        said.append(f"Better than the latter, beyond chance: {_names(gains)}.")
    else:
        said.append("No mixture is better than the latter beyond chance.")
    if turned:
        against = _listed([f"{_scored(a)} against {_scored(b)}" for a, b in turned])
        said.append(f"The order matters where the two are tested against each other: {against}.")
    elif pairs:
        said.append("Turning the order of the layers round makes no difference beyond chance.")
    return Reading(
        Verdict.HOLDS if gains else Verdict.PARTLY if turned else Verdict.FAILS,
        " ".join(said),
    )


def generalisation_differs(recording: Recording) -> Reading:
    """Test accuracy, and its distance from training accuracy; with and without a control that has no activation."""
    teams = [team for team in recording.teams if team.function != NO_FUNCTION]
    control = [team for team in recording.teams if team.function == NO_FUNCTION]
    best = max(teams, key=lambda team: team.test_score)
    others = [team for team in teams if team is not best]
    tied = _ties(best, others)
    lost = [team for team in others if team not in tied]
    ranked = sorted(teams, key=lambda team: team.gap)
    low, high = (f"{_points(team.gap)} ({_code(team)})" for team in (ranked[0], ranked[-1]))
    said = [f"Between training and test accuracy lie {low} to {high}."]
    if tied:
        level = [best, *tied]
        lowest = min(team.test_score for team in level)
        said.append(
            f"Not told apart on the test set: {_names(level)}, {_percent(lowest)} to {_percent(best.test_score)}."
        )
    if lost:
        behind = [f"{_code(t)} by {_points(best.test_score - t.test_score)}" for t in lost]
        said.append(f"Worse than {_code(best)}, beyond chance: {_listed(behind)}.")
    said += [f"Without an activation (`{NO_FUNCTION}`) it is {_percent(t.test_score)}." for t in control]
    return Reading(_share_verdict(len(lost), len(others)), " ".join(said))


def _share_verdict(count: int, of: int) -> Verdict:
    return Verdict.FAILS if not count else Verdict.HOLDS if count == of else Verdict.PARTLY


def _ties(best: Team, others: Sequence[Team]) -> list[Team]:
    """Those whose test scores are not told apart from the best one's: paired t test, Holm's correction."""
    tests = holm([paired_p(team.test_scores, best.test_scores) for team in others])
    return [team for team, p in zip(others, tests, strict=True) if not p < CHANCE]


def _p_of_death(a: Team, b: Team) -> float:
    """Of the dead shares of two teams, over the seeds with which neither diverges."""
    pairs = [
        (one.dead, other.dead)
        for one, other in zip(a.networks, b.networks, strict=True)
        if one.dead is not None and other.dead is not None
    ]
    return paired_p([one for one, _ in pairs], [other for _, other in pairs])


def _turned(teams: Sequence[Team]) -> list[tuple[Team, Team]]:
    """The pairs a/b and b/a."""
    by_name = {team.function: team for team in teams}
    turned = {name: "/".join(reversed(name.split("/"))) for name in by_name}
    return [(by_name[a], by_name[b]) for a, b in turned.items() if a < b and b in by_name]


def _at(teams: Sequence[Team], rate: float) -> Team:
    return next(team for team in teams if team.rate == rate)


def _parameter(team: Team) -> float:
    return float(team.function.rpartition("=")[2].rpartition(":")[2])


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values)


def _code(team: Team) -> str:
    return f"`{team.function}`"


def _names(teams: Sequence[Team]) -> str:
    return _listed([_code(team) for team in teams])


def _listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def _size(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{ratio:.2g}"


def _dead(team: Team) -> str:
    """The dead share; the smallest that is not 0 is said to be so."""
    if team.dead is None:
        return "unknown"
    return "none" if team.dead == 0 else _percent(team.dead) if team.dead >= 0.0005 else "under 0.1 %"


def _score(team: Team) -> str:
    lost = f", {team.diverged} of {len(team.networks)} diverging" if team.diverged else ""
    return f"{_percent(team.test_score)}{lost}"


def _deaths(teams: Sequence[Team]) -> str:
    return _listed([f"{_dead(team)} at {team.rate:g}" for team in teams]) if teams else "unknown"


def _divergence(teams: Sequence[Team], *, named: bool = False) -> list[str]:
    """A sentence about the networks that diverge, where there are any."""
    lost = [
        f"{_code(team) + ' ' if named else ''}{team.diverged} of {len(team.networks)} at {team.rate:g}"
        for team in teams
        if team.diverged
    ]
    return [f"Networks that diverge: {_listed(lost)}."] if lost else []


def _scored(team: Team) -> str:
    return f"{_code(team)} {_percent(team.test_score)}"


def _against(team: Team, other: Team) -> str:
    return f"{_code(team)} {_percent(team.test_score)} against {_percent(other.test_score)} at {team.rate:g}"


Read = Callable[[Recording], Reading]
