"""The callback of Keras: the units that are dead on some data, after every epoch."""

import warnings
from collections.abc import Callable, Iterator
from os import PathLike
from typing import Any

import keras
from numpy.typing import NDArray

from actcli.exits import UsageError
from actcli.keras.observed import observe_activations
from actcli.recording.arrays import host_array
from actcli.recording.epoch_end import EpochEnd
from actcli.recording.epoch_report import EpochReport
from actcli.recording.recorder import Recorder

_BATCH = 256


class DeadUnits(keras.callbacks.Callback):
    """Report, after every epoch, which units fire on none of some samples.

    The model runs on `x` without dropout, with the weights that it then has, and the inputs of its activations are
    counted: of layers such as Activation and ReLU, and of `activation=` in Dense, Conv and other layers. Works for
    Sequential, Functional and subclassed models. Activations inside recurrent layers and over rows (softmax) are not
    seen; `unobserved` names them. `dead_share`, `newly_dead` and `revived` go to the logs of the epoch, so that
    `History`, `CSVLogger` and `EarlyStopping(monitor="dead_share")` have them; `scalars()` has every layer.

    x: samples as `model.predict` takes them, an array, or arrays in a list or dictionary; a few thousand are enough.
    mask: True or 1 for what counts, (samples,) or (samples, positions), of layers that have these positions; padding
    neither fires nor counts.
    fail_above: raise DeadUnitsError when more than this share of the units is proved to be dead, from 0 to 1. path:
    write the timeline there after every epoch, for `actcli deadcheck`. resume: go on with the timeline that is there.
    show: called with each report, `print` by default; None for silence. batch_size: samples per run.

    Raises UsageError for a wrong argument, and after the first epoch if no activation was found.
    """

    def __init__(
        self,
        x: Any,
        *,
        mask: Any = None,
        fail_above: float | None = None,
        path: str | PathLike[str] | None = None,
        resume: bool = False,
        show: Callable[[EpochReport], object] | None = print,
        batch_size: int = _BATCH,
    ) -> None:
        super().__init__()
        self._batches = _Batches(x, mask, batch_size)
        self._end = EpochEnd(fail_above, path, show)
        if resume and path is None:
            raise UsageError("resume=True needs path=, the file of the timeline")
        self._recorder = Recorder(resume=path if resume else None)
        self.unobserved: tuple[str, ...] = ()
        self._first: int | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - the interface of Keras
        """Forget the number of the first epoch of another `fit`."""
        self._first = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Note the number of the first epoch of this `fit`."""
        self._first = epoch if self._first is None else self._first

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the activations of `x` and report on them."""
        with observe_activations(self.model, self._recorder) as observed:
            for batch, mask in self._batches:
                observed.begin_pass(mask)
                self.model(batch, training=False)
        self._note_unobserved(observed.unobserved)
        if not observed.layers:
            unseen = f"; not observed: {', '.join(self.unobserved)}" if self.unobserved else ""
            raise UsageError(f"model '{self.model.name}': no activation was found{unseen}")
        if self._end.show is print:
            print()  # noqa: T201 - ends the line of the progress bar
        # every fit without initial_epoch begins at 0: it goes on after the epochs of those before
        self._end.finish(
            self._recorder, epoch + 1 if self._first else None, lambda scalars: _log(scalars, logs)
        )

    def _note_unobserved(self, unobserved: tuple[str, ...]) -> None:
        """Keep what was not observed; warn once of what may hold dead units, which a softmax does not."""
        new = [one for one in unobserved if one not in self.unobserved and not one.endswith("over rows")]
        self.unobserved = unobserved
        if new:
            warnings.warn(f"actcli.keras.DeadUnits: not observed: {', '.join(new)}", stacklevel=2)

    def scalars(self) -> dict[str, float]:
        """Return the last epoch as numbers: `dead/LAYER` of each layer, and the totals."""
        return self._recorder.scalars()


def _log(scalars: dict[str, float], logs: dict[str, Any] | None) -> None:
    if logs is not None:
        # a progress bar shows everything in the logs: one number per layer would bury it
        logs.update({name: value for name, value in scalars.items() if "/" not in name})


class _Batches:
    """Samples in batches, each in the structure of the whole, with their part of the mask."""

    def __init__(self, x: Any, mask: Any, size: int) -> None:
        leaves = keras.tree.flatten(x)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise UsageError(f"batch_size={size!r}: must be a whole number from 1 on")
        if not leaves or not all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
            raise UsageError(
                "x: must be an array of samples, or arrays in a list or dictionary, not a data set"
            )
        counts = {int(leaf.shape[0]) for leaf in leaves}
        if len(counts) > 1:
            raise UsageError(
                f"x: its arrays have different numbers of samples, {min(counts)} and {max(counts)}"
            )
        self._x, self._size, self._count = x, size, counts.pop()
        if not self._count:
            raise UsageError("x: has no samples")
        self._mask = None if mask is None else host_array(mask, "mask")
        if self._mask is not None and (self._mask.ndim not in {1, 2} or len(self._mask) != self._count):
            raise UsageError(
                f"mask: has the shape {self._mask.shape}; it takes ({self._count},) or ({self._count}, positions)"
            )

    def __iter__(self) -> Iterator[tuple[Any, NDArray[Any] | None]]:
        for at in range(0, self._count, self._size):
            rows = slice(at, at + self._size)
            batch = keras.tree.map_structure(lambda leaf, rows=rows: leaf[rows], self._x)
            yield batch, None if self._mask is None else self._mask[rows]
