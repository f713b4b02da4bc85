"""The options that `deadcheck` has for networks it trains itself; those of any training are in training_options."""

from typing import Annotated

import typer

from actcli.commands.training_options import TRAINING

Train = Annotated[
    list[str] | None,
    typer.Option(
        "--train",
        metavar="FUNCTION",
        help="Train networks with this activation, or relu/relu/tanh by layers, and watch their units die; may "
        "be given again.",
        show_default=False,
        rich_help_panel=TRAINING,
    ),
]
FindLimit = Annotated[
    bool,
    typer.Option(
        "--find-limit",
        help="Look for the learning rate above which more units die than --fail-above allows.  [default: 5%]",
        rich_help_panel=TRAINING,
    ),
]
BornDead = Annotated[
    bool,
    typer.Option(
        "--born-dead",
        help="Print the risk that a relu network of --width and --depth is dead before training; without --train.",
        rich_help_panel=TRAINING,
    ),
]
Export = Annotated[
    str | None,
    typer.Option(
        "--export",
        metavar="FILE",
        help="Write the first network that was trained: .onnx, or its weights as .npz.",
        rich_help_panel=TRAINING,
    ),
]
ExportData = Annotated[
    str | None,
    typer.Option(
        "--export-data",
        metavar="FILE",
        help="Write the held-out samples as the networks take them (.npy): the --data of that model.",
        rich_help_panel=TRAINING,
    ),
]
