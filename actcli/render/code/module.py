"""A function as a piece of Python to paste: imports, the functions that it needs, and the function itself."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from actcli.activations import Activation, Definition, Parameter
from actcli.activations.definition import FORMULA
from actcli.activations.formula import read_expression
from actcli.activations.formula.parse import PAIR
from actcli.activations.formula.tree import Catalogued, Free, Node, Number, Variable, free_names, walk
from actcli.activations.registry import find_definition
from actcli.render.code.expressions import Writer
from actcli.render.code.identifiers import (
    Identifiers,
    function_name,
    has_name,
    of_derivative,
    parameter_identifier,
    remark,
    variant,
)
from actcli.render.code.lowering import (
    can_overflow,
    depends_on_calls,
    expression,
    inline,
    lower,
    substitute,
)
from actcli.render.code.single_range import REMARK, may_fail, single_range
from actcli.render.code.target import Body, Native, Target


@dataclass(frozen=True, slots=True)
class Written:
    """The main function of a text: its identifier, and its arguments after x.

    Attributes:
        name: the identifier.
        takes: the arguments for parameters, by our names.
        more: further arguments with their defaults: `dim=-1`.

    """

    name: str
    takes: Mapping[str, str]
    more: tuple[str, ...]


def module(
    f: Activation,
    target: Target,
    *,
    arrays: frozenset[str] = frozenset(),
    wrap: Callable[[Written], str] | None = None,
) -> str:
    """Return the function as code for one place, with its parameters' values as defaults.

    arrays: the parameters that may be arrays. wrap: returns more code, to stand below the function.
    """
    return _Module(target).text(f, arrays, wrap)


class _Module:
    """The functions written so far, and the identifiers that are taken."""

    __slots__ = ("functions", "main", "names", "reserved", "target", "texts")

    def __init__(self, target: Target) -> None:
        self.main = Written("", {}, ())
        self.target = target
        self.reserved = {*target.imports, "x", "axis", "dim", "self", "super"}
        self.names = Identifiers(self.reserved)
        self.functions: dict[str, str] = {}
        self.texts: list[str] = []

    def text(self, f: Activation, arrays: frozenset[str], wrap: Callable[[Written], str] | None) -> str:
        """Return the complete text for a function."""
        self.functions[f.name] = self.names.new(function_name(f.definition))
        main = self._function(f.definition, f.parameters, _about(f.definition), arrays)
        code = "\n\n\n".join([*self.texts, main, *([wrap(self.main)] if wrap else [])])
        words = _words(code)
        imports = [line for word, line in self.target.imports.items() if word in words]
        if "math" in words and len(imports) > 1:
            imports.insert(1, "")  # the standard library stands by itself
        return "\n".join([*imports, "", "", code, ""]) if imports else f"{code}\n"

    def require(self, definition: Definition | str) -> str:
        """Return the identifier of a function that the text needs, and write that function if it is new.

        A definition is a function of the catalogue, a string one of the formula language.
        """
        name = definition if isinstance(definition, str) else definition.name
        if name not in self.functions:
            self.functions[name] = self.names.new(name)
            if isinstance(definition, str):
                code = self._from_body(self.target.bodies[definition], ())
                text = "\n".join([head(self.functions[name], "x", []), *_indent(code.lines)])
            else:
                text = self._function(definition, {p.name: p.default for p in definition.parameters}, ())
            self.texts.append(text)
        return self.functions[name]

    def _function(
        self,
        definition: Definition,
        values: Mapping[str, float],
        about: Sequence[str],
        arrays: frozenset[str] = frozenset(),
    ) -> str:
        inputs = PAIR if definition.is_pair_formula else ()
        own = Identifiers({*self.reserved, *self.functions.values(), *inputs})
        names = {p.name: own.new(parameter_identifier(p)) for p in definition.parameters}
        self.names.taken |= set(names.values())  # a function written later gets another name
        # the text's own functions may call this one with arrays as parameters
        open_ = {name for name, value in values.items() if math.isnan(value) or not about}
        writer = Writer(self.target, names, frozenset(open_ | arrays), self.require)
        code = (
            self._from_table(definition, values)
            or self._native(definition, values, writer)
            or self._expression(definition, values, writer, main=bool(about))
        )
        needed = writer.asks_type if self.target.only_for_type else bool(about)
        conversion = [self.target.argument] if self.target.argument and needed else []
        takes = [
            argument(p, names[p.name], values[p.name]) for p in definition.parameters if p.name in code.takes
        ]
        if about:
            taken = {p.name: names[p.name] for p in definition.parameters if p.name in code.takes}
            self.main = Written(self.functions[definition.name], taken, code.more)
        first = head(self.functions[definition.name], "x", [*takes, *code.more])
        return "\n".join([*code.above, first, *_indent([*about, *code.remarks, *conversion, *code.lines])])

    def _from_table(self, definition: Definition, values: Mapping[str, float]) -> "_Code | None":
        body = self.target.bodies.get(variant(definition, values))
        takes = tuple(name for name, value in values.items() if not math.isinf(value))
        return None if body is None else self._from_body(body, takes)

    def _from_body(self, body: Body, takes: tuple[str, ...]) -> "_Code":
        for name in body.needs:
            needed = find_definition(name)
            if needed is not None:
                self.require(needed)
        return _Code(body.lines, takes, more=(body.arguments,) if body.arguments else ())

    def _native(self, definition: Definition, values: Mapping[str, float], writer: Writer) -> "_Code | None":
        native = self.target.natives.get(definition.name)
        if native is None:
            return None
        arguments: dict[str, Node] = {
            name: Number(value)
            if (name in native.fixed and name not in writer.arrays) or math.isinf(value)
            else Free(name)
            for name, value in values.items()
        }
        call = writer.native(definition, arguments, "x")
        if call is None:
            return None
        takes = tuple(name for name, value in arguments.items() if isinstance(value, Free))
        remarks = [
            *_fixed(native),
            *([f"{REMARK} {native.fails}"] if native.fails else []),
            *(_kinks(definition, values) if self.target.has_own_kinks else ()),
        ]
        return _Code((f"return {call}",), takes, remarks=tuple(remarks))

    def _expression(
        self, definition: Definition, values: Mapping[str, float], writer: Writer, *, main: bool
    ) -> "_Code":
        switched_off = {name: Number(value) for name, value in values.items() if math.isinf(value)}
        source = substitute(expression(definition), switched_off)
        pair = definition.is_pair_formula
        writer.like = PAIR[0] if pair else "x"
        while True:
            tree = lower(inline(source, writer.stays_a_call), gradients=self.target.differentiates)
            arrays = dict.fromkeys(depends_on_calls(tree))
            if writer.arrays.issuperset(arrays):
                break
            writer.arrays |= (
                arrays.keys()
            )  # a function that takes numbers only cannot be called with them: try again
        conversions = [
            f"{writer.names[p]} = {self.target.parameter.format(p=writer.names[p])}" for p in arrays
        ]
        writer.asks_type = bool(conversions)
        halves = (self.target.halves.format(*PAIR),) if pair else ()
        more = self.target.bodies["glu"].arguments
        remarks, cut, rest = (
            self._lines_far_out(tree, definition, values) if main and not pair else ((), (), "")
        )
        remarks += tuple(
            f"{REMARK} {native.fails}"
            for name in {
                part.name for part in walk(tree) if isinstance(part, Catalogued) and part.argument == _X
            }
            if (native := self.target.natives.get(name)) and native.fails
        )
        lines = (*halves, *conversions, *cut, f"return {writer.text(tree)}{rest}")
        quiet = self.target.quiet and can_overflow(tree)
        above = (self.target.quiet,) if quiet else ()
        return _Code(lines, free_names(tree), (more,) if pair else (), remarks, above)

    def _lines_far_out(
        self, tree: Node, definition: Definition, values: Mapping[str, float]
    ) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Return a remark on where float32 fails, and the lines and the term that take a straight line there.

        The line of a formula with parameters depends on them, so that there is only the remark.
        """
        if not self.target.differentiates or any(map(math.isnan, values.values())):
            return (), (), ""
        if not may_fail(tree):
            return (), (), ""
        found = single_range(tree, Activation(definition.name, definition, values))
        if free_names(tree):
            remark_ = replace(found, slopes=None).remark
            return ((f"{remark_}, at these parameters",) if remark_ else ()), (), ""
        remarks = (found.remark,) if found.remark else ()
        if found.slopes is None or not found.is_cut:
            return remarks, (), ""
        low, high = (_round(side) for side in (found.low, found.high))
        left, right = found.slopes
        left, right = right if low == "None" else left, left if high == "None" else right
        cut = f"{self._cut(low, high)}  # beyond, float32 overflows and the function is a straight line"
        if left == right == 0:
            return remarks, (f"x = {cut}",), ""
        sides = {"": left} if left == right else {"min": left, "max": right}
        terms = [
            _times(slope, self.target.with_constant.get(name, self.target.calls.get(name, "({0})")))
            for name, slope in sides.items()
            if slope
        ]
        return remarks, (f"far, x = x, {cut}",), "".join(f" + {term}" for term in terms)

    def _cut(self, low: str, high: str) -> str:
        """Return x between two numbers, of which one may be missing."""
        if "None" not in {low, high}:
            return self.target.calls["clip"].format("x", low, high)
        name, limit = ("max", low) if high == "None" else ("min", high)
        return self.target.with_constant.get(name, self.target.calls[name]).format("x", limit)


