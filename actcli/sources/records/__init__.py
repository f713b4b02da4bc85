"""Recorded activations, statistics files and data sets."""
