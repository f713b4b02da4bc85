"""One run of `deadcheck`: from its sources' statistics to a report, a verdict and an exit status."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from actcli.commands.deadcheck.files import files_written, require_writable_files
from actcli.commands.deadcheck.latents import (
    latent_writers,
    page_parts,
    require_latent_files,
    shows_decades,
)
from actcli.commands.deadcheck.options import DeadcheckOptions
from actcli.commands.deadcheck.sources import Sources, open_sources
from actcli.dataclass import dataclass
from actcli.exits import DataError, ExitStatus
from actcli.render.output.destinations import write_each

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from actcli.analysis.deadness.causes import Weights
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.deadness.watching import Snapshot
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session
    from actcli.render.deadness.findings import Findings
    from actcli.render.output.layout import Layout


def show_plan(options: DeadcheckOptions, reports: "Reports", session: "Session") -> ExitStatus:
    """Print how many samples a verdict about --plan units needs."""
    from actcli.analysis.deadness.confidence import samples_needed
    from actcli.analysis.sparse.experts import samples_until
    from actcli.render.deadness.plan import SamplePlan, write_plan

    units, settings = options.plan or 0, options.settings
    if options.until is None:
        samples = samples_needed(units, settings.rare, settings.confidence)
    else:
        samples = samples_until(options.until, settings.rare, units, settings.confidence)
    session.writes()
    plan = SamplePlan(units, settings.rare, settings.confidence, samples, options.until)
    for layout in reports.layouts:
        write_plan(plan, layout, session.terminal)
    return ExitStatus.DONE


def check_sources(mode: str, options: DeadcheckOptions, reports: "Reports", session: "Session") -> ExitStatus:
    """Watch the sources to their end, write the report, and return the exit status.

    Mistakes on the command line are reported before anything is read: UsageError. Raises DataError for a file that
    cannot be read, or does not hold what it should. After Ctrl-C the results so far are printed.
    """
    require_latent_files(options)
    require_writable_files(options, reports)
    old = read_earlier(options.against, session.memory)
    sources = open_sources(mode, options, session)
    try:
        if options.prune is not None:
            from actcli.commands.deadcheck.pruning.run import require_apart_from_weights

            require_apart_from_weights(options.prune, sources)
        return _check(mode, sources, old, options, reports, session)
    except DataError as error:
        from actcli.commands.deadcheck.shards import save_partial

        raise save_partial(error, options) from error
    finally:
        sources.close()


def _check(
    mode: str,
    sources: Sources,
    old: "tuple[LayerState, ...] | None",
    options: DeadcheckOptions,
    reports: "Reports",
    session: "Session",
) -> ExitStatus:
    """Watch open sources to their end, write the report, and return the exit status."""
    session.writes()
    snapshot, ending = follow_sources(sources, session)
    if ending.complete:
        sources.require_used(snapshot.states)
        _require_samples(options, snapshot)
    if options.start is not None:
        from actcli.analysis.deadness.unit_state import place_at

        placed_states = {name: place_at(state, options.start) for name, state in snapshot.states.items()}
        snapshot = replace(snapshot, states=placed_states)
    findings = make_findings(options, options.settings, sources, snapshot, ending, old)
    if sources.prove is not None and ending.complete:
        findings = replace(findings, proof=sources.prove(findings.report))
    pruned = None
    if options.prune is not None and ending.complete:
        from actcli.commands.deadcheck.pruning.run import prune

        pruned = prune(options.prune, findings, sources, session)
        findings = replace(findings, pruning=pruned.result)
    saved = tuple(snapshot.states.values())
    if mode != "statistics" and options.start is None:
        # where this part begins in the whole data is unknown
        saved = tuple(replace(state, start=None) for state in saved)
    others: list[Callable[[], None]] = [] if pruned is None else [pruned.write]
    if options.wakes is not None and findings.proof is not None:
        from actcli.render.deadness.proof.wake_file import write_wakes

        others.append(partial(write_wakes, findings.proof, options.wakes, session.terminal))
    kept = ""
    if not ending.complete and sources.partial is not None:
        from actcli.commands.deadcheck.shards import keep

        kept = keep(sources.partial(), options)
    _write(options, findings, reports, session, saved, sources.part_of, others, kept)
    return exit_status(findings) if pruned is None else pruned.status(exit_status(findings))


def _require_samples(options: DeadcheckOptions, snapshot: "Snapshot") -> None:
    """Raise DataError where there is no sample at all, unless that is to be saved as a part of more."""
    if (
        options.save_state is None
        and snapshot.states
        and not any(s.samples for s in snapshot.states.values())
    ):
        raise DataError(
            f"{', '.join(options.sources[:3])}: 0 samples, nothing to judge; --save-state saves them as a part of more"
        )


def read_earlier(path: str | None, memory: int | None) -> "tuple[LayerState, ...] | None":
    """Return the statistics of --against, of a timeline those of its last epoch; None without.

    Raises DataError for any other file.
    """
    if path is None:
        return None
    from actcli.sources.records.state_file import read_state
    from actcli.sources.records.timeline_file import is_timeline, read_timeline

    return read_timeline(path, memory).last.states if is_timeline(path) else read_state(path, memory)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the reading ended: all samples were seen (complete), or the verdict was certain earlier (stopped)."""

    complete: bool
    stopped: bool = False


