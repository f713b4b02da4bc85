"""Calculus on formulas: derivatives of any order by Taylor series, branch points, kinks, and the domain."""
