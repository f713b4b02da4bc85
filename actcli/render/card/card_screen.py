"""The card of an activation for a person: sections of facts, a small chart, tables of kinks and names, an answer."""

import io
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from actcli.activations import Activation
from actcli.analysis.card.answer import answer
from actcli.analysis.card.cost import COST_NUMBERS
from actcli.analysis.card.extremes import Extreme
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.card.moments import Gains, Moments
from actcli.analysis.card.properties import Properties
from actcli.analysis.card.recognition import REACH, Recognition
from actcli.render.card.facts import (
    OURS,
    Card,
    autograd_at,
    defaults_by_framework,
    jump_at,
    names_by_framework,
)
from actcli.render.code.numpy_run import POINTS, USUAL, CodeError
from actcli.render.output.surface import Surface, console
from actcli.render.table.grid import in_script, ruled_table, strip_lines
from actcli.render.text import notation
from actcli.render.text.notation import number, region

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_NARROWEST = 80
"""On a narrower surface lines run over its edge: a table of numbers cannot be folded."""
_FIRST_COLUMN = 14
_WHY_NOT_SMOOTHER = {0.0: ", the slope jumps at a kink", 1.0: ", the curvature jumps at a kink"}

_NOT_SEARCHED = (
    "The formula loses digits at so many x that they were not all computed again: "
    "figures with ≈ are those of float64."
)

Fact = tuple[str, str]


def card_screen(card: Card, surface: Surface, chart: str = "") -> str:
    """Return the card as text, in the surface's width, characters and colours; `chart` stands below the formulas."""
    from rich.padding import Padding
    from rich.text import Text

    write = in_script(surface)
    page = io.StringIO()
    printer = console(page, max(surface.width, _NARROWEST), surface)
    printer.print(Text.assemble((write(card.f.spec), "bold cyan"), (write(_subtitle(card.f)), "dim")))
    for title, content in _sections(card, surface, chart):
        printer.print(Text("\n" + write(title), "bold") if title else Text(""))
        printer.print(Padding(content, (0, 0, 0, 2)))
    if card.properties is not None:
        printer.print(Text("\n" + write(answer(card.f, card.properties))))
        if card.properties.approximate:
            printer.print(Text(write(_NOT_SEARCHED)))
    return strip_lines(page.getvalue())


def _subtitle(f: Activation) -> str:
    kind = "over rows" if f.by_rows else f.definition.family
    return f"  {kind}" if f.spec == f.name else f"  {f.name}, {kind}"


def _sections(card: Card, surface: Surface, chart: str) -> "Iterable[tuple[str, Table | Text]]":
    from rich.text import Text

    f, properties = card.f, card.properties
    yield "", _facts(_formulas(card), surface)
    if card.recognition is not None:
        yield "As a formula", _facts(_recognition_facts(card.recognition), surface)
    if chart:
        yield "", Text.from_ansi(chart, no_wrap=True)
    if f.definition.parameters:
        yield "Parameters", _parameters(f, surface)
    if properties is None:
        yield "Rows", _facts(_row_facts(f), surface)
    else:
        yield "Value", _facts(_value_facts(f, properties), surface)
        yield "Slope", _facts(_slope_facts(properties), surface)
        if f.kinks:
            yield "Kinks", _kinks(f, surface)
        if properties.value_moments and properties.slope_moments and properties.gains:
            about = ", ≈" if properties.approximate else ""
            moments = _moments(properties.value_moments, properties.slope_moments, surface)
            yield f"For z ~ N(0, 1){about}", moments
            yield f"Initial gain{about}", _gains(properties.gains, surface)
    if f.definition.frameworks:
        yield "Names", _facts(_names(f), surface)
    if card.code_errors:
        what = f"the code that --code python writes, here, at {3 * POINTS:,} fixed numbers and beside kinks and zeros"
        errors = [(kind, _code_error(error)) for kind, error in card.code_errors.items()]
        yield "Measured error", _facts([*errors, ("measured of", what)], surface)
    if card.costs:
        measured = [
            (f"{whose}, NumPy" if whose == OURS else whose, f"{number(cost, 2)} × relu")
            for whose, cost in card.costs.items()
        ]
        where = f"this machine, now: {COST_NUMBERS:,} float64 numbers on one thread, not on a GPU"
        yield "Cost", _facts([*measured, ("measured on", where)], surface)


