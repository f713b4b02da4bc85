"""`actcli eval`: the values of an activation function."""

from typing import TYPE_CHECKING

import typer

from actcli.commands import options
from actcli.commands.parser import Command

if TYPE_CHECKING:
    from actcli.commands.session import Session

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli eval relu -1 0 1
  seq -5 5 | actcli eval leaky_relu:alpha=0.2 --with-x
  actcli eval 'x*tanh(b*x)' 1 2 --set b=0.5
  actcli eval torch.gelu activations.npy -o out.npy
  actcli eval softmax logits.csv --format json
  tail -f loss.txt | actcli eval sigmoid
"""


@command.command("eval", cls=Command, epilog=EPILOG)
def evaluate_function(
    context: typer.Context,
    function: options.Function,
    x: options.X = None,
    set_: options.Set = None,
    no_rewrite: options.NoRewrite = False,
    definitions: options.Definitions = None,
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
    """Evaluate an activation function at numbers, a file or a stream.

    A function over rows (softmax, glu, ...) takes each line of a text, or the
    last axis of an array, as one row. A stream is answered as it arrives.
    """
    from actcli.render.output.layout import choose_layout

    session: Session = context.obj
    layout = choose_layout(format_, output, with_x, digits, session.terminal)

    from actcli.activations import activation
    from actcli.analysis.stream.blocks import evaluate
    from actcli.commands.functions import know_functions, say_what_was_rewritten, specifications
    from actcli.commands.number_request import request_numbers
    from actcli.render.output.progress import with_progress
    from actcli.render.values.evaluations import write_evaluations
    from actcli.sources import open_numbers

    know_functions(definitions, session.terminal)
    f = activation(*specifications([function], set_, no_rewrite))
    say_what_was_rewritten([f], session.terminal)
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
    threads = session.threads
    evaluations = (evaluate(f, numbers, threads) for numbers in open_numbers(request, session.terminal))
    session.writes()
    write_evaluations(with_progress(evaluations, session.terminal, layout), layout, session.terminal)
