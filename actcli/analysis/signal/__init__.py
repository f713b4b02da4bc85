"""Signals and gradients in deep random networks."""
