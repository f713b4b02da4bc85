"""Reads a formula's text into its tree, by precedence climbing (Richards & Whitby-Strevens 1979). Nothing is executed.

From loosest to tightest: `a if c else b`, or, and, not, comparisons, + -, * / %, unary -, ^ (to the right), calls.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from actcli.activations.definition import Definition
from actcli.activations.formula.advice import (
    advise_call,
    advise_function,
    advise_product,
    advise_unexpected,
    is_operand_next,
)
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.functions import BY_NAME, CONSTANTS, WORDS
from actcli.activations.formula.limits import (
    DEEPEST,
    MOST_OPERATIONS,
    refuse_infinite_constants,
    refuse_long_chains,
)
from actcli.activations.formula.program import SECOND
from actcli.activations.formula.tokens import Token, split_bars, tokenize
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
    contains_x,
)

Lookup = Callable[[str], Definition | None]
"""Finds the definition of a function by its name, as typed; None without one."""

PAIR = ("g", SECOND)
"""The inputs of a formula that has both of them and no x: it works on pairs."""
_PRODUCT, _SUM = 2, 1
_PRECEDENCE = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def parse(text: str, lookup: Lookup, names: Collection[str] = ()) -> Node:
    """Return the tree of a formula in x.

    `names` are parameters, also where a function has the same name: `min` in the expression of hard_tanh. Raises
    FormulaError, which points at the column, for a text that is no formula or exceeds a limit.
    """
    return _Parser(text, lookup, names).whole()


@dataclass(frozen=True, slots=True)
class _CallText:
    """A call as it is written: the function's name, the arguments by position and by name, and the columns."""

    function: Token
    arguments: list[Node]
    named: dict[str, tuple[Node, Token]]
    span: Span


