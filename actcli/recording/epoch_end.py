"""The end of an epoch in a callback: print the report, log it, save the timeline, keep the limit."""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import Protocol

from actcli.recording.epoch_report import EpochReport, require_share
from actcli.recording.history import timeline_path


class EpochSource(Protocol):
    """Whatever closes epochs and writes a timeline: a Recorder, or a Watch of a model."""

    def epoch(self, number: int | None = None) -> EpochReport:
        """Close the window and return the report on it."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write the timeline."""


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """The options that all callbacks share. Raises UsageError for a limit that is no share, and a path that is no .npz.

    Attributes:
        fail_above: the largest allowed share of dead units, 0 to 1; None for no limit.
        path: the file to which the timeline is written after every epoch; None for none.
        show: called with each report; None to print nothing.

    """

    fail_above: float | None = None
    path: str | PathLike[str] | None = None
    show: Callable[[EpochReport], object] | None = print

    def __post_init__(self) -> None:
        if self.fail_above is not None:
            require_share(self.fail_above)
        if self.path is not None:
            timeline_path(self.path)

    def finish(
        self, source: EpochSource, number: int | None, log: Callable[[dict[str, float]], object]
    ) -> None:
        """Close an epoch; its number is one more than the last if it is None.

        Raises DeadUnitsError, when all else is done, if the limit is proved to be exceeded.
        """
        report = source.epoch(number)
        if self.show is not None:
            self.show(report)
        log(report.scalars())
        if self.path is not None:
            source.save(self.path)
        if self.fail_above is not None:
            report.fail_above(self.fail_above)