def _round(side: float) -> str:
    return f"{side:g}".replace("e+", "e") if math.isfinite(side) else "None"


def _times(slope: float, form: str) -> str:
    size = form.format("far - x", "0")
    return size if slope == 1 else f"{slope:g} * {size}"


_X = Variable()


@dataclass(frozen=True, slots=True)
class _Code:
    """The parts of a function: its lines, its parameters, further arguments, remarks, and decorators above it."""

    lines: tuple[str, ...]
    takes: tuple[str, ...]
    more: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


def _about(definition: Definition) -> list[str]:
    """Return the docstring of the main function, and comments on the form in which a formula is computed."""
    if of_derivative(definition)[1]:
        text = f"{definition.name}, {definition.source}: {definition.formula}."
    elif not has_name(definition):
        text = f"{definition.formula}."
    else:
        text = f"{definition.name}: {definition.formula} ({definition.source})."
    lines = [f'"""{remark(text)}"""']
    if definition.family == FORMULA or definition.is_pair_formula:
        changed = (f"{one.before} as {one.after}" for one in read_expression(definition).rewritings)
        lines += [f"# computed without loss of digits: {remark(change)}" for change in changed]
    return lines


def _fixed(native: Native) -> list[str]:
    """Return the remark on a native function that does not take every parameter."""
    values = [f"{name} = {value:.17g}" for name, value in native.fixed.items() if math.isfinite(value)]
    return [f"# for {' and '.join(values)}; it takes no other"] if values else []


