"""The ways to compare: how many contenders each needs, and the call that measures them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from actcli.commands.compare.options import BITS, DEPTH, POINTS, SEED, SEEDS, WIDTH
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.analysis.compare.result import Comparison, Steps
    from actcli.analysis.precision.number_types import LowType
    from actcli.analysis.stream.evaluation import Array, Numbers
    from actcli.analysis.training.stack import Stack
    from actcli.commands.compare.options import CompareOptions
    from actcli.commands.session import Session
    from actcli.render.training.recording import Recording

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Contest:
    """One comparison: the options, the contenders, and the terminal and threads it runs with.

    Attributes:
        options: the command line.
        stacks: the contenders, each a function per layer.
        session: the terminal that standard input is read from, and the threads.
        recording: where the epochs of a training are kept; None without --record.

    """

    options: "CompareOptions"
    stacks: "tuple[Stack, ...]"
    session: "Session"
    recording: "Recording | None" = None

    @property
    def functions(self) -> "tuple[Activation, ...]":
        """The contenders as single functions; stacks of several functions are left out."""
        return tuple(stack.single for stack in self.stacks if stack.single is not None)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compare.

    Attributes:
        steps: starts the measurement; raises UsageError for a wrong request before any work.
        least: how many contenders it needs.
        stacks: whether a contender may have one function per layer.
        curves: whether --plot draws one curve per contender; else bars.

    """

    steps: "Callable[[Contest], Steps]"
    least: int = 1
    stacks: bool = False
    curves: bool = True


def _summary(contest: Contest) -> "Steps":
    from actcli.analysis.compare.summary import compare_summary

    return compare_summary(contest.functions)


def _properties(contest: Contest) -> "Steps":
    from actcli.analysis.compare.summary import compare_properties

    return compare_properties(contest.functions)


def _values(contest: Contest) -> "Steps":
    from actcli.analysis.compare.by_values import compare_values

    numbers = _numbers_of_file(contest) or _evenly_spaced(contest)
    return compare_values(contest.functions, numbers, contest.options.order or 0, contest.session.threads)


def _gradients(contest: Contest) -> "Steps":
    from actcli.analysis.signal.gradients import Conditions, Init, compare_gradients

    options = contest.options
    inits: dict[str, Init] = {name: name for name in get_args(Init)}
    names = options.init or ("he",)
    unknown = [name for name in names if name not in inits]
    if unknown:
        raise UsageError(f"--init {unknown[0]!r} is not known; choose from {', '.join(inits)}")
    depths = options.depths or (DEPTH,)
    if len(depths) > 1:
        raise UsageError(f"--depth: --by gradients measures networks of one depth, not {len(depths)}")
    conditions = Conditions(
        depth=depths[0],
        weight_std=options.weight_std,
        bias_std=options.bias_std or 0.0,
        inits=() if options.weight_std is not None else tuple(inits[name] for name in names),
        width=options.width or WIDTH,
        seeds=options.seeds or SEEDS,
        seed=options.seed or SEED,
    )
    return compare_gradients(contest.stacks, conditions, contest.session.threads)


def _training(contest: Contest) -> "Steps":
    from actcli.analysis.training.training_comparison import compare_training
    from actcli.commands.training_options import describe_trial

    trial, data = describe_trial(contest.options, contest.stacks, contest.session.terminal)
    threads = contest.session.threads
    if contest.recording is None:
        return compare_training(contest.stacks, data, trial, threads)
    return compare_training(contest.stacks, data, trial, threads, contest.recording.keep)


def _information(contest: Contest) -> "Steps":
    from actcli.analysis.compare.information import compare_information

    return compare_information(
        contest.functions, _numbers_of_file(contest), contest.options.bits or BITS, contest.session.threads
    )


def _precision(contest: Contest) -> "Steps":
    options = contest.options
    if options.against is not None:
        return _foreign_precision(contest, options.against)
    from actcli.analysis.precision.precision import compare_precision
    from actcli.sources.numbers.low_precision import low_types

    types = low_types(options.types)
    numbers = _numbers_of_file(contest, types[0] if options.types and len(types) == 1 else None)
    return compare_precision(contest.functions, types, options.order or 0, numbers, contest.session.threads)


def _foreign_precision(contest: Contest, path: str) -> "Steps":
    """Compare the results in a file with the function at the numbers of -i."""
    options = contest.options
    if options.types is not None and len(options.types) > 1:
        raise UsageError(
            "--types: with --against name one type, in whose ULP errors are counted, as float32 files hold bfloat16"
        )
    if options.input is None:
        raise UsageError("--against needs --input FILE")
    if len(contest.functions) > 1:
        raise UsageError(f"--against holds the results of one function; {len(contest.functions)} are named")
    if options.input == path == "-":
        raise UsageError("-i and --against cannot both be standard input")
    from actcli.analysis.precision.foreign_results import compare_against
    from actcli.sources.numbers.low_precision import low_types

    unit = low_types(options.types)[0] if options.types else None
    theirs_choose = _has_suffix(path, ".npz"), _has_suffix(path, ".csv", ".tsv")
    # each option goes to the file that it can choose from
    ours_choose = (
        not theirs_choose[0] or _has_suffix(options.input, ".npz"),
        not theirs_choose[1] or _has_suffix(options.input, ".csv", ".tsv"),
    )

    def numbers_of(file: str, choose_array: bool, choose_column: bool) -> "Numbers":
        array = options.array if choose_array else None
        column = options.column if choose_column else None
        return _only(_open(file, array, column, contest.session, unit), file)

    return compare_against(
        contest.functions[0],
        numbers_of(options.input, *ours_choose),
        numbers_of(path, *theirs_choose),
        options.order or 0,
        options.max_ulp,
        contest.session.threads,
        unit,
    )


