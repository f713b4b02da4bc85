"""Files that a training leaves behind: recordings and networks."""
