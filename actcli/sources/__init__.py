"""Bytes to arrays: arguments, text, CSV, NumPy files."""
