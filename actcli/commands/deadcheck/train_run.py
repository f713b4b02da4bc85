"""`deadcheck --train` and `--born-dead`: networks that are trained, or drawn, to see their units die."""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.commands.deadcheck.request import Request, require_folders
from actcli.exits import DataError, ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.training.dataset import Dataset
    from actcli.analysis.training.dying import TrainedCourses, TrainingStep
    from actcli.analysis.training.stack import Stack
    from actcli.analysis.training.trial import Trial
    from actcli.commands.session import Session
    from actcli.commands.training_options import TrainingAsked
    from actcli.render.deadness.dying_text import Deaths
    from actcli.render.output.layout import Layout
    from actcli.render.training.recording import Recording

ACCEPTABLE = 0.05
"""The dead share, or the risk, that is accepted where --fail-above does not say it."""

_OF_ANY_RUN = {"color", "threads", "debug", "format_", "output", "fail_above"}
_OF_BORN_DEAD = {"born_dead", "depth", "width", "seed"} | _OF_ANY_RUN
_OF_TRAINING = {
    "train", "find_limit", "export", "export_data", "epochs", "lr", "optimizer", "target", "decay", "learn", "depth",
    "width", "seeds", "init", "record",
}  # fmt: skip
_NOT_OF_TRAINING = {
    "sources": "a training makes its own activations",
    "recorded": "a training knows its pre-activations",
    "activation": "--train names the activation",
    "unit_axis": "a training knows its units",
    "random": "a training has data",
    "limit": "a training has data of its own size",
    "stop_when_certain": "a training is judged at its end",
    "plan": "it looks at no data",
    "born_dead": "it is about networks that are not trained",
}


@dataclass(frozen=True, slots=True)
class Training:
    """What is asked of a training besides the report; None where an option was not given."""

    functions: tuple[str, ...]
    asked: "TrainingAsked"
    find_limit: bool = False
    export: str | None = None
    export_data: str | None = None
    record: str | None = None


def mode_of(context: "typer.Context") -> str | None:
    """`train`, `born_dead`, or None for sources. Raises UsageError for an option of another mode than is asked for."""
    given = _given(context)
    mode = next((name for name in ("train", "born_dead") if name in given), None)
    for name, typed in given.items():
        if mode is None and name in _OF_TRAINING:
            raise UsageError(
                f"{typed} belongs to --train FUNCTION, which trains the networks that are watched"
            )
        if mode == "train" and name in _NOT_OF_TRAINING:
            raise UsageError(f"{typed} does not go with --train: {_NOT_OF_TRAINING[name]}; leave it out")
        if mode == "born_dead" and name not in _OF_BORN_DEAD:
            raise UsageError(
                f"{typed} does not go with --born-dead; leave it out: --width, --depth, --seed and --fail-above do"
            )
    return mode


def _given(context: "typer.Context") -> Mapping[str, str]:
    """The parameters on this command line, and how they are typed."""
    return {
        str(parameter.name): max(parameter.opts, key=len)
        if parameter.param_type_name == "option"
        else f"SOURCE {context.params[str(parameter.name)][0]}"
        for parameter in context.command.params
        if context.params.get(str(parameter.name)) not in (None, False, [], ())
    }


def show_born_dead(
    width: int | None,
    depth: str | None,
    seed: int | None,
    limit: float | None,
    layout: "Layout",
    session: "Session",
) -> ExitStatus:
    """Print the risk of networks of these shapes, by formula and measured; FOUND where it is above the limit."""
    from actcli.analysis.deadness.born_dead import risks_by_depth
    from actcli.commands import training_options as training
    from actcli.render.deadness.born_dead import write_born_dead

    if limit in {0, 1}:
        raise UsageError(
            "--fail-above: a risk between 0% and 100% is wanted for --born-dead; no width has none"
        )
    depths = (training.DEPTH,) if depth is None else training.depths_in(depth, training.MOST_DEPTH)
    session.writes()
    risks = list(
        risks_by_depth(
            training.WIDTH if width is None else width,
            depths,
            ACCEPTABLE if limit is None else limit,
            training.SEED if seed is None else seed,
        )
    )
    write_born_dead(risks, layout, session.terminal)
    above = limit is not None and any(one.risk > limit for one in risks)
    return ExitStatus.FOUND if above else ExitStatus.DONE


