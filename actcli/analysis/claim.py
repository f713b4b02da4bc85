"""A claim that was put to the test, with what its command printed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordedClaim:
    """A common statement about activation functions, and the recording of the command that tests it.

    Attributes:
        number, name: how it is chosen: `2`, `vanishing`.
        title: the claim in a few words.
        says: who says so and why, as a paragraph.
        command: the command that tests it.
        screen: the lines that it printed at 80 columns.
        verdict: whether it holds.
        reasons: why, from the recorded numbers.

    """

    number: int
    name: str
    title: str
    says: str
    command: str
    screen: tuple[str, ...]
    verdict: str
    reasons: str
