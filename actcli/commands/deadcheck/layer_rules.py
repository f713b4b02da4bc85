"""`--activation`: which activation, and so which firing rule, each layer has."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from actcli.exits import UsageError
from actcli.sources.records.unit_axis import fits

if TYPE_CHECKING:
    from actcli.analysis.deadness.firing_rule import RecordedValue, Rule


def firing_rules(
    activations: Sequence[str], recorded: str
) -> "tuple[Callable[[str], Rule], tuple[str, ...]]":
    """Return the firing rule by layer name, and the layer names and patterns in `activations`.

    `activations` are `SPEC` or `LAYER=SPEC`; the last that matches a name wins, relu if none does. Raises UsageError
    for an unknown activation, and for one whose record does not show firing.
    """
    from actcli.activations import activation
    from actcli.analysis.deadness.firing_rule import firing_rule, require_affordable

    values: RecordedValue = "pre" if recorded == "pre" else "post"
    of_layers = [split_layer(text) for text in activations] or [(None, "relu")]
    require_affordable(spec for _, spec in of_layers)
    rules = [(pattern, firing_rule(activation(spec), values)) for pattern, spec in of_layers]

    def rule_of(name: str) -> "Rule":
        for pattern, rule in reversed(rules):
            if pattern is None or fits(name, pattern):
                return rule
        return firing_rule(activation("relu"), values)

    return rule_of, tuple(pattern for pattern, _ in of_layers if pattern is not None)


def split_layer(text: str) -> tuple[str | None, str]:
    """Split `LAYER=SPEC`; the layer is None for an activation alone.

    Parameters contain `=` too, and so may a layer's name: the first `=` that is followed by an activation divides
    them. Raises UsageError where there is none.
    """
    from actcli.activations import activation

    try:
        activation(text)
    except UsageError as error:
        wrong = error
    else:
        return None, text
    divisions = [place for place, character in enumerate(text) if character == "=" and place]
    for place in divisions:
        try:
            activation(text[place + 1 :])
        except UsageError as error:
            if place == divisions[0] and ":" not in text[:place]:
                wrong = error
        else:
            return text[:place], text[place + 1 :]
    raise UsageError(f"--activation {text}: {wrong}") from None
