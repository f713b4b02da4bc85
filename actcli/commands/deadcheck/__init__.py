"""The command `deadcheck`."""
