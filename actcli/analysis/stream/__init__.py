"""Functions applied to streams of blocks."""