def _code_error(error: CodeError) -> str:
    if not error.largest:
        return "0, all results are right"
    usual = f"up to {_ulps(error.usual)} for |x| ≤ {USUAL:g}"
    if error.largest == error.usual:
        return f"{usual}, at x = {number(error.usual_at)}"
    return f"{usual}, {_ulps(error.largest)} at x = {number(error.largest_at)}"


def _ulps(error: float) -> str:
    if math.isinf(error):
        return "NaN or inf"
    return f"{error:,.0f} ULP" if 10 <= error < 1e6 else f"{number(error, 2)} ULP"


def _facts(facts: Iterable[Fact], surface: Surface) -> "Table":
    """Return a grid with names on the left and their texts on the right, folded."""
    from rich.table import Table
    from rich.text import Text

    write = in_script(surface)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=_FIRST_COLUMN, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(Text(write(name), "dim"), Text(write(value)))
    return grid


def _ruled(rows: Sequence[Sequence[str]], surface: Surface, *, last_is_text: bool = False) -> "Table":
    """Return a table with a head; the columns after the first hold numbers, except for a last one of text."""
    from rich.text import Text

    write = in_script(surface)
    table = ruled_table(surface)
    last = len(rows[0]) - 1
    for i, name in enumerate(rows[0]):
        is_text = i == 0 or (last_is_text and i == last)
        table.add_column(
            Text(write(name), "bold"),
            justify="left" if is_text else "right",
            no_wrap=not (last_is_text and i == last),
            min_width=_FIRST_COLUMN if i == 0 else None,
            overflow="fold",
        )
    for first, *others in rows[1:]:
        table.add_row(Text(write(first), "dim"), *(Text(write(text)) for text in others))
    return table


def _formulas(card: Card) -> list[Fact]:
    f = card.f
    derivatives = card.derivatives or (f.definition.derivative, "")
    names = ("y", "Jacobian", "") if f.by_rows else ("f(x)", "f'(x)", "f''(x)")
    shown = zip(names, (f.definition.formula, *derivatives), strict=True)
    facts = [(name, text) for name, text in shown if text]
    facts += [("about", f.definition.about)] if f.definition.about else []
    facts.append(("source", f.definition.source))
    return [*facts, ("also", ", ".join(f.definition.aliases))] if f.definition.aliases else facts


def _recognition_facts(recognition: Recognition) -> list[Fact]:
    facts = [*_identity_facts(recognition)]
    if recognition.nearest is not None and recognition.identity is None:
        if recognition.everywhere is not None:
            difference, at = map(number, recognition.everywhere)
            apart = f"within {difference} on all x, largest at x = {at} (measured)"
        else:
            difference, at = number(recognition.difference), number(recognition.difference_at)
            apart = f"at most {difference} apart at x = {at} on [−{REACH:g}, {REACH:g}]"
        about = "≈ " if recognition.approximate else ""
        facts.append(("nearest", f"{about}{recognition.nearest}, {apart}"))
    facts += [("computed as", f"{one.after} where {one.before} is typed") for one in recognition.rewritings]
    if recognition.approximate:
        facts.append(("as typed", "how many digits it loses was not searched further"))
    if recognition.lost_at is not None:
        lost = f"{recognition.digits_lost:.0f} of 16 digits at x = {number(recognition.lost_at)}"
        facts.append(("as typed", f"it would lose {lost}, 3 or more at {region(recognition.lost_where)}"))
    return facts or [("this is", "nothing in the catalogue")]


def _identity_facts(recognition: Recognition) -> Iterable[Fact]:
    identity = recognition.identity
    if identity is None:
        return
    if not identity.is_proven:
        yield "equals", f"{identity.same_as}, as measured on [−{REACH:g}, {REACH:g}]; a proof was not found"
        return
    yield "this is", identity.same_as
    for kink in identity.kinks:
        at, own, theirs = number(kink.at), number(kink.formula), number(kink.function)
        yield "but", f"f'({at}) is {own} by autograd, and {theirs} for {identity.same_as}"


