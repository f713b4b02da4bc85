"""What the numbers of a recording say about a claim: a verdict, and a sentence or two. Nothing is decided by hand."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from claim_recordings import TARGET, Recording, Team

from actcli.analysis.significance import holm, paired_p

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
    """ReLU against every other function: epochs to the target, each at its own best rate."""
    (relu,), *others = ((recording.of(name)) for name in recording.functions)
    found = [team for (team,) in others]
    tests = holm([paired_p(team.epochs, relu.epochs) for team in found])
    differs = [p < CHANCE for p in tests]
    slower = [t for t, d in zip(found, differs, strict=True) if d and _mean(t.epochs) > _mean(relu.epochs)]
    faster = [t for t, d in zip(found, differs, strict=True) if d and _mean(t.epochs) < _mean(relu.epochs)]
    alike = [team for team, d in zip(found, differs, strict=True) if not d]
    counts = _listed([f"{_code(t)} {_mean(t.epochs):.1f} (rate {t.rate:g})" for t in (relu, *found)])
    said = [
        f"Each at the rate that suits it best, the epochs to {_percent(TARGET, 0)} of the test set are, on average, {counts}."
    ]
    said += [f"Slower than relu, beyond chance: {_names(slower)}."] if slower else []
    said += [f"Faster than relu, beyond chance: {_names(faster)}."] if faster else []
    said += [f"No different: {_names(alike)}."] if alike else []
    best = max((relu, *found), key=lambda team: team.test_score)
    tied = _ties(best, [team for team in (relu, *found) if team is not best])
    said.append(f"In the end {_names([best, *tied])} {'are level' if tied else 'is ahead'} on the test set.")
    return Reading(_share_verdict(len(slower), len(found)), " ".join(said))


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
        f"After training, the gradient of the first layer of `{name}` is that of the last times {ratios}. "
        f"At {deepest.depth} layers it is {beside}. Test accuracy at {deepest.depth} layers: {scores}.",
    )


def high_rates_kill(recording: Recording) -> Reading:
    """The dead share of the first function by learning rate, over the networks that do not diverge."""
    teams = recording.of(recording.functions[0])
    worst = max((team for team in teams if team.dead is not None), key=lambda team: team.dead or 0.0)
    lowest = teams[0]
    shares = _listed([f"{_dead(team)} at {team.rate:g}" for team in teams])
    p = _p_of_death(worst, lowest)
    dies = (worst.dead or 0.0) > MANY_DEAD and worst is not lowest and p < CHANCE
    said = [f"Dead units of `{lowest.function}` by learning rate: {shares}."]
    lost = [team for team in teams if team.diverged]
    if lost:
        said.append(f"Networks that diverge: {_listed([_lost(team) for team in lost])}.")
    best = max(teams, key=lambda team: team.test_score)
    said.append(f"Most accurate is {best.rate:g}, with {_percent(best.test_score)} and {_dead(best)} dead.")
    if dies:
        alive = [n.test_score for n in worst.networks if not n.diverged]
        said.append(
            f"The networks that get through at {worst.rate:g} have {_percent(_mean(alive))}, dead units and all."
        )
    if not dies:
        return Reading(Verdict.FAILS, " ".join(said))
    below = [team for team in teams if team.rate < worst.rate and not team.diverged]
    spared = bool(below) and max(team.dead or 0.0 for team in below) < MANY_DEAD
    if spared:
        said.append(
            f"Up to {below[-1].rate:g} hardly a unit dies: death is a matter of the last step before divergence."
        )
    return Reading(Verdict.PARTLY if spared and worst.diverged else Verdict.HOLDS, " ".join(said))


def a_leak_repairs(recording: Recording) -> Reading:
    """The first function against leaky ones at every rate: dead units, and what becomes of the accuracy."""
    name, *leaky = recording.functions
    plain = recording.of(name)
    leaks = [team for other in leaky for team in recording.of(other)]
    alive = all(team.dead in {None, 0.0} for team in leaks)
    better, worse = [], []
    pairs = [(team, _at(plain, team.rate)) for team in leaks]
    tests = holm([paired_p(team.test_scores, relu.test_scores) for team, relu in pairs])
    for (team, relu), p in zip(pairs, tests, strict=True):
        if p < CHANCE:
            (better if team.test_score > relu.test_score else worse).append((team, relu))
    died = [team for team in plain if (team.dead or 0.0) > MANY_DEAD]
    said = [
        f"Dead units: {_listed([f'`{name}` {_dead(team)} at {team.rate:g}' for team in plain])}; with a leak "
        + (
            "none at any rate."
            if alive
            else _listed([f"{_code(t)} {_dead(t)} at {t.rate:g}" for t in leaks]) + "."
        )
    ]
    rescued = [team for team, relu in better if relu in died]
    if better:
        said.append(f"A leak gains accuracy beyond chance: {_listed([_against(t, r) for t, r in better])}.")
    else:
        said.append("At no rate does a leak gain accuracy beyond chance.")
    if worse:
        said.append(f"It loses accuracy beyond chance: {_listed([_against(t, r) for t, r in worse])}.")
    lost = [team for team in (*plain, *leaks) if team.diverged]
    if lost:
        said.append(
            f"Networks that diverge: {_listed([f'{_code(t)} {t.diverged} of {len(t.networks)} at {t.rate:g}' for t in lost])}."
        )
    if not alive:
        return Reading(Verdict.FAILS, " ".join(said))
    return Reading(Verdict.HOLDS if rescued and not worse else Verdict.PARTLY, " ".join(said))


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
            "are no different on the test set."
        )
    if lost:
        behind = [f"{_parameter(t):g} by {_points(best.test_score - t.test_score)}" for t in lost]
        said.append(f"Worse, beyond chance: α = {_listed(behind)}.")
    if not lost:
        return Reading(Verdict.FAILS, " ".join(said))
    return Reading(Verdict.PARTLY if tied and high >= 10 * low else Verdict.HOLDS, " ".join(said))


def layers_differ(recording: Recording) -> Reading:
    """Networks with a function of its own a layer against the best with one function in all of them."""
    teams = recording.teams
    mixed = [team for team in teams if "/" in team.function]
    pure = [team for team in teams if "/" not in team.function]
    best_pure, best_mixed = (max(kind, key=lambda team: team.test_score) for kind in (pure, mixed))
    tests = holm([paired_p(team.test_scores, best_pure.test_scores) for team in mixed])
    gains = [
        t for t, p in zip(mixed, tests, strict=True) if p < CHANCE and t.test_score > best_pure.test_score
    ]
    said = [
        f"The best mixture, {_code(best_mixed)}, has {_percent(best_mixed.test_score)}; the best single function, "
        f"{_code(best_pure)}, {_percent(best_pure.test_score)}."
    ]
    said.append(
        f"Better than it beyond chance: {_names(gains)}."
        if gains
        else "No mixture is better than it beyond chance."
    )
    order = _turned(mixed)
    turned = [
        (a, b)
        for (a, b), p in zip(
            order, holm([paired_p(a.test_scores, b.test_scores) for a, b in order]), strict=True
        )
        if p < CHANCE
    ]
    if turned:
        said.append(
            "The order matters: "
            + _listed(
                [
                    f"{_code(a)} {_percent(a.test_score)}, {_code(b)} {_percent(b.test_score)}"
                    for a, b in turned
                ]
            )
            + "."
        )
    elif order:
        said.append("The order of the layers makes no difference beyond chance.")
    verdict = Verdict.HOLDS if gains else Verdict.PARTLY if turned else Verdict.FAILS
    return Reading(verdict, " ".join(said))


def generalisation_differs(recording: Recording) -> Reading:
    """Test accuracy, and its distance from training accuracy; with and without a control that has no activation."""
    teams = [team for team in recording.teams if team.function != NO_FUNCTION]
    control = [team for team in recording.teams if team.function == NO_FUNCTION]
    best = max(teams, key=lambda team: team.test_score)
    others = [team for team in teams if team is not best]
    tied = _ties(best, others)
    lost = [team for team in others if team not in tied]
    ranked = sorted(teams, key=lambda team: team.gap)
    said = [
        f"Between training and test set lie {_points(ranked[0].gap)} ({_code(ranked[0])}) to "
        f"{_points(ranked[-1].gap)} ({_code(ranked[-1])})."
    ]
    if tied:
        level = [best, *tied]
        lowest = min(team.test_score for team in level)
        said.append(
            f"On the test set {_names(level)} are no different: {_percent(lowest)} to {_percent(best.test_score)}."
        )
    if lost:
        behind = [f"{_code(t)} by {_points(best.test_score - t.test_score)}" for t in lost]
        said.append(f"Worse than {_code(best)}, beyond chance: {_listed(behind)}.")
    said += [f"Without any activation (`{NO_FUNCTION}`) it is {_percent(t.test_score)}." for t in control]
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


def _lost(team: Team) -> str:
    return f"{team.diverged} of {len(team.networks)} at {team.rate:g}"


def _against(team: Team, other: Team) -> str:
    return f"{_code(team)} {_percent(team.test_score)} against {_percent(other.test_score)} at {team.rate:g}"


Read = Callable[[Recording], Reading]
