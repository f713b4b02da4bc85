"""The functions that a person has defined, as this process knows them; loaded when one is first looked for."""

from collections.abc import Callable, Mapping
from dataclasses import field

from actcli.activations.catalogue import find_catalogued
from actcli.activations.definition import Definition
from actcli.activations.names import normalise
from actcli.dataclass import dataclass
from actcli.exits import UsageError


@dataclass(frozen=True, slots=True)
class Notices:
    """The messages about functions that were loaded, by normalised names.

    Attributes:
        faults: one sentence for each entry that cannot be used, in the order of the entries.
        faulty: the names of these entries, and why they cannot be used.
        overridden: the names that two files define, and which file wins.

    """

    faults: tuple[str, ...] = ()
    faulty: Mapping[str, str] = field(default_factory=dict)
    overridden: Mapping[str, str] = field(default_factory=dict)


Load = Callable[[dict[str, Definition]], Notices]
"""Puts definitions into a dictionary, by normalised names, and returns the notices."""


@dataclass(slots=True)
class Registry:
    """Definitions by normalised names.

    Attributes:
        definitions: the functions that can be used.
        faulty, overridden: as in Notices.
        load: loads the functions when a name is first looked for; None once they are loaded.
        is_reserved: whether a name belongs to the formula language: nothing is loaded for it.
        tell: called with each sentence that a person should read.
        version: grows with every change. What is kept of a formula is kept under the version it was read at.

    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    faulty: Mapping[str, str] = field(default_factory=dict)
    overridden: dict[str, str] = field(default_factory=dict)
    load: Load | None = None
    is_reserved: Callable[[str], bool] = lambda _: False
    tell: Callable[[str], None] = lambda _: None
    version: int = 0

    def replace(self, definitions: Mapping[str, Definition]) -> None:
        """Know these functions and no others."""
        self._clear()
        self.definitions.update(definitions)

    def wait_for(self, load: Load, is_reserved: Callable[[str], bool], tell: Callable[[str], None]) -> None:
        """Know no functions but those that are still to be loaded."""
        self._clear()
        self.load, self.is_reserved, self.tell = load, is_reserved, tell

    def find(self, key: str) -> Definition | None:
        """Return the function of that normalised name, or None. Raises UsageError for one that is defined wrongly."""
        if self.load and self.is_reserved(key):
            return None
        self._load_pending(key)
        if key in self.faulty:
            raise UsageError(self.faulty[key])
        if key in self.overridden:
            self.tell(self.overridden.pop(key))
        return self.definitions.get(key)

    def all(self) -> tuple[Definition, ...]:
        """Return every function that can be used, each once."""
        self._load_pending(None)
        return tuple({id(definition): definition for definition in self.definitions.values()}.values())

    def _load_pending(self, wanted: str | None) -> None:
        """Load the functions and tell their faults, except that of the wanted name: its use raises it."""
        load, self.load = self.load, None
        if load is None:
            return
        self.version += 1  # a parameter in a formula may be a function now
        notices = load(self.definitions)
        self.faulty, self.overridden = notices.faulty, dict(notices.overridden)
        own = None if wanted is None else self.faulty.get(wanted)
        for fault in notices.faults:
            if fault != own:
                self.tell(fault)

    def _clear(self) -> None:
        self.version += 1
        self.definitions.clear()
        self.faulty, self.overridden = {}, {}
        self.load = None


REGISTRY = Registry()
"""The functions that this process knows beside the catalogue."""


def registered() -> tuple[Definition, ...]:
    """Return the functions that a person has defined, in the order of their definitions."""
    return REGISTRY.all()


def find_definition(name: str) -> Definition | None:
    """Return the function of that name, from the catalogue or a person's own; None without one. No framework's.

    Raises UsageError for a function that a person has defined wrongly.
    """
    return find_catalogued(name) or REGISTRY.find(normalise(name))