def _names(f: Activation) -> list[Fact]:
    """Return the names in each framework, with the defaults where they differ between a framework's names."""
    facts = []
    for framework in names_by_framework(f):
        entries = [names for names in f.definition.frameworks if names.framework == framework]
        several = len({tuple(sorted(names.defaults.items())) for names in entries}) > 1
        texts = []
        for names in entries:
            here = [
                f"{p.name} {number(names.defaults.get(p.name, p.default))}" for p in f.definition.parameters
            ]
            texts.append(", ".join(names.names) + (f" ({', '.join(here)})" if several else ""))
        facts.append((framework, ", ".join(texts)))
    return facts


def _parameters(f: Activation, surface: Surface) -> "Table":
    frameworks = list(names_by_framework(f))
    rows = [["name", "here", "default", *frameworks, "takes"]]
    for parameter in f.definition.parameters:
        theirs = defaults_by_framework(f, parameter)
        values = [[f.parameters[parameter.name]], [parameter.default], *(theirs[name] for name in frameworks)]
        texts = [", ".join("off" if math.isinf(v) else number(v) for v in several) for several in values]
        rows.append([parameter.name, *texts, parameter.bounds])
    return _ruled(rows, surface, last_is_text=True)


def _row_facts(f: Activation) -> list[Fact]:
    low, high = f.definition.range
    length = "keeps its length" if f.definition.slope is not None else f"{f.width(12)} numbers of 12"
    facts = [("a row", length)]
    if f.definition.is_pair_formula:
        return facts
    if math.isfinite(low) or math.isfinite(high):
        facts.append(("range", f"{number(low)} … {number(high)}"))
    return [*facts, ("smoothness", notation.smoothness(f.definition.smoothness))]


def _value_facts(f: Activation, properties: Properties) -> list[Fact]:
    more = ", … without end" if properties.endless_zeros else ""
    about = "≈ " if properties.approximate else ""
    return [
        ("range", _range(properties.lowest, properties.highest) + _turning(properties)),
        ("limits", _limits(f, properties)),
        ("zeros", about + _points(properties.zeros) + more),
        ("f(0)", number(properties.at_zero[0])),
        ("shape", about + _shape(properties)),
        ("smoothness", about + _smooth(properties.smoothness)),
    ]


def _limits(f: Activation, properties: Properties) -> str:
    if all(map(math.isnan, properties.limits)):
        return "≈ none" if properties.approximate else "none"
    limits = map(_about, properties.limits, properties.limits_certain)
    ends = (number(end) for end in f.definition.domain)
    return ", ".join(f"{limit} at x = {end}" for limit, end in zip(limits, ends, strict=True))


def _about(value: float, certain: bool) -> str:
    """Return a number, with ≈ in front and fewer digits where it is not certain."""
    return number(value) if certain else f"≈ {number(value, 4)}"


def _shape(properties: Properties) -> str:
    """Return the properties of the shape; of those it lacks only `not monotone` and `unbounded`."""
    if properties.direction == "none":
        return "no value on any interval"
    words: list[str] = ["not monotone" if properties.direction == "neither" else properties.direction]
    words += [word for word in (properties.bend, properties.symmetry) if word != "neither"]
    words += [f"periodic, every {number(properties.period)}"] if properties.period else []
    return ", ".join([*words, "bounded" if properties.bounded else "unbounded"])


def _slope_facts(properties: Properties) -> list[Fact]:
    slope, lipschitz = properties.largest_slope, properties.lipschitz
    bent = properties.most_curved
    jumps = " (the value jumps)" if math.isinf(lipschitz) and math.isfinite(slope) else ""
    about = "≈ " if properties.approximate else ""
    return [
        ("f'(0)", number(properties.at_zero[1])),
        ("largest |f'|", _largest(slope, properties.slope_certain, properties.steepest)),
        ("largest |f''|", _largest(properties.largest_curvature, properties.curvature_certain, bent)),
        ("Lipschitz", about + number(lipschitz) + jumps),
        ("no gradient", about + region(properties.zero_gradient)),
        ("saturated", about + _saturated(properties.saturation)),
    ]


