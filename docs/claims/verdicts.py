"""The verdict on each claim and its reasons, computed from a recording. Nothing is decided by hand."""

import statistics
from collections.abc import Callable, Sequence
from enum import StrEnum

from recordings import TARGET, Contender, Recording

from actcli.analysis.training.rates import rate_grid
from actcli.analysis.training.significance import holm, paired_p

SIGNIFICANT = 0.05
"""A corrected p value below this is a significant difference."""
VANISHED = 1e-3
"""A gradient in the first layer below this multiple of that in the last has vanished."""
KEPT = 0.1
"""A gradient in the first layer above this multiple of that in the last is kept."""
MANY_DEAD = 0.05


class Verdict(StrEnum):
    """How a claim fares."""

    HOLDS = "Holds here"
    PARTLY = "Holds in part"
    FAILS = "Does not hold here"


def relu_is_faster(recording: Recording) -> tuple[Verdict, str]:
    """Compare the first function with each other one: epochs to the target, each at its own best rate."""
    relu, *others = recording.contenders
    differ = _significant([(other.epochs, relu.epochs) for other in others])
    slower = [o for o, d in zip(others, differ, strict=True) if d and _mean_epochs(o) > _mean_epochs(relu)]
    faster = [o for o, d in zip(others, differ, strict=True) if d and o not in slower]
    equal = [o for o, d in zip(others, differ, strict=True) if not d]
    counts = [f"{_code(c)} {_mean_epochs(c):.1f} (rate {c.rate:g})" for c in (relu, *others)]
    reasons = [
        f"Mean epochs to a test accuracy of {100 * TARGET:.0f} %, each at its best rate: {_list(counts)}."
    ]
    reasons += [f"Significantly slower than {_code(relu)}: {_names(slower)}."] if slower else []
    reasons += [f"Significantly faster: {_names(faster)}."] if faster else []
    reasons += [f"No significant difference from {_code(relu)}: {_names(equal)}."] if equal else []
    edge = [c for c in (relu, *others) if c.rate == rate_grid("sgd")[-1]]
    if edge:
        reasons.append(
            f"The best rate of {_names(edge)} is the largest one tried; a larger one may be better."
        )
    return _by_count(len(slower), len(others)), " ".join(reasons)


def gradients_vanish(recording: Recording) -> tuple[Verdict, str]:
    """Give the gradient ratio of the first function at each depth, and of the others at the largest."""
    name, *others = recording.functions
    own = recording.of(name)
    deepest, rest = own[-1], [recording.of(other)[-1] for other in others]
    ratios = _list([f"{_ratio(c)} at {c.depth} layers" for c in own])
    beside = _list([f"{_ratio(c)} for {_code(c)}" for c in rest])
    scores = _list([_scored(c) + _diverged_of(c) for c in (deepest, *rest)])
    vanished = deepest.gradient_ratio is not None and deepest.gradient_ratio < VANISHED
    kept = all(c.gradient_ratio is not None and c.gradient_ratio > KEPT for c in rest)
    verdict = Verdict.FAILS if not vanished else Verdict.HOLDS if kept else Verdict.PARTLY
    return verdict, (
        f"After training, the gradient of `{name}` in the first layer, relative to the last layer, is {ratios}. "
        f"At {deepest.depth} layers it is {beside}. Test accuracy at {deepest.depth} layers: {scores}."
    )


def high_rates_kill(recording: Recording) -> tuple[Verdict, str]:
    """Compare the dead share at the lowest learning rate with the largest dead share."""
    lowest, *higher = rates = recording.of(recording.functions[0])
    worst = max(higher, key=lambda c: c.dead_share or 0.0)
    pairs = [p for p in zip(worst.dead, lowest.dead, strict=True) if None not in p]
    dies = (worst.dead_share or 0.0) > MANY_DEAD and _significant([tuple(zip(*pairs, strict=True))])[0]
    reasons = [f"Dead units by learning rate: {_deaths(rates)}.", *_divergence(rates)]
    spared = [c for c in rates if c.rate < worst.rate]
    most = max(c.dead_share or 0.0 for c in spared)
    if dies and most < MANY_DEAD and worst.diverged:
        reasons.append(
            f"Many units die only at a rate at which networks also diverge; up to {spared[-1].rate:g} it is at most "
            f"{_percent(most)}."
        )
    best = max(rates, key=lambda c: c.test_score)
    reasons.append(
        f"The best rate is {best.rate:g}: accuracy {_percent(best.test_score)}, dead {_dead(best)}."
    )
    return Verdict.HOLDS if dies else Verdict.FAILS, " ".join(reasons)


