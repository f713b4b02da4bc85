"""Units taken out of a model: what went, what stayed, and how far rounding may move the answers."""
