"""The activation functions, a family per file, each with its value, derivatives, kinks and facts."""
