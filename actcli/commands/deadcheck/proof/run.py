"""`deadcheck model.onnx --prove BOX` without data: what is proved, and nothing else."""

from functools import partial
from typing import TYPE_CHECKING

from actcli.commands.deadcheck.files import require_writable_files
from actcli.exits import ExitStatus
from actcli.render.output.destinations import write_each

if TYPE_CHECKING:
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session


def show_proof(options: "DeadcheckOptions", reports: "Reports", session: "Session") -> ExitStatus:
    """Print which units of a model are proved dead, constant or linear on the box of --prove."""
    from actcli.commands.deadcheck.proof.proving import prove_model
    from actcli.render.deadness.proof.document import require_proof_format, write_proof
    from actcli.render.deadness.proof.sentences import proof_sentences
    from actcli.sources.onnx import open_model

    if options.prove is None:
        raise TypeError("a proof needs a box")
    for form in reports.formats:
        require_proof_format(form)
    require_writable_files(options, reports)
    session.isolate(options.sources[0], session.memory)
    model = open_model(options.sources[0], session.memory)
    proof = prove_model(model, options.prove, session.memory)
    session.writes()
    ops = {layer.name: layer.op for layer in model.layers}
    write = partial(write_proof, proof, ops, model.unobserved, terminal=session.terminal, units=options.units)
    write_each(*reports.writers(write, complete=True))
    if not reports.is_on_screen(session.terminal):
        reports.say(proof_sentences(proof, model.unobserved), session.terminal)
    return ExitStatus.DONE
