"""One `deadcheck`: from its sources' statistics to a report, a verdict and an exit status."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.commands.deadcheck.request import (
    CONFIDENCE,
    RARE,
    Request,
    refuse_alone,
    refuse_foreign,
    require_folders,
)
from actcli.commands.deadcheck.sources import Sources, open_sources
from actcli.exits import DataError, ExitStatus, UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.causes import Weights
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.deadness.watching import Watch
    from actcli.commands.session import Session
    from actcli.render.deadness.verdict import Findings
    from actcli.render.output.layout import Layout


def show_plan(
    units: int,
    rare: float | None,
    confidence: float | None,
    given: Mapping[str, bool],
    layout: "Layout",
    session: "Session",
) -> None:
    """Print how many samples a verdict about so many units takes.

    Raises UsageError for every option that was given and has no part in that.
    """
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"{option} does not go with --plan, which looks at no data; leave it out")
    from actcli.analysis.deadness.confidence import samples_needed
    from actcli.render.deadness.plan import SamplePlan, write_plan

    rare, confidence = RARE if rare is None else rare, CONFIDENCE if confidence is None else confidence
    samples = samples_needed(units, rare, confidence)
    session.writes()
    write_plan(SamplePlan(units, rare, confidence, samples), layout, session.terminal)


def check(asked: Request, layout: "Layout", session: "Session") -> ExitStatus:
    """Watch the sources to their end, write what was found, and say how it ends.

    What is wrong with the command line is said before anything is read: UsageError. DataError for a file that
    cannot be read, or is not what it should be. After Ctrl-C what is known by then is printed.
    """
    kind = asked.kind
    refuse_foreign(asked, kind)
    refuse_alone(asked, layout)
    settings = asked.settings
    require_folders(asked, layout)
    old = earlier(asked.against)
    sources = open_sources(kind, asked, session)
    session.writes()
    watch, ended = followed(sources, session)
    if ended.complete:
        sources.require_used(watch.states)
        _require_samples(asked, watch)
    if asked.start is not None:
        from actcli.analysis.deadness.unit_state import place_at

        placed_states = {name: place_at(state, asked.start) for name, state in watch.states.items()}
        watch = replace(watch, states=placed_states)
    findings = findings_of(asked, settings, sources, watch, ended, old)
    _write(asked, findings, layout, session, watch.states)
    return exit_status(findings)


def _require_samples(asked: Request, watch: "Watch") -> None:
    """Raise DataError where there is no sample at all, unless that is to be kept as a part of more."""
    if asked.save_state is None and watch.states and not any(s.samples for s in watch.states.values()):
        raise DataError(
            f"{', '.join(asked.sources[:3])}: 0 samples, so that there is nothing to judge; "
            "as a part of more --save-state takes it"
        )


def earlier(path: str | None) -> "tuple[LayerState, ...] | None":
    """The statistics of --against. Raises DataError for what is none."""
    if path is None:
        return None
    from actcli.sources.records.state_file import read_state

    return read_state(path)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why there are no more samples: all were seen (complete), or it is certain already (stopped)."""

    complete: bool
    stopped: bool = False


def followed(sources: Sources, session: "Session") -> "tuple[Watch, Ending]":
    """Pull the statistics to their end; from the second second on a bar on stderr shows how far they are.

    Ends before with --stop-when-certain, and at Ctrl-C with what is known by then; that is raised on where
    nothing is known yet. Raises DataError where there is nothing at all.
    """
    import time

    from actcli.render.output.progress import Bar

    terminal, certainty = session.terminal, sources.certainty
    bar = Bar(terminal, time.monotonic) if terminal.stderr_is_tty else None
    known: Watch | None = None
    ending = Ending(complete=True)
    since = time.monotonic()
    try:
        for step in sources.steps:
            if known is not None and known.doing != step.doing:
                since = time.monotonic()
            known = step
            if bar is not None:
                bar.show(step.doing, step.done, step.total, since)
            if certainty is not None and certainty.reached(step):
                ending = Ending(complete=True, stopped=step.total is None or step.done < step.total)
                break
    except KeyboardInterrupt:
        if known is None or not known.states:
            raise
        ending = Ending(complete=False)
    finally:
        if bar is not None:
            bar.clear()
        close = getattr(sources.steps, "close", None)
        if close is not None:  # the files, and runs of a model on their way
            close()
    if certainty is not None and certainty.cut:
        ending = replace(ending, stopped=True)
    if known is None:
        raise DataError("there is no activation in the sources")
    return known, ending


