"""Bytes to arrays: arguments, text, CSV, .npy and .npz, each as a stream of blocks.

Importing this loads no NumPy: help and completion need the names only.
"""

from actcli.sources.choose import open_numbers
from actcli.sources.request import OnError, Request

__all__ = ["OnError", "Request", "open_numbers"]
