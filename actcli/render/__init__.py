"""Results to text and files: plain numbers, tables, CSV, JSON, NumPy files."""
