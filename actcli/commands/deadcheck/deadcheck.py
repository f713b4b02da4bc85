"""`actcli deadcheck`: which units of a network are dead, how sure that is, and why."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from actcli.commands import options
from actcli.commands import training_options as training
from actcli.commands.deadcheck import train_options as own
from actcli.commands.parser import Command
from actcli.exits import ExitStatus, UsageError

if TYPE_CHECKING:
    from actcli.commands.session import Session

RecordName = Literal["post", "pre"]
DefinitionName = Literal["sagemaker", "keras-contrib", "deepdiagnosis", "redo", "loss-of-plasticity"]
FormatName = Literal["table", "plain", "csv", "tsv", "json", "jsonl", "markdown", "junit"]

RECORDED = "Recorded activations"
MODEL = "Models"
STATISTICS = "Statistics files"
MEANING = "What counts as dead"
VERDICT = "The verdict"
MOST_SAMPLES = 10**12
LEAST_RARE = 1e-12

command = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

EPILOG = """\
Examples:
  actcli deadcheck activations.npz
  actcli deadcheck conv1='shards/*.npy' --recorded pre --activation gelu
  actcli deadcheck model.onnx --data images.npy --fail-above 5%
  actcli deadcheck model.onnx --data images.npy --save-state today.npz --against yesterday.npz
  actcli deadcheck part1.npz part2.npz --units
  actcli deadcheck --plan 10000 --rare 0.001
  actcli deadcheck --train relu --train leaky_relu:0.1 --lr 0.01,0.1,1 --depth 3
  actcli deadcheck --train relu --find-limit
  actcli deadcheck --born-dead --width 2 --depth 9

Exit status:
  3    more units are dead than --fail-above allows, or some gave NaN or inf
  4    perhaps, but there are too few samples to say; the message says how many it takes
