"""Curves, the part of the x axis that shows them, and where data lie along it."""
