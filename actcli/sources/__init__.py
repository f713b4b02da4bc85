"""Bytes to arrays: arguments, text, CSV, .npy and .npz, each as a stream of blocks.

Importing this package loads no NumPy, because help and completion need only the names.
"""

from actcli.sources.choose import open_numbers
from actcli.sources.number_request import NumberRequest, OnError

__all__ = ["NumberRequest", "OnError", "open_numbers"]
