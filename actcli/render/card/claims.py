"""Recorded claims as a page: text for a terminal, Markdown in a pipe."""

import io
from collections.abc import Sequence
from textwrap import fill

from actcli.analysis.claim import RecordedClaim
from actcli.render.output.surface import Surface, console
from actcli.terminal import Terminal

_MOST_WIDE = 100
_SCALE = "The networks and the data are small; run a command to see it on your machine."


def list_text(claims: Sequence[RecordedClaim], origin: str, terminal: Terminal) -> str:
    """Return all claims, each with its command, its verdict and the reasons."""
    if not terminal.stdout_is_tty:
        heading = "# What people say about activations, measured\n"
        parts = [f"{_heading(c)}\n```console\n$ {c.command}\n```\n\n{_judged(c)}\n" for c in claims]
        return "\n".join([heading, *parts, f"{_SCALE}\n", f"{origin}\n"])
    width = min(terminal.size[0], _MOST_WIDE)
    parts = [f"{_title(c, terminal)}\n   $ {c.command}\n{_wrapped(_judged(c), width, '   ')}" for c in claims]
    closing = f"actcli claims 2 shows all that the second command printed. {_SCALE} {origin}"
    return "\n".join([*parts, _wrapped(closing, width)])


def claim_text(claim: RecordedClaim, origin: str, terminal: Terminal) -> str:
    """Return one claim with all that its command printed."""
    screen = "".join(f"{line}\n" for line in (f"$ {claim.command}", *claim.screen))
    judged = _judged(claim)
    if not terminal.stdout_is_tty:
        parts = [
            _heading(claim),
            f"{claim.says}\n",
            f"```console\n{screen}```\n",
            f"{judged}\n",
            f"{origin}\n",
        ]
        return "\n".join(parts)
    width = min(terminal.size[0], _MOST_WIDE)
    paragraphs = (_wrapped(text, width) for text in (judged, origin))
    return "\n".join([_title(claim, terminal), _wrapped(claim.says, width), screen, *paragraphs])


def _heading(claim: RecordedClaim) -> str:
    return f"## {claim.number}. {claim.title}\n"


def _judged(claim: RecordedClaim) -> str:
    return f"**{claim.verdict}.** {claim.reasons}"


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """Return a paragraph for a terminal, without the marks of Markdown."""
    plain = text.replace("**", "").replace("`", "")
    return fill(plain, width, initial_indent=indent, subsequent_indent=indent) + "\n"


def _title(claim: RecordedClaim, terminal: Terminal) -> str:
    from rich.text import Text

    page, surface = io.StringIO(), Surface.of(terminal, to_file=False)
    text = Text(f"{claim.number}  {claim.title}", "bold")
    console(page, max(surface.width, len(text)), surface).print(text)
    return page.getvalue().rstrip("\n")
