"""Formulas: an activation written down, `x*sigmoid(1.702*x)`. Read, never executed; differentiated exactly.

tokens and parse make a tree (tree.py) of a text; program makes straight instructions of a tree and computes values;
jets and derivatives differentiate them to any order; kinks finds where they break; formula makes a Definition.
"""

from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.formula import Formula, definition_of, expression_of, forget, formula, settled

__all__ = ["Formula", "FormulaError", "definition_of", "expression_of", "forget", "formula", "settled"]
