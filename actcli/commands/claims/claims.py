"""`actcli claims`: what people say about activation functions, each claim with its command and what it showed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from actcli.commands.build import build_command
from actcli.commands.declaration import Argument
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.claim import RecordedClaim
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli claims
  actcli claims 3
  actcli claims vanishing
  actcli claims > claims.md
"""


@dataclass(frozen=True, kw_only=True)
class ClaimsOptions:
    """The command line of `claims`."""

    claim: Annotated[
        str | None,
        Argument("CLAIM", help="The number of a claim, or its name, to see all that its command printed."),
    ] = None


def show_claims(options: ClaimsOptions, session: "Session") -> None:
    """Show what people say about activation functions, and what was measured.

    Each claim with the command that tests it and the verdict on what it printed
    when it was recorded. Nothing is run: run the command to see it on your machine.
    In a pipe the page is Markdown.
    """
    from actcli.render.card.claims import claim_text, list_text
    from actcli.render.output.documents import write_document
    from actcli.render.output.layout import Layout
    from actcli.sources.records.claims import load_claims

    claims, origin = load_claims()
    terminal = session.terminal
    if options.claim is None:
        text = list_text(claims, origin, terminal)
    else:
        text = claim_text(_find(options.claim, claims), origin, terminal)
    session.writes()
    write_document(text, Layout("plain", None), terminal)


def _find(word: str, claims: "Sequence[RecordedClaim]") -> "RecordedClaim":
    """Return the claim of this number or name. Raises UsageError that lists them."""
    wanted = word.strip().lower()
    for claim in claims:
        if wanted in {str(claim.number), claim.name}:
            return claim
    names = ", ".join(claim.name for claim in claims)
    raise UsageError(f"no claim {word!r}; choose a number from 1 to {len(claims)}, or one of {names}")


command = build_command("claims", ClaimsOptions, show_claims, epilog=EPILOG)
