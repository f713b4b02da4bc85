"""`actcli info`: the card of an activation function."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from actcli.commands import options
from actcli.commands.parser import Command
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.commands.session import Session

Place = Literal["python", "torch", "jax", "latex"]

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli info gelu
  actcli info leaky_relu:0.2
  actcli info torch.softplus --format json
  actcli info selu | grep gains
  actcli info mish --cost
  actcli info 'x/(1+exp(-x))'
  actcli info 'x*tanh(softplus(b*x))' --set b=1.5 --code torch
  actcli info gelu --code latex -o gelu.tex
"""

Cost = Annotated[
    bool,
    typer.Option(
        "--cost",
        help="Measure too how long it takes here, relative to relu.",
        rich_help_panel="Measurement",
    ),
]


Code = Annotated[
    Place | None,
    typer.Option(
        "--code",
        metavar="PLACE",
        help=f"Write the function as code for PLACE instead: {options.one_of(Place)}; -o FILE.py or FILE.tex.",
        rich_help_panel="Code",
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
    code: Code = None,
    format_: options.Format = None,
    output: options.Document = None,
) -> None:
    """Show what is known of an activation function.

    Formula, derivative, parameters, range, slopes, kinks, moments and gains, names
    in the frameworks: the numbers are found from the function itself, at the
    parameters that are given. With --code the function itself, to be pasted.
    """
    from actcli.commands.functions import know_functions, specifications

    session: Session = context.obj
    know_functions(definitions, session.terminal)
    if code is not None:
        if format_ is not None or cost:
            raise UsageError(f"--code writes code, no card: leave out {'--cost' if cost else '--format'}")
        _write_code(code, function, set_, no_rewrite, output, session)
        return
    from actcli.render.output.layout import choose_layout

    layout = choose_layout(format_, output, with_x=False, digits=None, terminal=session.terminal)

    from actcli.activations import activation
    from actcli.analysis.card.properties import cost_relative_to_relu, measure
    from actcli.analysis.card.recognition import recognise
    from actcli.render.card.card import Card, write_card

    f = activation(*specifications([function], set_, no_rewrite))
    properties = None if f.by_rows else measure(f)
    card = Card(f, properties, cost_relative_to_relu(f) if cost else None, recognise(f))
    session.writes()
    write_card(card, layout, session.terminal)


def _write_code(
    place: Place,
    function: str,
    set_: list[str] | None,
    no_rewrite: bool,
    output: str | None,
    session: "Session",
) -> None:
    """Write the function as code; a parameter without a value is one of the code's that must be given."""
    from actcli.activations import activation
    from actcli.activations.resolve import parameter_names
    from actcli.commands.functions import specifications
    from actcli.render.card.code_document import check_file, write_code
    from actcli.render.code import code_for

    path = check_file(output, place)
    (spec,) = specifications([function], set_, no_rewrite)
    text = code_for(place, activation(spec, free=parameter_names(spec)))
    session.writes()
    write_code(text, place, path, session.terminal)