def _speed(contest: Contest) -> "Steps":
    from actcli.analysis.compare.speed import compare_speed
    from actcli.sources.peers import peers

    options = contest.options
    frameworks = peers(options.frameworks or ())
    return compare_speed(contest.functions, frameworks, contest.session.threads, options.seed or SEED)


WAYS: Mapping[str, Way] = {
    "summary": Way(_summary, least=2),
    "properties": Way(_properties, least=2),
    "values": Way(_values, least=2),
    "gradients": Way(_gradients, stacks=True),
    "training": Way(_training, stacks=True),
    "information": Way(_information, curves=False),
    "precision": Way(_precision),
    "speed": Way(_speed, curves=False),
}
"""By the values of --by; without it `summary`."""

WAYS_IN_WORDS = {name: f"--by {name}" for name in WAYS} | {"summary": ""}
"""How a message names each way."""


def require_enough(by: str, contest: Contest) -> None:
    """Raise UsageError for too few contenders, and for a range that no chart can show."""
    if contest.options.range is not None:
        from actcli.analysis.figure.curves import require_drawable

        require_drawable(contest.options.range)
    if len(contest.stacks) < WAYS[by].least:
        raise UsageError(
            f"{WAYS_IN_WORDS[by] or 'a comparison'} needs two functions, or --sweep PARAM=VALUES for several of "
            f"one; {contest.stacks[0].spec} is alone"
        )


def refuse_crowd(by: str, contest: Contest) -> None:
    """Raise UsageError for more contenders than a chart has letters for; to be called for --plot."""
    from actcli.render.figure.figure_text import MOST_CURVES

    count = len(contest.stacks) * len(contest.options.init or ("he",))
    if WAYS[by].curves and count > MOST_CURVES:
        raise UsageError(
            f"--plot draws at most {MOST_CURVES} contenders, not {count}; name fewer, or leave it out"
        )


def find_contenders(by: str, specs: "Sequence[str]", sweeps: "Sequence[str]") -> "tuple[Stack, ...]":
    """Return the stacks to compare, each function at every value of the sweeps.

    Raises UsageError for what does not exist or is named twice, for a function over rows, and for a stack where none
    is taken.
    """
    from actcli.activations import activation
    from actcli.activations.resolve import split_layers
    from actcli.analysis.card.sweep import expand, parse_sweep
    from actcli.analysis.training.stack import Stack, as_stacks, parse_stack

    values = [parse_sweep(sweep) for sweep in sweeps]
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
        found = [member for one in found for f in one.functions for member in as_stacks(expand(f, values))]
    _refuse_twins([one.spec for one in found])
    return tuple(found)


def _refuse_twins(specs: "Sequence[str]") -> None:
    """Raise UsageError for a contender that stands there twice; two names of one function are two contenders."""
    names = [_normalise(spec) for spec in specs]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UsageError(f"{specs[place]} is named twice; a function is compared with others")


def _normalise(spec: str) -> str:
    """Return the specification with each name in one spelling; formulas stay, since - is a sign there."""
    from actcli.activations.resolve import is_name, split_layers

    layers = split_layers(spec)
    return "/".join(
        part.lower().replace("-", "").replace("_", "") if is_name(part) else part for part in layers
    )


def require_column(comparison: "Comparison", name: str, *, with_a_best: bool) -> None:
    """Raise UsageError when there is no such column, or when a best is needed and the column has none."""
    column = comparison.column(name)
    if with_a_best and column.better == "neither":
        known = ", ".join(one.name for one in comparison.columns if one.better != "neither")
        raise UsageError(
            f"--best {column.name}: no value of it is better than another; those with a best are {known}"
        )


def _numbers_of_file(contest: Contest, stored: "LowType | None" = None) -> "Iterator[Numbers] | None":
    """Return the numbers of -i; None without. `stored`: the type of a file that does not name it (bfloat16)."""
    options = contest.options
    if options.input is None:
        return None
    opened = _open(options.input, options.array, options.column, contest.session, stored)
    return iter([_only(opened, options.input)])


def _open(
    path: str, array: str | None, column: str | None, session: "Session", stored: "LowType | None"
) -> "Iterator[Numbers]":
    from actcli.sources import NumberRequest, open_numbers

    return open_numbers(
        NumberRequest(input=path, array=array, column=column, stored=stored), session.terminal
    )


def _evenly_spaced(contest: Contest) -> "Iterator[Numbers]":
    """Return the numbers of --range, or of the part of the axis that shows the functions."""
    from actcli.analysis.figure.plot_range import usual_range
    from actcli.sources import NumberRequest, open_numbers

    options = contest.options
    between = options.range or usual_range(contest.functions)
    return open_numbers(
        NumberRequest(range=between, points=options.points or POINTS), contest.session.terminal
    )


def _only(streams: "Iterator[Numbers]", path: str) -> "Numbers":
    """Return the one array of a file. Raises UsageError for a file of several."""
    from dataclasses import replace

    numbers = next(streams)
    if numbers.among_others:
        names = [numbers.array, *(other.array for other in streams)]
        listed = ", ".join(str(name) for name in names[:_MOST_NAMED])
        listed += f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise UsageError(
            f"{path} holds {len(names)} arrays, and one is compared; say which with --array NAME: {listed}"
        )
    return replace(numbers, blocks=_keep_open(numbers.blocks, streams))


def _keep_open(blocks: "Iterator[Array]", streams: "Iterator[Numbers]") -> "Iterator[Array]":
    """Yield the blocks, and keep the archive that they come from open meanwhile."""
    yield from blocks
    for _ in streams:  # there is none: now the archive is closed
        break


def _has_suffix(path: str, *suffixes: str) -> bool:
    return path.lower().endswith(suffixes)
