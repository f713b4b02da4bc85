"""Formulas: an activation written down, `x*sigmoid(1.702*x)`. Parsed, never executed as code; differentiated exactly.

tokens and parse turn a text into a tree (tree.py); rewrites replaces what loses digits; compile turns the tree into a
program (program.py); taylor and derivatives differentiate it to any order; kinks finds where it breaks; define makes a
Definition of it.
"""

from actcli.activations.formula.define import define, settle
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.formula import Formula, read_expression, read_formula

__all__ = ["Formula", "FormulaError", "define", "read_expression", "read_formula", "settle"]
