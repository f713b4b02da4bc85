"""Timelines: the statistics of a network's units at several epochs of one run."""
