"""The options of training, for `compare --by training` and `deadcheck --train`, and the training that they describe."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from actcli.commands.declaration import Option
from actcli.commands.options import DECIMAL, DecimalSign
from actcli.commands.values import finite_number, learning_rates, names, one_of, whole_number, whole_numbers
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.training.dataset import Dataset
    from actcli.analysis.training.initial import Init as InitName
    from actcli.analysis.training.stack import Stack
    from actcli.analysis.training.trial import Trial
    from actcli.commands.session import Session

OptimizerName = Literal["sgd", "momentum", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "cosine"]

TRAINING = "Training"
EPOCHS, BATCH, WIDTH, DEPTH, SEEDS, SEED, DATA = 20, 32, 64, 2, 10, 0, "digits"
RATES = {"sgd": 0.1, "momentum": 0.01, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001}
"""The usual learning rate of each optimizer, taken without --lr."""
ADAMW_DECAY = 0.01
MOST_WIDTH, MOST_DEPTH, MOST_SPLITS, MOST_SEEDS, MOST_SEED = 4096, 1000, 100, 1000, 2**63 - 1

_DRAWN = ("training", "born-dead")
"""The ways in which networks are drawn; the second is that of `deadcheck` alone."""
_training_option = partial(Option, section=TRAINING, modes=("training",))
_drawing_option = partial(Option, section=TRAINING, modes=_DRAWN)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Options about the training of networks."""

    epochs: Annotated[
        int | None,
        _training_option(
            "--epochs",
            metavar="N",
            parse=whole_number(1, 10_000),
            help="Passes over the training set.",
            default=str(EPOCHS),
        ),
    ] = None
    batch: Annotated[
        int | None,
        _training_option(
            "--batch",
            metavar="N",
            parse=whole_number(1, 2**20),
            help="Samples per step.",
            default=str(BATCH),
        ),
    ] = None
    rates: Annotated[
        tuple[float, ...] | None,
        _training_option(
            "--lr",
            metavar="RATES",
            parse=learning_rates,
            help="Learning rates, with commas, each tried by itself; or auto: the best of ten for each function, "
            "chosen without the test set.",
            default="0.1; momentum 0.01, rmsprop, adam and adamw 0.001",
        ),
    ] = None
    optimizer: Annotated[
        OptimizerName | None,
        _training_option(
            "--optimizer",
            metavar="NAME",
            help=f"{one_of(OptimizerName)}.",
            default="sgd",
        ),
    ] = None
    warmup: Annotated[
        float | None,
        _training_option(
            "--warmup",
            metavar="EPOCHS",
            parse=finite_number(least=0),
            help="Epochs, or parts of one, over which the learning rate rises from 0 to its value.",
            default="0",
        ),
    ] = None
    schedule: Annotated[
        ScheduleName | None,
        _training_option(
            "--schedule",
            metavar="NAME",
            help=f"The learning rate after the warm-up: {one_of(ScheduleName)} (falls to 0).",
            default="constant",
        ),
    ] = None
    data: Annotated[
        str | None,
        _training_option(
            "--data",
            metavar="NAME|FILE",
            help="digits, moons, spirals or xor; an .npz or .safetensors file with X and y; a table with --target.",
            default=DATA,
        ),
    ] = None
    target: Annotated[
        str | None,
        _training_option(
            "--target",
            metavar="COLUMN",
            help="Column of the table to predict from the others: its name, or its number from 1.",
        ),
    ] = None
    decimal: Annotated[DecimalSign, DECIMAL] = "."
    decay: Annotated[
        float | None,
        _training_option(
            "--decay",
            metavar="D",
            parse=finite_number(least=0),
            help="L2 penalty: D times each weight is added to its gradient; adamw shrinks the weights instead.",
            default=f"0; adamw {ADAMW_DECAY}",
        ),
    ] = None
    learn: Annotated[
        tuple[str, ...] | None,
        _training_option(
            "--learn",
            metavar="PARAMS",
            parse=names,
            help="Parameters of the functions to train with the weights, with commas: beta. prelu learns its alpha "
            "in any case; none keeps even that fixed.",
        ),
    ] = None
    depths: Annotated[
        tuple[int, ...] | None,
        _drawing_option(
            "--depth",
            metavar="N,...",
            parse=whole_numbers(1, MOST_DEPTH),
            help="Hidden layers; several depths with commas.",
            default=f"{DEPTH}, or that of the longest stack",
        ),
    ] = None
    width: Annotated[
        int | None,
        _drawing_option(
            "--width",
            metavar="N",
            parse=whole_number(1, MOST_WIDTH),
            help="Units per hidden layer.",
            default=str(WIDTH),
        ),
    ] = None
    splits: Annotated[
        int | None,
        _training_option(
            "--splits",
            metavar="N",
            parse=whole_number(1, MOST_SPLITS),
            help="Ways to split the data for training and testing, each with --seeds networks; intervals cover both.",
            default="1",
        ),
    ] = None
    seeds: Annotated[
        int | None,
        _training_option(
            "--seeds",
            metavar="N",
            parse=whole_number(1, MOST_SEEDS),
            help="Networks of each kind on each split, each with its own weights and batches.",
            default=str(SEEDS),
        ),
    ] = None
    init: Annotated[
        tuple[str, ...] | None,
        _training_option(
            "--init",
            metavar="NAME",
            parse=names,
            help="Initial weights: he, xavier, lecun, gain, orthogonal, or usual: what is customary for each function.",
            default="he",
        ),
    ] = None
    batch_norm: Annotated[
        bool,
        _training_option(
            "--batch-norm", help="Normalise preactivations over each batch, with trained gains."
        ),
    ] = False
    residual: Annotated[
        bool,
        _training_option("--residual", help="Add a skip connection around each hidden layer but the first."),
    ] = False
    seed: Annotated[
        int | None,
        _training_option(
            "--seed",
            metavar="N",
            parse=whole_number(0, MOST_SEED),
            help="Seed of the random numbers: weights, batches, the split of the data.",
            default=str(SEED),
        ),
    ] = None
    record: Annotated[
        str | None,
        _training_option(
            "--record",
            metavar="FILE",
            help="Write the numbers of every epoch of every network: .csv or .jsonl.",
        ),
    ] = None