def findings_of(
    asked: Request,
    settings: "Settings",
    sources: Sources,
    watch: "Watch",
    ended: Ending,
    old: "tuple[LayerState, ...] | None",
) -> "Findings":
    """The report of what was watched, against the limit and the earlier statistics where there are such."""
    from actcli.analysis.deadness.report import judge, make_report
    from actcli.render.deadness.report import worst_first
    from actcli.render.deadness.verdict import Findings

    report = make_report(
        watch.states.values(),
        settings,
        ops=sources.ops,
        unobserved=sources.unobserved,
        notes=sources.notes(watch.states),
    )
    report = _with_causes(report, sources.weights)
    # of a part of the data there is neither a verdict nor a comparison with the whole of older ones
    if old is not None and ended.complete:
        from actcli.analysis.deadness.since import find_change

        report = replace(report, change=find_change(old, tuple(watch.states.values()), settings))
    judged = asked.fail_above is not None and ended.complete
    judgement = judge(report, asked.fail_above or 0.0, asked.layer) if judged else None
    return Findings(
        report=worst_first(report) if asked.sort else report,
        judgement=judgement,
        limit=asked.fail_above,
        layer_glob=asked.layer,
        noise=asked.random,
        complete=ended.complete,
        stopped=ended.stopped,
    )


def _with_causes(report: "Report", weights: "Mapping[str, Weights]") -> "Report":
    if not weights:
        return report
    from actcli.analysis.deadness.causes import explain

    return replace(report, layers=explain(report.layers, weights))


def _write(
    asked: Request,
    findings: "Findings",
    layout: "Layout",
    session: "Session",
    states: "Mapping[str, LayerState]",
) -> None:
    """The report, the statistics, and on stderr what the report's form has no line for.

    After an interruption nothing goes to a file: a file is complete.
    """
    from actcli.render.deadness.report import SAYS_IT_ITSELF, write_findings
    from actcli.render.deadness.table import View

    terminal = session.terminal
    if findings.complete or layout.path is None:
        write_findings(findings, View(asked.units, asked.map), layout, terminal)
    if findings.complete and asked.save_state is not None:
        from actcli.render.deadness.state_file import write_state

        kept = tuple(states.values())
        # where this part begins in all the data is known only where it was said
        if asked.kind != "statistics" and asked.start is None:
            kept = tuple(replace(state, start=None) for state in kept)
        write_state(kept, asked.save_state)
    itself = layout.format in SAYS_IT_ITSELF
    if not findings.complete:
        files = [name for name in (layout.path, asked.save_state) if name is not None]
        unwritten = f"; {' and '.join(files)} not written" if files else ""
        # a table on this very screen says the rest
        if unwritten or not (itself and terminal.stdout_is_tty):
            terminal.say(f"actcli: Interrupted: this is about the samples seen so far{unwritten}.")
    for sentence in _sentences(findings, in_the_form=itself and layout.path is None):
        terminal.say(f"actcli: {sentence}")


def _sentences(findings: "Findings", *, in_the_form: bool) -> list[str]:
    """What stderr gets: the verdict and the change, or of a form that says them only the warning of noise."""
    from actcli.render.deadness.verdict import verdict

    if in_the_form:
        return verdict(findings)[: findings.noise is not None]
    # the interruption has a line of its own, which also says what was not written
    sentences = verdict(replace(findings, complete=True))
    if findings.report.change is not None:
        from actcli.render.deadness.change import change_summary

        sentences.append(change_summary(findings.report.change))
    return sentences


def exit_status(findings: "Findings") -> ExitStatus:
    """How findings end the program."""
    if not findings.complete:
        return ExitStatus.INTERRUPTED
    if findings.judgement is None or findings.judgement.status == "fine":
        return ExitStatus.DONE
    return ExitStatus.FOUND if findings.judgement.status == "found" else ExitStatus.NOT_ENOUGH_DATA
