"""The card of one activation: a record for programs, its flat form for pipes, a screen for a person."""

from typing import Any

from actcli.activations import Activation, Kink, Parameter
from actcli.analysis.card.properties import Properties
from actcli.analysis.card.recognition import Recognition
from actcli.render.card.facts import (
    Card,
    autograd_at,
    bounds,
    defaults_by_framework,
    jump_at,
    names_by_framework,
)
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text import notation
from actcli.render.text.delimited import delimited_text, guard_formula
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal


def write_card(card: Card, layout: Layout, terminal: Terminal) -> None:
    """Write the card as the layout says. Raises UsageError for .npy and .npz, DataError when it cannot be written."""
    refuse_arrays(layout, "the card of a function")
    if layout.format == "table":
        from actcli.render.card.card_screen import card_screen

        surface = Surface.of(terminal, to_file=layout.path is not None)
        text = card_screen(card, surface, _chart(card, surface))
    elif layout.format in {"json", "jsonl"}:
        text = (json_document if layout.format == "json" else json_line)(card_record(card))
    else:
        record = card_record(card)
        if card.f.definition.about:  # it comes from a file of functions
            record["about"] = guard_formula(card.f.definition.about, layout.format)
        rows = [("property", "value"), *flattened(record)]
        text = markdown_table(rows) if layout.format == "markdown" else delimited_text(rows, layout.format)
    write_document(text, layout, terminal)


def card_record(card: Card) -> dict[str, Any]:
    """The card as JSON holds it; for a function over rows without what is measured along a curve."""
    f, definition = card.f, card.f.definition
    record: dict[str, Any] = {
        "function": f.spec,
        "name": f.name,
        "aliases": list(definition.aliases),
        "family": definition.family,
        "formula": definition.formula,
        "derivative": definition.derivative,
        "source": definition.source,
        "year": notation.year(definition),
        "parameters": {p.name: _parameter(f, p) for p in definition.parameters},
    }
    if definition.about:
        record["about"] = definition.about
    if card.recognition is not None:
        record["recognised"] = _recognised(card.recognition)
    record |= _measured(card.properties) if card.properties else _of_rows(f)
    if card.properties:
        record["kinks"] = [_kink(f, kink) for kink in f.kinks]
    record["frameworks"] = names_by_framework(f)
    if card.cost is not None:
        record["cost_relative_to_relu"] = card.cost
    return record


def flattened(record: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The record as pairs: `range.infimum`, `kinks.1.at`; lists of words with blanks between them."""
    pairs: list[tuple[str, str]] = []
    for key, value in record.items():
        match value:
            case dict():
                pairs += flattened(value, f"{prefix}{key}.")
            case [dict(), *_]:
                for place, inner in enumerate(value, 1):
                    pairs += flattened(inner, f"{prefix}{key}.{place}.")
            case _:
                pairs.append((prefix + key, field_text(value)))
    return pairs


_LEAST_FOR_A_CHART = 60


def _chart(card: Card, surface: Surface) -> str:
    """f in a few lines; nothing for a function over rows, or where there is no room."""
    if card.properties is None or surface.width < _LEAST_FOR_A_CHART:
        return ""
    from actcli.render.figure.small_chart import small_chart

    return small_chart(card.f, min(surface.width - 4, 72), 12, surface).rstrip("\n")


def _parameter(f: Activation, parameter: Parameter) -> dict[str, Any]:
    return {
        "value": f.parameters[parameter.name],
        "default": parameter.default,
        "bounds": bounds(parameter),
        "aliases": list(parameter.aliases),
        "defaults": defaults_by_framework(f, parameter),
    }


def _of_rows(f: Activation) -> dict[str, Any]:
    low, high = f.definition.range
    return {
        "range": {"infimum": low, "supremum": high},
        "smoothness": f.definition.smoothness,
        "keeps_length": f.definition.slope is not None,
    }


def _measured(found: Properties) -> dict[str, Any]:
    record: dict[str, Any] = {
        "range": {
            "infimum": found.lowest.value,
            "infimum_reached": found.lowest.reached,
            "infimum_at": found.lowest.at,
            "supremum": found.highest.value,
            "supremum_reached": found.highest.reached,
            "supremum_at": found.highest.at,
        },
        "limits": {"left": found.limits[0], "right": found.limits[1]},
        "zeros": list(found.zeros),
        "endless_zeros": found.endless_zeros,
        "turning_points": list(found.stationary),
        "at_zero": {"value": found.at_zero[0], "slope": found.at_zero[1]},
        "monotone": found.direction,
        "convexity": found.bend,
        "symmetry": found.symmetry,
        "bounded": found.bounded,
        "smoothness": found.smoothness if found.smoothness == notation.INF else int(found.smoothness),
        "lipschitz": found.lipschitz,
        "largest_slope": found.largest_slope,
        "largest_slope_at": list(found.steepest),
        "zero_gradient": list(found.zero_gradient),
        "saturation": {"left": found.saturation[0], "right": found.saturation[1]},
    }
    if found.value_moments and found.slope_moments and found.gains:
        record["normal"] = {
            name: {"mean": moments.mean, "variance": moments.variance}
            for name, moments in (("value", found.value_moments), ("slope", found.slope_moments))
        }
        record["gains"] = {
            "second_moment": found.gains.second_moment,
            "standard_deviation": found.gains.standard_deviation,
            "gradient": found.gains.gradient,
            "torch": found.gains.torch,
        }
    return record


def _recognised(found: Recognition) -> dict[str, Any]:
    return {
        "same_as": found.same_as,
        "nearest": found.nearest,
        "largest_difference": found.difference,
        "largest_difference_at": found.difference_at,
        "rewritten": [{"typed": one.before, "computed": one.after} for one in found.rewritings],
        "digits_the_typed_form_loses": found.digits_lost,
        "digits_lost_at": found.lost_at,
    }


def _kink(f: Activation, kink: Kink) -> dict[str, Any]:
    return {
        "at": kink.at,
        "jump": jump_at(f, kink),
        "slopes": {"left": kink.slopes[0], "right": kink.slopes[1], **autograd_at(f, kink, 1)},
        "curvatures": {"left": kink.curvatures[0], "right": kink.curvatures[1], **autograd_at(f, kink, 2)},
    }
