"""The results of `deadcheck`."""
