"""Findings of `deadcheck`: a report with its judgement, and how the report came about."""

from typing import TYPE_CHECKING

from actcli.analysis.deadness.report import Judgement, Report, ShareLimit, is_selected
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from actcli.analysis.proof.prove import Proof
    from actcli.analysis.pruning.result import Pruning
    from actcli.render.figure.page import Paper
    from actcli.render.output.surface import Surface


@dataclass(frozen=True, slots=True)
class Findings:
    """A report, its judgement, and how the report came about.

    Attributes:
        report: the layers and their units.
        judgement: the judgement against a limit; None without a limit.
        limits: the largest allowed shares of dead units, of all together or of layers.
        noise: the number of samples of random noise that were the input; None for real data.
        complete: whether all data were seen; False after an interruption.
        stopped: whether the data were not read to their end, because the samples sufficed.
        trained: whether networks were trained, so that an interruption cut off epochs, not samples.
        fail_on_unobserved: whether activations that were not observed are a failure.
        proof: what is proved about the units on a box of inputs; None without.
        fail_on_newly_dead: whether units that died since the earlier statistics are a failure.
        pruning: what became of the dead units in a smaller model; None where none was made.

    """

    report: Report
    judgement: Judgement | None = None
    limits: tuple[ShareLimit, ...] = ()
    noise: int | None = None
    complete: bool = True
    stopped: bool = False
    trained: bool = False
    fail_on_unobserved: bool = False
    fail_on_newly_dead: bool = False
    pruning: "Pruning | None" = None
    proof: "Proof | None" = None

    @property
    def judged_layers(self) -> tuple[LayerVerdict, ...]:
        """The layers that the limits are for; all layers if none of them has appeared yet, or without a limit."""
        layers, patterns = self.report.layers, [limit.pattern for limit in self.limits]
        chosen = (layer for layer in layers if any(is_selected(layer.name, pattern) for pattern in patterns))
        return tuple(chosen) or layers

    @property
    def fails_by_unobserved(self) -> bool:
        """Whether activations that were not observed make the check fail."""
        return self.fail_on_unobserved and bool(self.report.unobserved)

    @property
    def fails_by_newly_dead(self) -> bool:
        """Whether units that died since the earlier statistics make the check fail."""
        return (
            self.fail_on_newly_dead and self.report.change is not None and self.report.change.newly_dead > 0
        )

    @property
    def status(self) -> str:
        """`fine`, `found` or `not enough data` against the limit.

        `newly dead` and `not observed` where that is a failure, and nothing was found. Without a limit `nothing
        observed`, `dead units`, `NaN or inf` or `no dead unit`, the first that applies.
        """
        if self.judgement is None or self.judgement.status != "found":
            if self.fails_by_newly_dead:
                return "newly dead"
            if self.fails_by_unobserved:
                return "not observed"
        if self.judgement is not None:
            return self.judgement.status
        if not any(layer.samples for layer in self.report.layers):
            return "nothing observed"
        if self.report.dead:
            return "dead units"
        return "NaN or inf" if any(layer.nonfinite for layer in self.report.layers) else "no dead unit"


@dataclass(frozen=True, slots=True)
class View:
    """Parts of a page besides the table of the layers.

    Attributes:
        units: the units that are not alive.
        map: a map of all units.
        sentences: the verdict.
        rates: the histogram of firing rates.
        parts: further parts: a title of each, and what makes it for a surface.
        paper: of a picture; None for the usual one.

    """

    units: bool = False
    map: bool = False
    sentences: bool = True
    rates: bool = True
    parts: "tuple[tuple[str, Callable[[Report, Surface], str]], ...]" = ()
    paper: "Paper | None" = None
