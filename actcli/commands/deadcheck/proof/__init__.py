"""`deadcheck --prove`: which units can never fire on a box of inputs."""
