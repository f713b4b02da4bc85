"""Advice for a formula that cannot be read: one sentence that says what to write instead."""

import difflib
import re
from collections.abc import Sequence

from actcli.activations.catalogue import spellings
from actcli.activations.formula.functions import BY_NAME, CONSTANTS, INSTEAD, WORDS
from actcli.activations.formula.tokens import Token
from actcli.activations.formula.tree import Span
from actcli.activations.names import offer
from actcli.activations.registry import registered

_SHORT = 12
"""Characters of a part that a sentence repeats."""
_SIGNS = {
    "//": "write floor(a/b) for the whole part of a quotient",
    "&": "write and",
    "&&": "write and",
    "|": "write or; the absolute value is |x|",
    "||": "write or; the absolute value is |x|",
    "!": "write not, or != for unequal",
    "=>": "write >=",
    "=<": "write <=",
    "<>": "write != for unequal",
    "=": "write == to compare; parameters stand after a colon at the end, as in 'tanh(b*x):b=2'",
}


def advise_product(text: str, token: Token, follower: Token, span: Span) -> str:
    """Return what to write where no sign separates the part at `span`, which begins with `token`, and its follower."""
    if token.text == "lambda" and follower.text == "x":
        return "a formula is the expression alone, without lambda x:"
    before = "(...)" if token.text == "(" else text[slice(*span)]
    before = before if len(before) <= _SHORT else f"{_shown(text, token)}(...)"
    if token.kind == follower.kind == "number":
        return f"a sign is missing between {before} and {_shown(text, follower)}"
    after = {"(": "(...)", "|": "|...|", "||": "|...|"}.get(follower.text) or _shown(text, follower)
    return f"a sign is missing: write {before}*{after} for a product"


def is_operand_next(token: Token, *, bars: int, later: Sequence[Token]) -> bool:
    """Return whether a part begins where a sign should stand; a bar does where none is open and another follows."""
    if token.text in {"|", "||"}:
        return not bars and any(one.text in {"|", "||"} for one in later)
    return token.text in {"(", "√", "∛"} or (token.kind in {"number", "name"} and token.text not in WORDS)


def advise_call(text: str, token: Token, follower: Token) -> str:
    """Return what to write where a function's name has no bracket after it."""
    if follower.kind == "power" or follower.text in {"^", "**"}:
        power = follower.text if follower.kind == "power" else "2"
        reciprocal = " for the reciprocal" if power.startswith("-") else ""
        return f"the power stands behind the bracket: write {_shown(text, token)}(x)^{power}{reciprocal}"
    several = "separate several functions by blanks, or " if follower.text == "," else ""
    return f"{token.text} is a function: {several}write {_shown(text, token)}(x)"


def advise_function(text: str, token: Token) -> str:
    """Return what to write where an unknown name stands before a bracket."""
    name, shown = token.text, _shown(text, token)
    if name in {"x", *CONSTANTS}:
        return f"{shown} is no function: write {shown}*(...) for a product"
    if re.match(r"\s*\(\s*x\s*\)\s*=[^=]", text[token.end :]) and not token.start:
        return f"a formula is the expression alone, without {shown}(x) ="
    if name.lower() in INSTEAD:
        return f"there is no function {name!r}; write {INSTEAD[name.lower()]}"
    names = {*BY_NAME, "where", *(spelling for spelling, _ in spellings() if "." not in spelling)}
    names |= {own for one in registered() for own in (one.name, *one.aliases)}
    near = difflib.get_close_matches(name.lower(), sorted(names), n=3, cutoff=0.6)
    right = offer(near)
    if name == "phi":
        right = "; the normal density is exp(-x^2/2)/sqrt(2*pi), and for a product write phi*(...)"
    elif len(shown) == 1:
        right = f"; for a product write {shown}*(...)"
    return f"there is no function {name!r}{right}"


def advise_unexpected(text: str, tokens: Sequence[Token], token: Token) -> str:
    """Return what is wrong with a token that cannot stand where it is, and what to write instead."""
    before = text[: token.start]
    if token.kind == "end":
        return "the formula ends where a number, x or a function should follow"
    if token.text == ")":
        opened = before.count("(") > before.count(")")
        return "something is missing before the bracket closes" if opened else "there is no bracket to close"
    place = tokens.index(token)
    if token.text == "=" and place == 1 and tokens[0].kind == "name" and before.strip() != "x":
        return f"a formula is the expression alone, without {before.strip()} ="
    if token.text in _SIGNS:
        return f"{token.text} has no place here; {_SIGNS[token.text]}"
    shown = _shown(text, token)
    if shown in {"if", "else"}:
        return f"{shown} stands between two values: write a if condition else b"
    return f"{shown!r} cannot stand here; allowed are numbers, x, brackets and functions"


def _shown(text: str, token: Token) -> str:
    """Return the token as it was typed."""
    return text[token.start : token.end]
