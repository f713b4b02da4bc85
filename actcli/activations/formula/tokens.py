"""A formula's text as tokens: numbers, names, signs, in ASCII or as papers write them."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.functions import LETTER_FUNCTIONS
from actcli.activations.names import GREEK

LONGEST = 4000
"""Characters in a formula."""

Kind = Literal["number", "name", "sign", "power", "end"]

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)
_SIGN = re.compile(r"\*\*|//|<=|>=|==|!=|=>|=<|<>|&&|\|\||[-+*/^%<>(),=√∛!&|]")
_TYPESET = {
    **dict.fromkeys("·×⋅∗∙•", "*"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("−–", "-"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "π": "pi",
}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_POWER = re.compile(r"⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_FRACTIONS = {character: repr(unicodedata.numeric(character)) for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_LOOK_ALIKE = dict(zip("асеіјорԛѕԝхуАВЕКМНОРСТХаοχ", "aceijopqswxyABEKMHOPCTXaox", strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign: its kind, its text in ASCII, and the columns from `start` to before `end`."""

    kind: Kind
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a formula and an `end`. Raises FormulaError at a character that cannot be in a formula."""
    if len(text) > LONGEST:
        raise FormulaError(
            f"a formula has {LONGEST:,} characters at most, this one has {len(text):,}",
            text[: LONGEST + 1],
            LONGEST,
        )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] in " \t":
            at += 1
            continue
        token = _token(text, at)
        tokens.append(token)
        at = token.end
    return [*tokens, Token("end", "", len(text), len(text))]


def split_bars(tokens: list[Token], token: Token) -> Token:
    """Return the bar; two that were read as one sign become two of the tokens."""
    if token.text == "||":
        middle, place = token.start + 1, tokens.index(token)
        bars = [Token("sign", "|", token.start, middle), Token("sign", "|", middle, token.end)]
        tokens[place : place + 1] = bars
        return bars[0]
    return token


def _token(text: str, at: int) -> Token:
    for kind, pattern in (("number", _NUMBER), ("name", _NAME), ("sign", _SIGN)):
        match = pattern.match(text, at)
        if match:
            return Token(kind, match.group(), at, match.end())  # type: ignore[arg-type] # a Literal of the tuple's
    raised = _POWER.match(text, at)
    if raised:
        return Token("power", raised.group().translate(_RAISED), at, raised.end())
    character = text[at]
    if character in _FRACTIONS:
        return Token("number", _FRACTIONS[character], at, at + 1)
    if character in LETTER_FUNCTIONS and text[at + 1 :].lstrip().startswith("("):
        return Token("name", LETTER_FUNCTIONS[character], at, at + 1)
    if character in GREEK:
        return Token("name", GREEK[character], at, at + 1)
    if character in _TYPESET:
        plain = _TYPESET[character]
        return Token("name" if plain.isalpha() else "sign", plain, at, at + 1)
    raise FormulaError(_explain_character(text, at), text, at)


def _explain_character(text: str, at: int) -> str:
    """Return why the character cannot stand in a formula, and what to write instead."""
    character = text[at]
    code = f"U+{ord(character):04X}"
    if character in _LOOK_ALIKE:
        name = unicodedata.name(character, "a foreign letter").lower()
        return f"{code} ({name}) is not the letter {_LOOK_ALIKE[character]}"
    if character == "Φ":
        return "Φ is a function: write Φ(x), or normcdf(x)"
    if character == ".":
        module = re.search(r"[A-Za-z_][A-Za-z_0-9.]*$", text[:at])
        path = re.match(r"([A-Za-z_0-9]+\.)*([A-Za-z_][A-Za-z_0-9]*)", text[at + 1 :])
        if module and path and module.group() != "x":
            before = f"{module.group()}.{path.group()[: path.start(2)]}"
            return f"write {path.group(2)} without {before} before it; the dot belongs to numbers"
        return "a formula has no attributes; the dot belongs to numbers, as in 0.5"
    if character == "?":
        return "? has no place in a formula; write a if condition else b"
    if character in "⁻⁺⁽⁾ˣⁿ":
        return f"{character} has no place in a formula; a power that is no number needs ^, as in e^(-x)"
    if character in "[]{}":
        return f"{character} has no place in a formula; use round brackets"
    if character in "\"'`":
        return f"{character} has no place in a formula: it holds numbers, names and signs only"
    if character.isdigit() or character.isnumeric():
        return f"{code} is a digit of another script; write 0 to 9"
    if character.isprintable():
        return f"{character!r} ({code}) has no place in a formula"
    return f"the character {code} has no place in a formula"
