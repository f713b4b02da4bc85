"""The sentence at the end of a card."""

import pytest

from actcli import activation
from actcli.analysis.card.answer import answer
from actcli.analysis.card.properties import measure


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            "gelu",
            ("smooth, not monotone and unbounded", "a gradient for all N(0, 1) inputs", "gain of 1.53."),
        ),
        (
            "relu",
            ("continuous with kinks, increasing", "no gradient for 50 % of N(0, 1) inputs", "gain of 1.41."),
        ),
        ("step", ("discontinuous, increasing and bounded", "no gradient for any input")),
        ("tanh", ("smooth, increasing and bounded", "a gradient for all", "gain of 1.59.")),
        ("logit", ("logit is smooth, increasing and unbounded.",)),
    ],
)
def test_the_answer_says_what_matters_in_a_network(spec, words):
    f = activation(spec)
    sentence = answer(f, measure(f))
    assert sentence.startswith(f"{spec} is ")
    assert all(word in sentence for word in words)
