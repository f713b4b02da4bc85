"""Units by position: at how many tokens each unit fired. Such counts describe; the verdict goes by samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.confidence import firing_bound

IF_INDEPENDENT = "if tokens were independent"


@dataclass(frozen=True, slots=True, eq=False)
class TokenCounts:
    """The units of one layer by position.

    Attributes:
        name: the layer's name.
        tokens: positions that were counted, over all samples.
        fired: at how many of them each unit fired. int64 (units,).
        bounds: upper bounds of each unit's firing probability per token, if tokens were independent, which they are
            not. float64 (units,).

    """

    name: str
    tokens: int
    fired: NDArray[np.int64]
    bounds: NDArray[np.float64]

    @property
    def densities(self) -> NDArray[np.float64]:
        """The share of the tokens at which each unit fired; NaN without tokens. float64 (units,)."""
        return self.fired / self.tokens if self.tokens else np.full(self.fired.shape, np.nan)


def count_tokens(
    counts: Mapping[str, tuple[int, NDArray[np.int64]]], confidence: float
) -> tuple[TokenCounts, ...]:
    """Return the token counts of layers, from their positions and firings by name."""
    return tuple(
        TokenCounts(name, tokens, fired, firing_bound(fired, tokens, confidence))
        for name, (tokens, fired) in counts.items()
    )


def token_sentences(layers: Sequence[TokenCounts]) -> tuple[str, ...]:
    """Return a sentence on how often units fire per token, and what silence on all of them would tell."""
    from actcli.render.deadness.wording import bound_text, percent

    layers = [layer for layer in layers if layer.tokens]
    if not layers:
        return ()
    tokens = max(layer.tokens for layer in layers)
    firings: list[Any] = [layer.densities for layer in layers]
    silent = sum(int((layer.fired == 0).sum()) for layer in layers)
    sentence = (
        f"Per token: units fire at {percent(float(np.concatenate(firings).mean()))} % of {tokens:,} tokens"
    )
    if silent:
        bound = max(float(layer.bounds[layer.fired == 0].max(initial=0.0)) for layer in layers)
        sentence += f"; {silent:,} fired at none, p < {bound_text(bound)} per token {IF_INDEPENDENT}"
    return (f"{sentence}. The verdict goes by samples.",)
