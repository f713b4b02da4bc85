"""The ways to compare: what each of them takes, and the call that it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.analysis.compare.result import Comparison, Steps
    from actcli.analysis.precision.number_types import LowType
    from actcli.analysis.stream.evaluation import Array, Numbers
    from actcli.analysis.training.stack import Stack
    from actcli.commands.session import Session
    from actcli.commands.training_options import TrainingAsked
    from actcli.render.training.recording import Recording

ByName = Literal["properties", "values", "gradients", "training", "information", "precision", "speed"]

POINTS = 1001
DEPTH, WIDTH, SEEDS, BITS = 50, 256, 20, 8
SEED = 0
MOST_LAYERS = 10_000
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; an option that is not given is None.

    Attributes:
        stacks: the contenders, as layers where a way takes layers.
        functions: the contenders as functions; empty where one of them is a stack of several.
        session: the terminal that standard input is read from, and the threads.
        input, array, column, ...: the options of these names; `frameworks` is --with.
        training: what is said of a training, with depth, width, seeds, init and seed once more.
        recording: what --record keeps.

    """

    stacks: "tuple[Stack, ...]"
    functions: "tuple[Activation, ...]"
    session: "Session"
    input: str | None = None
    array: str | None = None
    column: str | None = None
    range: tuple[float, float] | None = None
    points: int | None = None
    order: int = 0
    depth: tuple[int, ...] | None = None
    weight_std: float | None = None
    bias_std: float | None = None
    init: tuple[str, ...] | None = None
    width: int | None = None
    seeds: int | None = None
    seed: int | None = None
    bits: int | None = None
    types: tuple[str, ...] | None = None
    against: str | None = None
    max_ulp: float | None = None
    frameworks: tuple[str, ...] | None = None
    training: "TrainingAsked | None" = None
    recording: "Recording | None" = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compare.

    Attributes:
        steps: the call; raises what is wrong with the request before any work.
        options: those that mean something here and not everywhere, by the names of the command's parameters.
        least: how many contenders it needs.
        stacks: whether a contender may have a function a layer.
        curves: whether --plot draws a curve a contender; else bars.

    """

    steps: "Callable[[Asked], Steps]"
    options: frozenset[str] = frozenset()
    least: int = 1
    stacks: bool = False
    curves: bool = True


def _summary(asked: Asked) -> "Steps":
    from actcli.analysis.compare.summary import compare_summary

    return compare_summary(asked.functions)


def _properties(asked: Asked) -> "Steps":
    from actcli.analysis.compare.summary import compare_properties

    return compare_properties(asked.functions)


def _values(asked: Asked) -> "Steps":
    from actcli.analysis.compare.by_values import compare_values

    numbers = _given_numbers(asked) or _evenly_spaced(asked)
    return compare_values(asked.functions, numbers, asked.order, asked.session.threads)


def _gradients(asked: Asked) -> "Steps":
    from actcli.analysis.signal.gradients import Conditions, Init, compare_gradients

    if asked.weight_std is not None and asked.init is not None:
        raise UsageError("--weight-std and --init both say how wide the weights are; leave one of them out")
    known: dict[str, Init] = {name: name for name in get_args(Init)}
    names = asked.init or ("he",)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"--init {unknown[0]!r} is not known; choose of {', '.join(known)}")
    depths = asked.depth or (DEPTH,)
    if len(depths) > 1:
        raise UsageError(f"--by gradients measures networks of one depth; {len(depths)} are named")
    conditions = Conditions(
        depth=depths[0],
        weight_std=asked.weight_std,
        bias_std=asked.bias_std or 0.0,
        inits=() if asked.weight_std is not None else tuple(known[name] for name in names),
        width=asked.width or WIDTH,
        seeds=asked.seeds or SEEDS,
        seed=asked.seed or SEED,
    )
    return compare_gradients(asked.stacks, conditions, asked.session.threads)


def _training(asked: Asked) -> "Steps":
    from actcli.analysis.training.training_comparison import compare_training
    from actcli.commands.training_options import TrainingAsked, trial_of

    trial, data = trial_of(asked.training or TrainingAsked(), asked.stacks, asked.session.terminal)
    threads = asked.session.threads
    if asked.recording is None:
        return compare_training(asked.stacks, data, trial, threads)
    return compare_training(asked.stacks, data, trial, threads, asked.recording.keep)


def _information(asked: Asked) -> "Steps":
    from actcli.analysis.compare.information import compare_information

    return compare_information(
        asked.functions, _given_numbers(asked), asked.bits or BITS, asked.session.threads
    )


def _precision(asked: Asked) -> "Steps":
    if asked.against is not None:
        return _against(asked, asked.against)
    if asked.max_ulp is not None:
        raise UsageError("--max-ulp belongs to --against FILE, the results that it is the limit of")
    from actcli.analysis.precision.precision import compare_precision
    from actcli.sources.numbers.low_precision import low_types

    types = low_types(asked.types)
    numbers = _given_numbers(asked, types[0] if asked.types and len(types) == 1 else None)
    return compare_precision(asked.functions, types, asked.order, numbers, asked.session.threads)


def _against(asked: Asked, path: str) -> "Steps":
    """The results in a file, against the function at the numbers of -i."""
    if asked.types is not None and len(asked.types) > 1:
        raise UsageError(
            "--types: with --against name one type, in whose ULP errors are counted, as float32 files hold bfloat16"
        )
    if asked.input is None:
        raise UsageError("--against holds results; say with -i FILE at which x they were computed")
    if len(asked.functions) > 1:
        raise UsageError(f"--against holds the results of one function; {len(asked.functions)} are named")
    if asked.input == path == "-":
        raise UsageError("-i and --against cannot both be standard input")
    if asked.max_ulp is not None and asked.max_ulp < 0:
        raise UsageError(f"--max-ulp {asked.max_ulp:g} is below 0; an error of 0 is the least there is")
    from actcli.analysis.precision.foreign_results import compare_against
    from actcli.sources.numbers.low_precision import low_types

    unit = low_types(asked.types)[0] if asked.types else None
    # each option goes to the file that it can choose from
    theirs_choose = _has_suffix(path, ".npz"), _has_suffix(path, ".csv", ".tsv")
    ours_choose = (
        not theirs_choose[0] or _has_suffix(asked.input, ".npz"),
        not theirs_choose[1] or _has_suffix(asked.input, ".csv", ".tsv"),
    )
    x = _opened(
        asked.input,
        asked.array if ours_choose[0] else None,
        asked.column if ours_choose[1] else None,
        asked.session,
        unit,
    )
    theirs = _opened(
        path,
        asked.array if theirs_choose[0] else None,
        asked.column if theirs_choose[1] else None,
        asked.session,
        unit,
    )
    return compare_against(
        asked.functions[0],
        _only(x, asked.input),
        _only(theirs, path),
        asked.order,
        asked.max_ulp,
        asked.session.threads,
        unit,
    )


def _speed(asked: Asked) -> "Steps":
    from actcli.analysis.compare.speed import compare_speed
    from actcli.sources.peers import peers

    frameworks = peers(asked.frameworks or ())
    return compare_speed(asked.functions, frameworks, asked.session.threads, asked.seed or SEED)


_NUMBERS = frozenset({"input_", "array", "column"})

WAYS: Mapping[str, Way] = {
    "summary": Way(_summary, least=2),
    "properties": Way(_properties, least=2),
    "values": Way(_values, _NUMBERS | {"range_", "points", "order"}, least=2),
    "gradients": Way(
        _gradients,
        frozenset({"depth", "weight_std", "bias_std", "init", "width", "seeds", "seed"}),
        stacks=True,
    ),
    "training": Way(
        _training,
        frozenset(
            {
                *("depth", "init", "width", "seeds", "seed", "epochs", "batch", "lr", "optimizer"),
                *("data", "target", "decay", "learn", "record"),
            }
        ),
        stacks=True,
    ),
    "information": Way(_information, _NUMBERS | {"bits"}, curves=False),
    "precision": Way(_precision, _NUMBERS | {"order", "types", "against", "max_ulp"}),
    "speed": Way(_speed, frozenset({"with_", "seed"}), curves=False),
}
"""By the values of --by; without it `summary`."""


def refuse_foreign(by: str, given: Mapping[str, str]) -> None:
    """Raise UsageError for an option of another way. `given`: the names of those given, and how they are typed."""
    for option, typed in given.items():
        owners = [name for name, way in WAYS.items() if option in way.options]
        if owners and by not in owners:
            said = " or ".join(filter(None, [", ".join(owners[:-1]), owners[-1]]))
            raise UsageError(f"{typed} belongs to --by {said}" + (f", not {by}" if by != "summary" else ""))


def refuse_contradictions(by: str, asked: Asked) -> None:
    """Raise UsageError for options of which one takes away, or lacks, what another asks for."""
    for option, value in (("--array", asked.array), ("--column", asked.column)):
        if value is not None and asked.input is None:
            raise UsageError(
                f"{option} belongs to data; name a file with -i FILE, or -i - for standard input"
            )
    if asked.range is not None:
        from actcli.analysis.card.curves import require_drawable

        require_drawable(asked.range)
    if asked.points is not None and asked.input is not None:
        raise UsageError("--points belongs to --range; the numbers of -i are as many as there are")
    if asked.bias_std is not None and asked.bias_std < 0:
        raise UsageError(f"--bias-std {asked.bias_std:g} is below 0; a standard deviation is 0 or more")
    if asked.weight_std is not None and asked.weight_std < 0:
        raise UsageError(f"--weight-std {asked.weight_std:g} is below 0; a standard deviation is 0 or more")
    needed, there = WAYS[by].least, len(asked.stacks)
    if there < needed:
        what = "a comparison" if by == "summary" else f"--by {by}"
        raise UsageError(
            f"{what} needs two functions, or --sweep PARAM=VALUES for several of one; "
            f"{asked.stacks[0].spec} is alone"
        )


def refuse_crowd(by: str, asked: Asked) -> None:
    """Raise UsageError for more contenders than a chart has letters for; to be called where one is asked for."""
    from actcli.render.figure.figure_text import MOST_CURVES

    count = len(asked.stacks) * len(asked.init or ("he",))
    if WAYS[by].curves and count > MOST_CURVES:
        raise UsageError(
            f"--plot draws {MOST_CURVES} contenders at most, not {count}; name fewer, or leave it out"
        )


def contenders(by: str, specs: "Sequence[str]", sweeps: "Sequence[str] | None") -> "tuple[Stack, ...]":
    """What is compared, each function at every value of the sweeps.

    Raises UsageError for what does not exist or is named twice, for a function over rows, and for a stack where none
    is taken.
    """
    from actcli.activations import activation
    from actcli.activations.resolve import split_layers
    from actcli.analysis.card.sweep import parse_sweep, product
    from actcli.analysis.training.stack import Stack, as_stacks, parse_stack

    values = [parse_sweep(sweep) for sweep in sweeps or ()]
    found: list[Stack] = []
    for spec in specs:
        if _has_suffix(spec, ".npy", ".npz", ".csv", ".tsv", ".txt"):
            raise UsageError(f"{spec} is no function; compare takes the numbers of a file by -i {spec}")
        if len(split_layers(spec)) > 1:
            if not WAYS[by].stacks:
                raise UsageError(f"{spec} is a stack of layers; --by gradients or training compares those")
            if sweeps:
                raise UsageError(f"--sweep sets a parameter of one function, and {spec} is a stack of layers")
            found.append(parse_stack(spec))
            continue
        f = activation(spec, tuple(sweep.parameter for sweep in values))
        if f.by_rows:
            raise UsageError(f"{f.spec} maps rows to rows; compare is about functions of one number")
        found += as_stacks([f])
    if values:
        found = [member for one in found for f in one.functions for member in as_stacks(product(f, values))]
    _refuse_twins([one.spec for one in found])
    return tuple(found)


def _refuse_twins(specs: "Sequence[str]") -> None:
    """Raise UsageError for a contender that stands there twice; two names of one function are two contenders."""
    names = [_spelt(spec) for spec in specs]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(f"{specs[place]} is named twice; a function is compared with others")


def _spelt(spec: str) -> str:
    """The specification with each layer's name in one spelling; a formula as it is, where - is a sign."""
    from actcli.activations.resolve import is_name, split_layers

    layers = split_layers(spec)
    return "/".join(
        part.lower().replace("-", "").replace("_", "") if is_name(part) else part for part in layers
    )


