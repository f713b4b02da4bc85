"""Formulas as sums of products in a normal form: derivatives in symbols, and proofs that two formulas are the same.

terms holds the normal form; reading and writing convert trees to it and back; derive differentiates; identity compares.
"""
