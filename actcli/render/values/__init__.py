"""The results of `eval` and `grad`."""
