"""The epochs of a training that a framework runs: a Watch from its begin to its end, for the callbacks."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from typing import Any

import torch

from actcli.exits import UsageError
from actcli.recording.epoch_end import EpochEnd
from actcli.recording.epoch_report import EpochReport
from actcli.torch.watch import Watch


class WatchedEpochs:
    """A model that is watched while a framework trains it.

    fail_above, path, show: as in EpochEnd. resume: whether to go on with the timeline at `path`. options: those of
    Watch. Raises UsageError for a wrong argument.
    """

    def __init__(
        self,
        fail_above: float | None,
        path: str | PathLike[str] | None,
        show: Callable[[EpochReport], object] | None,
        *,
        resume: bool,
        options: dict[str, Any],
    ) -> None:
        if resume and path is None:
            raise UsageError("resume=True needs path=, the file of the timeline")
        self._end = EpochEnd(fail_above, path, show)
        self._options = options | {"resume": path if resume else None}
        known = inspect.signature(Watch).parameters
        unknown = next((name for name in options if name not in known), None)
        if unknown is not None:
            raise UsageError(f"{unknown}=: is no option of this callback, nor of actcli.torch.Watch")
        Watch(torch.nn.Identity(), **options)
        self._watch: Watch | None = None

    @property
    def watch(self) -> Watch:
        """The watch of the model. Raises UsageError before the training has begun."""
        if self._watch is None:
            raise UsageError("the training has not begun: there is nothing to tell yet")
        return self._watch

    def begin(self, model: torch.nn.Module) -> None:
        """Watch a model, instead of the one before."""
        self.stop()
        self._watch = Watch(model, **self._options)
        self._watch.__enter__()

    def finish(self, number: int, log: Callable[[dict[str, float]], object]) -> None:
        """Close an epoch, of all ranks together; the first of them prints and writes.

        An epoch in which no pass was watched is left out, with a warning. Raises DeadUnitsError on every rank.
        """
        watch, end = self.watch, self._end
        if not watch.passes:
            warnings.warn(f"actcli: no pass of epoch {number} was watched; lower `every`", stacklevel=2)
            return
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            watch.gather()
            if torch.distributed.get_rank():
                end = replace(end, show=None, path=None)
        end.finish(watch, number, log)

    def stop(self) -> None:
        """Leave the model as it was."""
        if self._watch is not None:
            self._watch.__exit__(None, None, None)
