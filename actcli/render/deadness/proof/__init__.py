"""Proofs about units for people and programs."""
