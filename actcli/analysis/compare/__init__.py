"""Comparisons of several functions."""
