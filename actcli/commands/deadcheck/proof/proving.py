"""A proof about a model's units: its box, its network, its result."""

from typing import TYPE_CHECKING

from actcli.exits import DataError

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import Report
    from actcli.analysis.proof.box import Box
    from actcli.analysis.proof.prove import Proof
    from actcli.commands.deadcheck.proof.options import BoxChoice
    from actcli.sources.onnx import Model, Samples


def prove_model(
    model: "Model", choice: "BoxChoice", samples: "Samples | None", memory: int | None
) -> "Proof":
    """Return what is proved about a model's units on a box.

    samples: the data; None without. Raises UsageError for inputs whose shape is not known, DataError for bounds that
    do not fit the model, and for a proof that the samples contradict.
    """
    from actcli.analysis.proof.prove import prove
    from actcli.sources.onnx.proof.boxes import boxes_around, boxes_in_file, interval_boxes, same_interval
    from actcli.sources.onnx.proof.read import read_network

    around = None if samples is None else boxes_around(samples)
    if choice.interval is not None:
        low, high = choice.interval
        boxes = (
            interval_boxes(model.inputs, low, high) if around is None else same_interval(around, low, high)
        )
    elif choice.file is not None:
        boxes = boxes_in_file(model.inputs, choice.file, memory)
    elif around is not None:
        boxes = around
    else:
        raise DataError(f"{model.path}: there are no data to take a box of")
    batch = max((one.fixed_batch or 1 for one in model.inputs), default=1)
    network = read_network(model, {name: box.shape for name, box in boxes.items()}, batch)
    return prove(
        network.steps,
        boxes,
        network.targets,
        box=choice.text,
        holds_data=around is not None and _within(around, boxes),
    )


def agreeing(proof: "Proof", report: "Report") -> "Proof":
    """Return the proof. Raises DataError where a unit that is proved dead on a box fired on samples inside it."""
    by_name = {layer.name: layer for layer in proof.layers}
    for layer in report.layers if proof.holds_data else ():
        one = by_name.get(layer.name)
        fired = [] if one is None else (one.proved_dead & (layer.state.fired > 0)).nonzero()[0].tolist()
        if fired:
            raise DataError(
                f"layer '{layer.name}', unit {fired[0]}: proved dead, and it fired on the data: this runtime rounds "
                "more than --prove allows for, or the proof is wrong. Please report it"
            )
    return proof


def _within(inner: "dict[str, Box]", outer: "dict[str, Box]") -> bool:
    """Return whether boxes lie inside others."""
    return all(
        name in outer
        and box.shape == outer[name].shape
        and bool((box.lower >= outer[name].lower).all() and (box.upper <= outer[name].upper).all())
        for name, box in inner.items()
    )
