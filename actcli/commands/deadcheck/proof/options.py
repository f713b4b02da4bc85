"""The options of `deadcheck` about proofs."""

from typing import TYPE_CHECKING, Annotated

from actcli.commands.declaration import Option
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.commands.declaration import Declared

PROOFS = "Proofs"
DATA = "data"
_FORMS = "LO:HI such as 0:1, the word data, or an .npz of bounds by input name"


@dataclass(frozen=True, slots=True)
class BoxChoice:
    """The box of inputs that a proof is about: one interval for all numbers, that of the data, or a file's.

    Attributes:
        text: as it was typed.
        interval: the ends; None for data and a file.

    """

    text: str
    interval: tuple[float, float] | None = None

    @property
    def is_data(self) -> bool:
        """Whether it is the smallest box around the data."""
        return self.text == DATA

    @property
    def file(self) -> str | None:
        """The file with the bounds; None for the other choices."""
        return None if self.is_data or self.interval is not None else self.text


def read_box(text: str) -> BoxChoice:
    """Return the box that BOX names. Raises UsageError for what is none."""
    import math

    from actcli.sources.numbers.arguments import numbers_in

    if text == DATA or text.lower().endswith(".npz"):
        return BoxChoice(text)
    low, colon, high = text.partition(":")
    if not colon:
        raise UsageError(f"{text!r} is no box of inputs; write {_FORMS}")
    ends = []
    for part in (low, high):
        try:
            numbers = list(numbers_in(part))
        except (UsageError, ValueError):
            numbers = []
        if len(numbers) != 1 or not math.isfinite(numbers[0]):
            raise UsageError(f"{text!r}: {part!r} is not a finite number; write {_FORMS}")
        ends.append(float(numbers[0]))
    if ends[0] > ends[1]:
        raise UsageError(f"{text!r}: {low} is above {high}; write {high}:{low}")
    return BoxChoice(text, (ends[0], ends[1]))


@dataclass(frozen=True, kw_only=True)
class ProofOptions:
    """The options about proofs."""

    prove: Annotated[
        BoxChoice | None,
        Option(
            "--prove",
            metavar="BOX",
            section=PROOFS,
            parse=read_box,
            help="Prove which units cannot fire on any input in BOX: LO:HI for all numbers of all inputs, data for "
            "the smallest box around --data, or an .npz with NAME.lower and NAME.upper for each input. With or "
            "without --data.",
            modes=("model",),
            excludes=("--random", "--mask"),
        ),
    ] = None
    wakes: Annotated[
        str | None,
        Option(
            "--wakes",
            metavar="FILE",
            section=PROOFS,
            help="Write the inputs that wake units which are dead in --data and not proved so to FILE (.npz).",
            modes=("model",),
            needs=("--prove",),
        ),
    ] = None


_WITHOUT_DATA = frozenset({"SOURCE", "--prove", "--format", "--output", "--quiet", "--units"})
"""What a proof without data goes with, besides the options of every command."""


def refuse_without_data(options: object) -> None:
    """Raise UsageError for an option that needs samples, where there is a proof alone."""
    from actcli.commands.declaration import declared

    prove, data = getattr(options, "prove", None), getattr(options, "data", None)
    if prove is None or data is not None:
        return
    if prove.is_data:
        raise UsageError("--prove data needs --data FILE, whose smallest box it is about")
    for one in declared(type(options)):
        name = _first_name(one)
        if one.is_given(options) and name not in _WITHOUT_DATA:
            raise UsageError(f"{name} needs --data FILE: --prove alone looks at no sample")


def _first_name(one: "Declared") -> str:
    return one.declaration.name.split()[0]
