"""Bytes as they arrive, cut into pieces and tokens."""
