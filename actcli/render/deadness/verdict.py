"""What is said of dead units in plain words, each sentence with its evidence; and how its numbers are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from actcli.analysis.deadness.confidence import silent_bound
from actcli.analysis.deadness.report import Judgement, Report, is_above, is_selected
from actcli.analysis.deadness.unit_class import can_be_dead
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.text.digits import short_exponent
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import printable

_FEW = 3
"""How many names a sentence lists."""
_MANY = 10
"""How many layers get a sentence of their own."""
_EXACT = 17
"""Digits that tell any two numbers apart."""
_PLAINLY = 1e-2
"""From here on a bound is written without an exponent."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What `deadcheck` shows: a report, the judgement of it, and how the report came about.

    Attributes:
        report: the layers and their units.
        judgement: against a limit; None where there was none.
        limit: the largest share of dead units that is allowed; None where none was said.
        layer_glob: the layers that the limit is for; None for all units together.
        noise: how many samples of random noise were the input; None for real data.
        complete: whether all data were seen; False after an interruption.
        stopped: whether the end of the data was not waited for, since the samples sufficed for the verdict.
        trained: whether networks were trained for it, so that an interruption took epochs, and no samples.

    """

    report: Report
    judgement: Judgement | None = None
    limit: float | None = None
    layer_glob: str | None = None
    noise: int | None = None
    complete: bool = True
    stopped: bool = False
    trained: bool = False


def verdict(findings: Findings) -> list[str]:
    """The sentences, the most important one first; the same for a table, a file and stderr."""
    report = findings.report
    meant = _meant(findings)
    said = [*caution(findings), _main(report, meant), *_by_another(report, meant), *_limit(findings)]
    return [*said, *_elsewhere(report, meant), *_cut(meant), *_rest(findings), *map(printable, report.notes)]


def status_word(findings: Findings) -> str:
    """`fine`, `found` or `not enough data` against the limit.

    Without one `dead units`, else `NaN or inf`, else `nothing observed`, else `no dead unit`.
    """
    report = findings.report
    if findings.judgement is not None:
        return findings.judgement.status
    if not any(layer.samples for layer in report.layers):
        return "nothing observed"
    if report.dead:
        return "dead units"
    return "NaN or inf" if any(layer.nonfinite for layer in report.layers) else "no dead unit"


def percent(share: float, digits: int = 3) -> str:
    """A share as a percentage, without the sign: 0.852. Only nothing is written as 0, and only all as 100."""
    if not 0 < share < 1:
        return number(100 * share)
    while (shown := number(100 * share, digits)) == "100" and digits < _EXACT:
        digits += 1
    return shown


def bound_text(p: float, digits: int = 3) -> str:
    """An upper bound of a probability, rounded up: 0.00029252 is 2.93e-4; 1 where nothing is bounded."""
    if math.isnan(p):
        return "–"
    if p >= 1:
        return "1"
    if p <= 0:
        return "0"
    step = 10.0 ** (math.floor(math.log10(p)) - digits + 1)
    shown = f"{p:.{digits - 1}e}"
    if float(shown) < p:
        shown = f"{float(shown) + step:.{digits - 1}e}"
    return number(float(shown), digits) if p >= _PLAINLY else short_exponent(_without_zeros(shown))


def samples_text(layers: Sequence[LayerVerdict]) -> str:
    """`10 240 samples`, or `300 to 10 240 samples` where the layers differ."""
    seen = [layer.samples for layer in layers] or [0]
    low, high = min(seen), max(seen)
    return quantity(high, "sample") if low == high else f"{thousands(low)} to {thousands(high)} samples"


def silence(layer: LayerVerdict, confidence: float) -> float:
    """The upper bound of the firing probability of a unit of this layer that was silent in all samples.

    NaN where every unit gave NaN or inf: there is no such unit.
    """
    return math.nan if layer.evidence is None else silent_bound(layer.samples, confidence)


def caution(findings: Findings) -> list[str]:
    """What must be known before anything else is read."""
    said = []
    if findings.noise is not None:
        noise = quantity(findings.noise, "sample")
        said.append(f"The inputs were {noise} of RANDOM NOISE: this verdict is about noise, not about data.")
    if not findings.complete:
        known = "epochs trained" if findings.trained else "samples seen"
        said.append(f"Interrupted: this is about the {known} so far.")
    if findings.stopped:
        said.append(f"Stopped before the end of the data: {_enough(findings.report)}.")
    return said


def _enough(report: Report) -> str:
    """Why no more samples were wanted, and what they could still have changed."""
    silent = [layer for layer in report.layers if can_be_dead(layer.state).any()]
    if not silent:
        return "no unit can be dead any more"
    if all(layer.samples >= report.needed for layer in silent):
        rare = number(report.settings.rare)
        return (
            f"these samples put all dead units together below {rare}; one that fires so rarely may yet wake"
        )
    return "more samples can only wake units, and no more are silent now than the limit allows"


def _without_zeros(shown: str) -> str:
    mantissa, _, exponent = shown.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def _meant(findings: Findings) -> tuple[LayerVerdict, ...]:
    """The layers that the limit is for; all of them where none of them has come yet."""
    layers = findings.report.layers
    return tuple(layer for layer in layers if is_selected(layer.name, findings.layer_glob)) or layers


def _among(report: Report, meant: tuple[LayerVerdict, ...]) -> str:
    """Where the units are that a sentence counts; blank where they are all there are."""
    if len(meant) == len(report.layers):
        return ""
    names = [printable(layer.name) for layer in meant]
    return f" in {'' if len(names) == 1 else 'the ' + quantity(len(names), 'layer') + ' '}{_names(names)}"


def _main(report: Report, meant: tuple[LayerVerdict, ...]) -> str:
    if not meant:
        return "No activation was observed, so nothing can be said."
    if not any(layer.samples for layer in meant):
        return "No sample was seen, so nothing can be said."
    meant = tuple(layer for layer in meant if layer.samples)
    dead = sum(layer.dead for layer in meant)
    if not dead:
        return _nobody(report, meant)
    units = sum(layer.units for layer in meant)
    dead_layers = [layer for layer in meant if layer.dead]
    seen = [layer.samples for layer in dead_layers]
    samples = quantity(max(seen), "sample")
    if min(seen) != max(seen):
        samples = f"{thousands(min(seen))} to {samples}"
    bound = max(silence(layer, report.settings.confidence) for layer in dead_layers)
    verb, each = ("is", "it") if dead == 1 else ("are", "each")
    where = _among(report, meant)
    share = f"{thousands(dead)} of {quantity(units, 'unit')}{where} ({percent(dead / units)} %) {verb} dead"
    if dead == units:
        share = (
            f"The only unit{where} is dead"
            if units == 1
            else f"All {quantity(units, 'unit')}{where} are dead"
        )
    return (
        f"{share}: no firing in {samples}, so that {each} fires with p < {bound_text(bound)} at "
        f"{percent(report.settings.confidence)} % confidence{_evidence(report, dead_layers)}."
    )


def _nobody(report: Report, meant: tuple[LayerVerdict, ...]) -> str:
    """No unit is dead: how many fired, and what is with the others."""
    units, broken = sum(layer.units for layer in meant), sum(layer.nonfinite for layer in meant)
    where = _among(report, meant)
    if broken == units:
        whose = "The only unit" if units == 1 else f"All {quantity(units, 'unit')}"
        return f"{whose}{where} gave NaN or inf: nothing is known of firing."
    fired = sum(int(((layer.state.fired > 0) & ~layer.nonfinite_units).sum()) for layer in meant)
    rest = units - broken - fired
    samples = samples_text(meant)
    if fired == units:
        who = "the only one" if units == 1 else f"all {thousands(units)}"
        return f"No unit{where} is dead: {who} fired, in {samples}."
    said = [f"{thousands(fired)} of {thousands(units)} fired, in {samples}"]
    if rest:
        verb, its = ("is", "its") if rest == 1 else ("are", "their")
        said.append(f"{thousands(rest)} never did, but {verb} not dead by {its} class")
    if broken:
        said.append(f"{thousands(broken)} gave NaN or inf")
    return f"No unit{where} is known to be dead: {'; '.join(said)}."


def _evidence(report: Report, dead_layers: list[LayerVerdict]) -> str:
    """Whether the samples bound all units together, in words."""
    rare, needed = number(report.settings.rare), quantity(report.needed, "sample")
    if all(layer.bounded for layer in dead_layers):
        return f" (bounded: {needed} suffice to put all units together below {rare})"
    return f" (only observed: it takes {needed} to put all units together below {rare})"


def _by_another(report: Report, meant: tuple[LayerVerdict, ...]) -> list[str]:
    """The reading by another tool's definition, in its own words."""
    if not report.readings or not meant:
        return []
    names = {layer.name for layer in meant}
    readings = [reading for reading in report.readings if reading.layer in names]
    flagged = sum(int(reading.flags.sum()) for reading in readings)
    units = sum(layer.units for layer in meant)
    layers = [printable(reading.layer) for reading in readings if reading.layer_flagged]
    verb = "is" if flagged == 1 else "are"
    said = (
        f"By the definition of {report.settings.definition} ({readings[0].wording}), "
        f"{thousands(flagged)} of {quantity(units, 'unit')}{_among(report, meant)} {verb} flagged"
    )
    if layers:
        which = (
            f"is the layer {layers[0]}"
            if len(layers) == 1
            else f"are {quantity(len(layers), 'layer')}: {_names(layers)}"
        )
        said += f", and so {which}"
    return [said + "."]


