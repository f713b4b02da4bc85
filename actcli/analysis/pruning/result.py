"""What was taken out of a model, what stayed and why, and what the smaller model promises."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Staying:
    """Dead units of a layer that stay, and the reason."""

    units: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PrunedLayer:
    """The dead units of a layer: those that were taken out, and those that stay."""

    layer: str
    units: int
    removed: tuple[int, ...]
    staying: tuple[Staying, ...]

    @property
    def dead(self) -> int:
        """The number of dead units."""
        return len(self.removed) + sum(len(one.units) for one in self.staying)


@dataclass(frozen=True, slots=True)
class TensorCut:
    """The positions that were cut out of a stored tensor, along an axis, counted from 0 in the old tensor."""

    tensor: str
    axis: int
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BiasChange:
    """The constants of removed units that were added to a bias.

    Attributes:
        node: the output of the node that adds the bias.
        tensor: the old bias; blank where there was none.
        added: a number for each output of the node, removed ones among them.

    """

    node: str
    tensor: str
    added: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The size of a model.

    Attributes:
        parameters: floating-point numbers that it stores.
        nbytes: of its file, and of files beside it.
        seconds: of one run on a batch, the median; NaN where it was not timed.

    """

    parameters: int
    nbytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Promise:
    """How far the answers of the smaller model are from those of the model that it came from.

    Attributes:
        samples: those that both were run on.
        batch: samples per run.
        difference: the largest of a number of an output.
        largest: the largest absolute value of an output.
        reordered: the largest difference where the same units stand in another order, for comparison.
        same_bits: whether every number has the same bits.
        sum_difference: the largest difference of a sum in a layer whose weights changed.
        sum_bound: the bound of rounding for that sum, which no sum exceeds.

    """

    samples: int
    batch: int
    difference: float
    largest: float
    reordered: float
    same_bits: bool
    sum_difference: float
    sum_bound: float


@dataclass(frozen=True, slots=True)
class Pruning:
    """A smaller model.

    Attributes:
        path: of its file.
        layers: those with dead units.
        cuts: what was cut out of which tensor.
        biases: what was added to biases before they were cut.
        before, after: the sizes of both models.
        promise: how equal they are; None where nothing was taken out, and there is no smaller model.
        box: the box of inputs, in words, on which every removed unit is proved dead; None without a proof.
        time_ratio: the time of a run over that of the old model: quartiles of runs in turn.
        needed: samples that it takes before a silent unit is taken out, where there are too few; else None.

    """

    path: str
    layers: tuple[PrunedLayer, ...]
    cuts: tuple[TensorCut, ...] = ()
    biases: tuple[BiasChange, ...] = ()
    before: ModelSize | None = None
    after: ModelSize | None = None
    promise: Promise | None = None
    time_ratio: tuple[float, float, float] | None = None
    needed: int | None = None
    box: str | None = None

    @property
    def removed(self) -> int:
        """The number of units that were taken out."""
        return sum(len(layer.removed) for layer in self.layers)

    @property
    def dead(self) -> int:
        """The number of dead units."""
        return sum(layer.dead for layer in self.layers)
