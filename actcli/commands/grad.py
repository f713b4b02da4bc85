"""`actcli grad`: the derivatives of an activation function, and whether they hold."""

from typing import TYPE_CHECKING

import typer

from actcli.commands import options
from actcli.commands.parser import Command
from actcli.exits import ExitStatus, UsageError

if TYPE_CHECKING:
    from actcli.activations import Activation
    from actcli.commands.session import Session
    from actcli.render.output.layout import Layout
    from actcli.sources import NumberRequest

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

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

TOLERANCE = 1e-6


@command.command("grad", cls=Command, epilog=EPILOG)
def differentiate_function(
    context: typer.Context,
    function: options.Function,
    x: options.X = None,
    set_: options.Set = None,
    no_rewrite: options.NoRewrite = False,
    definitions: options.Definitions = None,
    order: options.Order = None,
    wrt: options.Wrt = "x",
    at_kink: options.AtKink = "default",
    jacobian: options.Jacobian = False,
    check: options.Check = False,
    tolerance: options.Tolerance = None,
    input_: options.Input = None,
    range_: options.Range = None,
    points: options.Points = None,
    array: options.ArrayName = None,
    column: options.Column = None,
    axis: options.Axis = None,
    dtype: options.Dtype = None,
    on_error: options.WhatOnError = "stop",
    format_: options.Format = None,
    output: options.Output = None,
    with_x: options.WithX = False,
    digits: options.Digits = None,
) -> None:
    """Differentiate an activation function, by x or by a parameter.

    The derivatives are formulas, exact to a few units in the last place. For a
    function over rows (softmax, ...) the result is the diagonal of the Jacobian.
    """
    from actcli.render.output.layout import choose_layout

    session: Session = context.obj
    layout = choose_layout(format_, output, with_x, digits, session.terminal)

    from actcli.activations import activation
    from actcli.commands.functions import know_functions, say_what_was_rewritten, specifications
    from actcli.commands.number_request import request_numbers

    know_functions(definitions, session.terminal)
    f = activation(*specifications([function], set_, no_rewrite))
    say_what_was_rewritten([f], session.terminal)
    degree = 1 if order is None else order
    refuse_contradictions(f, degree, wrt, at_kink, jacobian)
    refuse_without_check(check, tolerance, at_kink, jacobian, with_x)
    request = request_numbers(
        f,
        layout,
        x=x,
        input_=input_,
        range_=range_,
        points=points,
        array=array,
        column=column,
        axis=axis,
        dtype=dtype,
        on_error=on_error,
    )
    if check:
        accepted = TOLERANCE if tolerance is None else tolerance
        passed = _check(f, request, layout, session, degree, wrt, accepted)
        if not passed:
            raise typer.Exit(ExitStatus.FOUND)
    else:
        _write_derivative(f, request, layout, session, degree, wrt, at_kink, jacobian)


def refuse_contradictions(f: "Activation", order: int, wrt: str, at_kink: str, jacobian: bool) -> None:
    """Raise UsageError for options of which one takes away what another asks for."""
    if wrt != "x":
        f.resolve_parameter(wrt)
        for option, given in (
            (f"--order {order}", order > 1),
            ("--at-kink", at_kink != "default"),
            ("--jacobian", jacobian),
        ):
            if given:
                raise UsageError(f"{option} belongs to --wrt x; by {wrt} there is the first derivative only")
    if jacobian and not f.by_rows:
        raise UsageError(f"--jacobian belongs to functions over rows (softmax, glu); {f.name} is elementwise")
    if jacobian and at_kink != "default":
        raise UsageError("--at-kink belongs to functions of one number; a Jacobian has the default side only")
    if jacobian and order > 1:
        raise UsageError(f"--jacobian holds first derivatives; leave out --order {order}")


def refuse_without_check(
    check: bool, tolerance: float | None, at_kink: str, jacobian: bool, with_x: bool
) -> None:
    """Raise UsageError for --tolerance without --check, and for options that a check leaves no room for."""
    if not check:
        if tolerance is not None:
            raise UsageError("--tolerance belongs to --check; say --check --tolerance T")
        return
    for option, given in (
        ("--jacobian", jacobian),
        ("--at-kink", at_kink != "default"),
        ("--with-x", with_x),
    ):
        if given:
            raise UsageError(f"{option} does not go with --check; leave one of them out")


def _write_derivative(
    f: "Activation",
    request: "NumberRequest",
    layout: "Layout",
    session: "Session",
    order: int,
    wrt: str,
    at_kink: str,
    jacobian: bool,
) -> None:
    from actcli.analysis.stream.blocks import differentiate
    from actcli.render.output.progress import with_progress
    from actcli.render.values.evaluations import write_evaluations
    from actcli.sources import open_numbers

    threads = session.threads
    derivatives = (
        differentiate(f, numbers, threads, order=order, wrt=wrt, at_kink=at_kink, jacobian=jacobian)
        for numbers in open_numbers(request, session.terminal)
    )
    session.writes()
    write_evaluations(with_progress(derivatives, session.terminal, layout), layout, session.terminal)


def _check(
    f: "Activation",
    request: "NumberRequest",
    layout: "Layout",
    session: "Session",
    order: int,
    wrt: str,
    tolerance: float,
) -> bool:
    """Check on the request's numbers, or on the built-in grid when there are none, and print the findings."""
    from actcli.analysis.stream.derivative_check import check_derivative
    from actcli.render.values.check import write_check
    from actcli.sources import open_numbers

    numbers = None if _on_the_grid(request) else open_numbers(request, session.terminal)
    result = check_derivative(f, numbers, order=order, wrt=wrt, tolerance=tolerance)
    session.writes()
    write_check(result, layout, session.terminal)
    return result.passed


def _on_the_grid(request: "NumberRequest") -> bool:
    """Whether no numbers are named; raises UsageError for an option that says how to read some."""
    if request.tokens or request.input is not None or request.range is not None:
        return False
    for option, value in (
        ("--array", request.array),
        ("--column", request.column),
        ("--axis", request.axis),
        ("--dtype", request.dtype),
    ):
        if value is not None:
            raise UsageError(
                f"{option} belongs to numbers: name a file, or leave it out to check on the grid"
            )
    return True