def require_column(comparison: "Comparison", name: str, *, with_a_best: bool) -> None:
    """Raise UsageError when there is no such column, or, where one is needed, none that knows what is good."""
    column = comparison.column(name)
    if with_a_best and column.better == "neither":
        known = ", ".join(one.name for one in comparison.columns if one.better != "neither")
        raise UsageError(
            f"--best {column.name}: no value of it is better than another; those with a best are {known}"
        )


def _given_numbers(asked: Asked, stored: "LowType | None" = None) -> "Iterator[Numbers] | None":
    """The numbers of -i; None without. `stored`: the type of a file that does not know it (bfloat16)."""
    if asked.input is None:
        return None
    if asked.range is not None:
        raise UsageError(f"one input at a time: {asked.input} or --range")
    opened = _opened(asked.input, asked.array, asked.column, asked.session, stored)
    return iter([_only(opened, asked.input)])


def _opened(
    path: str, array: str | None, column: str | None, session: "Session", stored: "LowType | None"
) -> "Iterator[Numbers]":
    from actcli.sources import NumberRequest, open_numbers

    return open_numbers(
        NumberRequest(input=path, array=array, column=column, stored=stored), session.terminal
    )


def _evenly_spaced(asked: Asked) -> "Iterator[Numbers]":
    """--range, or the part of the axis that shows the functions."""
    from actcli.analysis.card.plot_range import usual_range
    from actcli.sources import NumberRequest, open_numbers

    between = asked.range or usual_range(asked.functions)
    return open_numbers(NumberRequest(range=between, points=asked.points or POINTS), asked.session.terminal)


def _only(streams: "Iterator[Numbers]", path: str) -> "Numbers":
    """The one array of a file. Raises UsageError where it holds several."""
    from dataclasses import replace

    numbers = next(streams)
    if numbers.among_others:
        names = [numbers.array, *(other.array for other in streams)]
        listed = ", ".join(str(name) for name in names[:_MOST_NAMED])
        listed += f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise UsageError(
            f"{path} holds {len(names)} arrays, and one is compared; say which with --array NAME: {listed}"
        )
    return replace(numbers, blocks=_held(numbers.blocks, streams))


def _held(blocks: "Iterator[Array]", streams: "Iterator[Numbers]") -> "Iterator[Array]":
    """The blocks; while they are drawn the archive that they come from stays open."""
    yield from blocks
    for _ in streams:  # there is none: now the archive is closed
        break


def _has_suffix(path: str, *suffixes: str) -> bool:
    return path.lower().endswith(suffixes)