def check_training(asked: Request, training: Training, layout: "Layout", session: "Session") -> ExitStatus:
    """Train, write what became of the units, and say how it ends.

    What is wrong with the command line is said before anything is trained: UsageError. DataError for data that
    cannot be read and files that cannot be written. After Ctrl-C what is known by then is printed.
    """
    from actcli.analysis.training.fates import first_rates
    from actcli.analysis.training.stack import parse_stack
    from actcli.commands.deadcheck.run import earlier
    from actcli.commands.training_options import RATES, trial_of

    _refuse(asked, training, layout)
    stacks = tuple(parse_stack(spec) for spec in training.functions)
    recording = _require_files(asked, training, layout, stacks[0])
    settings = asked.settings
    old = earlier(asked.against)
    trial, data = trial_of(training.asked, stacks, session.terminal)
    if training.find_limit and training.asked.rate is None:
        usual = RATES[trial.plan.optimizer]
        trial = replace(trial, rates=first_rates(usual))
    _require_layer(asked.layer, stacks, trial)
    limit = (ACCEPTABLE if asked.fail_above is None else asked.fail_above) if training.find_limit else None
    moments = _moments(stacks, data, trial, limit, session.threads)
    session.writes()
    dying, complete = _followed(moments, session)
    if limit is not None:
        # the limit is what is looked for, not what the rates tried are judged by
        asked = replace(asked, fail_above=None)
    deaths = _deaths(asked, dying, complete, settings, old)
    return _written(deaths, asked, training, recording, layout, session)


def _refuse(asked: Request, training: Training, layout: "Layout") -> None:
    """Raise UsageError for options of which one takes away what another asks for."""
    from actcli.commands.deadcheck.request import refuse_alone

    # --seed is the training's here
    refuse_alone(replace(asked, seed=None), layout)
    if training.find_limit:
        for option, given in (
            ("--layer", asked.layer),
            ("--definition", asked.definition),
            ("--export", training.export),
        ):
            if given is not None:
                raise UsageError(
                    f"{option} does not go with --find-limit, which tries many rates; leave it out"
                )


def _require_layer(pattern: str | None, stacks: "tuple[Stack, ...]", trial: "Trial") -> None:
    """Raise UsageError for a --layer that no layer to be trained matches; rates that are to be found are not known."""
    from fnmatch import fnmatchcase

    from actcli.analysis.training.dying import layer_name
    from actcli.analysis.training.fates import Course

    if pattern is None or not trial.rates:
        return
    names = [
        layer_name(Course(stack, depth, rate), layer, trial)
        for stack in stacks
        for depth in trial.depths
        for rate in trial.rates
        for layer in range(depth)
    ]
    if not any(name == pattern or fnmatchcase(name, pattern) for name in names):
        raise UsageError(f"--layer {pattern!r}: no layer will be called so; the first is {names[0]!r}")


def _require_files(
    asked: Request, training: Training, layout: "Layout", first: "Stack"
) -> "Recording | None":
    """Raise UsageError or DataError now for a file that cannot be written later; the recording, where there is one."""
    from actcli.render.output.outfile import require_writable
    from actcli.render.training.export import require_form
    from actcli.render.training.recording import Recording

    require_folders(asked, layout)
    if training.export is not None:
        require_form(training.export, first.functions)
        require_writable(training.export)
    if training.export_data is not None:
        if not training.export_data.lower().endswith(".npy"):
            raise UsageError(
                f"--export-data {training.export_data!r}: samples go to a file that ends in .npy"
            )
        require_writable(training.export_data)
    recording = None if training.record is None else Recording(training.record)
    files = [layout.path, asked.save_state, training.export, training.export_data, training.record]
    named = [os.path.realpath(name) for name in files if name is not None]
    twice = [name for place, name in enumerate(named) if name in named[:place]]
    if twice:
        raise UsageError(f"two options name the file {twice[0]}; give each its own")
    return recording


def _moments(
    stacks: "tuple[Stack, ...]", data: "Dataset", trial: "Trial", limit: float | None, threads: int
) -> "Iterator[TrainingStep]":
    from actcli.analysis.training.dying import find_limits, watch_dying

    if limit is None:
        return watch_dying(stacks, data, trial, threads)
    return find_limits(stacks, data, trial, limit, threads)


