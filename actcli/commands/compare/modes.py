"""The ways to compare: how many contenders each needs, and the call that measures them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, get_args

from actcli.commands.cluster import cluster_of, share
from actcli.commands.compare.numbers import all_numbers, chosen_numbers, evenly_spaced, only_array, open_file
from actcli.commands.compare.options import BITS, DEPTH, SEED, SEEDS, USUAL, WIDTH
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.analysis.compare.result import Steps
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.analysis.training.stack import Stack
    from actcli.commands.compare.options import CompareOptions
    from actcli.commands.session import Session
    from actcli.render.training.recording import Recording


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

    options, session = contest.options, contest.session
    numbers = chosen_numbers(contest.functions, options, session) or evenly_spaced(
        contest.functions, options, session
    )
    return compare_values(contest.functions, numbers, options.order or 0, session.threads)


def _gradients(contest: Contest) -> "Steps":
    from actcli.analysis.signal.gradients import Conditions, Init, compare_gradients
    from actcli.analysis.signal.random_network import bytes_needed
    from actcli.sources.budget import require_memory

    options = contest.options
    inits: dict[str, Init] = {name: name for name in get_args(Init)}
    names = options.init or (USUAL,)
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
    require_memory(
        bytes_needed(conditions.depth, conditions.width),
        contest.session.memory,
        f"a network of {conditions.depth:,} layers of {conditions.width:,} units",
        "lower --depth or --width, or allow more with --memory",
    )
    compare = partial(compare_gradients, contest.stacks, conditions, contest.session.threads)
    address = cluster_of(options.cluster, contest.session)
    if address is None:
        return compare()
    from actcli.cluster.gradients import measure_on

    return share(
        address,
        contest.session,
        options.function_files,
        lambda workers: compare(elsewhere=partial(measure_on, workers)),
    )


def _training(contest: Contest) -> "Steps":
    from actcli.analysis.training.training_comparison import compare_training
    from actcli.commands.training_options import describe_trial

    trial, data = describe_trial(contest.options, contest.stacks, contest.session)
    compare = partial(compare_training, contest.stacks, data, trial, contest.session.threads)
    if contest.recording is not None:
        compare = partial(compare, keep=contest.recording.keep)
    address = cluster_of(contest.options.cluster, contest.session)
    if address is None:
        return compare()
    from actcli.cluster.training import train_on

    return share(
        address,
        contest.session,
        contest.options.function_files,
        lambda workers: compare(elsewhere=partial(train_on, workers, False)),
    )


def _information(contest: Contest) -> "Steps":
    from actcli.analysis.compare.information import compare_information

    options, session = contest.options, contest.session
    numbers = chosen_numbers(contest.functions, options, session)
    return compare_information(contest.functions, numbers, options.bits or BITS, session.threads)


def _precision(contest: Contest) -> "Steps":
    options = contest.options
    if options.frameworks is not None:
        return _field_precision(contest)
    if options.against is not None:
        return _foreign_precision(contest, options.against)
    from actcli.analysis.precision.precision import compare_precision
    from actcli.sources.numbers.low_precision import low_types

    types = low_types(options.types)
    numbers = chosen_numbers(
        contest.functions, options, contest.session, types[0] if options.types and len(types) == 1 else None
    )
    return compare_precision(contest.functions, types, options.order or 0, numbers, contest.session.threads)


def _field_precision(contest: Contest) -> "Steps":
    """Compare the results of frameworks, each computed in a process of its own."""
    from collections.abc import Iterator

    from actcli.analysis.precision.field import Asked, compare_field
    from actcli.sources.frameworks.process import KNOWN, FrameworkProcess
    from actcli.sources.frameworks.processor import processor_name
    from actcli.sources.numbers.low_precision import number_type

    options = contest.options
    for name in options.frameworks or ():
        if name not in KNOWN:
            raise UsageError(f"--with takes {', '.join(KNOWN)}, not {name!r}")
    names = options.types or ("float64", "float32", "float16", "bfloat16")
    types = tuple(number_type(name) for name in names)
    if any(kind.bits == 8 for kind in types):
        raise UsageError("--types: the frameworks compute nothing in float8; name wider types")
    f_specs = [f.spec for f in contest.functions if f.dialect is not None]
    if f_specs:
        raise UsageError(
            f"--with measures each framework by its own definition; write {f_specs[0].partition('.')[2]}"
        )

    def frameworks() -> Iterator[Asked]:
        for name in options.frameworks or ():
            with FrameworkProcess(name) as process:
                yield process

    return compare_field(contest.functions, types, frameworks, processor_name())


def _foreign_precision(contest: Contest, path: str) -> "Steps":
    """Compare the results in a file with the function at the numbers of -i."""
    options = contest.options
    if options.types is not None and len(options.types) > 1:
        raise UsageError(
            "--types: with --against name one type, in whose ULP errors are counted, as float32 files hold bfloat16"
        )
    if len(contest.functions) > 1:
        raise UsageError(f"--against holds the results of one function; {len(contest.functions)} are named")
    if options.input == path == "-":
        raise UsageError("-i and --against cannot both be standard input")
    from actcli.analysis.precision.foreign_report import Against
    from actcli.analysis.precision.foreign_results import compare_against
    from actcli.sources.number_request import ARCHIVES, FORMATS, TABLES, suffix_of
    from actcli.sources.numbers.low_precision import low_types

    unit = low_types(options.types)[0] if options.types else None
    source = options.input or ""
    theirs_choose = suffix_of(path) in ARCHIVES, FORMATS.get(suffix_of(path)) in TABLES
    # each option goes to the file that it can choose from
    ours_choose = (
        not theirs_choose[0] or suffix_of(source) in ARCHIVES,
        not theirs_choose[1] or FORMATS.get(suffix_of(source)) in TABLES,
    )

    def numbers_of(file: str, choose_array: bool, choose_column: bool) -> "Numbers":
        array = options.array if choose_array else None
        columns = options.column if choose_column else ()
        return only_array(open_file(file, array, columns, options, contest.session, unit), file)

    request = Against(
        order=options.order or 0,
        max_ulp=options.max_ulp,
        unit=unit,
        measure=options.ulp or "error",
        flush_results=options.ftz,
        flush_inputs=options.daz,
        ignore_zero_sign=options.ignore_zero_sign,
        regions=options.regions,
    )
    (f,) = contest.functions
    x = all_numbers([f], options) if options.input is None else numbers_of(source, *ours_choose)
    return compare_against(f, x, numbers_of(path, *theirs_choose), request, contest.session.threads)


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


def require_chart(by: str, contest: Contest) -> None:
    """Raise UsageError for a chart that cannot be drawn; to be called for --plot.

    It has letters for so many contenders, bars have no y axis, and a label needs a contender.
    """
    from actcli.render.figure.figure_text import MOST_CURVES

    count = len(contest.stacks) * len(contest.options.init or (USUAL,))
    if WAYS[by].curves and count > MOST_CURVES:
        raise UsageError(
            f"--plot draws at most {MOST_CURVES} contenders, not {count}; name fewer, or leave it out"
        )
    options = contest.options
    for name, given in (
        ("--y-range", options.y_range),
        ("--y-label", options.y_labels),
        ("--legend", options.legend),
    ):
        if given and not WAYS[by].curves:
            raise UsageError(f"{name} belongs to curves, and {WAYS_IN_WORDS[by]} has bars")
    specs = [stack.spec for stack in contest.stacks]
    for label in options.labels:
        # a contender's name may have more words: relu he
        if not any(label.startswith((f"{spec}=", f"{spec} ")) for spec in specs):
            raise UsageError(
                f"--label {label!r}: write NAME=TEXT, and one of these names: {', '.join(specs)}"
            )
