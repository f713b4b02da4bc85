"""`deadcheck --prune`."""
