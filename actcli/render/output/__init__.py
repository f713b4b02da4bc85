"""Where results go: terminals, pipes, files, documents; progress bars and the loop that drives them."""
