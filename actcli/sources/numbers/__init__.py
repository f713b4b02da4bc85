"""Numbers from arguments, text and array files."""
