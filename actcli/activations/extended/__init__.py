"""Arithmetic and elementary functions of 106 bits, and of any precision, where float64 loses digits."""