class _Parser:
    """One walk along the tokens. Each method reads one kind of part and returns its tree."""

    __slots__ = ("at", "bars", "depth", "inputs", "lookup", "names", "nodes", "text", "tokens")

    def __init__(self, text: str, lookup: Lookup, names: Collection[str]) -> None:
        self.text = text
        self.lookup = lookup
        self.names = names
        self.tokens = tokenize(text)
        found = {token.text for token in self.tokens if token.kind == "name"} - {*names}
        self.inputs = PAIR if found.issuperset(PAIR) and "x" not in found else ("x",)
        self.at = self.bars = self.depth = self.nodes = 0

    def whole(self) -> Node:
        """Read the formula to its end."""
        if not self.text.strip():
            raise self.error("there is no formula; write one in x, such as 'x*sigmoid(x)'", self.next)
        tree = self.conditional()
        if self.next.kind != "end":
            raise self.unexpected()
        refuse_long_chains(tree, self.text)
        refuse_infinite_constants(tree, self.text)
        return tree

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> Token | None:
        """Return the next token and go on, if it is one of these signs or words; else return None."""
        token = self.next
        if token.text in texts and token.kind in {"sign", "name"}:
            self.at += 1
            return token
        return None

    def error(self, sentence: str, token: Token) -> FormulaError:
        return FormulaError(sentence, self.text, token.start, token.end - token.start)

    def unexpected(self) -> FormulaError:
        return self.error(advise_unexpected(self.text, self.tokens, self.next), self.next)

    def count(self, node: Node) -> Node:
        """Count the node and return it. Raises FormulaError when there are too many."""
        self.nodes += node.definition.parts if isinstance(node, Catalogued) else 1
        if self.nodes > MOST_OPERATIONS:
            raise FormulaError.at_span(
                f"a formula has {MOST_OPERATIONS:,} parts at most", self.text, node.span
            )
        return node

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"nested too deeply; at most {DEEPEST} levels", token)

    def conditional(self) -> Node:
        """Read `then if condition else otherwise`."""
        self.deeper(self.next)
        node = self.either()
        if self.take("if"):
            condition = self.either()
            if not self.take("else"):
                raise self.error("write 'a if condition else b': here 'else' is missing", self.next)
            otherwise = self.conditional()
            node = self.count(Conditional(condition, node, otherwise, _around(node, otherwise)))
        self.depth -= 1
        return node

    def either(self) -> Node:
        return self.logic("or", self.both)

    def both(self) -> Node:
        return self.logic("and", self.negation)

    def logic(self, word: str, operand: Callable[[], Node]) -> Node:
        """Read operands with this word between them."""
        node = operand()
        while self.take(word):
            right = operand()
            node = self.count(Logic(word, node, right, _around(node, right)))
        return node

    def negation(self) -> Node:
        token = self.take("not")
        if not token:
            return self.comparison()
        self.deeper(token)
        operand = self.negation()
        self.depth -= 1
        return self.count(Not(operand, (token.start, operand.span[1])))

    def comparison(self) -> Node:
        """Read one comparison, or a chain: 0 < x < 6."""
        left = self.sum_or_product(_SUM)
        chain: Node | None = None
        while operator := self.take(*_COMPARISONS):
            right = self.sum_or_product(_SUM)
            link = self.count(Compare(operator.text, left, right, _around(left, right)))
            chain = link if chain is None else self.count(Logic("and", chain, link, _around(chain, link)))
            left = right
        return left if chain is None else chain

    def sum_or_product(self, lowest: int) -> Node:
        """Read operators of at least this precedence, from left to right."""
        node = self.signed()
        while self.next.kind == "sign" and _PRECEDENCE.get(self.next.text, 0) >= lowest:
            operator = self.next.text
            self.at += 1
            right = self.sum_or_product(_PRECEDENCE[operator] + 1)
            node = self.count(Binary(operator, node, right, _around(node, right)))
        return node

    def signed(self) -> Node:
        """Read a sign and its operand: -x^2 is -(x^2)."""
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
        return self.count(Negative(operand, span))

    def power(self) -> Node:
        """Read powers, from right to left: 2^3^2 is 2^9. The exponent may have a sign."""
        base = self.root()
        if self.next.kind == "power":
            token = self.next
            self.at += 1
            exponent: Node = Number(float(token.text), (token.start, token.end))
            base = self.count(Binary("^", base, exponent, (base.span[0], token.end)))
        operator = self.take("^", "**")
        if not operator:
            return base
        self.deeper(operator)
        exponent = self.signed()
        self.depth -= 1
        return self.count(Binary("^", base, exponent, _around(base, exponent)))

    def root(self) -> Node:
        """Read √x or ∛x: the square or cube root of the next operand alone."""
        token = self.take("√", "∛")
        if not token:
            return self.operand()
        self.deeper(token)
        operand = self.root()
        self.depth -= 1
        name = "sqrt" if token.text == "√" else "cbrt"
        return self.count(Call(name, (operand,), (token.start, operand.span[1])))

    def operand(self) -> Node:
        """Read a number, a name, a call or a bracket."""
        token = self.next
        self.at += 1
        node: Node
        if token.kind == "number":
            node = self.number(token)
        elif token.kind == "name" and token.text not in WORDS:
            node = self.call(token) if self.next.text == "(" else self.named(token)
        elif token.text == "(":
            inner = self.inside(0)
            node = replace(inner, span=(token.start, self.close(token).end))
        elif token.text in {"|", "||"}:
            node = self.absolute(split_bars(self.tokens, token))
        else:
            self.at -= 1
            raise self.unexpected()
        follower = self.next
        if is_operand_next(follower, bars=self.bars, later=self.tokens[self.at + 1 :]):
            raise self.error(advise_product(self.text, token, follower, node.span), follower)
        return node

    def inside(self, bars: int) -> Node:
        """Read what stands in brackets, or between bars: only its own bars close in it."""
        outer, self.bars = self.bars, bars
        node = self.conditional()
        self.bars = outer
        return node

    def absolute(self, opened: Token) -> Node:
        """Read |u|, after its first bar."""
        inner = self.inside(1)
        if self.next.text in {")", ",", ""}:
            raise self.error("this bar is never closed", opened)
        if self.next.text not in {"|", "||"}:
            raise self.unexpected()
        closed = split_bars(self.tokens, self.next)
        self.at += 1
        return self.count(Call("abs", (inner,), (opened.start, closed.end)))

    def number(self, token: Token) -> Number:
        value = float(token.text)
        if not math.isfinite(value):
            raise self.error(f"{token.text} is beyond the largest number, 1.8e308", token)
        return Number(value, (token.start, token.end))

    def named(self, token: Token) -> Node:
        """Read x, a constant or a parameter."""
        name, span = token.text, (token.start, token.end)
        if name in self.inputs:
            return Variable(span, name)
        if name in self.names:
            return Free(name, span)
        if name in CONSTANTS:
            return Number(CONSTANTS[name], span)
        if name in BY_NAME or name == "where" or self.lookup(name):
            raise self.error(advise_call(self.text, token, self.next), token)
        if name.startswith("_") or name.endswith("_"):
            raise self.error(f"{name!r} cannot be a parameter: a name starts and ends with a letter", token)
        if name == "X":
            raise self.error("write the argument as a small x", token)
        return Free(name, span)

    def close(self, opened: Token) -> Token:
        token = self.take(")")
        if not token:
            if self.next.kind == "end":
                raise self.error("this bracket is never closed", opened)
            raise self.unexpected()
        return token

    def call(self, token: Token) -> Node:
        """Read the arguments of a call."""
        opened = self.next
        self.at += 1
        self.deeper(opened)
        arguments: list[Node] = []
        named: dict[str, tuple[Node, Token]] = {}
        while self.next.text != ")" or arguments or named:
            name = self.next
            if name.kind == "name" and self.tokens[self.at + 1].text == "=":
                self.at += 2
                if name.text in named:
                    raise self.error(f"{name.text} is given twice", name)
                named[name.text] = (self.inside(0), name)
            elif named:
                raise self.error("an argument without a name stands after one with a name", name)
            else:
                arguments.append(self.inside(0))
            if not self.take(","):
                break
        end = self.close(opened).end
        self.depth -= 1
        return self.apply(_CallText(token, arguments, named, (token.start, end)))

    def apply(self, call: _CallText) -> Node:
        """Return the call of a function of the language, or of the catalogue."""
        name, arguments = call.function.text, call.arguments
        if name == "where":
            self.require(call, 3)
            return self.count(Conditional(arguments[0], arguments[1], arguments[2], call.span))
        own = BY_NAME.get(name)
        definition = self.lookup(name)
        if own and not (definition and (call.named or len(arguments) > own.arity)):
            if own.variadic and len(arguments) > 2 and not call.named:
                node = arguments[0]
                for other in arguments[1:]:
                    node = self.count(Call(own.name, (node, other), call.span))
                return node
            self.require(call, own.arity)
            return self.count(Call(own.name, tuple(arguments), call.span))
        if definition is None:
            raise self.error(advise_function(self.text, call.function), call.function)
        if definition.by_rows:
            sentence = f"{name} works over rows; a formula holds functions of one number"
            raise self.error(sentence, call.function)
        return self.catalogued(call, definition)

    def catalogued(self, call: _CallText, definition: Definition) -> Node:
        """Return the call of a catalogued function: its argument, then parameters by position or name."""
        token, function, arguments = call.function, call.function.text, call.arguments
        if not arguments:
            first = next(iter(call.named), "")
            alone = f"; with that parameter alone it is {function}:{first}=VALUE" if first else ""
            raise self.error(f"write {function}(x): its argument comes first, without a name{alone}", token)
        canonical = {name: p.name for p in definition.parameters for name in (p.name, *p.aliases)}
        own = ", ".join(p.name for p in definition.parameters)
        if len(arguments) > 1 + len(definition.parameters):
            raise self.error(f"{function} takes {f'x and {own}' if own else 'x alone'}", token)
        parameters = dict(zip((p.name for p in definition.parameters), arguments[1:], strict=False))
        for name, (value, place) in call.named.items():
            if name not in canonical:
                has = f"it has {own}" if own else "it has none"
                raise self.error(f"{function} has no parameter {name!r}; {has}", place)
            if canonical[name] in parameters:
                raise self.error(f"{name} is given twice", place)
            parameters[canonical[name]] = value
        missing = [
            p.name for p in definition.parameters if math.isnan(p.default) and p.name not in parameters
        ]
        if missing:
            right = f"{function}(x, {', '.join(f'{name}=1' for name in missing)})"
            sentence = f"{', '.join(missing)} of {function} must have a value: write {right}"
            raise self.error(sentence, token)
        for name, value in parameters.items():
            if contains_x(value):
                sentence = (
                    f"{name} of {function} is a parameter; it cannot depend on {' or '.join(self.inputs)}"
                )
                raise FormulaError.at_span(sentence, self.text, value.span)
        items = tuple(parameters.items())
        return self.count(Catalogued(definition.name, arguments[0], items, call.span, definition=definition))

    def require(self, call: _CallText, arity: int) -> None:
        """Raise FormulaError for a call with another number of arguments, or with parameters."""
        function = call.function.text
        if call.named:
            raise self.error(f"{function} has no parameters", next(iter(call.named.values()))[1])
        if len(call.arguments) != arity:
            takes = "1 argument" if arity == 1 else f"{arity} arguments"
            raise self.error(f"{function} takes {takes}, not {len(call.arguments)}", call.function)


def _around(left: Node, right: Node) -> Span:
    return left.span[0], right.span[1]
