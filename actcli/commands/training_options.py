"""The options of training, declared once for `compare --by training` and `deadcheck --train`, and what they ask for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from actcli.commands import options
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.training.dataset import Dataset
    from actcli.analysis.training.initial import Init as InitName
    from actcli.analysis.training.stack import Stack
    from actcli.analysis.training.trial import Trial
    from actcli.terminal import Terminal

OptimizerName = Literal["sgd", "momentum", "adam"]

TRAINING = "Training"
EPOCHS, BATCH, WIDTH, DEPTH, SEEDS, SEED, DATA = 20, 32, 64, 2, 10, 0, "digits"
RATES = {"sgd": 0.1, "momentum": 0.01, "adam": 0.001}
"""The learning rate without --lr: the usual one of each optimizer."""
MOST_WIDTH, MOST_DEPTH, MOST_SEEDS, MOST_SEED = 4096, 1000, 1000, 2**63 - 1
_MOST_RATES = 100

Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        metavar="N",
        parser=options.whole_number("--epochs", 1, 10_000),
        help=f"Passes over the training set.  [default: {EPOCHS}]",
        rich_help_panel=TRAINING,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        parser=options.whole_number("--batch", 1, 2**20),
        help=f"Samples a step.  [default: {BATCH}]",
        rich_help_panel=TRAINING,
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--lr",
        metavar="RATES",
        help="Learning rates, with commas, each by itself; or auto: the best of ten for each function, chosen "
        "without the test set.  [default: 0.1; momentum 0.01, adam 0.001]",
        rich_help_panel=TRAINING,
    ),
]
Optimizer = Annotated[
    OptimizerName | None,
    typer.Option(
        "--optimizer",
        metavar="NAME",
        case_sensitive=False,
        help=f"{options.one_of(OptimizerName)}.  [default: sgd]",
        rich_help_panel=TRAINING,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="NAME|FILE",
        help="digits, moons, spirals or xor; an .npz file with X and y; a .csv file with --target.  "
        f"[default: {DATA}]",
        rich_help_panel=TRAINING,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="The column of the .csv file that is predicted from the others: its name, or its number from 1 on.",
        rich_help_panel=TRAINING,
    ),
]
Decay = Annotated[
    float | None,
    typer.Option(
        "--decay",
        metavar="D",
        parser=options.finite_number("--decay"),
        help="L2 penalty: D times a weight is added to its gradient.  [default: 0]",
        rich_help_panel=TRAINING,
    ),
]
Learn = Annotated[
    str | None,
    typer.Option(
        "--learn",
        metavar="PARAMS",
        help="Parameters of the functions that are trained with the weights, with commas: alpha.",
        rich_help_panel=TRAINING,
    ),
]
Record = Annotated[
    str | None,
    typer.Option(
        "--record",
        metavar="FILE",
        help="Write the numbers of every epoch of every network: .csv or .jsonl.",
        rich_help_panel=TRAINING,
    ),
]
Depth = Annotated[
    str | None,
    typer.Option(
        "--depth",
        metavar="N,...",
        help=f"Hidden layers; several depths with commas.  [default: {DEPTH}, or those of the longest stack]",
        rich_help_panel=TRAINING,
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        metavar="N",
        parser=options.whole_number("--width", 1, MOST_WIDTH),
        help=f"Units a hidden layer.  [default: {WIDTH}]",
        rich_help_panel=TRAINING,
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        parser=options.whole_number("--seeds", 1, MOST_SEEDS),
        help=f"Networks of each kind, each with weights and batches of its own.  [default: {SEEDS}]",
        rich_help_panel=TRAINING,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        "--init",
        metavar="NAME",
        help="How the weights begin: he, xavier, lecun, gain or orthogonal.  [default: he]",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=options.whole_number("--seed", 0, MOST_SEED),
        help=f"Of the random numbers: weights, batches, the split of the data.  [default: {SEED}]",
        rich_help_panel=TRAINING,
    ),
]


@dataclass(frozen=True, slots=True)
class TrainingAsked:
    """What the command line says of a training; an option that is not given is None."""

    epochs: int | None = None
    batch: int | None = None
    rate: str | None = None
    optimizer: OptimizerName | None = None
    data: str | None = None
    target: str | None = None
    decay: float | None = None
    learn: str | None = None
    depth: str | None = None
    width: int | None = None
    seeds: int | None = None
    init: str | None = None
    seed: int | None = None


def trial_of(
    asked: TrainingAsked, stacks: "Sequence[Stack]", terminal: "Terminal"
) -> "tuple[Trial, Dataset]":
    """What is trained, and on what.

    Raises UsageError for options that mean nothing, and fewer layers than a stack has functions; DataError for data
    that cannot be read.
    """
    from actcli.analysis.training.plan import TrainingPlan
    from actcli.analysis.training.trial import Trial
    from actcli.sources.records.datasets import load_dataset

    if asked.decay is not None and asked.decay < 0:
        raise UsageError(f"--decay {asked.decay:g} is below 0; a penalty is 0 or more")
    optimizer = asked.optimizer or "sgd"
    rates = (RATES[optimizer],) if asked.rate is None else rates_in(asked.rate)
    trial = Trial(
        plan=TrainingPlan(
            epochs=asked.epochs or EPOCHS,
            batch=asked.batch or BATCH,
            optimizer=optimizer,
            decay=asked.decay or 0.0,
            init=_init(asked.init),
            learn=tuple(name.strip() for name in _listed("--learn", asked.learn)),
        ),
        width=asked.width or WIDTH,
        depths=_depths(asked.depth, stacks),
        rates=rates,
        seeds=asked.seeds or SEEDS,
        seed=SEED if asked.seed is None else asked.seed,
    )
    return trial, load_dataset(DATA if asked.data is None else asked.data, asked.target, trial.seed, terminal)


def rates_in(text: str) -> tuple[float, ...]:
    """The learning rates, each above 0; none for `auto`. Raises UsageError in the name of --lr."""
    if text.strip().lower() == "auto":
        return ()
    parse = options.finite_number("--lr", positive=True)
    rates = tuple(parse(part.strip()) for part in _listed("--lr", text))
    _require_few_and_different("--lr", text, rates)
    return rates


def depths_in(text: str, most: int) -> tuple[int, ...]:
    """Numbers of layers with commas between them, none above `most`. Raises UsageError in the name of --depth."""
    parse = options.whole_number("--depth", 1, most)
    found = tuple(parse(part.strip()) for part in _listed("--depth", text))
    _require_few_and_different("--depth", text, found)
    return found


def _depths(text: str | None, stacks: "Sequence[Stack]") -> tuple[int, ...]:
    """Those asked for; without any the usual one, or that of the longest stack."""
    longest = max(stacks, key=lambda stack: len(stack.functions))
    layers = len(longest.functions)
    if text is None:
        return (max(DEPTH, layers),)
    depths = depths_in(text, MOST_DEPTH)
    if min(depths) < layers:
        raise UsageError(
            f"--depth {min(depths)} has no place for all of {longest.spec}, which names {layers} hidden layers"
        )
    return depths


def _init(text: str | None) -> "InitName":
    from actcli.analysis.training.initial import INITS

    if text is None:
        return "he"
    for name in INITS:
        if name == text.strip().lower():
            return name
    if "," in text:
        raise UsageError(f"--init {text!r}: networks are trained from one kind of weights; name one")
    raise UsageError(f"--init {text!r} is not known; choose of {', '.join(INITS)}")


def _listed(option: str, text: str | None) -> list[str]:
    if text is None:
        return []
    parts = text.split(",")
    if not all(part.strip() for part in parts):
        raise UsageError(f"{option} {text!r}: a value is missing; separate values with single commas")
    return parts


def _require_few_and_different(option: str, text: str, values: tuple[float, ...]) -> None:
    if len(values) > _MOST_RATES:
        raise UsageError(f"{option} names {len(values)} values; {_MOST_RATES} are the most")
    twice = [value for i, value in enumerate(values) if value in values[:i]]
    if twice:
        raise UsageError(f"{option} {text!r} has {twice[0]:g} twice")