def describe_trial(
    options: TrainingOptions, stacks: "Sequence[Stack]", session: "Session"
) -> "tuple[Trial, Dataset]":
    """Return the networks to train, and the data to train them on.

    Raises UsageError for options that make no sense and for fewer layers than a stack has functions; DataError for data
    that cannot be read.
    """
    from actcli.analysis.training.plan import TrainingPlan
    from actcli.analysis.training.trial import Trial
    from actcli.sources.budget import default_budget
    from actcli.sources.records.datasets import load_dataset

    optimizer = options.optimizer or "sgd"
    trial = Trial(
        plan=TrainingPlan(
            epochs=options.epochs or EPOCHS,
            batch=options.batch or BATCH,
            optimizer=optimizer,
            warmup=options.warmup or 0.0,
            schedule=options.schedule or "constant",
            decay=_decay(options),
            init=_init(options.init),
            batch_norm=options.batch_norm,
            residual=options.residual,
            learn=_learn(options.learn),
            memory=default_budget() if session.memory is None else session.memory,
        ),
        width=options.width or WIDTH,
        depths=_depths(options.depths, stacks),
        rates=(RATES[optimizer],) if options.rates is None else options.rates,
        splits=options.splits or 1,
        seeds=options.seeds or SEEDS,
        seed=SEED if options.seed is None else options.seed,
    )
    return trial, load_dataset(
        DATA if options.data is None else options.data,
        options.target,
        trial.seed,
        session.terminal,
        trial.splits,
        session.memory,
        options.decimal,
    )


def _learn(chosen: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the parameters to train beside those of prelu; None for `none`."""
    words = [name.lower() for name in chosen or ()]
    if "none" in words and len(words) > 1:
        raise UsageError(f"--learn {','.join(words)!r}: none goes alone")
    return None if words == ["none"] else chosen or ()


def _decay(options: TrainingOptions) -> float:
    if options.decay is not None:
        return options.decay
    return ADAMW_DECAY if options.optimizer == "adamw" else 0.0


def _depths(depths: tuple[int, ...] | None, stacks: "Sequence[Stack]") -> tuple[int, ...]:
    """Return the depths; without --depth the usual one, or that of the longest stack."""
    longest = max(stacks, key=lambda stack: len(stack.functions))
    layers = len(longest.functions)
    if depths is None:
        return (max(DEPTH, layers),)
    if max(depths) > MOST_DEPTH:
        raise UsageError(f"--depth {max(depths)}: trained networks have at most {MOST_DEPTH} hidden layers")
    if min(depths) < layers:
        raise UsageError(
            f"--depth {min(depths)} is too small for {longest.spec}, which names {layers} hidden layers"
        )
    return depths


def _init(chosen: tuple[str, ...] | None) -> "InitName":
    from actcli.analysis.training.initial import INITS

    if chosen is None:
        return "he"
    if len(chosen) > 1:
        raise UsageError(
            f"--init {','.join(chosen)!r}: networks are trained from one kind of weights; name one"
        )
    for name in INITS:
        if name == chosen[0].lower():
            return name
    raise UsageError(f"--init {chosen[0]!r} is not known; choose from {', '.join(INITS)}")