def a_leak_repairs(recording: Recording) -> tuple[Verdict, str]:
    """Compare the second function with the first at every rate: dead units and accuracy."""
    plain, leaky = map(recording.of, recording.functions)
    pairs = list(zip(leaky, plain, strict=True))
    differ = _significant([(leak.test_scores, relu.test_scores) for leak, relu in pairs])
    better = [p for p, d in zip(pairs, differ, strict=True) if d and p[0].test_score > p[1].test_score]
    worse = [p for p, d in zip(pairs, differ, strict=True) if d and p not in better]
    alive = not any(leak.dead_share for leak in leaky)
    known = [leak for leak in leaky if leak.dead_share is not None]
    none = "none at any rate" if alive and len(known) == len(leaky) else _deaths(known)
    reasons = [f"Dead units of {_code(plain[0])}: {_deaths(plain)}; of {_code(leaky[0])}: {none}."]
    if better:
        reasons.append(
            f"The leak is significantly more accurate: {_list([_against(*pair) for pair in better])}."
        )
    else:
        reasons.append("At no rate is the leak significantly more accurate.")
    if worse:
        reasons.append(f"It is significantly less accurate: {_list([_against(*pair) for pair in worse])}.")
    reasons += _divergence([*plain, *leaky], named=True)
    verdict = Verdict.FAILS if not alive else Verdict.HOLDS if better and not worse else Verdict.PARTLY
    return verdict, " ".join(reasons)


def alpha_matters(recording: Recording) -> tuple[Verdict, str]:
    """Give the range of a parameter within which no value is significantly worse than the best."""
    best, tied, worse = _ranked(recording.contenders)
    level = sorted([best, *tied], key=_parameter)
    low, high = _parameter(level[0]), _parameter(level[-1])
    reasons = [f"The best value is α = {_parameter(best):g} with {_percent(best.test_score)}."]
    if tied:
        reasons.append(
            f"{len(level)} of {len(recording.contenders)} values show no significant difference: from {low:g} to "
            f"{high:g}, a factor of {high / low:.0f}."
        )
    if worse:
        behind = [f"{_parameter(c):g} by {_points(best.test_score - c.test_score)}" for c in worse]
        reasons.append(f"Significantly worse: α = {_list(behind)}.")
    wide = tied and high >= 10 * low
    return (Verdict.FAILS if not worse else Verdict.PARTLY if wide else Verdict.HOLDS), " ".join(reasons)


def layers_differ(recording: Recording) -> tuple[Verdict, str]:
    """Compare stacks of two functions with the best single function, and each stack with its reverse."""
    mixed = [c for c in recording.contenders if "/" in c.function]
    plain = max((c for c in recording.contenders if c not in mixed), key=lambda c: c.test_score)
    best = max(mixed, key=lambda c: c.test_score)
    differ = _significant([(c.test_scores, plain.test_scores) for c in mixed])
    gains = [c for c, d in zip(mixed, differ, strict=True) if d and c.test_score > plain.test_score]
    by_name = {c.function: c for c in mixed}
    turned = [(c, by_name.get("/".join(reversed(name.split("/"))))) for name, c in by_name.items()]
    pairs = [(a, b) for a, b in turned if b is not None and a.function < b.function]
    differ = _significant([(a.test_scores, b.test_scores) for a, b in pairs])
    order = [pair for pair, d in zip(pairs, differ, strict=True) if d]
    reasons = [f"The best mixture is {_scored(best)}, the best single function {_scored(plain)}."]
    reasons.append(
        f"Significantly better than that: {_names(gains)}."
        if gains
        else "No mixture is significantly better."
    )
    if order:
        tested = _list([f"{_scored(a)} against {_scored(b)}" for a, b in order])
        reasons.append(f"Tested against its reverse, the order of a mixture matters: {tested}.")
    elif pairs:
        reasons.append("Reversing the order of the layers makes no significant difference.")
    return (Verdict.HOLDS if gains else Verdict.PARTLY if order else Verdict.FAILS), " ".join(reasons)


