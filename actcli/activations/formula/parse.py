"""A formula's text to its tree, by precedence climbing (Richards & Whitby-Strevens 1979). Nothing is executed.

From loosest to tightest: `a if c else b`, or, and, not, comparisons, + -, * / %, unary -, ^ (to the right), calls.
"""

import difflib
import math
import re
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from actcli.activations.definition import Definition
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.functions import BY_NAME, CONSTANTS, INSTEAD
from actcli.activations.formula.tokens import Token, tokens
from actcli.activations.formula.tree import (
    Binary,
    Call,
    Catalogued,
    Compare,
    Conditional,
    Free,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Span,
    Variable,
    children,
    contains_x,
)

DEEPEST = 60
"""Brackets, calls and signs one inside the other."""
MOST_OPERATIONS = 1000
_SHORT = 12
"""Characters of a part that a complaint repeats."""
LONGEST_CHAIN = 200
"""Operations that need one another's results: the height of the tree."""

Lookup = Callable[[str], Definition | None]
"""A function's name, as typed, to its definition in the catalogue."""

_PRODUCT, _SUM = 2, 1
_PRECEDENCE = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
WORDS = ("if", "else", "and", "or", "not")
_INSTEAD = {
    "//": "write floor(a/b) for the whole part of a quotient",
    "&": "write and",
    "&&": "write and",
    "|": "write or; the absolute value is abs(x)",
    "||": "write or; the absolute value is abs(x)",
    "!": "write not, or != for unequal",
    "=>": "write >=",
    "=<": "write <=",
    "<>": "write != for unequal",
    "=": "write == to compare; parameters stand after a colon at the end, as in 'tanh(b*x):b=2'",
}


def parse(text: str, lookup: Lookup, names: Collection[str] = ()) -> Node:
    """The tree of a formula in x. `lookup` knows the functions of the catalogue.

    `names` are parameters whatever else is called so: a bare `min` is one where hard_tanh has it.

    Raises FormulaError, which points at the column, for what is no formula or is out of bounds.
    """
    return _Parser(text, lookup, names).whole()


