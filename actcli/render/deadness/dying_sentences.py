"""Sentences about units that die while networks are trained: conditions, and the answer from the numbers."""

from collections.abc import Iterator, Sequence

from actcli.analysis.training.dying import TrainedCourses, course_name
from actcli.analysis.training.fates import Course, Fate, Threshold
from actcli.analysis.wording import with_error
from actcli.render.deadness.wording import percent
from actcli.render.text.notation import quantity, thousands
from actcli.terminal import printable

_MOST_FUNCTIONS = 6
"""Functions that a sentence names; of more, those with the largest dead shares."""


def conditions(courses: TrainedCourses) -> str:
    """Return the data, the settings and the networks of a training."""
    data, plan, trial = courses.data, courses.trial.plan, courses.trial
    layers = ", ".join(map(str, trial.depths)) + " hidden layer" + ("" if trial.depths == (1,) else "s")
    cover = f"; {trial.cover_text}" if trial.cover_text else ""
    return (
        f"{printable(data.name)}: {thousands(len(data.train_y))} training samples, {thousands(len(data.test_y))} test "
        f"samples on which units are observed; {plan.optimizer_text}, batches of {plan.batch}, "
        f"{quantity(plan.epochs, 'epoch')}, {plan.init_text}; "
        f"{layers} of {quantity(trial.width, 'unit')}, {quantity(trial.networks, 'network')} each{cover}."
    )


def training_sentence(
    courses: TrainedCourses, fates: Sequence[Fate], thresholds: Sequence[Threshold]
) -> tuple[str, ...]:
    """Return the answer in one sentence: which units die at which rates, or above which rate; none without a result."""
    if courses.limit is not None:
        sentences = _threshold_sentence(thresholds, courses.limit, courses)
    else:
        sentences = _fate_sentence(fates, courses) if fates else ()
    return tuple(map(courses.trial.plan.qualify, sentences))


def _fate_sentence(fates: Sequence[Fate], courses: TrainedCourses) -> tuple[str, ...]:
    """Return `Dead units after 5 epochs: relu 0 % at lr 0.1 and 16.4 % at lr 3; tanh 0 %.`."""
    epochs = f"after {quantity(max(fate.epochs for fate in fates), 'epoch')}"
    if not any(fate.dead[-1] or fate.diverged for fate in fates):
        rates = "" if len({fate.course.rate for fate in fates}) == 1 else " at any of these rates"
        return (f"No unit is dead {epochs}{rates}.",)
    teams: dict[str, list[Fate]] = {}
    for fate in fates:
        teams.setdefault(_name(fate.course, courses), []).append(fate)
    several_rates = any(len(team) > 1 for team in teams.values())
    shown = sorted(teams.items(), key=lambda item: -max(float(fate.dead[-1]) for fate in item[1]))
    shown = [item for item in teams.items() if item in shown[:_MOST_FUNCTIONS]]
    clauses = [f"{name} {', '.join(_shares(team, several_rates))}" for name, team in shown]
    if len(teams) > len(shown):
        clauses.append(f"{len(teams) - len(shown)} more functions have fewer")
    return (f"Dead units {epochs}: {'; '.join(clauses)}.",)


def _shares(team: Sequence[Fate], several_rates: bool) -> Iterator[str]:
    """Yield `16.4 % at lr 3` for the rates of one function; rates with the same result stand together."""
    rates_of: dict[str, list[str]] = {}
    for fate in team:
        rates_of.setdefault(_share(fate), []).append(fate.course.rate_text)
    for share, rates in rates_of.items():
        if not several_rates:
            yield share
        elif len(team) > 1 and len(rates) == len(team):
            yield f"{share} at every rate"
        else:
            yield f"{share} at lr {' and '.join(filter(None, [', '.join(rates[:-1]), rates[-1]]))}"


def _share(fate: Fate) -> str:
    if fate.diverged == fate.networks:
        return "all networks diverged"
    some = f" ({fate.diverged} of {fate.networks} networks diverged)" if fate.diverged else ""
    return f"{dead_percent(fate)} %{some}"


def dead_percent(fate: Fate) -> str:
    """Return the dead share at the end in percent with half its 95 % interval, without the sign: `16.4 ± 1.2`."""
    interval = float(fate.dead_interval[-1])
    return (
        with_error(100 * float(fate.dead[-1]), 100 * interval)
        if interval > 0
        else percent(float(fate.dead[-1]))
    )


def _threshold_sentence(
    thresholds: Sequence[Threshold], limit: float, courses: TrainedCourses
) -> tuple[str, ...]:
    if not thresholds:
        return ()
    clauses = "; ".join(_threshold_clause(threshold, courses) for threshold in thresholds)
    return (f"{clauses}; the limit is {percent(limit)} %.", *_born_dead_sentence(thresholds, courses))


def _born_dead_sentence(thresholds: Sequence[Threshold], courses: TrainedCourses) -> Iterator[str]:
    """Yield which units were dead before training, if any were: the limit is about the others."""
    if not any(threshold.born_dead for threshold in thresholds):
        return
    shares = [
        f"{percent(threshold.born_dead)} % of {_name(Course(threshold.stack, threshold.depth, 0.0), courses)}"
        for threshold in thresholds
        if threshold.born_dead is not None
    ]
    yield f"Dead before training, at any rate, and not counted in this: {'; '.join(shares)}."


def _threshold_clause(threshold: Threshold, courses: TrainedCourses) -> str:
    name = _name(Course(threshold.stack, threshold.depth, 0.0), courses)
    within, above = (None if rate is None else f"lr {rate:g}" for rate in (threshold.within, threshold.above))
    below, beyond = (
        None if share is None else f"{percent(share)} % died"
        for share in (threshold.within_share, threshold.above_share)
    )
    match threshold.survival:
        case "lives":
            clause = f"{name} does not die at any rate tried, up to {within} ({below})"
        case "dies" if within is None:
            clause = f"{name} dies at every rate tried, down to {above} ({beyond})"
        case "dies":
            clause = f"{name} dies above {within} ({below} there, {beyond} at {above})"
        case _ if within is None:
            clause = f"{name} diverges at every rate tried, down to {above}, in most networks"
        case _:
            clause = f"{name} does not die up to {within} ({below}), and most networks diverge at {above}"
    again = ", ".join(f"{rate:g}" for rate in threshold.again)
    return f"{clause}, and is within the limit again at lr {again}" if again else clause


def _name(course: Course, courses: TrainedCourses) -> str:
    return printable(course_name(course, courses.trial).rpartition(" lr ")[0])
