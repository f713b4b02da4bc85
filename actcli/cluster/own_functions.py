"""A person's own functions in a process whose threads may work for several people."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from actcli.activations import await_functions
from actcli.activations.personal import Entry


class OwnFunctions:
    """The functions that this process knows, and how many threads use them."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._entries: tuple[Entry, ...] = ()
        self._users = 0

    @contextmanager
    def defined(self, entries: tuple[Entry, ...]) -> Iterator[None]:
        """Define a person's own functions while the context lasts; wait while other threads need others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._users or self._entries == entries)
            if self._entries != entries:
                await_functions(lambda: list(entries), lambda _: None)
                self._entries = entries
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()


OWN_FUNCTIONS = OwnFunctions()
