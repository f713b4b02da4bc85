"""Trained networks compared: the numbers of every contender, their tests, and the sentences about them."""
