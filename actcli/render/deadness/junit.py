"""The verdict for a build server: a test suite in JUnit's XML, a case a layer, which fails as the exit status does."""

from xml.sax.saxutils import escape, quoteattr

from actcli.analysis.deadness.report import Judgement, Report
from actcli.analysis.deadness.since import LayerChange
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.deadness.change import change_line, named
from actcli.render.deadness.verdict import Findings, percent, samples_text, verdict
from actcli.render.text.notation import quantity
from actcli.terminal import printable

_SUITE = "actcli deadcheck"


def junit(findings: Findings) -> str:
    """The findings as one test suite in UTF-8.

    A failure is what the exit status is about, and nothing else: without a limit there is none; with one for
    all units together the case of them, never that of a layer; with one a layer, the layers that are above
    it. Where there are too few samples to say so the failure's type is `not enough data`. What else is known
    of a layer stands in its system-out. What was not observed is skipped, and so is everything after an
    interruption: it has not passed.
    """
    report = findings.report
    judged = {} if findings.judgement is None else {part.layer: part for part in findings.judgement.parts}
    changes = {} if report.change is None else {layer.name: layer for layer in report.change.layers}
    cases = [
        _case(layer, judged.get(layer.name), units, changes.get(layer.name), findings)
        for layer, units in zip(report.layers, _units(report), strict=True)
    ]
    if findings.judgement is not None and findings.layer_glob is None:
        cases.append(_all_units(findings.judgement, findings))
    for one in report.unobserved:
        reason = quoteattr(f"not observed: {printable(one.reason)}")
        cases.append(_element(printable(one.name), f"    <skipped message={reason}/>\n"))
    if not findings.complete:
        cases.append(_element("the rest of the data", '    <skipped message="interrupted"/>\n'))
    failures, skipped = (sum(f"<{kind} " in case for case in cases) for kind in ("failure", "skipped"))
    name, said = quoteattr(_SUITE), escape("\n".join(verdict(findings)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name={name} tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}">\n'
        + "".join(cases)
        + f"  <system-out>{said}</system-out>\n</testsuite>\n"
    )


def _units(report: Report) -> list[list[int]]:
    """The units of each layer that count: the dead ones, or those that another definition flags."""
    masks = [reading.flags for reading in report.readings] or [layer.dead_units for layer in report.layers]
    return [[unit for unit, counts in enumerate(mask.tolist()) if counts] for mask in masks]


def _case(
    layer: LayerVerdict,
    judged: Judgement | None,
    units: list[int],
    change: LayerChange | None,
    findings: Findings,
) -> str:
    word = _word(findings.report)
    listed = f"units {word}: {', '.join(map(str, units))}" if units else ""
    told = []
    failure = "" if judged is None else _failure(judged, findings, listed)
    if listed and not failure:
        told.append(f"{len(units)} of {layer.units} {listed}; {layer.evidence} on {layer.samples} samples")
    if change is not None and named(change):
        told.append(f"against the earlier statistics: {change_line(change)}")
    said = f"    <system-out>{escape(chr(10).join(told))}</system-out>\n" if told else ""
    return _element(printable(layer.name), failure + said)


def _all_units(judged: Judgement, findings: Findings) -> str:
    return _element("all units", _failure(judged, findings, samples_text(findings.report.layers)))


def _word(report: Report) -> str:
    definition = report.settings.definition
    return "dead" if definition is None else f"flagged by {definition}"


def _message(judged: Judgement, word: str) -> str:
    verb = "is" if judged.dead == 1 else "are"
    said = f"{judged.dead} of {quantity(judged.units, 'unit')} {verb} {word} ({percent(judged.share)} %)"
    return f"{said}, {judged.nonfinite} gave NaN or inf" if judged.nonfinite else said


def _failure(judged: Judgement, findings: Findings, more: str) -> str:
    """The failure of a case, blank where it is within the limit."""
    if judged.status == "fine":
        return ""
    message = f"{_message(judged, _word(findings.report))}, the limit is {percent(findings.limit or 0.0)} %"
    kind = "NaN or inf" if judged.nonfinite else "dead units"
    if judged.status == "not enough data":
        kind = judged.status
        message += f", but {judged.samples} samples are too few to say so: it takes {judged.needed}"
    return f"    <failure type={quoteattr(kind)} message={quoteattr(message)}>{escape(more)}</failure>\n"


def _element(name: str, inner: str) -> str:
    start = f"  <testcase classname={quoteattr(_SUITE)} name={quoteattr(name)}"
    return f"{start}>\n{inner}  </testcase>\n" if inner else f"{start}/>\n"
