"""The command line of `claims`."""