def _kinks(definition: Definition, values: Mapping[str, float]) -> tuple[str, ...]:
    """Return a remark for each kink at which JAX's derivative differs from PyTorch's."""
    if any(map(math.isnan, values.values())):
        return ()
    return tuple(
        f"# at x = {kink.at:g} jax.grad gives {kink.jax[0]:g}, PyTorch's autograd {kink.default[0]:g}"
        for kink in definition.kinks(**values)
        if not kink.smooth and kink.jax is not None and kink.jax[0] != kink.default[0]
    )


def argument(parameter: Parameter, name: str, value: float) -> str:
    """Return a parameter in the head of a function, with its value as the default if it has one."""
    if math.isnan(value):
        return name
    return f"{name}={int(value) if parameter.whole else repr(float(value))}"


def head(name: str, first: str, arguments: Sequence[str]) -> str:
    """Return the first line of a function; where an argument has no default, all are passed by name."""
    named = ["*"] if any("=" not in argument for argument in arguments) else []
    return f"def {name}({', '.join([first, *named, *arguments])}):"


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _words(code: str) -> set[str]:
    """Return the names before a dot, in all lines of code (not in comments and docstrings)."""
    lines = (line.partition("  # ")[0] for line in code.split("\n") if line.strip()[:1] not in {"#", '"'})
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*(?=\.)", "\n".join(lines)))
