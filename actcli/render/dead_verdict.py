"""What is said of dead units in plain words, each sentence with its evidence; and how its numbers are written."""

import math
from dataclasses import dataclass

from actcli.analysis.confidence import silent_bound
from actcli.analysis.deadness import Judgement, LayerVerdict, Report
from actcli.render.cells import printable
from actcli.render.notation import number

_FEW = 3
"""How many names a sentence lists."""
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
        stopped: whether the end of the data was not waited for, since the verdict could not change any more.

    """

    report: Report
    judgement: Judgement | None = None
    limit: float | None = None
    layer_glob: str | None = None
    noise: int | None = None
    complete: bool = True
    stopped: bool = False


def verdict(findings: Findings) -> list[str]:
    """The sentences, the most important one first; the same for a table, a file and stderr."""
    report = findings.report
    said = [*_caution(findings), _main(report), *_by_another(report), *_limit(findings), *_rest(report)]
    return [*said, *map(printable, report.notes)]


def status_word(findings: Findings) -> str:
    """`fine`, `found` or `not enough data` against the limit; without one `dead units` or `no dead unit`."""
    if findings.judgement is not None:
        return findings.judgement.status
    return "dead units" if findings.report.dead else "no dead unit"


def count(value: int) -> str:
    """A whole number for the eye: 10 240."""
    return f"{value:,}".replace(",", " ")


def units_of(value: int, what: str = "unit") -> str:
    """`1 unit`, `64 units`."""
    return f"{count(value)} {what}" + ("" if value == 1 else "s")


def percent(share: float, digits: int = 3) -> str:
    """A share as a percentage, without the sign: 0.852. What is not 0 is never written as 0, nor all as less."""
    return number(100 * share, digits) if 0 < share < 1 else number(100 * share)


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
    return number(float(shown), digits) if p >= _PLAINLY else _scientific(shown)


def samples_text(report: Report) -> str:
    """`10 240 samples`, or `300 to 10 240 samples` where the layers differ."""
    seen = [layer.samples for layer in report.layers] or [0]
    low, high = min(seen), max(seen)
    return units_of(high, "sample") if low == high else f"{count(low)} to {count(high)} samples"


def silence(layer: LayerVerdict, confidence: float) -> float:
    """The upper bound of the firing probability of a unit of this layer that was silent in all samples."""
    return silent_bound(layer.samples, confidence)


def _scientific(shown: str) -> str:
    mantissa, _, exponent = shown.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _caution(findings: Findings) -> list[str]:
    """What must be known before anything else is read."""
    said = []
    if findings.noise is not None:
        noise = units_of(findings.noise, "sample")
        said.append(f"The inputs were {noise} of RANDOM NOISE: this verdict is about noise, not about data.")
    if not findings.complete:
        said.append("Interrupted: this is about the samples seen so far.")
    if findings.stopped:
        said.append("Stopped before the end of the data: more samples could not have changed the verdict.")
    return said


def _main(report: Report) -> str:
    if not report.layers:
        return "No activation was observed, so nothing can be said."
    total, dead = report.units, report.dead
    if not dead:
        fired = sum(int((layer.state.fired > 0).sum()) for layer in report.layers)
        rest = total - fired
        never = f"; the other {count(rest)} never did, but by their class are not dead" if rest else ""
        every = "all" if not rest else f"{count(fired)}"
        return f"No unit is dead: {every} of {units_of(total)} fired, in {samples_text(report)}{never}."
    dead_layers = [layer for layer in report.layers if layer.dead]
    seen = [layer.samples for layer in dead_layers]
    samples = units_of(max(seen), "sample")
    if min(seen) != max(seen):
        samples = f"{count(min(seen))} to {samples}"
    bound = max(silence(layer, report.settings.confidence) for layer in dead_layers)
    verb, each = ("is", "it") if dead == 1 else ("are", "each")
    share = f"{count(dead)} of {units_of(total)} ({percent(report.dead_share)} %) {verb} dead"
    return (
        f"{share}: no firing in {samples}, so that {each} fires with p < {bound_text(bound)} at "
        f"{percent(report.settings.confidence)} % confidence{_evidence(report, dead_layers)}."
    )


def _evidence(report: Report, dead_layers: list[LayerVerdict]) -> str:
    """Whether the samples bound all units together, in words."""
    rare, needed = number(report.settings.rare), units_of(report.needed, "sample")
    if all(layer.bounded for layer in dead_layers):
        return f" (bounded: {needed} suffice to put all units together below {rare})"
    return f" (only observed: it takes {needed} to put all units together below {rare})"


def _by_another(report: Report) -> list[str]:
    """The reading by another tool's definition, in its own words."""
    if not report.readings:
        return []
    flagged = sum(int(reading.flags.sum()) for reading in report.readings)
    layers = [
        printable(layer.name)
        for layer, reading in zip(report.layers, report.readings, strict=True)
        if reading.layer_flagged
    ]
    wording = report.readings[0].wording
    said = f"By the definition of {report.settings.definition} ({wording}), "
    said += f"{count(flagged)} of {units_of(report.units)} "
    said += "is flagged" if flagged == 1 else "are flagged"
    if layers:
        said += (
            f", and {'the layer' if len(layers) == 1 else units_of(len(layers), 'layer')} {_names(layers)}"
        )
    return [said + "."]


def _limit(findings: Findings) -> list[str]:
    judgement, limit = findings.judgement, findings.limit
    if judgement is None or limit is None:
        return []
    allowed = f"{percent(limit)} %"
    if not judgement.parts:
        return [_judged(judgement, f"the limit of {allowed}", "That is")]
    bad = [part for part in judgement.parts if part.status == judgement.status]
    if judgement.status == "fine":
        number_of = units_of(len(bad), "layer")
        return [
            f"Fine: {'it is' if len(bad) == 1 else 'each is'} within the limit of {allowed} ({number_of})."
        ]
    return [_judged(part, f"the limit of {allowed}", f"{printable(part.layer or '')} is") for part in bad]


def _judged(judgement: Judgement, limit: str, start: str) -> str:
    share = f"{percent(judgement.share)} % ({count(judgement.dead)} of {count(judgement.units)})"
    if judgement.status == "fine":
        return f"{start} within {limit}."
    if judgement.status == "found":
        return f"{start} above {limit}: {share}."
    return (
        f"Not enough data: {share} is above {limit}, but after {units_of(judgement.samples, 'sample')}; "
        f"it takes {count(judgement.needed)} to say so."
    )


def _rest(report: Report) -> list[str]:
    said = []
    broken = [layer for layer in report.layers if layer.counts["nonfinite"]]
    if broken:
        units = sum(layer.counts["nonfinite"] for layer in broken)
        names = _names([printable(layer.name) for layer in broken])
        said.append(f"{units_of(units)} gave NaN or inf: {names}.")
    if report.unobserved:
        names = _names([printable(layer.name) for layer in report.unobserved])
        verb = "was" if len(report.unobserved) == 1 else "were"
        said.append(
            f"{units_of(len(report.unobserved), 'activation')} {verb} NOT OBSERVED, and may have dead units: {names}."
        )
    return said


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
