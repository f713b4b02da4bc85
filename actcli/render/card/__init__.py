"""What `info` and `list` show of a function."""
