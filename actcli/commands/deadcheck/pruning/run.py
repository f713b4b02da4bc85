"""`deadcheck model.onnx --data FILE --prune FILE`: the model without its dead units."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.exits import DataError, ExitStatus
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.pruning.result import Pruning
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.sources import Sources
    from actcli.commands.session import Session


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
        few: whether there are too few samples to call units dead.

    """

    result: "Pruning | None"
    write: Callable[[], None]
    few: bool = False

    def status(self, otherwise: ExitStatus) -> ExitStatus:
        """Return the exit status of the run: 4 for too few samples, unless the check itself found something."""
        return ExitStatus.NOT_ENOUGH_DATA if self.few and otherwise == ExitStatus.DONE else otherwise


def prune(
    target: str, report: "Report", sources: "Sources", options: "DeadcheckOptions", session: "Session"
) -> Pruned:
    """Take the dead units of a report out of the model that was observed. Nothing is written yet."""
    from actcli.analysis.pruning.result import PrunedLayer, Pruning, Staying
    from actcli.render.output.progress_loop import open_bar
    from actcli.sources.onnx.pruning.prune import prune_model

    model, samples = sources.model, sources.samples
    if model is None or samples is None:
        raise AssertionError(target)
    dead = {layer.name: layer.dead_units.nonzero()[0].tolist() for layer in report.layers if layer.dead}
    few = {layer.name: layer for layer in report.layers if layer.dead and not layer.bounded}
    if not dead:
        return _refused(Pruning(target, ()), "no unit is dead")
    staying = tuple(
        PrunedLayer(
            name,
            layer.units,
            (),
            (
                Staying(
                    tuple(dead[name]), f"{layer.samples:,} samples are too few, it takes {report.needed:,}"
                ),
            ),
        )
        for name, layer in few.items()
    )
    enough = {name: units for name, units in dead.items() if name not in few}
    if not enough:
        samples_text = f"{samples.samples:,} samples are too few to remove units, it takes {report.needed:,}"
        result = Pruning(target, staying, needed=report.needed)
        return Pruned(
            result, lambda: session.terminal.say(f"actcli: {_unwritten(target)}: {samples_text}"), few=True
        )
    bar, started = open_bar(session.terminal, counts=False), time.monotonic()

    def show(done: int, total: int) -> None:
        if bar is not None:
            bar.show(_PruningStep("removing dead units", done, total), started)

    try:
        data, result = prune_model(
            model,
            samples,
            enough,
            target,
            batch=options.batch,
            threads=session.threads,
            memory=session.memory,
            progress=show,
        )
    except DataError as error:
        return Pruned(None, _raising(error))
    finally:
        if bar is not None:
            bar.clear()
    needed = report.needed if few else None
    result = replace(result, layers=(*result.layers, *staying), needed=needed)
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
