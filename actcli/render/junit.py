"""The verdict for a build server: a test suite in JUnit's XML, a case a layer."""

from xml.sax.saxutils import escape, quoteattr

from actcli.analysis.deadness import Judgement, LayerVerdict, Report, judge
from actcli.render.cells import printable
from actcli.render.dead_verdict import Findings, percent, samples_text, verdict

_SUITE = "actcli deadcheck"


def junit(findings: Findings) -> str:
    """The findings as one test suite in UTF-8.

    A layer fails above the limit, without one when it has dead units; also where there are too few samples to
    say so, its type is then `not enough data`. With a limit for all units together there is a case for them.
    What was not observed is skipped, and so is everything after an interruption: it has not passed.
    """
    report, limit = findings.report, findings.limit or 0.0
    judgements = _judged(report, limit, findings.layer_glob)
    cases = [
        _case(layer, judged, units, findings)
        for (layer, judged), units in zip(judgements, _units(report), strict=True)
    ]
    if findings.judgement is not None and findings.layer_glob is None:
        cases.append(_all_units(findings.judgement, report, limit))
    for one in report.unobserved:
        reason = quoteattr(f"not observed: {printable(one.reason)}")
        cases.append(_element(printable(one.name), f"    <skipped message={reason}/>"))
    if not findings.complete:
        cases.append(_element("the rest of the data", '    <skipped message="interrupted"/>'))
    failures, skipped = (sum(f"<{kind} " in case for case in cases) for kind in ("failure", "skipped"))
    name, said = quoteattr(_SUITE), escape("\n".join(verdict(findings)))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name={name} tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}">\n'
        + "".join(cases)
        + f"  <system-out>{said}</system-out>\n</testsuite>\n"
    )


def _judged(
    report: Report, limit: float, layer_glob: str | None
) -> list[tuple[LayerVerdict, Judgement | None]]:
    """Each layer with its own judgement; None for one that the pattern leaves out."""
    if not report.layers:
        return []
    parts = {part.layer: part for part in judge(report, limit, layer_glob or "*").parts}
    return [(layer, parts.get(layer.name)) for layer in report.layers]


def _units(report: Report) -> list[list[int]]:
    """The units of each layer that count: the dead ones, or those that another definition flags."""
    masks = [reading.flags for reading in report.readings] or [layer.dead_units for layer in report.layers]
    return [[unit for unit, counts in enumerate(mask.tolist()) if counts] for mask in masks]


def _case(layer: LayerVerdict, judged: Judgement | None, units: list[int], findings: Findings) -> str:
    if judged is None or judged.status == "fine":
        return _element(printable(layer.name), "")
    allowed = "" if findings.limit is None else f", the limit is {percent(findings.limit)} %"
    word = _word(findings.report)
    listed = f"units {word}: {', '.join(map(str, units))}" if units else ""
    return _failure(printable(layer.name), judged, _message(judged, word) + allowed, listed)


def _all_units(judged: Judgement, report: Report, limit: float) -> str:
    name = "all units"
    if judged.status == "fine":
        return _element(name, "")
    message = f"{_message(judged, _word(report))}, the limit is {percent(limit)} %"
    return _failure(name, judged, message, samples_text(report))


def _word(report: Report) -> str:
    definition = report.settings.definition
    return "dead" if definition is None else f"flagged by {definition}"


def _message(judged: Judgement, word: str) -> str:
    return f"{judged.dead} of {judged.units} units are {word} ({percent(judged.share)} %)"


def _failure(name: str, judged: Judgement, message: str, more: str) -> str:
    kind = "dead units"
    if judged.status == "not enough data":
        kind = judged.status
        message += f", but {judged.samples} samples are too few to say so: it takes {judged.needed}"
    said = f"    <failure type={quoteattr(kind)} message={quoteattr(message)}>{escape(more)}</failure>"
    return _element(name, said)


def _element(name: str, inner: str) -> str:
    start = f"  <testcase classname={quoteattr(_SUITE)} name={quoteattr(name)}"
    return f"{start}>\n{inner}\n  </testcase>\n" if inner else f"{start}/>\n"
