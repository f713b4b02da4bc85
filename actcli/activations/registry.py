"""The functions that a person has defined, as they are known in this process; taken when one is first looked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from actcli.activations.definition import Definition
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations.personal import Entry

Load = Callable[[], "Sequence[Entry]"]
Tell = Callable[[str], None]


@dataclass(slots=True)
class Registry:
    """Definitions by their names, normalised.

    Attributes:
        definitions: those that can be used.
        faulty: the names of those that cannot, and why.
        hiding: the names that two files define, and a sentence that says which holds.
        awaited: where definitions are to be taken from, until one is looked for.
        tell: who is told what a person should know.
        asked: a name was looked for since, perhaps for a formula that is kept.

    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    faulty: dict[str, str] = field(default_factory=dict)
    hiding: dict[str, str] = field(default_factory=dict)
    awaited: Load | None = None
    tell: Tell | None = None
    asked: bool = False

    def replace(self, definitions: Mapping[str, Definition]) -> None:
        """Know these and no others."""
        self._forget()
        self.definitions.update(definitions)

    def wait_for(self, load: Load, tell: Tell) -> None:
        """Know no others than those of `load`, which is called when one is looked for."""
        self._forget()
        self.awaited, self.tell = load, tell

    def find(self, key: str) -> Definition | None:
        """The function of that name, or None. Raises UsageError for one that is defined wrongly."""
        self.asked = True
        if self.awaited or self.faulty:
            from actcli.activations.personal import known_to_formulas

            if key in known_to_formulas():  # exp is nobody's: no file need be read for it
                return None
        self._take(key)
        if key in self.faulty:
            raise UsageError(self.faulty[key])
        if key in self.hiding and self.tell:
            self.tell(self.hiding.pop(key))
        return self.definitions.get(key)

    def all(self) -> tuple[Definition, ...]:
        """All that can be used, each once."""
        self._take(None)
        return tuple({id(definition): definition for definition in self.definitions.values()}.values())

    def _take(self, wanted: str | None) -> None:
        """Take what is awaited, and tell what is wrong with it but for the name that is looked for."""
        load, self.awaited = self.awaited, None
        if load is None:
            return
        entries = load()
        if not entries:
            return
        from actcli.activations.formula import forget
        from actcli.activations.personal import defined

        forget()  # a parameter's name may be a function's now
        found = defined(entries, self.definitions)
        self.faulty.update(found.faulty)
        self.hiding.update(found.hiding)
        own = None if wanted is None else self.faulty.get(wanted)
        for fault in found.faults:
            if self.tell and fault != own:
                self.tell(fault)

    def _forget(self) -> None:
        if self.definitions or self.asked:
            from actcli.activations.formula import forget

            forget()  # the same text may mean another function now
        self.definitions.clear()
        self.faulty.clear()
        self.hiding.clear()
        self.awaited = self.tell = None
        self.asked = False
