"""`deadcheck model.onnx --data FILE --prune FILE`: the model without its dead units."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from actcli.exits import DataError, ExitStatus
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.pruning.result import Pruning
    from actcli.commands.deadcheck.sources import Sources
    from actcli.commands.session import Session
    from actcli.render.deadness.findings import Findings


@dataclass(frozen=True, slots=True)
class _PruningStep:
    """A moment of the work: how many samples are done, of how many."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """The end of an attempt to prune.

    Attributes:
        result: what went and what stayed; None where the smaller model was refused.
        write: writes the smaller model, or raises the DataError that says why there is none.
        ending: the exit status where the check itself found nothing: 4 for too few samples, 130 after Ctrl-C.

    """

    result: "Pruning | None"
    write: Callable[[], None]
    ending: ExitStatus = ExitStatus.DONE

    def status(self, of_check: ExitStatus) -> ExitStatus:
        """Return the exit status of the run: that of the check, unless this was interrupted or the check is fine."""
        return self.ending if self.ending == ExitStatus.INTERRUPTED or not of_check else of_check


def prune(target: str, findings: "Findings", sources: "Sources", session: "Session") -> Pruned:
    """Take the dead units of a report out of the model that was observed. Nothing is written yet.

    With a proof only units go that are proved dead, however few samples there are.
    """
    from actcli.analysis.pruning.candidates import join_layers, with_a_proof, with_enough_samples
    from actcli.analysis.pruning.result import Pruning
    from actcli.render.deadness.proof.sentences import box_in_words
    from actcli.render.output.progress_loop import open_bar
    from actcli.sources.onnx.pruning.prune import prune_model

    report, proof = findings.report, findings.proof
    model, samples = sources.model, sources.samples
    if model is None or samples is None:
        raise AssertionError(target)
    if not report.dead:
        return _refused(Pruning(target, ()), "no unit is dead")
    if proof is not None and not proof.holds_data:
        # what a unit gives outside the box need not be what it gives inside
        return _refused(Pruning(target, ()), "some of the data lie outside the box of --prove")
    units, others = with_enough_samples(report) if proof is None else with_a_proof(report, proof)
    needed = report.needed if others and proof is None else None
    if not units and proof is not None:
        return _refused(Pruning(target, others), "no dead unit is proved dead")
    if not units:
        few = f"{samples.samples:,} samples are too few to remove units, it takes {report.needed:,}"
        result = Pruning(target, others, needed=needed)
        words = f"actcli: {_unwritten(target)}: {few}"
        return Pruned(result, partial(session.terminal.say, words), ExitStatus.NOT_ENOUGH_DATA)
    bar, started = open_bar(session.terminal, counts=False), time.monotonic()

    def show(done: int, total: int) -> None:
        if bar is not None:
            bar.show(_PruningStep("removing dead units", done, total), started)

    try:
        data, result = prune_model(
            model,
            samples,
            units,
            target,
            batch=sources.batch,
            threads=session.threads,
            memory=session.memory,
            progress=show,
            on_box=proof is not None,
        )
    except DataError as error:
        return Pruned(None, _raising(error))
    except KeyboardInterrupt:  # the report is complete without it
        words = f"actcli: Interrupted: {_unwritten(target)}"
        return Pruned(None, partial(session.terminal.say, words), ExitStatus.INTERRUPTED)
    finally:
        if bar is not None:
            bar.clear()
    box = None if proof is None else box_in_words(proof)
    result = replace(result, layers=join_layers(result.layers, others), needed=needed, box=box)
    if data is None:
        return _refused(result, "no dead unit can be removed")
    return Pruned(result, _writing(target, data))


def require_apart_from_weights(target: str, sources: "Sources") -> None:
    """Raise DataError where the file is one that the model keeps its weights in."""
    from actcli.sources.onnx.external import external_files

    if sources.model is not None and os.path.realpath(target) in external_files(
        sources.model.proto, sources.model.path
    ):
        raise DataError(
            f"{target} holds weights of {sources.model.path} and would be overwritten; write to another file"
        )


def _refused(result: "Pruning", why: str) -> Pruned:
    return Pruned(result, _raising(DataError(f"{_unwritten(result.path)}: {why}")))


def _unwritten(target: str) -> str:
    return f"{printable(target)} is not written"


def _raising(error: DataError) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _writing(target: str, data: bytes) -> Callable[[], None]:
    def write() -> None:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(target) as file:
            file.write(data)

    return write