"""


def share(option: str, *, ends: bool, least: float = 0.0, usual: float = 0.05) -> Callable[[str], float]:
    """A parser for `5%` and `0.05`, raising UsageError in the name of `option`; `ends`: 0 and 1 are allowed.

    `least`: what is smaller is refused. `usual`: what a message proposes.
    A bare whole number is refused, but for 0: 5 may be meant as 5 % or as 5 units.
    """

    def parse(text: str) -> float:
        from actcli.sources.numbers.arguments import numbers_in

        percent = text.endswith("%")
        digits = text.removesuffix("%")
        try:
            (number,) = numbers_in(digits)
        except (UsageError, ValueError):
            number = float("nan")
        value = number / 100 if percent else number
        example = f"{100 * usual:g}% or {usual:g}"
        # nobody asks for a confidence of 1 %
        if not percent and digits.isdigit() and number > (usual > 0.5):
            right = f"{digits}% or {number / 100:g}" if number < 100 else example
            raise UsageError(f"{option} {text!r} could be a count or a percentage: say {right}")
        if 0 < value < least:
            raise UsageError(f"{option} {text!r} is less than {least:g}, which no number of samples bounds")
        if (0 <= value <= 1) if ends else (0 < value < 1):
            return value
        between = "from 0% to 100%" if ends else "between 0% and 100%"
        raise UsageError(f"{option} {text!r} is no share {between}: say {example}")

    return parse


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Recorded activations (.npy, .npz, .csv, text, - for standard input, LAYER='shards/*.npy'), "
        "statistics files of --save-state, or one model (.onnx).",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
RecordedAs = Annotated[
    RecordName | None,
    typer.Option(
        "--recorded",
        metavar="WHAT",
        help="post: the outputs of the activation; pre: its inputs.  [default: post]",
        rich_help_panel=RECORDED,
    ),
]
ActivationOf = Annotated[
    list[str] | None,
    typer.Option(
        "--activation",
        metavar="[LAYER=]SPEC",
        help="The activation of all layers, or of one (a pattern with * ? [] too); may be given again, the "
        "last that fits holds.  [default: relu]",
        show_default=False,
        rich_help_panel=RECORDED,
    ),
]
UnitAxis = Annotated[
    list[str] | None,
    typer.Option(
        "--unit-axis",
        metavar="[LAYER=]N",
        help="The axis of the units: N for layers of 3 axes, LAYER=N (a pattern too) for any; may be given "
        "again. Axis 0 is the samples.  [default: 1 of 2, 4 and 5 axes]",
        show_default=False,
        rich_help_panel=RECORDED,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="The model's inputs: .npy, or .npz with an array for each input. With --train: digits, moons, "
        "spirals or xor; an .npz file with X and y; a .csv file with --target.  [default: digits]",
        rich_help_panel=MODEL,
    ),
]
Random = Annotated[
    int | None,
    typer.Option(
        "--random",
        metavar="N",
        parser=options.whole_number("--random", 1, MOST_SAMPLES),
        help="N samples of noise instead: a try, no verdict about real data.",
        rich_help_panel=MODEL,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=options.whole_number("--seed", 0, 2**63 - 1),
        help="Of --random, or of --train: weights, batches, the split of the data.  [default: 0]",
        rich_help_panel=MODEL,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        metavar="N",
        parser=options.whole_number("--limit", 1, MOST_SAMPLES),
        help="Only the first N samples of --data.",
        rich_help_panel=MODEL,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="N",
        parser=options.whole_number("--batch", 1, 10**6),
        help="Samples a run of the model; with --train samples a step.  [default: the model's own, or chosen; 32]",
        rich_help_panel=MODEL,
    ),
]
SaveState = Annotated[
    str | None,
    typer.Option(
        "--save-state",
        metavar="FILE",
        help="Write the statistics to FILE (.npz); such files merge when they are named as sources.",
        rich_help_panel=STATISTICS,
    ),
]
Start = Annotated[
    int | None,
    typer.Option(
        "--start",
        metavar="N",
        parser=options.whole_number("--start", 0, MOST_SAMPLES),
        help="Of --save-state: the first sample here is number N (from 0) of all the data; then the first and "
        "last firing are known of merged parts too.",
        rich_help_panel=STATISTICS,
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="OLD",
        help="Compare with an earlier statistics file: newly dead, revived, still dead.",
        rich_help_panel=STATISTICS,
    ),
]
Rare = Annotated[
    float | None,
    typer.Option(
        "--rare",
        metavar="P",
        parser=share("--rare", ends=False, least=LEAST_RARE),
        help="A unit that fires on a smaller share of the samples is rare.  [default: 0.01]",
        rich_help_panel=MEANING,
    ),
]
Confidence = Annotated[
    float | None,
    typer.Option(
        "--confidence",
        metavar="C",
        parser=share("--confidence", ends=False, usual=0.95),
        help="Of the bounds.  [default: 0.95]",
        rich_help_panel=MEANING,
    ),
]
Definition = Annotated[
    DefinitionName | None,
    typer.Option(
        "--definition",
        metavar="NAME",
        help=f"Read the statistics as another tool or paper does: {options.one_of(DefinitionName)}.",
        rich_help_panel=MEANING,
    ),
]
FailAbove = Annotated[
    float | None,
    typer.Option(
        "--fail-above",
        metavar="SHARE",
        parser=share("--fail-above", ends=True),
        help="Exit with 3 if more than this share of the units is dead (5% or 0.05) or any gives NaN or inf, "
        "with 4 if there are too few samples to say so.",
        rich_help_panel=VERDICT,
    ),
]
LayerPattern = Annotated[
    str | None,
    typer.Option(
        "--layer",
        metavar="PATTERN",
        help="Apply --fail-above to each layer that matches, not to all units together.",
        rich_help_panel=VERDICT,
    ),
]
StopWhenCertain = Annotated[
    bool,
    typer.Option(
        "--stop-when-certain",
        help="End before the data do, as soon as the samples suffice for the verdict.",
        rich_help_panel=VERDICT,
    ),
]
Plan = Annotated[
    int | None,
    typer.Option(
        "--plan",
        metavar="UNITS",
        parser=options.whole_number("--plan", 1, 10**12),
        help="Print how many samples a verdict about so many units takes; without a source.",
        rich_help_panel=VERDICT,
    ),
]
Sort = Annotated[
    bool, typer.Option("--sort", help="The layers with most dead units first.", rich_help_panel=options.WRITE)
]
Units = Annotated[
    bool,
    typer.Option(
        "--units",
        help="List the units that are not alive: firings, bound, largest pre-activation, cause, first and "
        "last sample that fired.",
        rich_help_panel=options.WRITE,
    ),
]
Map = Annotated[
    bool,
    typer.Option(
        "--map",
        help="Draw each layer's units as a strip, shaded by how often they fire.",
        rich_help_panel=options.WRITE,
    ),
]
Format = Annotated[
    FormatName | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{options.one_of(FormatName)}; a table on a terminal, plain in a pipe, or what the suffix of -o "
        "says.",
        rich_help_panel=options.WRITE,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE: .csv, .tsv, .json, .jsonl, .txt, .md, or .xml for junit. "
        "The file appears when it is complete.",
        rich_help_panel=options.WRITE,
    ),
]


@command.command("deadcheck", cls=Command, epilog=EPILOG)
def find_dead_units(
    context: typer.Context,
    sources: Sources = None,
    recorded: RecordedAs = None,
    activation: ActivationOf = None,
    definitions: options.Definitions = None,
    unit_axis: UnitAxis = None,
    data: Data = None,
    random: Random = None,
    seed: Seed = None,
    limit: Limit = None,
    batch: Batch = None,
    save_state: SaveState = None,
    start: Start = None,
    against: Against = None,
    rare: Rare = None,
    confidence: Confidence = None,
    definition: Definition = None,
    fail_above: FailAbove = None,
    layer: LayerPattern = None,
    stop_when_certain: StopWhenCertain = False,
    plan: Plan = None,
    train: own.Train = None,
    lr: training.Rate = None,
    depth: training.Depth = None,
    width: training.Width = None,
    epochs: training.Epochs = None,
    optimizer: training.Optimizer = None,
    seeds: training.Seeds = None,
    init: training.Init = None,
    target: training.Target = None,
    decay: training.Decay = None,
    learn: training.Learn = None,
    find_limit: own.FindLimit = False,
    born_dead: own.BornDead = False,
    export: own.Export = None,
    export_data: own.ExportData = None,
    record: training.Record = None,
    sort: Sort = False,
    units: Units = False,
    map_: Map = False,
    format_: Format = None,
    output: Output = None,
) -> None:
    """Find dead units in recorded activations or an ONNX model, with the evidence.

    A unit is dead when it fires on no sample: its activation passes no gradient
    on. The verdict names the largest firing probability that such silence still
    allows, and says when there are too few samples.
    """
    from actcli.commands.deadcheck.request import Request, chosen_layout
    from actcli.commands.deadcheck.run import check, show_plan
    from actcli.commands.deadcheck.train_run import Training, check_training, mode_of, show_born_dead
    from actcli.commands.functions import know_functions

    session: Session = context.obj
    mode = mode_of(context)
    layout = chosen_layout(format_, output, session.terminal)
    if plan is not None:
        given = {
            "SOURCE": bool(sources),
            "--recorded": recorded is not None,
            "--activation": bool(activation),
            "--functions": bool(definitions),
            "--unit-axis": bool(unit_axis),
            "--data": data is not None,
            "--random": random is not None,
            "--seed": seed is not None,
            "--limit": limit is not None,
            "--batch": batch is not None,
            "--save-state": save_state is not None,
            "--start": start is not None,
            "--against": against is not None,
            "--definition": definition is not None,
            "--fail-above": fail_above is not None,
            "--layer": layer is not None,
            "--stop-when-certain": stop_when_certain,
            "--sort": sort,
            "--units": units,
            "--map": map_,
        }
        show_plan(plan, rare, confidence, given, layout, session)
        return
    if born_dead:
        status = show_born_dead(width, depth, seed, fail_above, layout, session)
        if status != ExitStatus.DONE:
            raise typer.Exit(status)
        return
    asked = Request(
        sources=tuple(sources or ()),
        recorded=recorded,
        activations=tuple(activation or ()),
        definitions=tuple(definitions or ()),
        unit_axes=tuple(unit_axis or ()),
        data=data,
        random=random,
        seed=seed,
        limit=limit,
        batch=batch,
        save_state=save_state,
        start=start,
        against=against,
        rare=rare,
        confidence=confidence,
        definition=definition,
        fail_above=fail_above,
        layer=layer,
        stop_when_certain=stop_when_certain,
        sort=sort,
        units=units,
        map=map_,
    )
    know_functions(definitions, session.terminal)
    if mode == "train":
        trained = training.TrainingAsked(
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
        )
        made = Training(tuple(train or ()), trained, find_limit, export, export_data, record)
        status = check_training(asked, made, layout, session)
    else:
        status = check(asked, layout, session)
    if status != ExitStatus.DONE:
        raise typer.Exit(status)
