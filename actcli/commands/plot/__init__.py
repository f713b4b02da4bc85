"""The command `plot`."""
