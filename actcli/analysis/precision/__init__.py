"""The exactness of results."""
