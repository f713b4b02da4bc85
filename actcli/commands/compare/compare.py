"""`actcli compare`: which activation function, with which parameter, by what matters."""

from typing import TYPE_CHECKING

import typer

from actcli.commands import options
from actcli.commands import training_options as training
from actcli.commands.compare import options as own
from actcli.commands.parser import Command

if TYPE_CHECKING:
    from actcli.commands.session import Session

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli compare relu gelu silu
  actcli compare relu/relu/tanh gelu --by gradients --init he,xavier --plot
  actcli compare leaky_relu --sweep alpha=0.01:0.5:8 --by gradients --sort gradient_decades
  actcli compare relu leaky_relu silu tanh --by training --lr auto --plot
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
    definitions: options.Definitions = None,
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
    epochs: training.Epochs = None,
    batch: training.Batch = None,
    lr: training.Rate = None,
    optimizer: training.Optimizer = None,
    data: training.Data = None,
    target: training.Target = None,
    decay: training.Decay = None,
    learn: training.Learn = None,
    record: training.Record = None,
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
    """Compare activation functions by what matters: training, gradients, precision, speed.

    A table of what was measured, the best marked. A bar shows how far a long
    measurement is; Ctrl-C ends it and prints what is known by then.
    """
    from actcli.commands.compare.modes import (
        MOST_LAYERS,
        WAYS,
        Asked,
        contenders,
        refuse_contradictions,
        refuse_crowd,
        refuse_foreign,
    )
    from actcli.commands.compare.report import choose_report, follow_and_write, recording_of
    from actcli.commands.functions import know_functions, say_what_was_rewritten, specifications

    session: Session = context.obj
    measure = by or "summary"
    refuse_foreign(measure, own.given_options(context))
    report = choose_report(format_, output, digits, sort, best, plot, session.terminal)
    recording = recording_of(record, output)
    know_functions(definitions, session.terminal)
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
        order=order or 0,
        depth=None
        if depth is None
        else training.depths_in(depth, training.MOST_DEPTH if measure == "training" else MOST_LAYERS),
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
        training=training.TrainingAsked(
            epochs=epochs,
            batch=batch,
            rate=lr,
            optimizer=optimizer,
            data=data,
            target=target,
            decay=decay,
            learn=learn,
            depth=depth,
            width=width,
            seeds=seeds,
            init=init,
            seed=seed,
        ),
        recording=recording,
    )
    refuse_contradictions(measure, asked)
    if plot:
        refuse_crowd(measure, asked)
    steps = WAYS[measure].steps(asked)
    session.writes()
    status = follow_and_write(steps, report, session.terminal, recording)
    if status:
        raise typer.Exit(status)
