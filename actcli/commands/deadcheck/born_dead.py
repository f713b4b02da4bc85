"""`deadcheck --born-dead`: the risk that a network is dead before training."""

from typing import TYPE_CHECKING

from actcli.commands.deadcheck.limits import bare_limit
from actcli.commands.deadcheck.options import ACCEPTABLE, DeadcheckOptions
from actcli.exits import ExitStatus, UsageError

if TYPE_CHECKING:
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session


def show_born_dead(options: DeadcheckOptions, reports: "Reports", session: "Session") -> ExitStatus:
    """Print the risk of networks of these shapes, by formula and measured; FOUND if it is above the limit."""
    from actcli.analysis.deadness.born_dead import risks_by_depth
    from actcli.commands import training_options as training
    from actcli.render.deadness.born_dead import write_born_dead

    limit = bare_limit(options.limits, "--born-dead")
    if limit in {0, 1}:
        raise UsageError(
            "--fail-above needs a risk between 0% and 100% with --born-dead; no width has either"
        )
    session.writes()
    risks = list(
        risks_by_depth(
            options.width or training.WIDTH,
            options.depths or (training.DEPTH,),
            ACCEPTABLE if limit is None else limit,
            training.SEED if options.seed is None else options.seed,
        )
    )
    for layout in reports.layouts:
        write_born_dead(risks, layout, session.terminal)
    above = limit is not None and any(one.risk > limit for one in risks)
    return ExitStatus.FOUND if above else ExitStatus.DONE
