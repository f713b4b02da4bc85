"""The callback of transformers: the units that die, after every epoch of training."""

import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from actcli.recording.epoch_report import EpochReport
from actcli.sources.optional import turn_reporting_off
from actcli.torch.epochs import WatchedEpochs

turn_reporting_off()  # read while the library is imported

from transformers import TrainerCallback  # noqa: E402


class DeadUnits(TrainerCallback):
    """Report, after every epoch, which units fired on none of its samples.

    The passes of the training are watched. Positions that `attention_mask` leaves out do not count. `scalars` has the
    last epoch as numbers; `log` is called with them: `trainer.add_callback(DeadUnits(log=trainer.log))` sends them to
    wherever the Trainer reports to.

    fail_above: raise DeadUnitsError when more than this share of the units is proved to be dead, from 0 to 1. path:
    write the timeline there after every epoch, for `actcli deadcheck`. resume: go on with the timeline that is there.
    show: called with each report, `print` by default; None for silence. options: those of `actcli.torch.Watch`, such
    as `every=10`, `layers="*.mlp.*"`, `mask=None`.
    """

    def __init__(
        self,
        *,
        fail_above: float | None = None,
        path: str | PathLike[str] | None = None,
        resume: bool = False,
        show: Callable[[EpochReport], object] | None = print,
        log: Callable[[dict[str, float]], object] | None = None,
        **options: Any,
    ) -> None:
        options.setdefault("mask", _attention_mask)
        self._epochs = WatchedEpochs(fail_above, path, show, resume=resume, options=options)
        self._log = log

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Watch the model."""
        self._epochs.begin(kwargs["model"])

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Report on the epoch."""
        number = math.ceil(round(state.epoch or 1, 6))
        try:
            self._epochs.finish(number, self._log or _forget)
        except BaseException:
            self._epochs.stop()
            raise

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Leave the model as it was."""
        self._epochs.stop()

    def scalars(self) -> dict[str, float]:
        """Return the last epoch as numbers: `dead/LAYER` of each layer, and the totals."""
        return self._epochs.watch.scalars()


def _attention_mask(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ARG001 - as Watch calls it
    mask = kwargs.get("attention_mask")
    return mask if getattr(mask, "ndim", 0) == 2 else None


def _forget(_: dict[str, float]) -> None:
    """Log nothing."""
