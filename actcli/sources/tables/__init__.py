"""Text and JSON with columns: rows, the numbers in chosen columns, and rows with columns added."""
