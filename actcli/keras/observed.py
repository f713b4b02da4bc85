"""The activations of a Keras model, observed while it runs: their inputs go to a recorder."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
from numpy.typing import NDArray

from actcli.exits import UsageError
from actcli.recording.recorder import Recorder

_IDENTITY = ("linear", "identity")
_OVER_ROWS = ("softmax", "log_softmax", "sparsemax", "glu")
_LAYERS: dict[str, tuple[str, ...]] = {
    "ReLU": ("negative_slope", "max_value", "threshold"),
    "LeakyReLU": ("negative_slope",),
    "ELU": ("alpha",),
}
"""Layers that are an activation with parameters: the class, and those of its attributes."""
_UNSEEN_LAYERS = ("PReLU", "Softmax")


@dataclass(slots=True)
class Observed:
    """The activations that were found, while a model runs.

    Attributes:
        recorder: gets the inputs of each activation.
        formats: the data formats of the convolutions, by the number of axes of their outputs.
        names: the name of each layer, by its identity.
        layers: the names of the layers that ran.
        calls, mask: of the pass: the calls of each layer so far, and what of its samples counts.
        skipped: the activations that are not observed, and why: `lstm (LSTM): inside a loop`.

    """

    recorder: Recorder
    formats: dict[int, set[str]]
    names: dict[int, str]
    layers: set[str] = field(default_factory=set)
    skipped: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    mask: NDArray[Any] | None = None

    @property
    def unobserved(self) -> tuple[str, ...]:
        """The activations that were not observed, each with the reason."""
        return tuple(self.skipped)

    def begin_pass(self, mask: NDArray[Any] | None = None) -> None:
        """Count the calls of shared layers anew; `mask` is that of the samples to come."""
        self.calls.clear()
        self.mask = mask

    def take(self, layer: Any, values: Any, activation: str, *, is_own: bool) -> None:
        """Record the inputs of an activation; `is_own` if it belongs to a layer that computes them."""
        name = self.names[id(layer)]
        self.calls[name] += 1
        call = self.calls[name]
        name = name if call == 1 else f"{name}#{call}"
        rank = len(values.shape)
        axis = _unit_axis(layer, rank, self.formats, is_own=is_own)
        # a layer behind the pooling of tokens has no positions
        mask = None if self.mask is not None and self.mask.ndim > 1 and rank == 2 else self.mask
        self.recorder.add(name, values, unit_axis=axis, activation=activation, recorded="pre", mask=mask)
        self.layers.add(name)


@contextmanager
def observe_activations(model: Any, recorder: Recorder) -> Iterator[Observed]:
    """Observe the activations of a model inside the context; afterwards the model is as it was.

    The function that a layer keeps as `activation`, or the `call` of a layer that is an activation, is replaced by one
    that hands its input to the recorder first. Raises UsageError where the axis of the units is unknown.
    """
    layers = list(model._flatten_layers(include_self=False))  # noqa: SLF001 - Keras has no public walk
    observed = Observed(recorder, _formats(layers), _names(layers))
    with ExitStack() as undo:
        for layer in layers:
            _observe(layer, observed, undo)
        yield observed


def _observe(layer: Any, observed: Observed, undo: ExitStack) -> None:
    kind = type(layer).__name__
    if kind in _UNSEEN_LAYERS:
        reason = "slopes learned per channel" if kind == "PReLU" else "over rows"
        observed.skipped.append(f"{observed.names[id(layer)]} ({kind}): {reason}")
        return
    if kind in _LAYERS and isinstance(layer, getattr(keras.layers, kind)):
        _replace(
            layer, "call", _spy(layer, layer.call, _layer_function(layer, kind), observed, is_own=False), undo
        )
        return
    function = getattr(layer, "activation", None)
    if not callable(function) or isinstance(function, keras.layers.Layer):
        return
    name = getattr(function, "__name__", type(function).__name__)
    if name in _IDENTITY:
        return
    if hasattr(layer, "state_size") and not hasattr(layer, "cell"):
        return  # a cell: the layer around it is named
    if hasattr(layer, "cell"):
        observed.skipped.append(f"{observed.names[id(layer)]} ({kind}): inside a loop")
    elif name in _OVER_ROWS:
        observed.skipped.append(f"{observed.names[id(layer)]} ({name}): over rows")
    elif not _is_of_keras(function, name):
        observed.skipped.append(f"{observed.names[id(layer)]} ({name}): a function of your own")
    else:
        is_own = not isinstance(layer, keras.layers.Activation)
        _replace(layer, "activation", _spy(layer, function, f"keras.{name}", observed, is_own=is_own), undo)


def _is_of_keras(function: Any, name: str) -> bool:
    return getattr(keras.activations, name, None) is function


def _layer_function(layer: Any, kind: str) -> str:
    """Return the activation of a layer with its parameters: `keras.leaky_relu:negative_slope=0.3`."""
    name = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}[kind]
    given = {key: getattr(layer, key) for key in _LAYERS[kind]}
    values = ",".join(f"{key}={float(value)!r}" for key, value in given.items() if value is not None)
    return f"keras.{name}:{values}"


def _spy(
    layer: Any, function: Callable[..., Any], activation: str, observed: Observed, *, is_own: bool
) -> Callable[..., Any]:
    def observed_function(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        observed.take(layer, inputs, activation, is_own=is_own)
        return function(inputs, *args, **kwargs)

    return observed_function


def _replace(layer: Any, attribute: str, value: Any, undo: ExitStack) -> None:
    own = vars(layer)
    if attribute in own:
        undo.callback(setattr, layer, attribute, own[attribute])
    else:
        undo.callback(delattr, layer, attribute)
    setattr(layer, attribute, value)


def _names(layers: list[Any]) -> dict[int, str]:
    """Return the name of each layer by its identity: its own, or its path where layers of nested models share it."""
    shared = Counter(layer.name for layer in layers)
    names: dict[int, str] = {}
    for layer in layers:
        name = str(layer.name if shared[layer.name] == 1 else layer.path or layer.name)
        taken = sum(other == name or other.startswith(f"{name}@") for other in names.values())
        names[id(layer)] = f"{name}@{taken + 1}" if taken else name
    return names


def _formats(layers: list[Any]) -> dict[int, set[str]]:
    """Return the data formats of the convolutions, by the number of axes of what they return."""
    formats: dict[int, set[str]] = {}
    for layer in layers:
        rank, data_format = getattr(layer, "rank", None), getattr(layer, "data_format", None)
        if isinstance(rank, int) and isinstance(data_format, str):
            formats.setdefault(rank + 2, set()).add(data_format)
    return formats


def _unit_axis(layer: Any, rank: int, formats: dict[int, set[str]], *, is_own: bool) -> int:
    """Return the axis of the units: by the layer's own data format, else by that of the model's convolutions."""
    if is_own:
        return 1 if getattr(layer, "data_format", None) == "channels_first" else -1
    of_model = formats.get(rank) or ({keras.config.image_data_format()} if rank > 3 else {"channels_last"})
    if len(of_model) > 1:
        raise UsageError(
            f"layer '{layer.name}': the model has convolutions of both data formats, so that the axis of its units is "
            "unknown; give the convolutions `activation=` instead"
        )
    return 1 if of_model == {"channels_first"} else -1
