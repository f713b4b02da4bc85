"""The callback of Lightning: the units that die, after every epoch of training."""

from collections.abc import Callable
from os import PathLike
from typing import Any

import lightning.pytorch as pl

from actcli.recording.epoch_report import EpochReport
from actcli.torch.epochs import WatchedEpochs


class DeadUnits(pl.Callback):
    """Report, after every epoch, which units fired on none of its samples, and log the shares.

    The passes of the training are watched, whichever part of the module they call. `dead/LAYER`, `dead_share`,
    `newly_dead` and `revived` are logged by the module, so that loggers, `ModelCheckpoint` and
    `EarlyStopping("dead_share")` have them. Ranks of a distributed training are counted together.

    fail_above: raise DeadUnitsError when more than this share of the units is proved to be dead, from 0 to 1. path:
    write the timeline there after every epoch, for `actcli deadcheck`. resume: go on with the timeline that is there.
    show: called with each report, `print` by default; None for silence. options: those of `actcli.torch.Watch`, such
    as `every=10`, `layers="net.*"`.
    """

    def __init__(
        self,
        *,
        fail_above: float | None = None,
        path: str | PathLike[str] | None = None,
        resume: bool = False,
        show: Callable[[EpochReport], object] | None = print,
        **options: Any,
    ) -> None:
        self._epochs = WatchedEpochs(fail_above, path, show, resume=resume, options=options)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 - the interface of Lightning
        """Watch the module."""
        self._epochs.begin(pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Report on the epoch."""
        self._epochs.finish(trainer.current_epoch, pl_module.log_dict)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """Leave the module as it was."""
        self._epochs.stop()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002
        """Leave the module as it was."""
        self._epochs.stop()
