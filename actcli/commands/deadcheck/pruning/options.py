"""`--prune`: the option that writes a model without its dead units."""

from typing import Annotated

from actcli.commands.declaration import Option
from actcli.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class PruneOptions:
    """The option that writes a smaller model."""

    prune: Annotated[
        str | None,
        Option(
            "--prune",
            metavar="FILE",
            help="Write the model without its dead units to FILE (.onnx), where the samples of --data suffice to call "
            "them dead. Units that cannot be removed stay, with the reason; both models are compared on the data.",
            section="Models",
            modes=("model",),
            needs=("--data",),
            excludes=("--random", "--definition", "--stop-when-certain", "--mask"),
        ),
    ] = None
