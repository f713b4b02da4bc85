"""Small networks trained, and what their results mean."""
