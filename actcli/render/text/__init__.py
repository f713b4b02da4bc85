"""Values as text: numbers, fields, CSV, Markdown, mathematical notation, colours."""
