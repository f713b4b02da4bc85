"""What a training leaves behind: recordings and networks."""
