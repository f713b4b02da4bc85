"""The card of an activation as output: a record for programs, pairs for pipes, a screen for a person."""

from dataclasses import asdict
from typing import Any

from actcli.activations import Activation, Kink, Parameter
from actcli.analysis.card.properties import Properties
from actcli.analysis.card.recognition import Recognition
from actcli.render.card.facts import (
    OURS,
    Card,
    autograd_at,
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
    """Write the card as the layout says. Raises UsageError for .npy and .npz, DataError when writing fails."""
    refuse_arrays(layout, "the card of a function")
    if layout.format == "table":
        from actcli.render.card.card_screen import card_screen

        surface = Surface.of(terminal, to_file=layout.path is not None)
        text = card_screen(card, surface, _chart(card, surface))
    elif layout.format in {"json", "jsonl"}:
        text = (json_document if layout.format == "json" else json_line)(card_record(card))
    else:
        record = card_record(card)
        if card.f.definition.about:  # it may come from a file of functions
            record["about"] = guard_formula(card.f.definition.about, layout.format)
        rows = [("property", "value"), *flatten(record)]
        text = markdown_table(rows) if layout.format == "markdown" else delimited_text(rows, layout.format)
    write_document(text, layout, terminal)


def card_record(card: Card) -> dict[str, Any]:
    """Return the card as a record for JSON; a function over rows has no measured properties."""
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
    if card.derivatives:
        record["derivative"], record["second_derivative"] = card.derivatives
    if definition.about:
        record["about"] = definition.about
    if card.recognition is not None:
        record["recognised"] = _recognition(card.recognition)
    record |= _properties(card.properties) if card.properties else _row_properties(f)
    if card.properties:
        record["kinks"] = [_kink(f, kink) for kink in f.kinks]
    record["frameworks"] = names_by_framework(f)
    if card.code_errors:
        record["measured_error"] = {kind: asdict(error) for kind, error in card.code_errors.items()}
    if card.costs:
        record["cost_relative_to_relu"], *others = card.costs.values()
        if others:
            record["cost_in_frameworks"] = {
                whose: cost for whose, cost in card.costs.items() if whose != OURS
            }
    return record


def flatten(record: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return the record as pairs with keys such as `range.infimum` and `kinks.1.at`; lists are joined by blanks."""
    pairs: list[tuple[str, str]] = []
    for key, value in record.items():
        match value:
            case dict():
                pairs += flatten(value, f"{prefix}{key}.")
            case [dict(), *_]:
                for i, inner in enumerate(value, 1):
                    pairs += flatten(inner, f"{prefix}{key}.{i}.")
            case _:
                pairs.append((prefix + key, field_text(value)))
    return pairs


_LEAST_FOR_A_CHART = 60


def _chart(card: Card, surface: Surface) -> str:
    """Return a small chart of f; nothing for a function over rows, or where there is no room."""
    if card.properties is None or surface.width < _LEAST_FOR_A_CHART:
        return ""
    from actcli.render.figure.small_chart import small_chart

    return small_chart(card.f, min(surface.width - 4, 72), 12, surface).rstrip("\n")


def _parameter(f: Activation, parameter: Parameter) -> dict[str, Any]:
    return {
        "value": f.parameters[parameter.name],
        "default": parameter.default,
        "bounds": parameter.bounds,
        "aliases": list(parameter.aliases),
        "defaults": defaults_by_framework(f, parameter),
    }


def _row_properties(f: Activation) -> dict[str, Any]:
    low, high = f.definition.range
    if f.definition.is_pair_formula:  # nothing is known of both
        return {"range": {"infimum": None, "supremum": None}, "smoothness": None, "keeps_length": False}
    return {
        "range": {"infimum": low, "supremum": high},
        "smoothness": f.definition.smoothness,
        "keeps_length": f.definition.slope is not None,
    }


def _properties(properties: Properties) -> dict[str, Any]:
    record: dict[str, Any] = {
        "range": {
            "infimum": properties.lowest.value,
            "infimum_reached": properties.lowest.reached,
            "infimum_at": properties.lowest.at,
            "infimum_certain": properties.lowest.certain,
            "supremum": properties.highest.value,
            "supremum_reached": properties.highest.reached,
            "supremum_at": properties.highest.at,
            "supremum_certain": properties.highest.certain,
        },
        "limits": {
            "left": properties.limits[0],
            "left_certain": properties.limits_certain[0],
            "right": properties.limits[1],
            "right_certain": properties.limits_certain[1],
        },
        "zeros": list(properties.zeros),
        "endless_zeros": properties.endless_zeros,
        "turning_points": list(properties.stationary),
        "at_zero": {"value": properties.at_zero[0], "slope": properties.at_zero[1]},
        "monotone": properties.direction,
        "convexity": properties.bend,
        "symmetry": properties.symmetry,
        "period": properties.period,
        "bounded": properties.bounded,
        "smoothness": int(properties.smoothness)
        if properties.smoothness < notation.INF
        else properties.smoothness,
        "lipschitz": properties.lipschitz,
        "largest_slope": properties.largest_slope,
        "largest_slope_certain": properties.slope_certain,
        "largest_slope_at": list(properties.steepest),
        "largest_curvature": properties.largest_curvature,
        "largest_curvature_certain": properties.curvature_certain,
        "largest_curvature_at": list(properties.most_curved),
        "zero_gradient": list(properties.zero_gradient),
        "saturation": {"left": properties.saturation[0], "right": properties.saturation[1]},
    }
    if properties.approximate:
        record["approximate"] = True
    if properties.value_moments and properties.slope_moments and properties.gains:
        record["normal"] = {
            name: {"mean": moments.mean, "variance": moments.variance}
            for name, moments in (("value", properties.value_moments), ("slope", properties.slope_moments))
        }
        record["gains"] = {
            "second_moment": properties.gains.second_moment,
            "standard_deviation": properties.gains.standard_deviation,
            "gradient": properties.gains.gradient,
            "torch": properties.gains.torch,
        }
    return record


def _recognition(recognition: Recognition) -> dict[str, Any]:
    identity, (everywhere, at) = recognition.identity, recognition.everywhere or (None, None)
    return {
        "same_as": identity.same_as if identity and identity.is_proven else None,
        "same_as_measured": identity.same_as if identity and not identity.is_proven else None,
        "other_slopes_at": [
            {"at": kink.at, "formula": kink.formula, "function": kink.function}
            for kink in (identity.kinks if identity else ())
        ],
        "nearest": recognition.nearest,
        "largest_difference": recognition.difference,
        "largest_difference_at": recognition.difference_at,
        "largest_difference_anywhere": everywhere,
        "largest_difference_anywhere_at": at,
        "rewritten": [{"typed": one.before, "computed": one.after} for one in recognition.rewritings],
        "digits_the_typed_form_loses": recognition.digits_lost,
        "digits_lost_at": recognition.lost_at,
        "digits_lost_in": list(recognition.lost_where),
    }


def _kink(f: Activation, kink: Kink) -> dict[str, Any]:
    return {
        "at": kink.at,
        "jump": jump_at(f, kink),
        "slopes": {"left": kink.slopes[0], "right": kink.slopes[1], **autograd_at(f, kink, 1)},
        "curvatures": {"left": kink.curvatures[0], "right": kink.curvatures[1], **autograd_at(f, kink, 2)},
    }
