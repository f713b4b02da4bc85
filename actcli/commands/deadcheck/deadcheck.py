"""`actcli deadcheck`: which units of a network are dead, with what confidence, and why."""

from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.commands.build import build_command
from actcli.commands.deadcheck.options import DeadcheckOptions
from actcli.exits import ExitStatus

if TYPE_CHECKING:
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli deadcheck activations.npz
  actcli deadcheck conv1='shards/*.npy' --recorded pre --activation gelu
  actcli deadcheck model.onnx --data images.npy --fail-above 5%
  actcli deadcheck model.onnx --data images.npy --save-state today.npz --against yesterday.npz
  actcli deadcheck model.onnx --data images.npy --prune smaller.onnx
  actcli deadcheck model.onnx --data images.npy --prove data
  actcli deadcheck part1.npz part2.npz --units
  actcli deadcheck run.npz
  actcli deadcheck --timeline epoch1.npz epoch2.npz epoch3.npz --units
  actcli deadcheck --follow run.npz
  actcli deadcheck latents.safetensors --sparse indices=idx,values=val,units=16384
  actcli deadcheck --plan 10000 --rare 0.001
  actcli deadcheck --train relu --train leaky_relu:0.1 --lr 0.01,0.1,1 --depth 3
  actcli deadcheck --train relu --find-limit
  actcli deadcheck --born-dead --width 2 --depth 9

Exit status:
  3    more units are dead than --fail-above allows, or some gave NaN or inf
  4    too few samples to tell; the message says how many are needed
"""


def find_dead_units(options: DeadcheckOptions, session: "Session") -> ExitStatus:
    """Find dead units in recorded activations or an ONNX model, with the evidence.

    A unit is dead when it fires on no sample: its activation passes no gradient
    on. The verdict names the largest firing probability that such silence still
    allows, and says when there are too few samples.
    """
    from actcli.commands.deadcheck.modes import choose_mode, refuse_unfit_reports
    from actcli.commands.deadcheck.reports import choose_reports
    from actcli.commands.functions import load_functions
    from actcli.commands.picture_options import choose_paper
    from actcli.sources.records.record_files import expand_patterns

    options = replace(options, sources=expand_patterns(options.sources))
    reports = choose_reports(options.format, options.outputs, session.terminal, quiet=options.quiet)
    reports = replace(reports, paper=choose_paper(options, reports.formats))
    if options.quiet:
        session.silence()
    mode = choose_mode(options)
    refuse_unfit_reports(mode, options, reports)
    load_functions(options.function_files, session.terminal)
    if mode == "training":
        from actcli.commands.deadcheck.train_run import check_training

        return check_training(options, reports, session)
    if mode == "born-dead":
        from actcli.commands.deadcheck.born_dead import show_born_dead

        return show_born_dead(options, reports, session)
    if options.follow:
        from actcli.commands.deadcheck.timeline.follow import follow_run

        return follow_run(mode, options, reports, session)
    if mode == "timeline":
        from actcli.commands.deadcheck.timeline.run import check_timeline

        return check_timeline(options, reports, session)
    if options.prove is not None and options.data is None:
        from actcli.commands.deadcheck.proof.run import show_proof

        return show_proof(options, reports, session)
    from actcli.commands.deadcheck.run import check_sources, show_plan

    if mode == "plan":
        return show_plan(options, reports, session)
    if options.gamma:
        from actcli.commands.deadcheck.gamma_run import show_gamma

        return show_gamma(mode, options, reports, session)
    return check_sources(mode, options, reports, session)


command = build_command("deadcheck", DeadcheckOptions, find_dead_units, epilog=EPILOG)
