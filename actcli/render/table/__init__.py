"""Tables: fitted to a width, drawn without a frame."""
