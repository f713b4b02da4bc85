"""Parts in a fixed order of merges: whoever brings them, and however they are grouped."""

from itertools import pairwise

import numpy as np
import pytest

from actcli.analysis.stream.merge_tree import MergedParts, MergeTree


def joined(a, b):
    return f"({a}{b})"


def whole(count):
    tree = MergeTree(joined)
    for number in range(count):
        tree.append(str(number % 10))
    return tree


def test_pairs_of_pairs():
    assert whole(7).total == "(((01)(23))((45)6))"
    assert whole(0).total is None
    assert [(node.number, node.parts) for node in whole(7).nodes] == [(0, 4), (4, 2), (6, 1)]


def test_a_later_total_is_of_the_parts_until_then():
    tree = whole(6)
    total = tree.later_total()
    tree.append("6")
    assert (total(), tree.total) == ("(((01)(23))(45))", "(((01)(23))((45)6))")


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 100])
def test_any_order_and_any_groups_give_the_same(count):
    rng = np.random.default_rng(count)
    for _ in range(20):
        cuts = sorted({0, count, *rng.integers(count, size=4).tolist()})
        nodes = []
        for first, end in pairwise(cuts):
            group = MergeTree(joined)
            for number in range(first, end):
                group.add(MergedParts(number, 1, str(number % 10)))
            nodes += group.nodes
        tree = MergeTree(joined)
        for at in rng.permutation(len(nodes)):
            tree.add(nodes[at])
        assert tree.total == whole(count).total


def test_few_parts_are_kept():
    assert len(whole(1000).nodes) == 6
