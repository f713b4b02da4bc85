"""The output of `info` and `list`."""
