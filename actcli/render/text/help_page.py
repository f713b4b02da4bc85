"""Help texts in colour: headings, and the words that are typed."""

import re

from actcli.render.text.theme import Theme

_HEADING = re.compile(r"^[A-Z][A-Za-z ]*:(?=$| )", re.MULTILINE)
_TYPED = re.compile(r"^(  )(-[\w-]+(?:, --?[\w-]+)*|[a-z]+(?=  )|\d+(?=  ))", re.MULTILINE)


def paint_help(text: str, theme: Theme) -> str:
    """Return a help text with its headings in bold, and options, commands and exit statuses in colour."""
    text = _TYPED.sub(lambda found: found[1] + theme.paint(found[2], "cyan"), text)
    return _HEADING.sub(lambda found: theme.paint(found[0], "bold"), text)
