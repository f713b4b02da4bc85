"""Random samples for a model: a trial run without data."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.onnx.model_input import Batch, ModelInput, require_numbers


@dataclass(frozen=True, slots=True)
class Noise:
    """Random samples: normal numbers, or 0 and 1 for whole-number inputs; each sample has its own seed."""

    inputs: tuple[ModelInput, ...]
    shapes: Mapping[str, tuple[int, ...]]
    samples: int
    seed: int
    notes: tuple[str, ...] = ()
    origin: str = "noise"

    @property
    def elements(self) -> int:
        """The numbers of one sample."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def batches(self, size: int) -> Iterator[tuple[int, Batch]]:
        """Yield the samples in order; a sample does not depend on its batch."""
        for start in range(0, self.samples, size):
            count = min(size, self.samples - start)
            drawn = [self._sample(index) for index in range(start, start + count)]
            yield (
                count,
                {
                    model_input.name: drawn[0][model_input.name]
                    if model_input.axis is None
                    else np.stack([sample[model_input.name] for sample in drawn], axis=model_input.axis)
                    for model_input in self.inputs
                },
            )

    def _sample(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        sample = {}
        for model_input in self.inputs:
            dtype, shape = model_input.dtype or np.dtype(np.float32), self.shapes[model_input.name]
            fixed = np.random.default_rng(self.seed) if model_input.axis is None else rng
            drawn = fixed.standard_normal(shape) if dtype.kind == "f" else fixed.integers(0, 2, shape)
            sample[model_input.name] = np.asarray(drawn).astype(dtype)
        return sample


_BYTES = 16
"""Bytes for each number of a sample: drawn in float64, and converted."""
_USUAL = {3: 128, 4: 224, 5: 32}
"""Lengths for free axes, by the input's number of axes: steps of a sequence, pixels, voxels."""


def random_inputs(inputs: Sequence[ModelInput], samples: int, seed: int, memory: int | None = None) -> Noise:
    """Draw `samples` samples of noise in the shapes and types of the inputs; `notes` names the lengths chosen.

    memory: the bytes that one sample may take; None for half of what is available. Raises UsageError for less than one
    sample; DataError for a model without inputs, and for one whose inputs hold no numbers or need more memory.
    """
    if samples < 1:
        raise UsageError(f"{samples} random samples: at least 1 is needed")
    if not inputs:
        raise DataError("the model has no inputs, so there is nothing to run it on")
    shapes, notes, free = {}, [], []
    for model_input in inputs:
        require_numbers(model_input)
        shape = model_input.shape or ()
        usual = _USUAL.get(len(shape), 16)
        named = [
            length if isinstance(length, int) else 3 if _is_channels(shape, i) else usual
            for i, length in enumerate(shape)
            if i != model_input.axis
        ]
        if any(not isinstance(length, int) for i, length in enumerate(shape) if i != model_input.axis):
            chosen = " x ".join(map(str, named))
            notes.append(f"input '{model_input.name}' leaves its size open; {chosen} is drawn")
            free.append(f"{chosen} for '{model_input.name}'")
        shapes[model_input.name] = tuple(named)
        elements = sum(math.prod(one) for one in shapes.values())
        require_memory(_BYTES * elements, memory, f"one sample of noise for '{model_input.name}'")
    # a model may run with some lengths only; the error then names what was drawn
    drawn = f"noise (its size is open: {', '.join(free)}; --data FILE brings its own)" if free else "noise"
    return Noise(tuple(inputs), shapes, samples, seed, tuple(notes), drawn)


def _is_channels(shape: tuple[int | str | None, ...], axis: int) -> bool:
    return len(shape) == 4 and axis == 1 and not any(isinstance(length, int) for length in shape[1:])
