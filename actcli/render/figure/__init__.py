"""Figures: as characters in a terminal, as files, as series of numbers."""
