"""The smaller model of --prune in words, in lines and as records: what went, what stayed, and what is promised."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from actcli.analysis.deadness.report import Report
from actcli.render.deadness.wording import percent
from actcli.render.output.surface import Surface
from actcli.render.text.notation import in_ascii, number, quantity, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.pruning.result import ModelSize, Promise, PrunedLayer, Pruning
    from actcli.render.deadness.findings import Findings

TITLE = "Dead units removed"
HEADINGS = ("layer", "units", "dead", "removed", "the others stay because")
_DIGITS = 3
_REMOVED = "removed"


def pruning_sentences(pruning: "Pruning") -> list[str]:
    """Return what became smaller and what is promised; nothing where no smaller model was made."""
    before, after, promise = pruning.before, pruning.after, pruning.promise
    if before is None or after is None or promise is None:
        return []
    fewer = percent(1 - after.parameters / before.parameters)
    sizes = (
        f"{thousands(after.parameters)} instead of {thousands(before.parameters)} parameters ({fewer} % fewer) and "
        f"{thousands(after.nbytes)} instead of {thousands(before.nbytes)} bytes"
    )
    sentences = [
        f"{_share_of_dead(pruning)} removed: {printable(pruning.path)} has {sizes}.",
        f"A batch of {quantity(promise.batch, 'sample')} takes {_times(pruning)}.",
        _promise(promise),
        _beyond(pruning),
    ]
    staying = pruning.dead - pruning.removed
    if staying:
        sentences.append(f"{quantity(staying, 'dead unit')} {'stays' if staying == 1 else 'stay'}.")
    return sentences


def _share_of_dead(pruning: "Pruning") -> str:
    if pruning.dead == 1:
        return "The only dead unit is"
    if pruning.removed == pruning.dead:
        return (
            "Both dead units are" if pruning.dead == 2 else f"All {quantity(pruning.dead, 'dead unit')} are"
        )
    verb = "is" if pruning.removed == 1 else "are"
    return f"{thousands(pruning.removed)} of {quantity(pruning.dead, 'dead unit')} {verb}"


def _times(pruning: "Pruning") -> str:
    """Return the times of both models; where half of the runs do not agree which is faster, that they are the same."""
    before, after, ratio = pruning.before, pruning.after, pruning.time_ratio
    if before is None or after is None or ratio is None:
        return ""
    if ratio[0] <= 1 <= ratio[-1]:
        return f"as long as before, {_milliseconds(before)} ms"
    return f"{_milliseconds(after)} instead of {_milliseconds(before)} ms"


def _milliseconds(size: "ModelSize") -> str:
    return number(1000 * size.seconds, _DIGITS)


def _beyond(pruning: "Pruning") -> str:
    if pruning.box is None:
        return "Nothing is promised for other inputs: there a removed unit may fire."
    return (
        f"In exact arithmetic both models are equal {pruning.box}: every removed unit is proved dead there. "
        "Nothing is promised for other inputs."
    )


def _promise(promise: "Promise") -> str:
    where = f"On {'this' if promise.samples == 1 else 'these'} {quantity(promise.samples, 'sample')}"
    if promise.same_bits:
        return f"{where} both models give equal outputs: the largest difference is 0 (bit for bit)."
    if not promise.difference:
        return f"{where} both models give equal outputs: the largest difference is 0 (zeros differ in their sign)."
    return (
        f"{where} the outputs of both models, up to {number(promise.largest, _DIGITS)}, differ by at most "
        f"{number(promise.difference, _DIGITS)}; with the same units in another order by "
        f"{number(promise.reordered, _DIGITS)}. No changed sum is beyond the bound of rounding: the largest difference "
        f"of one is {number(promise.sum_difference, _DIGITS)}, its bound {number(promise.sum_bound, _DIGITS)}."
    )


def pruning_rows(pruning: "Pruning") -> Iterator[list[str]]:
    """Yield a row of texts per layer with dead units, as HEADINGS say."""
    for layer in pruning.layers:
        yield [
            printable(layer.layer),
            thousands(layer.units),
            thousands(layer.dead),
            thousands(len(layer.removed)),
            "; ".join(printable(one.reason) for one in layer.staying),
        ]


def pruned_parts(findings: "Findings") -> tuple[tuple[str, Callable[[Report, Surface], str]], ...]:
    """Return the part of a page about the smaller model: its title, and what makes it; none without dead units."""
    pruning = findings.pruning
    if pruning is None or not pruning.layers:
        return ()
    return ((TITLE, partial(pruning_part, pruning=pruning)),)


def pruning_part(report: Report, surface: Surface, pruning: "Pruning") -> str:  # noqa: ARG001 - as parts are called
    """Return the lines of a page for a person: a layer each, with the reasons why units stay."""
    lines = []
    for layer in pruning.layers:
        text = "; ".join(_fates(layer))
        lines += textwrap.wrap(
            f"{printable(layer.layer)}: {text}",
            max(surface.width, 24),
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    text = "".join(f"{line}\n" for line in lines)
    return text if surface.unicode else in_ascii(text)


def _fates(layer: "PrunedLayer") -> Iterator[str]:
    if layer.removed:
        yield f"{thousands(len(layer.removed))} of {quantity(layer.units, 'unit')} removed"
    for one in layer.staying:
        verb = "stays" if len(one.units) == 1 else "stay"
        yield f"{thousands(len(one.units))} {verb}: {printable(one.reason)}"


def fates_by_unit(pruning: "Pruning", layer: str) -> dict[int, str]:
    """Return what became of each dead unit of a layer: `removed`, or the reason why it stays."""
    fates: dict[int, str] = {}
    for own in pruning.layers:
        if own.layer == layer:
            fates |= dict.fromkeys(own.removed, _REMOVED)
            for one in own.staying:
                fates |= dict.fromkeys(one.units, one.reason)
    return fates


def pruning_record(pruning: "Pruning") -> dict[str, Any]:
    """Return the smaller model for JSON: layers, what was cut out of which tensor, sizes and the promise.

    Indices count from 0 in the old tensors. `file` is null where nothing was written.
    """
    return {
        "file": None if pruning.promise is None else pruning.path,
        "removed": pruning.removed,
        "samples_needed": pruning.needed,
        "box": pruning.box,
        "layers": [
            {
                "layer": layer.layer,
                "units": layer.units,
                "removed": list(layer.removed),
                "staying": [{"units": list(one.units), "reason": one.reason} for one in layer.staying],
            }
            for layer in pruning.layers
        ],
        "tensors": [
            {"tensor": cut.tensor, "axis": cut.axis, "indices": list(cut.indices)} for cut in pruning.cuts
        ],
        "biases": [
            {"node": one.node, "tensor": one.tensor or None, "added": list(one.added)}
            for one in pruning.biases
        ],
        "before": None if pruning.before is None else _size(pruning.before),
        "after": None if pruning.after is None else _size(pruning.after),
        "time_ratio": None if pruning.time_ratio is None else list(pruning.time_ratio),
        "promise": None if pruning.promise is None else asdict(pruning.promise),
    }


def _size(size: "ModelSize") -> dict[str, Any]:
    return {"parameters": size.parameters, "bytes": size.nbytes, "seconds": size.seconds}
