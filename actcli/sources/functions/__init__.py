"""The files in which people keep functions of their own."""
