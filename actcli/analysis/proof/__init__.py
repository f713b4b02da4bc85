"""Proofs about the units of a network: bounds of every number that float32 may compute on a box of inputs."""
