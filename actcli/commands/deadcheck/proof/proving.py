"""A proof about a model's units: its box, its network, its result."""

from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.exits import DataError

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.proof.box import Box
    from actcli.analysis.proof.prove import Proof
    from actcli.commands.deadcheck.proof.options import BoxChoice
    from actcli.commands.session import Session
    from actcli.sources.onnx import Model
    from actcli.sources.onnx.noise import Noise
    from actcli.sources.onnx.proof.read import ReadNetwork
    from actcli.sources.onnx.shards import Shards

_BYTES_PER_NUMBER = 120
"""Bounds, lines and slack of a number of a tensor, in both passes, and what the steps need on the way."""


def prove_model(model: "Model", choice: "BoxChoice", memory: int | None) -> "Proof":
    """Return what is proved about a model's units on a box, without data.

    Raises UsageError for inputs whose shape is not known, DataError for bounds that do not fit the model.
    """
    from actcli.analysis.proof.prove import prove
    from actcli.sources.onnx.proof.boxes import boxes_in_file, interval_boxes
    from actcli.sources.onnx.proof.read import read_network

    boxes = (
        interval_boxes(model.inputs, *choice.interval, memory)
        if choice.interval is not None
        else boxes_in_file(model.inputs, choice.text, memory)
    )
    network = read_network(model, _shapes(boxes))
    _require_room(network, model, memory)
    return prove(network.steps, boxes, network.targets, box=choice.text)


def prove_beside_data(
    model: "Model", choice: "BoxChoice", samples: "Noise | Shards", report: "Report", session: "Session"
) -> "Proof":
    """Return what is proved about a model's units on a box, and the inputs that wake units which are dead in the data.

    Raises DataError for bounds that do not fit the model, and for a unit that is proved dead and fired.
    """
    from actcli.analysis.proof.prove import prove
    from actcli.sources.onnx.proof.boxes import boxes_around, boxes_in_file, same_interval
    from actcli.sources.onnx.proof.read import read_network
    from actcli.sources.onnx.proof.wakes import search_wakes

    around = boxes_around(samples)
    boxes = (
        same_interval(around, *choice.interval)
        if choice.interval is not None
        else around
        if choice.is_data
        else boxes_in_file(model.inputs, choice.text, session.memory)
    )
    network = read_network(model, _shapes(boxes), samples.inputs)
    _require_room(network, model, session.memory)
    holds_data = _within(around, boxes)
    proof = prove(network.steps, boxes, network.targets, box=choice.text, holds_data=holds_data)
    _require_agreement(proof, report)
    verdicts = {layer.name: layer for layer in report.layers}
    wanted = []
    for target, layer in zip(network.targets, proof.layers, strict=True):
        verdict = verdicts.get(target.name)
        if verdict is not None and not target.reason:
            units = (verdict.dead_units & ~layer.proved_dead).nonzero()[0]
            # the nearest to firing first
            wanted.append((target, units[verdict.margins[units].argsort()].tolist()))
    search = search_wakes(model, network.steps, boxes, wanted, samples, session.threads)
    return replace(proof, search=search)


def _shapes(boxes: "dict[str, Box]") -> dict[str, tuple[int, ...]]:
    return {name: box.shape for name, box in boxes.items()}


def _require_room(network: "ReadNetwork", model: "Model", memory: int | None) -> None:
    """Raise DataError where the bounds of all tensors take more memory than there is."""
    from actcli.sources.budget import require_memory

    nbytes = _BYTES_PER_NUMBER * network.numbers
    require_memory(nbytes, memory, f"{model.path}: the bounds of its {network.numbers:,} numbers")


def _require_agreement(proof: "Proof", report: "Report") -> None:
    """Raise DataError where a unit that is proved dead on a box fired on samples inside it."""
    by_name = {layer.name: layer for layer in proof.layers}
    for layer in report.layers if proof.holds_data else ():
        one = by_name.get(layer.name)
        fired = [] if one is None else (one.proved_dead & (layer.state.fired > 0)).nonzero()[0].tolist()
        if fired:
            raise DataError(
                f"layer '{layer.name}', unit {fired[0]}: proved dead, and it fired on the data: this runtime rounds "
                "more than --prove allows for, or the proof is wrong. Please report it"
            )


def _within(inner: "dict[str, Box]", outer: "dict[str, Box]") -> bool:
    """Return whether boxes lie inside others."""
    return all(
        name in outer
        and box.shape == outer[name].shape
        and bool((box.lower >= outer[name].lower).all() and (box.upper <= outer[name].upper).all())
        for name, box in inner.items()
    )
