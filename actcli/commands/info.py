"""`actcli info`: the card of an activation function."""

from typing import TYPE_CHECKING, Annotated

import typer

from actcli.commands import options
from actcli.commands.parser import Command

if TYPE_CHECKING:
    from actcli.commands.session import Session

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli info gelu
  actcli info leaky_relu:0.2
  actcli info torch.softplus --format json
  actcli info selu | grep gains
  actcli info mish --cost
  actcli info 'x/(1+exp(-x))'
"""

Cost = Annotated[
    bool,
    typer.Option(
        "--cost",
        help="Measure too how long it takes here, relative to relu.",
        rich_help_panel="Measurement",
    ),
]


@command.command("info", cls=Command, epilog=EPILOG)
def show_card(
    context: typer.Context,
    function: options.Function,
    set_: options.Set = None,
    no_rewrite: options.NoRewrite = False,
    definitions: options.Definitions = None,
    cost: Cost = False,
    format_: options.Format = None,
    output: options.Document = None,
) -> None:
    """Show what is known of an activation function.

    Formula, derivative, parameters, range, slopes, kinks, moments and gains, names
    in the frameworks: the numbers are found from the function itself, at the
    parameters that are given.
    """
    from actcli.render.layout import choose_layout

    session: Session = context.obj
    layout = choose_layout(format_, output, with_x=False, digits=None, terminal=session.terminal)

    from actcli.activations import activation
    from actcli.analysis.properties import cost_relative_to_relu, measure
    from actcli.analysis.recognition import recognise
    from actcli.commands.functions import know_functions, specifications
    from actcli.render.card import Card, write_card

    know_functions(definitions, session.terminal)
    f = activation(*specifications([function], set_, no_rewrite))
    properties = None if f.by_rows else measure(f)
    card = Card(f, properties, cost_relative_to_relu(f) if cost else None, recognise(f))
    session.writes()
    write_card(card, layout, session.terminal)
