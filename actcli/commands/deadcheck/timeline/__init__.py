"""Timelines: epochs of one run, one after the other or as they are written."""