def _followed(moments: "Iterator[TrainingStep]", session: "Session") -> "tuple[TrainedCourses, bool]":
    """Pull the training to its end, or to Ctrl-C; that is raised on where nothing is known yet."""
    import time

    from actcli.render.output.progress import Bar

    terminal = session.terminal
    bar = Bar(terminal, time.monotonic, counts=False) if terminal.stderr_is_tty else None
    known: TrainingStep | None = None
    since = time.monotonic()
    try:
        with closing(moments):  # type: ignore[type-var]
            for moment in moments:
                if known is not None and known.doing != moment.doing:
                    since = time.monotonic()
                known = moment
                if bar is not None:
                    bar.show(moment.doing, moment.done, moment.total, since)
    except KeyboardInterrupt:
        if known is None or not known.so_far.courses:
            raise
        return known.so_far, False
    finally:
        if bar is not None:
            bar.clear()
    if known is None:
        raise DataError("nothing was trained")
    return known.so_far, True


def _deaths(
    asked: Request,
    dying: "TrainedCourses",
    complete: bool,
    settings: "Settings",
    old: "tuple[LayerState, ...] | None",
) -> "Deaths":
    """The report of the networks as they are at the end, with the sentences about how they came to that."""
    from actcli.analysis.deadness.watching import Watch
    from actcli.commands.deadcheck.run import Ending, findings_of
    from actcli.commands.deadcheck.sources import Sources
    from actcli.render.deadness.dying_text import Deaths, training_sentences

    fates, thresholds = dying.fates(), dying.thresholds()
    said = training_sentences(dying, fates, thresholds)
    sources = Sources(iter(()), {}, (), dying.weights(), (), lambda _: said)
    watch = Watch(1, 1, "training", dying.states())
    findings = replace(findings_of(asked, settings, sources, watch, Ending(complete), old), trained=True)
    return Deaths(findings, dying, fates, thresholds)


def _written(
    deaths: "Deaths",
    asked: Request,
    training: Training,
    recording: "Recording | None",
    layout: "Layout",
    session: "Session",
) -> ExitStatus:
    """The report and the files, and on stderr what the report's form has no line for; how it ends.

    After an interruption only --record is written: it says itself how far each network came.
    """
    from actcli.commands.deadcheck.run import exit_status
    from actcli.render.deadness.change import change_summary
    from actcli.render.deadness.dying import death_sentences, write_deaths
    from actcli.render.deadness.report import SAYS_IT_ITSELF
    from actcli.render.deadness.table import View
    from actcli.render.deadness.verdict import caution

    terminal, complete = session.terminal, deaths.findings.complete
    if recording is not None:
        recording.histories = deaths.dying.histories()
        recording.write()
    if complete or layout.path is None:
        write_deaths(deaths, View(asked.units, asked.map), layout, terminal)
    if complete:
        _export(deaths, asked, training)
    if layout.path is not None or layout.format not in SAYS_IT_ITSELF:
        for sentence in death_sentences(deaths):
            terminal.say(f"actcli: {sentence}")
        if deaths.findings.report.change is not None:
            terminal.say(f"actcli: {change_summary(deaths.findings.report.change)}")
    elif not terminal.stdout_is_tty:
        # a table on this very screen says it
        for sentence in caution(deaths.findings):
            terminal.say(f"actcli: {sentence}")
    if not complete:
        files = [layout.path, asked.save_state, training.export, training.export_data]
        unwritten = " and ".join(name for name in files if name is not None)
        if unwritten:
            terminal.say(f"actcli: {unwritten} not written")
    return exit_status(deaths.findings)


def _export(deaths: "Deaths", asked: Request, training: Training) -> None:
    """The statistics, the first network, and the samples it is to be fed. Raises DataError for a diverged network."""
    from actcli.render.training.export import TrainedNetwork, write_network, write_samples

    dying = deaths.dying
    if asked.save_state is not None:
        from actcli.render.deadness.state_file import write_state

        write_state(tuple(layer.state for layer in deaths.findings.report.layers), asked.save_state)
    if training.export_data is not None:
        write_samples(dying.data.test_x, training.export_data)
    if training.export is None:
        return
    first = dying.courses[0]
    if dying.has_diverged(first):
        raise DataError(
            f"cannot write {training.export}: the network of {first.stack.spec} at lr {first.rate:g} has diverged; "
            "its weights are no numbers any more"
        )
    weights, biases, learned = dying.network(first)
    functions = [
        replace(f, parameters={**f.parameters, **own})
        for f, own in zip(map(first.stack.at, range(first.depth)), learned, strict=True)
    ]
    write_network(TrainedNetwork(weights, biases, functions), training.export)
