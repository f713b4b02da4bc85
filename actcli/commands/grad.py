"""`actcli grad`: the derivatives of an activation function, and a check of them."""

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from actcli.commands.build import build_command
from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.declaration import Option
from actcli.commands.options import HIGHEST_ORDER, Function, NumberCommandOptions
from actcli.commands.values import finite_number, one_of, whole_number
from actcli.dataclass import dataclass
from actcli.exits import ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.activations import Activation
    from actcli.analysis.stream.evaluation import Evaluation, Numbers
    from actcli.commands.session import Session
    from actcli.render.output.layout import Layout
    from actcli.sources import NumberRequest

KinkRule = Literal["default", "left", "right", "mean", "nan"]

DERIVATIVE = "Derivative"
_derivative_option = partial(Option, section=DERIVATIVE)
TOLERANCE = 1e-6
_BYTES_PER_NUMBER = {
    "markdown": 20,
    "json": 20,
    "npy": 20,
    "npz": 20,
    "safetensors": 20,
    "table": 20,
    "": 40,
}
"""Memory for each number of a Jacobian, by format: the number, a copy, and its text (measured)."""
_BLOCK = 1 << 26
EPILOG = """\
Examples:
  actcli grad silu -1 0 1
  actcli grad gelu activations.npy --order 2 -o curvature.npy
  actcli grad leaky_relu:0.2 --range -1 1 --points 5 --wrt alpha
  actcli grad relu 0 --at-kink mean
  actcli grad softmax --jacobian 1 2 3
  actcli grad mish --check
  actcli grad 'x*sigmoid(1.702*x)' 0.5 --order 7
"""


@dataclass(frozen=True, kw_only=True)
class GradOptions(NumberCommandOptions):
    """The command line of `grad`."""

    function: Function
    order: Annotated[
        int | None,
        _derivative_option(
            "--order",
            metavar="N",
            parse=whole_number(1, HIGHEST_ORDER),
            help=f"Order of the derivative, 1 to {HIGHEST_ORDER}; over rows 1 or 2.",
            default="1",
        ),
    ] = None
    wrt: Annotated[
        str,
        _derivative_option(
            "--wrt",
            metavar="NAME",
            help="Differentiate with respect to x, or to a parameter of the function (first order).",
            default="x",
        ),
    ] = "x"
    at_kink: Annotated[
        KinkRule,
        _derivative_option(
            "--at-kink",
            metavar="RULE",
            help=f"Value where the derivative jumps: {one_of(KinkRule)}. The default is the value of the "
            "framework's autograd, PyTorch's for plain names.",
        ),
    ] = "default"
    jacobian: Annotated[
        bool,
        _derivative_option(
            "--jacobian",
            help="Print the whole Jacobian of a function over rows, not its diagonal.",
            excludes=("--at-kink", "--append"),
        ),
    ] = False
    check: Annotated[
        bool,
        _derivative_option(
            "--check",
            help="Compare with extrapolated differences of the value; without X on a built-in grid. "
            "Exit status 3 when they disagree.",
            excludes=("--jacobian", "--at-kink", "--with-x", "--append"),
        ),
    ] = False
    tolerance: Annotated[
        float | None,
        _derivative_option(
            "--tolerance",
            metavar="T",
            parse=finite_number(positive=True),
            help="Largest relative error that --check accepts.",
            default="1e-6",
            needs=("--check",),
        ),
    ] = None

    @property
    def degree(self) -> int:
        """The order of the derivative."""
        return self.order or 1


def differentiate_function(options: GradOptions, session: "Session") -> ExitStatus | None:
    """Differentiate an activation function, by x or by a parameter.

    The derivatives are formulas, exact to one unit in the last place. For a
    function over rows (softmax, ...) the result is the diagonal of the Jacobian.
    """
    from actcli.commands.number_request import choose_number_layout, request_numbers

    refuse_conflicts(options)
    if options.append:
        _append_derivatives(options, session)
        return None
    layout = choose_number_layout(options, options, session.terminal)

    from actcli.commands.functions import resolve

    f = resolve(options.function, options, session.terminal)
    require_derivative(f, options)
    request = request_numbers(f, options, layout, session.memory, options.degree)
    if options.check:
        return _check(f, options, request, layout, session)
    _write_derivative(f, options, request, layout, session)
    return None


