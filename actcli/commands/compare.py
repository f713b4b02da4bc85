"""`actcli compare`: which activation function, with which parameter, by what matters."""

from typing import TYPE_CHECKING

import typer

from actcli.commands import compare_options as own
from actcli.commands import options
from actcli.commands.parser import Command

if TYPE_CHECKING:
    from actcli.commands.session import Session

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli compare relu gelu silu
  actcli compare relu/relu/tanh gelu --by gradients --init he,xavier --plot
  actcli compare leaky_relu --sweep alpha=0.01:0.5:8 --by gradients --sort gradient_decades
  actcli compare torch.gelu jax.gelu --by values -i activations.npy
  actcli compare gelu --by precision -i x.npy --against mine.npy --max-ulp 2
  actcli compare relu gelu --by speed --with torch
"""


@command.command("compare", cls=Command, epilog=EPILOG)
def compare_functions(
    context: typer.Context,
    functions: own.Functions,
    set_: options.Set = None,
    no_rewrite: options.NoRewrite = False,
    by: own.By = None,
    sweep: own.Sweep = None,
    seed: own.Seed = None,
    range_: own.Range = None,
    points: own.Points = None,
    input_: own.Input = None,
    array: own.ArrayName = None,
    column: own.ColumnName = None,
    order: own.Order = None,
    depth: own.Depth = None,
    init: own.Init = None,
    weight_std: own.WeightStd = None,
    bias_std: own.BiasStd = None,
    width: own.Width = None,
    seeds: own.Seeds = None,
    bits: own.Bits = None,
    types: own.Types = None,
    against: own.Against = None,
    max_ulp: own.MaxUlp = None,
    with_: own.With = None,
    sort: own.SortBy = None,
    best: own.BestOf = None,
    plot: own.Plot = False,
    format_: options.Format = None,
    output: options.Document = None,
    digits: options.Digits = None,
) -> None:
    """Compare activation functions by what matters: gradients, precision, speed.

    A table of what was measured, the best marked. A bar shows how far a long
    measurement is; Ctrl-C ends it and prints what is known by then.
    """
    from actcli.commands.comparing import (
        WAYS,
        Asked,
        contenders,
        refuse_contradictions,
        refuse_crowd,
        refuse_foreign,
    )
    from actcli.commands.comparison_report import choose_report, follow_and_write
    from actcli.commands.functions import say_what_was_rewritten, specifications

    session: Session = context.obj
    measure = by or "summary"
    refuse_foreign(measure, own.given_options(context))
    report = choose_report(format_, output, digits, sort, best, plot, session.terminal)
    compared = contenders(measure, specifications(functions, set_, no_rewrite), sweep)
    say_what_was_rewritten((f for stack in compared for f in stack.functions), session.terminal)
    asked = Asked(
        stacks=compared,
        functions=tuple(stack.single for stack in compared if stack.single is not None),
        session=session,
        input=input_,
        array=array,
        column=column,
        range=range_,
        points=points,
        order=int(order or 0),
        depth=depth,
        weight_std=weight_std,
        bias_std=bias_std,
        init=own.names_in("--init", init),
        width=width,
        seeds=seeds,
        seed=seed,
        bits=bits,
        types=own.names_in("--types", types),
        against=against,
        max_ulp=max_ulp,
        frameworks=own.names_in("--with", with_),
    )
    refuse_contradictions(measure, asked)
    if plot:
        refuse_crowd(measure, asked)
    steps = WAYS[measure].steps(asked)
    session.writes()
    status = follow_and_write(steps, report, session.terminal)
    if status:
        raise typer.Exit(status)
