"""Reads a formula: its tree, its parameters, and the program that computes it."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from actcli.activations.definition import Definition
from actcli.activations.formula.compile import compile_tree
from actcli.activations.formula.parse import parse
from actcli.activations.formula.program import SECOND, Program
from actcli.activations.formula.rewrites import Rewriting, rewrite
from actcli.activations.formula.tree import Node, Variable, free_names, walk
from actcli.activations.registry import REGISTRY, find_definition


@dataclass(frozen=True)
class Formula:
    """One formula.

    Attributes:
        text: as it was typed.
        tree: the tree of the text.
        names: its parameters, in the order of the text.

    """

    text: str
    tree: Node
    names: tuple[str, ...]

    @property
    def is_pair(self) -> bool:
        """Whether it works on pairs g and u, instead of on numbers x."""
        return any(isinstance(node, Variable) and node.name == SECOND for node in walk(self.tree))

    @cached_property
    def stable(self) -> tuple[Node, tuple[Rewriting, ...]]:
        """The tree that is computed, and the rewritings that lead to it."""
        return rewrite(self.tree, self.text)

    @property
    def rewritings(self) -> tuple[Rewriting, ...]:
        """The parts that are computed in another form, because the plain form loses digits."""
        return self.stable[1]

    @cached_property
    def program(self) -> Program:
        """The program that is run."""
        return compile_tree(self.stable[0])

    @cached_property
    def literal(self) -> Program:
        """The program of the formula as it was typed."""
        return compile_tree(self.tree)

    @cached_property
    def unfolded(self) -> Program:
        """The program that is run, with its constants as steps: sqrt(2) is a root, not a float64."""
        return compile_tree(self.stable[0], fold=False)

    @cached_property
    def unfolded_literal(self) -> Program:
        """The program of the formula as it was typed, with its constants as steps."""
        return compile_tree(self.tree, fold=False)


def read_formula(text: str, names: tuple[str, ...] = ()) -> Formula:
    """Return the formula of a text; `names` are parameters, even if a function has the same name.

    Raises FormulaError, which points at the column, for a text that is no formula.
    """
    return _read(text, names, REGISTRY.version)


@lru_cache(256)
def _read(text: str, names: tuple[str, ...], version: int) -> Formula:  # noqa: ARG001 - a key of the cache
    tree = parse(text, find_definition, names)
    return Formula(text, tree, free_names(tree))


def read_expression(definition: Definition) -> Formula:
    """Return the formula of a definition's expression."""
    return read_formula(definition.expression, tuple(p.name for p in definition.parameters))