def _limit(findings: Findings) -> list[str]:
    judgement, limit = findings.judgement, findings.limit
    if judgement is None or limit is None:
        return []
    allowed = f"the limit of {percent(limit)} %"
    if not judgement.parts:
        return _judged(judgement, limit, allowed)
    if judgement.status == "fine":
        parts = judgement.parts
        whose = (
            f"Layer {printable(parts[0].layer or '')}"
            if len(parts) == 1
            else f"Each of the {len(parts)} layers"
        )
        return [f"{whose} is within {allowed}."]
    bad = [part for part in judgement.parts if part.status == judgement.status]
    said = [sentence for part in bad[:_MANY] for sentence in _judged(part, limit, allowed)]
    more = len(bad) - _MANY
    return [*said, f"The same holds of {quantity(more, 'more layer')}."] if more > 0 else said


def _judged(judgement: Judgement, limit: float, allowed: str) -> list[str]:
    """One judgement in words; that of a layer with its name, that of all units as of what was said before."""
    # with the word before it, for PyTorch calls layers 0, 2 and 4
    name = None if judgement.layer is None else f"layer {printable(judgement.layer)}"
    subject = "That" if name is None else f"L{name[1:]}"
    share = f"{percent(judgement.share)} % ({thousands(judgement.dead)} of {thousands(judgement.units)})"
    above = is_above(judgement.dead, judgement.units, limit)
    if judgement.nonfinite:
        where = "" if name is None else f" of {name}"
        some = f"{thousands(judgement.nonfinite)} of {quantity(judgement.units, 'unit')}{where}"
        said = [f"{some} gave NaN or inf, which no limit allows."]
        return [*said, f"Besides, {share} is above {allowed}."] if above else said
    if judgement.status == "fine":
        return [f"{subject} is within {allowed}."]
    if judgement.status == "found":
        return [f"{subject} is above {allowed}: {share}."]
    start = "Not enough data" if name is None else f"Not enough data of {name}"
    if not above or not judgement.samples:
        return [f"{start}: {'no unit was observed' if not judgement.units else 'a layer has no sample'}."]
    few = f"{quantity(judgement.samples, 'sample')} {'is' if judgement.samples == 1 else 'are'} too few"
    return [
        f"{start}: {share} is above {allowed}, but {few} to say so; it takes {thousands(judgement.needed)}."
    ]


