"""`actcli compare`: which activation function, with which parameter, by what matters."""

from typing import TYPE_CHECKING

from actcli.commands.build import build_command
from actcli.commands.compare.options import CompareOptions
from actcli.commands.conflicts import refuse_conflicts

if TYPE_CHECKING:
    from actcli.commands.session import Session
    from actcli.exits import ExitStatus

EPILOG = """\
Examples:
  actcli compare relu gelu silu
  actcli compare relu/relu/tanh gelu --by gradients --init he,xavier --plot
  actcli compare leaky_relu --sweep alpha=0.01:0.5:8 --by gradients --sort gradient_decades
  actcli compare relu leaky_relu silu tanh --by training --lr auto --plot
  actcli compare torch.gelu jax.gelu --by values -i activations.npy
  actcli compare gelu --by precision -i x.npy --against mine.npy --max-ulp 2
  actcli compare relu gelu --by speed --with torch
"""


def compare_functions(options: CompareOptions, session: "Session") -> "ExitStatus":
    """Compare activation functions by what matters: training, gradients, precision, speed.

    A table of the measurements, the best marked. A bar shows the progress of a
    long measurement; Ctrl-C ends it and prints the results so far.
    """
    from actcli.commands.compare.contenders import find_contenders
    from actcli.commands.compare.modes import WAYS, WAYS_IN_WORDS, Contest, require_chart, require_enough
    from actcli.commands.compare.report import choose_reports, follow_and_write, open_recording
    from actcli.commands.functions import load_functions, specifications, tell_rewritings

    way = options.by or "summary"
    refuse_conflicts(options, way, WAYS_IN_WORDS)
    reports = choose_reports(options, session.terminal)
    recording = open_recording(options.record, options.outputs)
    load_functions(options.function_files, session.terminal)
    stacks = find_contenders(
        specifications(options.functions, options), options.sweeps, may_be_stacks=WAYS[way].stacks
    )
    tell_rewritings((f for stack in stacks for f in stack.functions), session.terminal)
    contest = Contest(options, stacks, session, recording)
    require_enough(way, contest)
    if options.plot:
        require_chart(way, contest)
    steps = WAYS[way].steps(contest)
    session.writes()
    return follow_and_write(steps, reports, session, recording)


command = build_command("compare", CompareOptions, compare_functions, epilog=EPILOG)
