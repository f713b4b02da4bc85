"""The way `deadcheck` is used: on recorded arrays, statistics files or a model, with --train, --born-dead or --plan."""

import os
from typing import TYPE_CHECKING

from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.deadcheck.limits import require_fail_on
from actcli.commands.deadcheck.options import MODES_IN_WORDS
from actcli.commands.deadcheck.proof.options import refuse_without_data
from actcli.exits import UsageError
from actcli.remote import is_url
from actcli.render.figure.page import DRAWN
from actcli.sources.number_request import suffix_of

if TYPE_CHECKING:
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports

_MODEL = ".onnx"
_FOREIGN = {
    **dict.fromkeys((".keras", ".pb"), ("Keras or TensorFlow", "model.export, tf2onnx")),
    ".tflite": ("TensorFlow Lite", "tf2onnx --tflite"),
}
"""Model files that cannot be read and that their first bytes do not tell, by suffix: whose they are, and what converts
them."""
_LIST_UNITS = {"json", "jsonl", "junit", "html"}
_ARTICLES = {
    "arrays": "a record of activations",
    "statistics": "a statistics file",
    "timeline": "a timeline",
    "model": "a model",
}


def choose_mode(options: "DeadcheckOptions") -> str:
    """Return how the command is used, a key of MODES_IN_WORDS.

    Raises UsageError for no source, for sources of several kinds, and for options that do not go together.
    """
    mode = (
        "training"
        if options.train
        else "born-dead"
        if options.born_dead
        else "plan"
        if options.plan is not None
        else _mode_of_follow(options.sources)
        if options.follow
        else "timeline"
        if options.timeline
        else _kind_of_all(options.sources)
    )
    refuse_conflicts(options, mode, MODES_IN_WORDS)
    require_fail_on(options.fail_on, options.against, mode)
    _ = options.limits  # what is no share is refused before anything is read
    if mode == "model":
        if options.data is None and options.random is None and options.prove is None:
            raise UsageError(
                f"{options.sources[0]} needs inputs: --data FILE, or --random N for a trial run with noise; "
                "--prove BOX alone needs none"
            )
        refuse_without_data(options)
        if options.seed is not None and options.random is None:
            raise UsageError("--seed needs --random N; --data has no seed")
    if options.quick and options.definition == "deepdiagnosis":
        raise UsageError(
            "--quick does not go with --definition deepdiagnosis, which counts zeros; leave one out"
        )
    if mode == "arrays" and options.function_files and not options.activations:
        raise UsageError("--functions needs --activation SPEC, which names one of its functions")
    return mode


def refuse_unfit_reports(mode: str, options: "DeadcheckOptions", reports: "Reports") -> None:
    """Raise UsageError for --map and --units where no form of output has a place for them, and for unfit pictures."""
    forms = reports.formats
    drawn = sorted(forms & set(DRAWN))
    proof_alone = options.prove is not None and options.data is None
    if drawn and (mode in {"training", "born-dead", "plan"} or proof_alone or options.gamma):
        raise UsageError(
            f"-o FILE.{drawn[0]} draws the units of recorded activations, of a model or of a timeline, and there are "
            "none; use .html, .md or .json"
        )
    if options.units and forms and forms <= {*DRAWN}:
        raise UsageError(
            f"--units lists units; {' and '.join(drawn)} has no place for them: use .csv or .html"
        )
    if options.map and forms and not forms & {"table", *DRAWN}:
        raise UsageError(f"--map needs --format table; {' and '.join(sorted(forms))} has no place for it")
    for option, wanted in (("--decades", options.decades), ("--experts", options.experts)):
        if wanted and forms and "table" not in forms:
            form = " and ".join(sorted(forms))
            raise UsageError(f"{option} needs --format table; for {form} there is --densities FILE")
    if options.units and forms and forms <= _LIST_UNITS:
        raise UsageError(
            f"--units does not go with {' and '.join(sorted(forms))}, which lists units anyway; leave it out"
        )


def _mode_of_follow(sources: tuple[str, ...]) -> str:
    if len(sources) != 1:
        raise UsageError(
            "--follow takes one SOURCE: a timeline that another program writes, or - for a stream"
        )
    return "stream" if sources[0] == "-" else "timeline"


def _kind_of_all(sources: tuple[str, ...]) -> str:
    if not sources:
        raise UsageError(
            "SOURCE is missing: name recorded activations, statistics files or a model.onnx; "
            "--train, --born-dead and --plan need none"
        )
    kinds = {source: _kind_of(source) for source in sources}
    (first, kind), *others = kinds.items()
    for source, other in others:
        if other != kind:
            raise UsageError(
                f"{first} is {_ARTICLES[kind]} and {source} is {_ARTICLES[other]}; one kind at a time"
            )
    if kind in {"model", "timeline"} and len(sources) > 1:
        raise UsageError(f"one {kind} at a time: {sources[0]} or {sources[1]}")
    return kind


def _kind_of(source: str) -> str:
    suffix = suffix_of(source)
    if suffix in _FOREIGN:
        owner, converter = _FOREIGN[suffix]
        raise UsageError(
            f"{source}: {owner} files cannot be read. Export the model to ONNX ({converter}) and give it with "
            "--data, or record its activations as .npz with the hook in docs/deadcheck.md"
        )
    if suffix == _MODEL:
        return "model"
    if os.path.isfile(source) or is_url(source):  # noqa: PTH113 - a stat without loading pathlib
        from actcli.sources.records.packed_arrays import OWN_MEMBER, member_names

        if not any(name.startswith(OWN_MEMBER) for name in member_names(source)):
            return "arrays"
        from actcli.sources.records.state_file import is_state
        from actcli.sources.records.timeline_file import is_timeline

        if is_state(source):
            return "statistics"
        if is_timeline(source):
            return "timeline"
        from actcli.cluster.partial import is_partial

        if is_partial(source):
            raise UsageError(
                f"{source}: holds statistics of a run that did not end; go on with the same sources and "
                f"--resume {source}"
            )
    elif not os.path.exists(source):  # noqa: PTH110 - likewise
        _refuse_function(source)
    return "arrays"


def _refuse_function(source: str) -> None:
    """Raise UsageError where a function's name stands for a file."""
    import shlex

    from actcli.activations.resolve import is_name

    if is_name(source):
        word = shlex.quote(source)
        raise UsageError(
            f"{source} is a function, and deadcheck looks into networks: actcli info {word} shows where its slope "
            f"is 0, deadcheck --train {word} trains networks with it"
        )
