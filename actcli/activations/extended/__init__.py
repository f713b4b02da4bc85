"""Arithmetic and elementary functions of 106 bits, for the places where float64 loses digits."""
