"""Timelines: dead units by layer and epoch."""