def _elsewhere(report: Report, meant: tuple[LayerVerdict, ...]) -> list[str]:
    """The dead units that the limit does not concern."""
    others = [layer for layer in report.layers if layer not in meant]
    dead = sum(layer.dead for layer in others)
    if not dead:
        return []
    units = sum(layer.units for layer in others)
    layers = "the other layer" if len(others) == 1 else f"the {thousands(len(others))} other layers"
    verb = "is" if dead == 1 else "are"
    return [
        f"In {layers}, which the limit is not for, {thousands(dead)} of {quantity(units, 'unit')} {verb} dead."
    ]


def _cut(meant: tuple[LayerVerdict, ...]) -> list[str]:
    """The layers of several of which no unit is left."""
    gone = [printable(layer.name) for layer in meant if layer.units and layer.dead == layer.units]
    if not gone or len(gone) == len(meant):
        return []
    who = "1 layer is" if len(gone) == 1 else f"{len(gone)} layers are"
    return [f"{who} dead as a whole: {_names(gone)}."]


def _rest(findings: Findings) -> list[str]:
    said, report = [], findings.report
    counted = findings.judgement is not None and findings.judgement.nonfinite and not findings.judgement.parts
    broken = [layer for layer in report.layers if layer.nonfinite]
    if broken and sum(layer.nonfinite for layer in broken) < report.units:
        units = sum(layer.nonfinite for layer in broken)
        names = _names([printable(layer.name) for layer in broken])
        said.append(
            f"NaN or inf are in {names}."
            if counted
            else f"{quantity(units, 'unit')} gave NaN or inf: {names}."
        )
    empty = [printable(layer.name) for layer in report.layers if not layer.samples]
    if empty and len(empty) < len(report.layers):
        verb = "has" if len(empty) == 1 else "have"
        said.append(f"{quantity(len(empty), 'layer')} {verb} no sample: {_names(empty)}.")
    if report.unobserved:
        names = _names([printable(layer.name) for layer in report.unobserved])
        verb = "was" if len(report.unobserved) == 1 else "were"
        said.append(
            f"{quantity(len(report.unobserved), 'activation')} {verb} NOT OBSERVED, and may have dead units: {names}."
        )
    return said


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