def _largest(size: float, certain: bool, at: Sequence[Interval]) -> str:
    if math.isnan(size):
        return "–"
    return f"{_about(size, certain)} at {_places(at)}" if size else "0"


def _range(low: Extreme, high: Extreme) -> str:
    text = notation.bracketed(Interval(low.value, high.value, low.reached, high.reached))
    return text if low.certain and high.certain else f"≈ {text}"


def _turning(properties: Properties) -> str:
    places = [
        f"{name} at x = {number(extreme.at)}"
        for name, extreme in (("smallest", properties.lowest), ("largest", properties.highest))
        if extreme.at is not None
    ]
    return f", {', '.join(places)}" if places else ""


def _points(zeros: Sequence[Interval]) -> str:
    if all(zero.low == zero.high for zero in zeros):
        return ", ".join(number(zero.low) for zero in zeros) or "none"
    return region(zeros)


def _places(steepest: Sequence[Interval]) -> str:
    if all(at.low == at.high and math.isfinite(at.low) for at in steepest):
        return "x = " + ", ".join(number(at.low) for at in steepest)
    return region(steepest)


def _smooth(value: float) -> str:
    if value < 0:
        return "the value jumps"
    return notation.smoothness(value) + _WHY_NOT_SMOOTHER.get(value, "")


def _saturated(ends: tuple[float | None, float | None]) -> str:
    """Return the points beyond which |f'| stays below a thousandth of its largest value."""
    left, right = ends
    parts = [f"x < {number(left)}"] if left is not None else []
    parts += [f"x > {number(right)}"] if right is not None else []
    if left is not None and right is not None and math.isclose(left, -right, rel_tol=1e-9):
        parts = [f"|x| > {number(right)}"]
    return f"{', '.join(parts)} (|f'| < 0.001 of its largest)" if parts else "never"


def _kinks(f: Activation, surface: Surface) -> "Table":
    rows = [["x", "of", "left", "right", "torch", "jax"]]
    jumps = any(kink.jump for kink in f.kinks)
    for kink in f.kinks:
        second = kink.slopes[0] == kink.slopes[1] and kink.curvatures[0] != kink.curvatures[1]
        sides = kink.curvatures if second else kink.slopes
        theirs = autograd_at(f, kink, 2 if second else 1)
        values = (*sides, *(math.nan if value is None else value for value in theirs.values()))
        rows.append([number(kink.at), "f''" if second else "f'", *map(number, values)])
    if jumps:
        rows[0].append("f jumps by")
        for row, kink in zip(rows[1:], f.kinks, strict=True):
            row.append(number(jump_at(f, kink)))
    return _ruled(rows, surface)


def _moments(value: Moments, slope: Moments, surface: Surface) -> "Table":
    rows = [["", "mean", "variance", "E of square"]]
    for name, moments in (("f(z)", value), ("f'(z)", slope)):
        rows.append([name, *map(number, (moments.mean, moments.variance, moments.second))])
    return _ruled(rows, surface)


def _gains(gains: Gains, surface: Surface) -> "Table":
    rows = [
        ["of", "gain", "keeps"],
        ["second moment", number(gains.second_moment), "E f², the size of the signal: 1/√(E f(z)²)"],
        ["deviation", number(gains.standard_deviation), "the variance of the outputs: 1/√(Var f(z))"],
        ["gradient", number(gains.gradient), "the size of gradients going back: 1/√(E f'(z)²)"],
        ["torch", *_torch(gains)],
    ]
    return _ruled(rows, surface, last_is_text=True)


def _torch(gains: Gains) -> tuple[str, str]:
    if gains.torch is None:
        return "–", "calculate_gain does not know this function"
    if math.isclose(gains.torch, gains.second_moment, rel_tol=1e-9):
        return number(gains.torch), "what calculate_gain says: the second moment"
    return number(gains.torch), "what calculate_gain says; it keeps neither of the first two"