def generalisation_differs(recording: Recording) -> tuple[Verdict, str]:
    """Compare test accuracy and its distance from training accuracy; `identity` is the control."""
    control = [c for c in recording.contenders if c.function == "identity"]
    functions = [c for c in recording.contenders if c not in control]
    best, tied, worse = _ranked(functions)
    by_gap = sorted(functions, key=lambda c: c.gap)
    low, high = (f"{_points(c.gap)} ({_code(c)})" for c in (by_gap[0], by_gap[-1]))
    reasons = [f"Training accuracy exceeds test accuracy by {low} to {high}."]
    if tied:
        level = [best, *tied]
        lowest = min(c.test_score for c in level)
        reasons.append(
            f"No significant difference on the test set between {_names(level)}: {_percent(lowest)} to "
            f"{_percent(best.test_score)}."
        )
    if worse:
        behind = [f"{_code(c)} by {_points(best.test_score - c.test_score)}" for c in worse]
        reasons.append(f"Significantly worse than {_code(best)}: {_list(behind)}.")
    reasons += [f"Without an activation ({_code(c)}) it is {_percent(c.test_score)}." for c in control]
    return _by_count(len(worse), len(functions) - 1), " ".join(reasons)


def _significant(pairs: Sequence[tuple[Sequence[float], ...]]) -> list[bool]:
    """For each pair of samples, whether their means differ: paired t tests, Holm's correction for all of them."""
    return [p < SIGNIFICANT for p in holm([paired_p(a, b) for a, b in pairs])]


def _ranked(contenders: Sequence[Contender]) -> tuple[Contender, list[Contender], list[Contender]]:
    """The best by test score, those not significantly worse, and those that are."""
    best = max(contenders, key=lambda c: c.test_score)
    others = [c for c in contenders if c is not best]
    differ = _significant([(c.test_scores, best.test_scores) for c in others])
    tied = [c for c, d in zip(others, differ, strict=True) if not d]
    return best, tied, [c for c in others if c not in tied]


def _by_count(significant: int, of: int) -> Verdict:
    return Verdict.FAILS if not significant else Verdict.HOLDS if significant == of else Verdict.PARTLY


def _parameter(contender: Contender) -> float:
    return float(contender.function.rpartition("=")[2])


def _mean_epochs(contender: Contender) -> float:
    return statistics.fmean(contender.epochs)


def _code(contender: Contender) -> str:
    return f"`{contender.function}`"


def _names(contenders: Sequence[Contender]) -> str:
    return _list([_code(c) for c in contenders])


def _list(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def _ratio(contender: Contender) -> str:
    return "unknown" if contender.gradient_ratio is None else f"{contender.gradient_ratio:.2g}"


def _scored(contender: Contender) -> str:
    return f"{_code(contender)} {_percent(contender.test_score)}"


def _against(one: Contender, other: Contender) -> str:
    return f"{_scored(one)} against {_percent(other.test_score)} at {one.rate:g}"


def _dead(contender: Contender) -> str:
    share = contender.dead_share
    if share is None:
        return "unknown"
    return "none" if share == 0 else _percent(share) if share >= 0.0005 else "under 0.1 %"


def _deaths(contenders: Sequence[Contender]) -> str:
    return _list([f"{_dead(c)} at {c.rate:g}" for c in contenders]) if contenders else "unknown"


def _diverged_of(contender: Contender) -> str:
    lost = contender.diverged
    return f" ({lost} of {len(contender.test_scores)} diverged)" if lost else ""


def _divergence(contenders: Sequence[Contender], *, named: bool = False) -> list[str]:
    """A sentence about the networks that diverged, if any did."""
    lost = [
        f"{_code(c) + ' ' if named else ''}{c.diverged} of {len(c.test_scores)} at {c.rate:g}"
        for c in contenders
        if c.diverged
    ]
    return [f"Networks that diverged: {_list(lost)}."] if lost else []


Judge = Callable[[Recording], tuple[Verdict, str]]
