"""The results of `compare`."""
