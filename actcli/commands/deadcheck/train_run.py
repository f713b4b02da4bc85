"""`deadcheck --train`: networks that are trained to see their units die."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from actcli.commands.cluster import cluster_of, share
from actcli.commands.deadcheck.files import files_written, require_writable_files
from actcli.commands.deadcheck.limits import bare_limit
from actcli.commands.deadcheck.options import ACCEPTABLE, DeadcheckOptions
from actcli.exits import DataError, ExitStatus, UsageError
from actcli.render.output.destinations import write_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.training.dataset import Dataset
    from actcli.analysis.training.dying import TrainedCourses, TrainingStep
    from actcli.analysis.training.population import Train
    from actcli.analysis.training.stack import Stack
    from actcli.analysis.training.trial import Trial
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session
    from actcli.render.deadness.dying_records import Deaths
    from actcli.render.output.layout import Layout
    from actcli.render.training.recording import Recording


def check_training(options: DeadcheckOptions, reports: "Reports", session: "Session") -> ExitStatus:
    """Train, write the fate of the units, and return the exit status.

    Mistakes on the command line are reported before anything is trained: UsageError. Raises DataError for data that
    cannot be read and files that cannot be written. After Ctrl-C the results so far are printed.
    """
    from actcli.analysis.training.fates import first_rates
    from actcli.analysis.training.stack import parse_stack
    from actcli.commands.deadcheck.run import read_earlier
    from actcli.commands.training_options import RATES, describe_trial
    from actcli.render.output.progress_loop import follow, open_bar

    stacks = tuple(parse_stack(spec) for spec in options.train)
    recording = _require_files(options, reports, stacks[0])
    settings = options.settings
    old = read_earlier(options.against, session.memory)
    trial, data = describe_trial(options, stacks, session)
    if options.find_limit and options.rates is None:
        usual = RATES[trial.plan.optimizer]
        trial = replace(trial, rates=first_rates(usual))
    limit = None
    if options.find_limit:
        typed = bare_limit(options.limits, "--find-limit")
        limit = ACCEPTABLE if typed is None else typed
    for pattern in [one.pattern for one in options.limits if one.pattern is not None]:
        _require_layer(pattern, stacks, trial)
    steps = _start(stacks, data, trial, limit, options, session)
    session.writes()
    run = follow(
        steps,
        open_bar(session.terminal, counts=False),
        by_part=True,
        nothing="nothing was trained",
        usable=lambda step: bool(step.so_far.courses),
    )
    dying, complete = run.last.so_far, not run.interrupted
    if limit is not None:
        # the limit is the goal of the search, not a verdict on the rates that were tried
        options = replace(options, limits_typed=())
    deaths = _deaths(options, dying, complete, settings, old)
    return _write(deaths, options, recording, reports, session)


def _require_layer(pattern: str, stacks: "tuple[Stack, ...]", trial: "Trial") -> None:
    """Raise UsageError for a pattern that matches no layer to be trained; rates yet to be found are not checked."""
    from fnmatch import fnmatchcase

    from actcli.analysis.training.dying import layer_name
    from actcli.analysis.training.fates import Course

    if not trial.rates:
        return
    names = [
        layer_name(Course(stack, depth, rate), layer, trial)
        for stack in stacks
        for depth in trial.depths
        for rate in trial.rates
        for layer in range(depth)
    ]
    if not any(name == pattern or fnmatchcase(name, pattern) for name in names):
        raise UsageError(f"{pattern!r}: matches no layer; the first will be {names[0]!r}")


def _require_files(options: DeadcheckOptions, reports: "Reports", first: "Stack") -> "Recording | None":
    """Return the recording of --record; None without. Raises UsageError and DataError for unfit output files."""
    from actcli.render.training.export import require_form
    from actcli.render.training.recording import Recording

    if options.export is not None:
        require_form(options.export, first.functions)
    require_writable_files(options, reports)
    return None if options.record is None else Recording(options.record)


def _start(
    stacks: "tuple[Stack, ...]",
    data: "Dataset",
    trial: "Trial",
    limit: float | None,
    options: DeadcheckOptions,
    session: "Session",
) -> "Iterator[TrainingStep]":
    from actcli.analysis.training.dying import find_limits, watch_dying

    def start(elsewhere: "Train | None" = None) -> "Iterator[TrainingStep]":
        if limit is None:
            return watch_dying(stacks, data, trial, session.threads, elsewhere)
        return find_limits(stacks, data, trial, limit, session.threads, elsewhere)

    address = cluster_of(options.cluster, session)
    if address is None:
        return start()
    from actcli.cluster.training import train_on

    return share(
        address, session, options.function_files, lambda workers: start(partial(train_on, workers, True))
    )


def _deaths(
    options: DeadcheckOptions,
    dying: "TrainedCourses",
    complete: bool,
    settings: "Settings",
    old: "tuple[LayerState, ...] | None",
) -> "Deaths":
    """Return the report of the networks at the end, with the sentences about how they got there."""
    from actcli.analysis.deadness.watching import Snapshot
    from actcli.commands.deadcheck.run import Ending, make_findings
    from actcli.commands.deadcheck.sources import Sources
    from actcli.render.deadness.dying_records import Deaths
    from actcli.render.deadness.dying_sentences import training_sentence

    fates, thresholds = dying.fates(), dying.thresholds()
    sentences = training_sentence(dying, fates, thresholds)
    sources = Sources(iter(()), {}, (), dying.weights(), (), lambda _: sentences)
    snapshot = Snapshot(1, 1, "training", dying.states())
    findings = replace(
        make_findings(options, settings, sources, snapshot, Ending(complete), old), trained=True
    )
    return Deaths(findings, dying, fates, thresholds)


def _write(
    deaths: "Deaths",
    options: DeadcheckOptions,
    recording: "Recording | None",
    reports: "Reports",
    session: "Session",
) -> ExitStatus:
    """Write the files, then the report, and to stderr what the form has no line for; return the exit status.

    After an interruption only --record is written, since it shows itself how far each network came.
    """
    from actcli.commands.deadcheck.run import exit_status
    from actcli.render.deadness.dying_screen import death_sentences, write_deaths
    from actcli.render.deadness.findings import View

    terminal, complete = session.terminal, deaths.findings.complete

    def record() -> None:
        if recording is not None:
            recording.histories = deaths.courses.histories()
            recording.write()

    def report(layout: "Layout") -> None:
        view = View(options.units, options.map, sentences=not layout.is_piped_table(terminal))
        write_deaths(deaths, view, layout, terminal)

    exports = _exports(deaths, options) if complete else ()
    write_each(record, *exports, *reports.writers(report, complete=complete))
    if not reports.is_on_screen(terminal):
        reports.say(death_sentences(deaths), terminal)
    if not complete:
        unwritten = " and ".join(files_written(options, reports))
        if unwritten:
            terminal.say(f"actcli: {unwritten} not written")
    return exit_status(deaths.findings)


def _exports(deaths: "Deaths", options: DeadcheckOptions) -> "Iterator[Callable[[], None]]":
    """Yield the writers of the statistics, the held-out samples and the first network."""
    dying = deaths.courses
    if options.save_state is not None:
        from actcli.render.deadness.state_file import write_state

        states = tuple(layer.state for layer in deaths.findings.report.layers)
        yield partial(write_state, states, options.save_state)
    if options.export_data is not None:
        from actcli.render.training.export import write_samples

        yield partial(write_samples, dying.data.test_x, options.export_data)
    if options.export is not None:
        yield partial(_export, dying, options.export)


def _export(dying: "TrainedCourses", path: str) -> None:
    """Write the first network. Raises DataError for a diverged one."""
    from actcli.render.training.export import TrainedNetwork, write_network

    first = dying.courses[0]
    if dying.has_diverged(first):
        raise DataError(
            f"cannot write {path}: the network of {first.stack.spec} at lr {first.rate:g} has diverged; "
            "its weights are not finite"
        )
    weights, biases, learned = dying.network(first)
    functions = [
        replace(f, parameters={**f.parameters, **own})
        for f, own in zip(map(first.stack.at, range(first.depth)), learned, strict=True)
    ]
    write_network(TrainedNetwork(weights, biases, functions, dying.trial.plan.residual), path)
