"""Compiled functions that run uncompiled for a while, where their functions and hooks can be seen."""

import sys
from threading import Lock
from typing import Any

import torch

_lock = Lock()
_holders: set[int] = set()
_forced: list[Any] = []
"""The compiler has one stance for the whole process: those who need it share it, and the last one gives it back."""


class UncompiledStance:
    """One holder's wish that compiled functions run uncompiled."""

    @property
    def is_held(self) -> bool:
        """Whether compiled functions run uncompiled for this holder."""
        return id(self) in _holders

    def hold(self) -> None:
        """Let compiled functions run as they were written, from the next call on."""
        # torch.compile imports torch._dynamo; without it nothing is compiled
        if "torch._dynamo" not in sys.modules:
            return
        with _lock:
            _holders.add(id(self))
            if not _forced:
                _forced.append(torch.compiler.set_stance("force_eager"))

    def release(self) -> None:
        """Let them run compiled again, if no other holder needs them uncompiled."""
        with _lock:
            _holders.discard(id(self))
            if _forced and not _holders:
                _forced.pop().__exit__(None, None, None)
