"""The dead units that pruning tries: those with enough samples, or with a proof, and why the others stay."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.report import Report
from actcli.analysis.pruning.result import PrunedLayer, Staying

if TYPE_CHECKING:
    from actcli.analysis.deadness.verdict import LayerVerdict
    from actcli.analysis.proof.prove import Proof
    from actcli.analysis.proof.units import LayerProof

Units = dict[str, list[int]]


def with_enough_samples(report: Report) -> tuple[Units, tuple[PrunedLayer, ...]]:
    """Return the dead units of the layers whose samples suffice for the verdict, and the layers with too few."""
    dead = {layer.name: layer.dead_units.nonzero()[0].tolist() for layer in report.layers if layer.dead}
    few = tuple(
        _staying(
            layer, dead[layer.name], f"{layer.samples:,} samples are too few, it takes {report.needed:,}"
        )
        for layer in report.layers
        if layer.dead and not layer.bounded
    )
    names = {layer.layer for layer in few}
    return {name: units for name, units in dead.items() if name not in names}, few


def with_a_proof(report: Report, proof: "Proof") -> tuple[Units, tuple[PrunedLayer, ...]]:
    """Return the dead units whose output is proved to be one number on the whole box, and those without a proof."""
    by_name = {layer.name: layer for layer in proof.layers}
    units: Units = {}
    others: list[PrunedLayer] = []
    for layer in report.layers:
        dead = layer.dead_units
        proved = dead & _constant_on_box(by_name.get(layer.name), layer.units)
        if proved.any():
            units[layer.name] = proved.nonzero()[0].tolist()
        if (dead & ~proved).any():
            others.append(
                _staying(
                    layer, (dead & ~proved).nonzero()[0].tolist(), "no proof that its output never changes"
                )
            )
    return units, tuple(others)


def _constant_on_box(proof: "LayerProof | None", units: int) -> NDArray[np.bool_]:
    """Return the units that are proved to stay on one flat side of an activation that is level there.

    A unit between two firing intervals may jump from one level to another, and functions without a zero branch
    (sigmoid) never stop moving: of both, nothing holds in exact arithmetic.
    """
    if proof is None or proof.rule.kind != "relu_like":
        return np.zeros(units, np.bool_)
    one_side = (proof.upper <= proof.rule.flat_below) | (proof.lower >= proof.rule.flat_above)
    return np.asarray(proof.proved_dead & one_side, np.bool_)


def join_layers(first: tuple[PrunedLayer, ...], others: tuple[PrunedLayer, ...]) -> tuple[PrunedLayer, ...]:
    """Return the layers of both, each once: what stays in a layer of both is listed together."""
    more = {layer.layer: layer for layer in others}
    joined = [
        PrunedLayer(
            layer.layer,
            layer.units,
            layer.removed,
            (*layer.staying, *(more.pop(layer.layer).staying if layer.layer in more else ())),
        )
        for layer in first
    ]
    return (*joined, *more.values())


def _staying(layer: "LayerVerdict", units: list[int], reason: str) -> PrunedLayer:
    return PrunedLayer(layer.name, layer.units, (), (Staying(tuple(units), reason),))
