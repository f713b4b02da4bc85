"""Where results go: a terminal, a pipe, a file, a progress bar."""