def follow_sources(sources: Sources, session: "Session") -> "tuple[Snapshot, Ending]":
    """Pull the statistics to their end; after a second, a bar on stderr shows how far they are.

    --stop-when-certain ends earlier, and so does Ctrl-C if there are statistics by then. Raises DataError where there
    is nothing at all.
    """
    from actcli.render.deadness.wording import shard_facts
    from actcli.render.output.progress_loop import follow, open_bar

    certainty = sources.certainty
    run = follow(
        sources.steps,
        open_bar(session.terminal, facts=shard_facts),
        by_part=True,
        nothing="there is no activation in the sources",
        usable=lambda snapshot: bool(snapshot.states),
        until=lambda snapshot: certainty is not None and certainty.reached(snapshot),
    )
    last = run.last
    stopped = run.sufficed and (last.total is None or last.done < last.total)
    return last, Ending(not run.interrupted, stopped or (certainty is not None and certainty.cut))


def make_findings(
    options: DeadcheckOptions,
    settings: "Settings",
    sources: Sources,
    snapshot: "Snapshot",
    ended: Ending,
    old: "tuple[LayerState, ...] | None",
) -> "Findings":
    """Return the report of the statistics, judged by the limit and compared with the earlier statistics."""
    from actcli.analysis.deadness.report import judge_limits, make_report
    from actcli.render.deadness.findings import Findings
    from actcli.render.deadness.report import worst_first

    report = make_report(
        snapshot.states.values(),
        settings,
        ops=sources.ops,
        unobserved=sources.unobserved,
        notes=sources.notes(snapshot.states),
    )
    report = _with_causes(report, sources.weights)
    # a part of the data gives no verdict, and is not compared with older statistics of all of it
    if old is not None and ended.complete:
        from actcli.analysis.deadness.since import find_change

        report = replace(report, change=find_change(old, tuple(snapshot.states.values()), settings))
    judgement = judge_limits(report, options.limits) if options.limits and ended.complete else None
    return Findings(
        report=worst_first(report) if options.sort else report,
        judgement=judgement,
        limits=options.limits,
        noise=options.random,
        complete=ended.complete,
        stopped=ended.stopped,
        fail_on_unobserved="unobserved" in options.fail_on,
        fail_on_newly_dead="newly-dead" in options.fail_on,
    )


def _with_causes(report: "Report", weights: "Mapping[str, Weights]") -> "Report":
    if not weights:
        return report
    from actcli.analysis.deadness.causes import explain

    return replace(report, layers=explain(report.layers, weights))


def _write(
    options: DeadcheckOptions,
    findings: "Findings",
    reports: "Reports",
    session: "Session",
    saved: "tuple[LayerState, ...]",
    part_of: "Callable[[], str]",
    others: "Sequence[Callable[[], None]]" = (),
    kept: str = "",
) -> None:
    """Write the statistics, other files, then the report, and to stderr the sentences that the screen does not show.

    After an interruption no file is written: files are complete. `kept` says what was saved before, as a part.
    """
    from actcli.render.deadness.findings import View
    from actcli.render.deadness.pruned import pruned_parts
    from actcli.render.deadness.report import write_findings

    terminal, complete = session.terminal, findings.complete

    def save() -> None:
        if complete and options.save_state is not None:
            from actcli.render.deadness.state_file import write_state

            write_state(saved, options.save_state, part_of())

    def report(layout: "Layout") -> None:
        view = View(
            options.units,
            options.map,
            sentences=not layout.is_piped_table(terminal),
            rates=not shows_decades(options),
            parts=(*page_parts(options), *pruned_parts(findings)),
            paper=reports.paper,
        )
        write_findings(findings, view, layout, terminal)

    files = latent_writers(options, findings.report, terminal) if complete else ()
    write_each(save, *others, *files, *reports.writers(report, complete=complete))
    on_screen = reports.is_on_screen(terminal)
    if not complete:
        written = options.save_state if kept else None
        unwritten = [name for name in files_written(options, reports) if name != written]
        reports.say_interrupted(unwritten, terminal)
        if kept:
            terminal.say(f"actcli: {kept}.")
    reports.say(_sentences(findings, on_screen=on_screen), terminal)


def _sentences(findings: "Findings", *, on_screen: bool) -> list[str]:
    """Return the sentences for stderr: the verdict, or only the warning of noise if the screen shows the rest."""
    from actcli.render.deadness.verdict import verdict

    # the interruption has a line of its own, which also names the files that were not written
    sentences = verdict(replace(findings, complete=True))
    return sentences[: findings.noise is not None] if on_screen else sentences


def exit_status(findings: "Findings") -> ExitStatus:
    """Return the exit status that findings end the program with."""
    if not findings.complete:
        return ExitStatus.INTERRUPTED
    if findings.fails_by_unobserved or findings.fails_by_newly_dead:
        return ExitStatus.FOUND
    if findings.judgement is None or findings.judgement.status == "fine":
        return ExitStatus.DONE
    return ExitStatus.FOUND if findings.judgement.status == "found" else ExitStatus.NOT_ENOUGH_DATA
