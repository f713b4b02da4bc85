"""The history of a run: its epochs so far, and the report on the last of them."""

from collections.abc import Iterable, Sequence
from numbers import Real
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from actcli.analysis.deadness.report import make_report
from actcli.analysis.deadness.since import ModelChange, find_change
from actcli.analysis.deadness.state_record import is_count
from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.timeline.timeline import Epoch, Timeline, new_run
from actcli.exits import DataError, UsageError
from actcli.recording.epoch_report import EpochReport

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import Report


def timeline_path(path: str | PathLike[str]) -> str:
    """Return the name of a timeline's file. Raises UsageError unless it ends in .npz: no command would read it."""
    if not isinstance(path, str | PathLike) or not fspath(path).lower().endswith(".npz"):
        raise UsageError(f"path={path!r}: a timeline needs the name of a file that ends in .npz")
    return fspath(path)


class RunHistory:
    """The epochs of a run, of which each is closed with the statistics of its own window.

    resume: a timeline file to go on with; where there is none yet, a new timeline begins. confidence, rare: those of
    `Settings`. Raises UsageError for values out of bounds, DataError for a file that cannot be read.
    """

    def __init__(
        self, *, resume: str | PathLike[str] | None = None, confidence: float = 0.95, rare: float = 0.01
    ) -> None:
        for name, value in (("confidence", confidence), ("rare", rare)):
            if not isinstance(value, Real):
                raise UsageError(f"{name}={value!r}: must be a number between 0 and 1")
        self._settings = Settings(confidence=confidence, rare=rare)
        self._timeline = _read(resume) if resume is not None else None
        self._report: EpochReport | None = None
        self._run = new_run() if self._timeline is None else self._timeline.run

    @property
    def timeline(self) -> Timeline | None:
        """The epochs so far; None before the first."""
        return self._timeline

    def close(
        self,
        states: Iterable[LayerState],
        *,
        number: int | None = None,
        passes: int | None = None,
        notes: Sequence[str] = (),
    ) -> EpochReport:
        """Append an epoch with the statistics of its window, and return the report on it.

        number: the epoch's own, by default one more than the last, from 1. If it is there already, it is replaced and
        those after it are dropped: the run went back to a checkpoint. passes: forward passes that were counted. notes:
        sentences for the report. Raises DataError where nothing was recorded, or a layer has other units or another
        activation than in an earlier epoch; UsageError for a number below 0.
        """
        self._timeline = self._with(tuple(states), number, passes)
        self._report = _report(self._timeline, self._settings, notes)
        return self._report

    def scalars(self) -> dict[str, float]:
        """Return the last epoch as numbers for a logger. Raises UsageError before the first."""
        if self._timeline is None:
            raise UsageError("no epoch was closed yet: call epoch() before scalars()")
        report = self._report or _report(self._timeline, self._settings)
        return report.scalars()

    def save(
        self, path: str | PathLike[str], window: Iterable[LayerState] = (), passes: int | None = None
    ) -> None:
        """Write the timeline, completely or not at all; a window that is still open is written as its last epoch.

        Raises DataError if there is nothing to write, or if the file cannot be written; UsageError for a name that does
        not end in .npz.
        """
        from actcli.render.deadness.timeline_file import write_timeline

        file = timeline_path(path)
        timeline, states = self._timeline, tuple(window)
        if timeline is None or any(state.samples for state in states):
            timeline = self._with(states, None, passes)
        write_timeline(timeline, file)

    def _with(self, states: tuple[LayerState, ...], number: int | None, passes: int | None) -> Timeline:
        """Return the timeline with one more epoch, instead of those from its number on."""
        earlier = () if self._timeline is None else self._timeline.epochs
        if number is None:
            number = earlier[-1].number + 1 if earlier else 1
        if not is_count(number):
            raise UsageError(f"epoch number {number!r}: must be a whole number from 0 on, below 2^62")
        if not any(state.samples for state in states):
            raise DataError(f"epoch {number}: nothing was recorded since the last epoch")
        kept = tuple(epoch for epoch in earlier if epoch.number < number)
        return Timeline((*kept, Epoch(number, states, passes=passes)), self._run)


def _read(path: str | PathLike[str]) -> Timeline | None:
    from actcli.sources.records.timeline_file import read_timeline

    file = timeline_path(path)
    return read_timeline(file) if Path(file).exists() else None


def _report(timeline: Timeline, settings: Settings, notes: Sequence[str] = ()) -> EpochReport:
    *earlier, last = timeline.epochs
    before = earlier[-1] if earlier else None
    report: Report = make_report(last.states, settings, notes=tuple(notes))
    return EpochReport(
        number=last.number,
        report=report,
        since=None if before is None else before.number,
        change=None if before is None else _change(before, last, settings),
    )


def _change(before: Epoch, last: Epoch, settings: Settings) -> ModelChange:
    """Return the change of the layers that were observed in both epochs."""
    old = {state.name: state for state in before.states if state.samples}
    new = [state for state in last.states if state.samples and state.name in old]
    return find_change([old[state.name] for state in new], new, settings)
