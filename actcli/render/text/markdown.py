"""Markdown: texts that start no markup, and pipe tables of them."""

import re
from collections.abc import Sequence

from actcli.terminal import printable

# What would end a cell or start emphasis, code, a link or an element. `_` within a word is no emphasis.
_SPECIAL = re.compile(r"([\\`*|<\[\]])")


def escape_markdown(text: str) -> str:
    """Return the text on one line, with a backslash before everything that Markdown would interpret."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def markdown_head(names: Sequence[str], rule: str = "---") -> str:
    """Return the first two lines of a pipe table; `rule` is `---:` for columns that are flush right."""
    return f"| {' | '.join(map(escape_markdown, names))} |\n|{f' {rule} |' * len(names)}\n"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a pipe table, the first row its head."""
    head, *body = rows
    return markdown_head(head) + "".join(f"| {' | '.join(map(escape_markdown, row))} |\n" for row in body)
