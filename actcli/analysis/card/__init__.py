"""Facts about one function."""
