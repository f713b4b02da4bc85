"""The verdict for a build server: a JUnit test suite with one case per layer, which fails as the exit status does."""

from xml.sax.saxutils import escape, quoteattr

from actcli.analysis.deadness.report import Judgement, Report
from actcli.analysis.deadness.since import LayerChange
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.deadness.change import change_line, changes_by_unit
from actcli.render.deadness.findings import Findings
from actcli.render.deadness.verdict import verdict
from actcli.render.deadness.wording import percent, samples_text
from actcli.render.text.junit import junit_case, junit_suite
from actcli.render.text.notation import quantity
from actcli.terminal import printable

_SUITE = "actcli deadcheck"


def junit(findings: Findings) -> str:
    """Return the findings as one test suite in UTF-8.

    Cases fail exactly as the exit status does: none without a limit; with a limit on all units together the case of
    all units, never that of a layer; with a limit per layer, the layers above it. With too few samples to say so the
    failure's type is `not enough data`. Other facts about a layer go to its system-out. Unobserved activations are
    skipped, or fail where that was asked for, and so are the data after an interruption: they have not passed.
    """
    report = findings.report
    judged = {} if findings.judgement is None else {part.layer: part for part in findings.judgement.parts}
    changes = {} if report.change is None else {layer.name: layer for layer in report.change.layers}
    cases = [
        _case(layer, judged.get(layer.name), units, changes.get(layer.name), findings)
        for layer, units in zip(report.layers, _units(report), strict=True)
    ]
    judgement = findings.judgement
    together = () if judgement is None else (judgement.parts or (judgement,))
    cases += [_all_units(part, findings) for part in together if part.layer is None]
    for one in report.unobserved:
        reason = quoteattr(f"not observed: {printable(one.reason)}")
        kind = 'failure type="not observed"' if findings.fail_on_unobserved else "skipped"
        cases.append(junit_case(_SUITE, printable(one.name), f"    <{kind} message={reason}/>\n"))
    if not findings.complete:
        cases.append(junit_case(_SUITE, "the rest of the data", '    <skipped message="interrupted"/>\n'))
    return junit_suite(_SUITE, cases, "\n".join(verdict(findings)))


def _units(report: Report) -> list[list[int]]:
    """Return the units that count in each layer: the dead ones, or those that another definition flags."""
    masks = [reading.flags for reading in report.readings] or [layer.dead_units for layer in report.layers]
    return [[unit for unit, counts in enumerate(mask.tolist()) if counts] for mask in masks]


def _case(
    layer: LayerVerdict,
    judged: Judgement | None,
    units: list[int],
    change: LayerChange | None,
    findings: Findings,
) -> str:
    word = _dead_word(findings.report)
    listed = f"units {word}: {', '.join(map(str, units))}" if units else ""
    facts = []
    failure = "" if judged is None else _failure(judged, findings, listed)
    if change is not None and change.newly_dead and findings.fail_on_newly_dead:
        message = quoteattr(f"{quantity(len(change.newly_dead), 'unit')} died since the earlier statistics")
        failure += f'    <failure type="newly dead" message={message}/>\n'
    if listed and not failure:
        facts.append(f"{len(units)} of {layer.units} {listed}; {layer.evidence} on {layer.samples} samples")
    if change is not None and changes_by_unit(change):
        facts.append(f"against the earlier statistics: {change_line(change)}")
    output = f"    <system-out>{escape(chr(10).join(facts))}</system-out>\n" if facts else ""
    return junit_case(_SUITE, printable(layer.name), failure + output)


def _all_units(judged: Judgement, findings: Findings) -> str:
    return junit_case(_SUITE, "all units", _failure(judged, findings, samples_text(findings.report.layers)))


def _dead_word(report: Report) -> str:
    definition = report.settings.definition
    return "dead" if definition is None else f"flagged by {definition}"


def _message(judged: Judgement, word: str) -> str:
    verb = "is" if judged.dead == 1 else "are"
    counts = f"{judged.dead} of {quantity(judged.units, 'unit')} {verb} {word} ({percent(judged.share)} %)"
    return f"{counts}, {judged.nonfinite} gave NaN or inf" if judged.nonfinite else counts


def _failure(judged: Judgement, findings: Findings, more: str) -> str:
    """Return the failure of a case; blank if it is within the limit."""
    if judged.status == "fine":
        return ""
    message = f"{_message(judged, _dead_word(findings.report))}, the limit is {percent(judged.limit)} %"
    kind = "NaN or inf" if judged.nonfinite else "dead units"
    if judged.status == "not enough data":
        kind = judged.status
        takes = f": it takes {judged.needed}" if judged.needed else ""
        message += f", but {judged.samples} samples are too few to say so{takes}"
    return f"    <failure type={quoteattr(kind)} message={quoteattr(message)}>{escape(more)}</failure>\n"
