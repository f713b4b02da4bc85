"""Limits of a formula: its size, its depth, and constants that are finite."""

import math

import numpy as np

from actcli.activations.formula.compile import constant_parts
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.tree import Node, children

DEEPEST = 60
"""Brackets, calls and signs inside one another."""
MOST_OPERATIONS = 1000
LONGEST_CHAIN = 200
"""Operations that need one another's results: the height of the tree."""


def refuse_long_chains(tree: Node, text: str) -> None:
    """Raise FormulaError for a chain of operations that is too long."""
    level: list[Node] = [tree]
    for _ in range(LONGEST_CHAIN):
        level = [child for node in level for child in children(node)]
        if not level:
            return
    sentence = f"at most {LONGEST_CHAIN} operations may need one another's results; use brackets"
    raise FormulaError.at_span(sentence, text, level[0].span)


def refuse_infinite_constants(tree: Node, text: str) -> None:
    """Raise FormulaError for a part without x and parameters that is not a finite number, such as 9^9^9 and 1/0."""
    with np.errstate(all="ignore"):
        for node, value in constant_parts(tree):
            if not math.isfinite(value):
                shown = text[node.span[0] : node.span[1]]
                shown = shown if len(shown) <= 30 else shown[:29] + "…"
                word = "not a number" if math.isnan(value) else "beyond the largest number, 1.8e308"
                raise FormulaError.at_span(f"{shown} is {word}", text, node.span)
