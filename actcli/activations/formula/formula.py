"""A formula understood: its tree, what is computed for it, and the definition that the rest of the program uses."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

from actcli.activations.definition import FORMULA, Array, Definition, Kink, Parameter
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.parse import parse
from actcli.activations.formula.program import Program, compiled
from actcli.activations.formula.rewrites import Rewriting, rewritten
from actcli.activations.formula.tree import Catalogued, Node, children, contains_x, free_names, walk
from actcli.exits import UsageError


@dataclass(frozen=True)
class Formula:
    """One formula, read.

    Attributes:
        text: as it was typed.
        tree: as it was typed, as a tree.
        names: its parameters, in the order of the text.

    """

    text: str
    tree: Node
    names: tuple[str, ...]

    @cached_property
    def stable(self) -> tuple[Node, tuple[Rewriting, ...]]:
        """The tree that is computed, and what was rewritten in it."""
        return rewritten(self.tree, self.text)

    @property
    def rewritings(self) -> tuple[Rewriting, ...]:
        """What was rewritten in the formula because the plain form loses digits."""
        return self.stable[1]

    @cached_property
    def program(self) -> Program:
        """What is computed."""
        return compiled(self.stable[0])

    @cached_property
    def literal(self) -> Program:
        """What would be computed for the formula as it was typed."""
        return compiled(self.tree)


@lru_cache(256)
def formula(text: str, names: tuple[str, ...] = ()) -> Formula:
    """The formula that a text is; `names` are parameters, also those that a function is called by.

    Raises FormulaError, which points at the column, when it is none.
    """
    from actcli.activations.specification import named_definition

    tree = parse(text, named_definition, names)
    return Formula(text, tree, free_names(tree))


def expression_of(definition: Definition) -> Formula:
    """The formula that a definition's expression is."""
    return formula(definition.expression, tuple(p.name for p in definition.parameters))


def definition_of(name: str, text: str, parameters: Sequence[Parameter] = (), source: str = "") -> Definition:
    """The definition of the function that a formula is.

    `name` is what the function is called. `parameters` are those of the formula, each once; one that is not
    listed has no default (NaN) and must be given a value wherever the function is used. Raises FormulaError for
    a text that is no formula in x, UsageError for a parameter that does not stand in it.
    """
    return _defined(name, text, tuple(parameters), source or "a formula")


def forget() -> None:
    """Forget every formula that was read: a name in it may have come to mean another function."""
    formula.cache_clear()
    _defined.cache_clear()


def _alone(text: str) -> str:
    """What to write for a function that is called with its parameters only, as a framework makes a layer."""
    from actcli.activations.specification import catalogued_definition

    made = re.fullmatch(r"\s*(\w+)\s*\(([^()]*)\)\s*", text)
    if made is None:
        return ""
    definition = catalogued_definition(made[1])
    if definition is None or not definition.parameters:
        return ""
    return f"; {definition.name} with that parameter is {made[1]}:{made[2].strip()}"


@lru_cache(256)
def _defined(name: str, text: str, parameters: tuple[Parameter, ...], source: str) -> Definition:
    read = formula(text, tuple(p.name for p in parameters))
    if not contains_x(read.tree):
        raise FormulaError(
            f"there is no x in it: a function is a formula in x{_alone(text)}", text, 0, len(text)
        )
    listed = {p.name: p for p in parameters}
    for given in listed:
        if given not in read.names:
            raise FormulaError(f"there is no parameter {given} in it", text, 0, len(text))
    return Definition(
        name=name,
        family=FORMULA,
        formula=text,
        expression=text,
        source=source,
        parameters=tuple(listed.get(given, Parameter(given, float("nan"))) for given in read.names),
        value=partial(_value, read),
        slope=partial(_derivative, read, 1),
        curvature=partial(_derivative, read, 2),
        by_parameter={given: partial(_by_parameter, read, given) for given in read.names},
        kinks=_kinks(read),
        monotone=False,
        relation=partial(_relation, read),
        parts=max(1, sum(_parts(node) for node in walk(read.tree))),
    )


def _parts(node: Node) -> int:
    return node.definition.parts if isinstance(node, Catalogued) else int(bool(children(node)))


def _value(read: Formula, x: Array, **parameters: float) -> Array:
    # the program is made on first use: of a file of formulas one is computed
    return read.program.value(x, **parameters)


def _derivative(read: Formula, order: int, x: Array, **parameters: float) -> Array:
    from actcli.activations.formula.derivatives import derivative

    return derivative(read.program, order, x, parameters)


def _by_parameter(read: Formula, name: str, x: Array, **parameters: float) -> Array:
    from actcli.activations.formula.derivatives import derivative

    return derivative(read.program, 1, x, parameters, wrt=name)


def _kinks(read: Formula) -> Callable[..., tuple[Kink, ...]]:
    @lru_cache(64)
    def found(values: tuple[tuple[str, float], ...]) -> tuple[Kink, ...]:
        from actcli.activations.formula.kinks import kinks

        return kinks(read.program, dict(values))

    return lambda **parameters: found(tuple(sorted(parameters.items())))


def _relation(read: Formula, **parameters: float) -> str | None:
    """Say what the parameters of the catalogue's functions inside must meet."""
    results = read.program.scalars(parameters)
    for step in read.program.instructions:
        if step.definition is None or any(results[i] is None for i in step.inputs[1:]):
            continue
        given = dict(zip(step.parameters, (results[i] for i in step.inputs[1:]), strict=True))
        for parameter in step.definition.parameters:
            value = given[parameter.name]
            complaint = parameter.refusal(value) if value != parameter.default else None
            if complaint:
                return f"{parameter.name} of {step.definition.name} {complaint}"
        wanted = step.definition.relation(**given)
        if wanted:
            return f"{wanted} in {step.definition.name}"
    return None


def settled(definition: Definition, values: Mapping[str, float]) -> Definition:
    """The definition of a formula at these parameters: they are its defaults where it has none, and its domain."""
    from actcli.activations.formula.kinks import domain

    own = expression_of(definition)
    if any(math.isnan(value) for value in values.values()):
        return definition
    parameters = tuple(
        replace(p, default=values[p.name]) if math.isnan(p.default) else p for p in definition.parameters
    )
    try:
        found = domain(own.program, values)
    except UsageError as error:
        raise UsageError(f"{definition.formula}: {error}") from None
    return replace(definition, parameters=parameters, domain=found)
