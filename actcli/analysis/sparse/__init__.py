"""Sparse layers: their statistics, the density of latents, the use of experts, and the mean before training."""
