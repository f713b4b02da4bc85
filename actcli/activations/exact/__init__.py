"""Kernels of the named functions in float64 within one unit in the last place, to the same bits on every machine."""
