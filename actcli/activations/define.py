"""Makes the definition of an activation from a formula: value, derivatives, kinks and domain."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from actcli.activations.catalogue import find_catalogued
from actcli.activations.definition import FORMULA, Array, Definition, Kink, Parameter
from actcli.activations.formula.errors import FormulaError
from actcli.activations.formula.formula import Formula, read_expression, read_formula
from actcli.activations.formula.parse import PAIR
from actcli.activations.formula.tree import Catalogued, Node, children, contains_x, walk
from actcli.activations.registry import REGISTRY
from actcli.exits import UsageError


def define(name: str, text: str, parameters: Sequence[Parameter] = (), source: str = "") -> Definition:
    """Return the definition of a formula under a name.

    `parameters` lists parameters of the formula, each once; one that is not listed has no default (NaN) and needs a
    value wherever the function is used. Raises FormulaError for a text that is no formula in x, and for a listed
    parameter that is not in it.
    """
    return _define(name, text, tuple(parameters), source or "a formula", REGISTRY.version)


@lru_cache(256)
def _define(
    name: str,
    text: str,
    parameters: tuple[Parameter, ...],
    source: str,
    version: int,  # noqa: ARG001 - a key of the cache
) -> Definition:
    formula = read_formula(text, tuple(p.name for p in parameters))
    if not contains_x(formula.tree):
        sentence = (
            f"there is no x in it: a function is a formula in x{_advise_colon(text) or _advise_pair(formula)}"
        )
        raise FormulaError(sentence, text, 0, len(text))
    listed = {p.name: p for p in parameters}
    for parameter in listed:
        if parameter not in formula.names:
            raise FormulaError(f"there is no parameter {parameter} in it", text, 0, len(text))
    if formula.is_pair:
        from actcli.activations.formula_of_pairs import define_pair

        own = tuple(listed.get(one, Parameter(one, math.nan)) for one in formula.names)
        return replace(define_pair(name, formula, own), source=source, relation=partial(_relation, formula))
    return Definition(
        name=name,
        family=FORMULA,
        formula=text,
        expression=text,
        source=source,
        parameters=tuple(listed.get(own, Parameter(own, math.nan)) for own in formula.names),
        value=partial(_value, formula),
        slope=partial(_derivative, formula, 1, "x"),
        curvature=partial(_derivative, formula, 2, "x"),
        by_parameter={own: partial(_derivative, formula, 1, own) for own in formula.names},
        kinks=_kinks(formula),
        monotone=False,
        relation=partial(_relation, formula),
        parts=max(1, sum(_parts(node) for node in walk(formula.tree))),
    )


def settle(definition: Definition, values: Mapping[str, float]) -> Definition:
    """Return a formula's definition at these parameters: with its domain, and with them as missing defaults.

    While a value is missing (NaN) the definition is returned as it is. Raises UsageError for a formula that is not
    real anywhere.
    """
    from actcli.activations.calculus.kinks import find_domain

    if any(math.isnan(value) for value in values.values()):
        return definition
    parameters = tuple(
        replace(p, default=values[p.name]) if math.isnan(p.default) else p for p in definition.parameters
    )
    if definition.by_rows:
        return replace(definition, parameters=parameters)
    try:
        domain = find_domain(read_expression(definition).program, values)
    except UsageError as error:
        raise UsageError(f"{definition.formula}: {error}") from None
    return replace(definition, parameters=parameters, domain=domain)


def _advise_colon(text: str) -> str:
    """Return what to write for a function with only its parameters in brackets, as frameworks make a layer."""
    call = re.fullmatch(r"\s*(\w+)\s*\(([^()]*)\)\s*", text)
    definition = find_catalogued(call[1]) if call else None
    if call is None or definition is None or not definition.parameters:
        return ""
    return f"; {definition.name} with that parameter is {call[1]}:{call[2].strip()}"


def _advise_pair(formula: Formula) -> str:
    return "; a formula for pairs has both g and u" if {*PAIR} & {*formula.names} else ""


def _parts(node: Node) -> int:
    return node.definition.parts if isinstance(node, Catalogued) else int(bool(children(node)))


# A parameter may have any name, also `order`: the kernels' own parameters are positional.


def _value(formula: Formula, x: Array, /, **parameters: float) -> Array:
    # compiled on first use: of a file of formulas one is computed
    return formula.program.value(x, **parameters)


def _derivative(formula: Formula, order: int, wrt: str, x: Array, /, **parameters: float) -> Array:
    from actcli.activations.calculus.derivatives import differentiate

    return differentiate(formula.program, order, x, parameters, wrt)


def _kinks(formula: Formula) -> Callable[..., tuple[Kink, ...]]:
    @lru_cache(64)
    def at_values(values: tuple[tuple[str, float], ...]) -> tuple[Kink, ...]:
        from actcli.activations.calculus.kinks import find_kinks

        return find_kinks(formula.program, dict(values))

    return lambda **parameters: at_values(tuple(sorted(parameters.items())))


def _relation(formula: Formula, /, **parameters: float) -> str | None:
    """Return what the parameters of the catalogued functions in a formula must meet; None where they do."""
    results = formula.program.constants(parameters)
    for step in formula.program.instructions:
        if step.definition is None or any(results[i] is None for i in step.inputs[1:]):
            continue
        values = dict(zip(step.parameters, (results[i] for i in step.inputs[1:]), strict=True))
        for parameter in step.definition.parameters:
            value = values[parameter.name]
            complaint = parameter.refusal(value) if value != parameter.default else None
            if complaint:
                return f"{parameter.name} of {step.definition.name} {complaint}"
        complaint = step.definition.relation(**values)
        if complaint:
            return f"{complaint} in {step.definition.name}"
    return None