class _Parser:
    """One walk along the tokens."""

    __slots__ = ("at", "depth", "lookup", "names", "nodes", "text", "tokens")

    def __init__(self, text: str, lookup: Lookup, names: Collection[str]) -> None:
        self.text = text
        self.lookup = lookup
        self.names = names
        self.tokens = tokens(text)
        self.at = self.depth = self.nodes = 0

    def whole(self) -> Node:
        """The formula, to its end."""
        if not self.text.strip():
            raise self.error("there is no formula; write one in x, such as 'x*sigmoid(x)'", self.next)
        tree = self.conditional()
        if self.next.kind != "end":
            raise self.unexpected(self.next)
        _refuse_tall(tree, self.text)
        _refuse_overflow(tree, self.text)
        return tree

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> Token | None:
        """The next token if it is one of these signs or words, else None."""
        token = self.next
        if token.text in texts and token.kind in {"sign", "name"}:
            self.at += 1
            return token
        return None

    def error(self, sentence: str, token: Token) -> FormulaError:
        return FormulaError(sentence, self.text, token.start, token.end - token.start)

    def made(self, node: Node) -> Node:
        """The node, counted. Raises FormulaError when there are too many."""
        self.nodes += node.definition.parts if isinstance(node, Catalogued) else 1
        if self.nodes > MOST_OPERATIONS:
            raise FormulaError(
                f"a formula has {MOST_OPERATIONS} parts at most", self.text, *_place(node.span)
            )
        return node

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"nested too deeply; at most {DEEPEST} levels", token)

    def conditional(self) -> Node:
        """Then if condition else otherwise."""
        self.deeper(self.next)
        node = self.either()
        if self.take("if"):
            condition = self.either()
            if not self.take("else"):
                raise self.error("write 'a if condition else b': here 'else' is missing", self.next)
            otherwise = self.conditional()
            node = self.made(Conditional(condition, node, otherwise, _around(node, otherwise)))
        self.depth -= 1
        return node

    def either(self) -> Node:
        node = self.both()
        while self.take("or"):
            right = self.both()
            node = self.made(Logic("or", node, right, _around(node, right)))
        return node

    def both(self) -> Node:
        node = self.negation()
        while self.take("and"):
            right = self.negation()
            node = self.made(Logic("and", node, right, _around(node, right)))
        return node

    def negation(self) -> Node:
        token = self.take("not")
        if not token:
            return self.comparison()
        self.deeper(token)
        operand = self.negation()
        self.depth -= 1
        return self.made(Not(operand, (token.start, operand.span[1])))

    def comparison(self) -> Node:
        """One comparison, or a chain: 0 < x < 6."""
        left = self.sum_or_product(_SUM)
        chain: Node | None = None
        while operator := self.take(*_COMPARISONS):
            right = self.sum_or_product(_SUM)
            link = self.made(Compare(operator.text, left, right, _around(left, right)))
            chain = link if chain is None else self.made(Logic("and", chain, link, _around(chain, link)))
            left = right
        return left if chain is None else chain

    def sum_or_product(self, lowest: int) -> Node:
        """Operators of at least this precedence, to the left."""
        node = self.signed()
        while self.next.kind == "sign" and _PRECEDENCE.get(self.next.text, 0) >= lowest:
            operator = self.next.text
            self.at += 1
            right = self.sum_or_product(_PRECEDENCE[operator] + 1)
            node = self.made(Binary(operator, node, right, _around(node, right)))
        return node

    def signed(self) -> Node:
        """-x^2 is -(x^2)."""
        token = self.take("-", "+")
        if not token:
            return self.power()
        self.deeper(token)
        operand = self.signed()
        self.depth -= 1
        span = (token.start, operand.span[1])
        if token.text == "+":
            return operand
        if isinstance(operand, Number):
            return Number(-operand.value, span)
        return self.made(Negative(operand, span))

    def power(self) -> Node:
        """To the right: 2^3^2 is 2^9. The exponent may have a sign."""
        base = self.root()
        if self.next.kind == "power":
            token = self.next
            self.at += 1
            exponent: Node = Number(float(token.text), (token.start, token.end))
            base = self.made(Binary("^", base, exponent, (base.span[0], token.end)))
        operator = self.take("^", "**")
        if not operator:
            return base
        self.deeper(operator)
        exponent = self.signed()
        self.depth -= 1
        return self.made(Binary("^", base, exponent, _around(base, exponent)))

    def root(self) -> Node:
        """√x is the root of the next operand alone, ∛x the cubic one."""
        token = self.take("√", "∛")
        if not token:
            return self.operand()
        self.deeper(token)
        operand = self.root()
        self.depth -= 1
        name = "sqrt" if token.text == "√" else "cbrt"
        return self.made(Call(name, (operand,), (token.start, operand.span[1])))

    def operand(self) -> Node:
        """A number, a name, a call or a bracket."""
        token = self.next
        self.at += 1
        node: Node
        if token.kind == "number":
            node = self.number(token)
        elif token.kind == "name" and token.text not in WORDS:
            node = self.call(token) if self.next.text == "(" else self.named(token)
        elif token.text == "(":
            inner = self.conditional()
            node = replace(inner, span=(token.start, self.close(token).end))
        else:
            self.at -= 1
            raise self.unexpected(token)
        follower = self.next
        if (follower.kind in {"number", "name"} or follower.text in {"(", "√", "∛"}) and (
            follower.text not in WORDS or not follower.text
        ):
            raise self.error(self.juxtaposed(token, follower, node.span), follower)
        return node

    def juxtaposed(self, token: Token, follower: Token, span: Span) -> str:
        """What is right where `token`, which begins the part at `span`, has no sign before what follows."""
        if token.text == "lambda" and follower.text == "x":
            return "a formula is the expression alone, without lambda x:"
        before = "(...)" if token.text == "(" else self.text[slice(*span)]
        before = before if len(before) <= _SHORT else f"{self.text[token.start : token.end]}(...)"
        if token.kind == follower.kind == "number":
            return f"a sign is missing between {before} and {self.text[follower.start : follower.end]}"
        after = "(...)" if follower.text == "(" else self.text[follower.start : follower.end]
        return f"a sign is missing: write {before}*{after} for a product"

    def number(self, token: Token) -> Number:
        value = float(token.text)
        if not math.isfinite(value):
            raise self.error(f"{token.text} is beyond the largest number, 1.8e308", token)
        return Number(value, (token.start, token.end))

    def named(self, token: Token) -> Node:
        """X, a constant or a parameter."""
        name, span = token.text, (token.start, token.end)
        if name == "x":
            return Variable(span)
        if name in self.names:
            return Free(name, span)
        if name in CONSTANTS:
            return Number(CONSTANTS[name], span)
        if name in BY_NAME or name == "where" or self.lookup(name):
            raise self.error(self.uncalled(token), token)
        if name.startswith("_") or name.endswith("_"):
            raise self.error(f"{name!r} is no name for a parameter; it starts and ends with a letter", token)
        if name == "X":
            raise self.error("the argument is the small letter x", token)
        return Free(name, span)

    def uncalled(self, token: Token) -> str:
        """What is right where a function's name stands without a bracket."""
        name, shown = token.text, self.text[token.start : token.end]
        if self.next.kind == "power" or self.next.text in {"^", "**"}:
            power = self.next.text if self.next.kind == "power" else "2"
            meant = " for the reciprocal" if power.startswith("-") else ""
            return f"the power stands behind the bracket: write {shown}(x)^{power}{meant}"
        return f"{name} is a function: write {shown}(x)"

    def close(self, opened: Token) -> Token:
        token = self.take(")")
        if not token:
            if self.next.kind == "end":
                raise self.error("this bracket is never closed", opened)
            raise self.unexpected(self.next)
        return token

    def call(self, token: Token) -> Node:
        """A function of the language, or of the catalogue."""
        opened = self.next
        self.at += 1
        self.deeper(opened)
        given: list[Node] = []
        named: dict[str, tuple[Node, Token]] = {}
        while self.next.text != ")" or given or named:
            name = self.next
            if name.kind == "name" and self.tokens[self.at + 1].text == "=":
                self.at += 2
                if name.text in named:
                    raise self.error(f"{name.text} is given twice", name)
                named[name.text] = (self.conditional(), name)
            elif named:
                raise self.error("an argument without a name stands after one with a name", name)
            else:
                given.append(self.conditional())
            if not self.take(","):
                break
        end = self.close(opened).end
        self.depth -= 1
        return self.applied(token, given, named, (token.start, end))

    def applied(
        self, token: Token, given: list[Node], named: dict[str, tuple[Node, Token]], span: Span
    ) -> Node:
        name = token.text
        if name == "where":
            self.require(token, given, named, 3)
            return self.made(Conditional(given[0], given[1], given[2], span))
        own = BY_NAME.get(name)
        definition = self.lookup(name)
        if own and not (definition and (named or len(given) > own.arity)):
            if own.variadic and len(given) > 2 and not named:
                node = given[0]
                for other in given[1:]:
                    node = self.made(Call(own.name, (node, other), span))
                return node
            self.require(token, given, named, own.arity)
            return self.made(Call(own.name, tuple(given), span))
        if definition is None:
            raise self.error(self.unknown(token), token)
        if definition.by_rows:
            raise self.error(f"{name} works over rows; a formula holds functions of one number", token)
        return self.catalogued(token, definition, given, named, span)

    def catalogued(
        self,
        token: Token,
        definition: Definition,
        given: list[Node],
        named: dict[str, tuple[Node, Token]],
        span: Span,
    ) -> Node:
        if not given:
            alone = (
                f"; with that parameter alone it is {token.text}:{next(iter(named))}=VALUE" if named else ""
            )
            raise self.error(f"write {token.text}(x): its argument comes first, without a name{alone}", token)
        known = {name: p.name for p in definition.parameters for name in (p.name, *p.aliases)}
        own = ", ".join(p.name for p in definition.parameters)
        if len(given) > 1 + len(definition.parameters):
            takes = f"x and {own}" if own else "x alone"
            raise self.error(f"{token.text} takes {takes}", token)
        parameters = dict(zip((p.name for p in definition.parameters), given[1:], strict=False))
        for name, (value, place) in named.items():
            if name not in known:
                has = f"it has {own}" if own else "it has none"
                raise self.error(f"{token.text} has no parameter {name!r}; {has}", place)
            if known[name] in parameters:
                raise self.error(f"{name} is given twice", place)
            parameters[known[name]] = value
        missing = [
            p.name for p in definition.parameters if math.isnan(p.default) and p.name not in parameters
        ]
        if missing:
            shown = ", ".join(f"{name}=1" for name in missing)
            sentence = (
                f"{', '.join(missing)} of {token.text} must have a value: write {token.text}(x, {shown})"
            )
            raise self.error(sentence, token)
        for name, value in parameters.items():
            if contains_x(value):
                sentence = f"{name} of {token.text} is a parameter; it cannot depend on x"
                raise FormulaError(sentence, self.text, *_place(value.span))
        node = Catalogued(definition.name, given[0], tuple(parameters.items()), span, definition=definition)
        return self.made(node)

    def require(
        self, token: Token, given: list[Node], named: dict[str, tuple[Node, Token]], arity: int
    ) -> None:
        if named:
            raise self.error(f"{token.text} has no parameters", next(iter(named.values()))[1])
        if len(given) != arity:
            takes = "1 argument" if arity == 1 else f"{arity} arguments"
            raise self.error(f"{token.text} takes {takes}, not {len(given)}", token)

    def unknown(self, token: Token) -> str:
        """What is right where a name without a function stands before a bracket."""
        name, shown = token.text, self.text[token.start : token.end]
        if name in {"x", *CONSTANTS}:
            return f"{shown} is no function: write {shown}*(...) for a product"
        if re.match(r"\s*\(\s*x\s*\)\s*=[^=]", self.text[token.end :]) and not token.start:
            return f"a formula is the expression alone, without {shown}(x) ="
        from actcli.activations.specification import registered, spellings

        if name.lower() in INSTEAD:
            return f"there is no function {name!r}; write {INSTEAD[name.lower()]}"
        names = {*BY_NAME, "where", *(known for known, _ in spellings() if "." not in known)}
        names |= {name for one in registered() for name in (one.name, *one.aliases)}
        near = difflib.get_close_matches(name.lower(), sorted(names), n=3, cutoff=0.6)
        offer = f"; did you mean {' or '.join(near)}?" if near else ""
        if name == "phi":
            offer = "; the normal density is exp(-x^2/2)/sqrt(2*pi), and for a product write phi*(...)"
        elif len(shown) == 1:
            offer = f"; for a product write {shown}*(...)"
        return f"there is no function {name!r}{offer}"

    def starts_operand(self, token: Token) -> bool:
        """Whether a number or a name might stand where this token does."""
        place = self.tokens.index(token)
        before = self.tokens[place - 1]
        return place == 0 or (before.kind == "sign" and before.text != ")")

    def unexpected(self, token: Token) -> FormulaError:
        if token.kind == "end":
            return self.error("the formula ends where a number, x or a function should follow", token)
        if token.text == ")":
            opened = self.text[: token.start].count("(") > self.text[: token.start].count(")")
            what = (
                "something is missing before the bracket closes" if opened else "there is no bracket to close"
            )
            return self.error(what, token)
        name = self.text[: token.start].strip()
        if token.text == "=" and self.at == 1 and self.tokens[0].kind == "name" and name != "x":
            return self.error(f"a formula is the expression alone, without {name} =", token)
        if token.text == "|" and self.starts_operand(token):
            return self.error("| has no place here; the absolute value of x is abs(x)", token)
        if token.text in _INSTEAD:
            return self.error(f"{token.text} has no place here; {_INSTEAD[token.text]}", token)
        shown = self.text[token.start : token.end]
        if shown in {"if", "else"}:
            return self.error(f"{shown} stands between two values: write a if condition else b", token)
        return self.error(
            f"{shown!r} cannot stand here; allowed are numbers, x, brackets and functions", token
        )


def _around(left: Node, right: Node) -> Span:
    return left.span[0], right.span[1]


def _place(span: Span) -> Span:
    return span[0], span[1] - span[0]


def _refuse_tall(tree: Node, text: str) -> None:
    """Raise FormulaError where results hang on one another in too long a chain."""
    level: list[Node] = [tree]
    for _ in range(LONGEST_CHAIN):
        level = [child for node in level for child in children(node)]
        if not level:
            return
    raise FormulaError(
        f"{LONGEST_CHAIN} operations hang on one another's results at most; use brackets",
        text,
        *_place(level[0].span),
    )


def _refuse_overflow(tree: Node, text: str) -> None:
    """Raise FormulaError for a part without x and parameters that is no finite number, such as 9^9^9 and 1/0."""
    from actcli.activations.formula.program import constant_value

    with np.errstate(all="ignore"):
        for node, value in constant_value(tree):
            if not math.isfinite(value):
                shown = text[node.span[0] : node.span[1]]
                shown = shown if len(shown) <= 30 else shown[:29] + "…"
                word = "not a number" if math.isnan(value) else "beyond the largest number, 1.8e308"
                raise FormulaError(f"{shown} is {word}", text, *_place(node.span))
