"""The activation functions, one family per file, each with its value, derivatives, kinks and facts."""
