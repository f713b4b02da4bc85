"""Formulas: an activation written down, `x*sigmoid(1.702*x)`. Parsed, never executed as code.

tokens and parse turn a text into a tree (tree.py); rewrites replaces what loses digits; compile turns the tree into a
program, which computes the values.
"""

from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.formula import Formula, read_expression, read_formula

__all__ = ["Formula", "FormulaError", "read_expression", "read_formula"]
