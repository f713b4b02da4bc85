"""Numbers, names and cells as text."""
