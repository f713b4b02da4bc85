"""Timelines in sentences: when and where dying began, how many units are dead, how many revived."""

from actcli.analysis.timeline.course import RunCourse
from actcli.render.deadness.verdict import caution, change_sentences, definition_sentences, limit_sentences
from actcli.render.deadness.wording import bound_text, list_names, percent
from actcli.render.text.notation import quantity, thousands
from actcli.render.timeline.findings import TimelineFindings
from actcli.render.timeline.records import epoch_record
from actcli.terminal import printable


def timeline_sentences(findings: TimelineFindings) -> list[str]:
    """Return the answer; then the judgement of the last epoch, and warnings."""
    report = findings.last.report
    notes = [printable(note) for note in report.notes]
    last = epoch_text(findings.course, findings.course.timeline.last.number)
    return [
        *caution(findings.last),
        answer(findings.course),
        *(f"In {last}, {sentence}" for sentence in definition_sentences(report, report.layers)),
        *limit_sentences(findings.last),
        *change_sentences(findings.last),
        *_broken(findings.course),
        *notes,
    ]


def answer(course: RunCourse) -> str:
    """Return in one sentence when and where units began to die, and how many are dead in the last epoch."""
    last = epoch_text(course, course.timeline.last.number)
    units = sum(layer.units for layer in course.layers)
    dead = sum(int(layer.counts[-1]) for layer in course.layers if layer.counts.size)
    revived, unclear = len(course.of_fate("revived")), len(course.of_fate("unclear"))
    if not course.units:
        epochs = quantity(len(course.timeline.epochs), "epoch")
        return f"No unit of {thousands(units)} was dead in any of {epochs}."
    clauses = []
    if revived:
        clauses.append(f"{thousands(revived)} {'unit' if revived == 1 else 'units'} revived")
    if unclear:
        clauses.append(
            f"{thousands(unclear)} of the dead fired so rarely before that chance may explain the silence"
        )
    more = "".join(f"; {clause}" for clause in clauses)
    share = f"{thousands(dead)} of {quantity(units, 'unit')} ({percent(dead / max(units, 1))} %)"
    are = "is" if dead == 1 else "are"
    beginning = course.beginning
    if beginning is not None:
        epoch, layer, count = beginning
        where = (
            f"Dying began in {epoch_text(course, epoch)} in {printable(layer)} ({quantity(count, 'unit')})"
        )
        then = "" if epoch == course.timeline.last.number else f"in {last}, "
        return f"{where}; {then}{share} {are} dead{_from_the_start(course, dead)}{more}."
    if not dead:
        return f"No unit is dead in {last}{more}."
    return f"In {last}, {share} {are} dead{_from_the_start(course, dead)}{more}."


def epoch_sentence(course: RunCourse, number: int) -> str:
    """Return one epoch in a line: `epoch 4: 30 of 192 units dead (15.6 %), 12 died, 2 revived, worst fc2 (25 %)`."""
    row = epoch_record(course, number)
    parts = [
        f"{thousands(row['dead'])} of {quantity(row['units'], 'unit')} dead ({percent(row['dead_share'])} %)"
    ]
    parts += [f"{thousands(row[name])} {name}" for name in ("died", "revived") if row[name]]
    if row["nonfinite"]:
        parts.append(f"{thousands(row['nonfinite'])} gave NaN or inf")
    if row["dead"]:
        parts.append(f"worst {printable(row['worst_layer'])} ({percent(row['worst_share'])} %)")
    return f"{epoch_text(course, number)}: {', '.join(parts)}"


def epoch_text(course: RunCourse, number: int) -> str:
    """Return `epoch 3`, or `epoch 3 (warm-up)` where it has a label."""
    label = next((one.label for one in course.timeline.epochs if one.number == number), "")
    return f"epoch {number} ({printable(label)})" if label else f"epoch {number}"


def evidence_text(findings: TimelineFindings) -> str:
    """Return the samples of an epoch, and what silence in them allows at most."""
    from actcli.analysis.deadness.confidence import silent_bound

    samples = [int(count) for layer in findings.course.layers for count in layer.samples]
    if not samples:
        return "no samples"
    low, high = min(samples), max(samples)
    confidence = findings.last.report.settings.confidence
    bound = bound_text(silent_bound(low, confidence))
    each = quantity(high, "sample") if low == high else f"{thousands(low)} to {quantity(high, 'sample')}"
    return f"{each} per epoch; silent in one means p < {bound} at {percent(confidence)} %"


def _from_the_start(course: RunCourse, dead: int) -> str:
    count = len(course.of_fate("from the start"))
    if not count:
        return ""
    who = "all" if count == dead else thousands(count)
    if count == dead == 1:
        return ", from the first epoch on"
    return f", {who} of them from the first epoch on"


def _broken(course: RunCourse) -> list[str]:
    """Return the layers whose units gave NaN or inf, with the first epoch in which one did."""
    broken = [layer for layer in course.layers if layer.broken.any()]
    if not broken:
        return []
    first = min(int(layer.numbers[layer.broken.any(1)][0]) for layer in broken)
    units = sum(int(layer.broken.any(0).sum()) for layer in broken)
    names = list_names([printable(layer.name) for layer in broken])
    since = f"from {epoch_text(course, first)} on" if len(course.timeline.epochs) > 1 else ""
    return [f"{quantity(units, 'unit')} gave NaN or inf {since}: {names}.".replace(" :", ":")]