def require_derivative(f: "Activation", options: GradOptions) -> None:
    """Raise UsageError for a derivative that `f` does not have."""
    if options.wrt != "x":
        f.resolve_parameter(options.wrt)
        for option, is_given in (
            (f"--order {options.degree}", options.degree > 1),
            ("--at-kink", options.at_kink != "default"),
            ("--jacobian", options.jacobian),
            ("--around zeros", options.around == "zeros"),
        ):
            if is_given:
                raise UsageError(
                    f"{option} belongs to --wrt x; by {options.wrt} there is the first derivative only"
                )
    if options.jacobian and not f.by_rows:
        raise UsageError(f"--jacobian belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    if options.jacobian and options.degree > 1:
        raise UsageError(f"--jacobian holds first derivatives; leave out --order {options.degree}")


def _append_derivatives(options: GradOptions, session: "Session") -> None:
    from actcli.analysis.stream.blocks import differentiate
    from actcli.commands.number_request import append_results

    def derivative(f: "Activation", numbers: "Numbers") -> "Evaluation":
        require_derivative(f, options)
        return differentiate(f, numbers, 1, order=options.degree, wrt=options.wrt, at_kink=options.at_kink)

    append_results(options.function, options, session, derivative)


def _write_derivative(
    f: "Activation", options: GradOptions, request: "NumberRequest", layout: "Layout", session: "Session"
) -> None:
    from actcli.analysis.stream.blocks import differentiate
    from actcli.commands.number_request import open_streams
    from actcli.render.output.progress import with_progress
    from actcli.render.values.evaluations import write_evaluations

    threads = session.threads
    streams = open_streams(request, layout, session)
    if options.jacobian:
        streams = _that_fit(f, streams, layout, session.memory)
        threads = 1  # the results are large, and computed faster than they are written
    derivatives = (
        differentiate(
            f,
            numbers,
            threads,
            order=options.degree,
            wrt=options.wrt,
            at_kink=options.at_kink,
            jacobian=options.jacobian,
        )
        for numbers in streams
    )
    session.writes()
    write_evaluations(with_progress(derivatives, session.terminal, layout), layout, session.terminal)


def _that_fit(
    f: "Activation", streams: "Iterator[Numbers]", layout: "Layout", memory: int | None
) -> "Iterator[Numbers]":
    """Yield the streams in blocks of few rows. Raises DataError before a row whose Jacobian needs too much memory."""
    from dataclasses import replace

    from actcli.sources.budget import require_memory

    nbytes = _BYTES_PER_NUMBER.get(layout.format, _BYTES_PER_NUMBER[""])

    def blocks(numbers: "Numbers") -> "Iterator[Any]":
        with closing(cast("Any", numbers.blocks)) as own:
            for block in own:
                rows, inputs = block.shape
                try:
                    size = nbytes * inputs * f.width(inputs)
                except UsageError:  # no such row; the evaluation says so in the name of the file
                    size = 0
                require_memory(
                    size,
                    memory,
                    f"{numbers.origin}: the Jacobian of a row of {inputs:,} numbers",
                    "leave out --jacobian for its diagonal, or allow more with --memory",
                )
                step = max(1, _BLOCK // max(size, 1))
                for start in range(0, rows, step):
                    yield block[start : start + step]

    for numbers in streams:
        yield replace(numbers, blocks=blocks(numbers))


def _check(
    f: "Activation", options: GradOptions, request: "NumberRequest", layout: "Layout", session: "Session"
) -> ExitStatus:
    """Check on the request's numbers, or on the built-in grid when there are none, and print the result."""
    from actcli.analysis.stream.derivative_check import check_derivative
    from actcli.render.values.check import write_check
    from actcli.sources import open_numbers

    numbers = None if _is_on_the_grid(options) else open_numbers(request, session.terminal)
    tolerance = TOLERANCE if options.tolerance is None else options.tolerance
    result = check_derivative(f, numbers, order=options.degree, wrt=options.wrt, tolerance=tolerance)
    session.writes()
    write_check(result, layout, session.terminal)
    return ExitStatus.DONE if result.passed else ExitStatus.FOUND


def _is_on_the_grid(options: GradOptions) -> bool:
    """Return whether no numbers are named; raises UsageError for an option that says how to read some."""
    if options.x or options.input is not None or options.range is not None or options.all is not None:
        return False
    for option, value in (
        ("--array", options.array),
        ("--column", options.column or None),
        ("--input-format", options.input_format),
        ("--null", options.null or None),
        ("--axis", options.axis),
        ("--dtype", options.dtype),
    ):
        if value is not None:
            raise UsageError(
                f"{option} belongs to numbers: name a file, or leave it out to check on the grid"
            )
    return True


command = build_command("grad", GradOptions, differentiate_function, epilog=EPILOG)
