"""Calculus on formulas: derivatives of any order by Taylor series, digits given back, branch points and kinks."""
