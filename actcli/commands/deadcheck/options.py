"""The command line of `deadcheck`: every option, with the sources and ways of running that it belongs to."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from actcli.commands import training_options as training
from actcli.commands.deadcheck.latent_options import LATENTS, LatentOptions
from actcli.commands.deadcheck.proof.options import PROOFS, ProofOptions
from actcli.commands.deadcheck.pruning.options import PruneOptions
from actcli.commands.deadcheck.record_options import MODEL, RECORDED, RecordOptions
from actcli.commands.declaration import Argument, Option
from actcli.commands.options import FUNCTION_FILES, FUNCTIONS, RESULTS
from actcli.commands.picture_options import PICTURE, PageOptions
from actcli.commands.values import one_of, share, whole_number
from actcli.dataclass import dataclass

if TYPE_CHECKING:
    from actcli.analysis.deadness.report import ShareLimit
    from actcli.analysis.deadness.verdict import Settings

DefinitionName = Literal[
    "sagemaker",
    "keras-contrib",
    "deepdiagnosis",
    "redo",
    "loss-of-plasticity",
    "saelens",
    "dictionary-learning",
    "density",
]
FormatName = Literal["table", "plain", "csv", "tsv", "json", "jsonl", "markdown", "junit", "html"]

CONFIDENCE, RARE = 0.95, 0.01
ACCEPTABLE = 0.05
"""The dead share, or the risk, that is accepted without --fail-above."""
LEAST_RARE = 1e-12
MOST_SAMPLES = MOST_UNITS = 10**12

STATISTICS = "Statistics files"
TIMELINES = "Timelines"
MEANING = "What counts as dead"
VERDICT = "The verdict"

MODES_IN_WORDS = {
    "arrays": "recorded activations",
    "statistics": "statistics files",
    "timeline": "timelines",
    "stream": "--follow -",
    "model": "models (.onnx)",
    "training": "--train",
    "born-dead": "--born-dead",
    "plan": "--plan",
}
"""The ways to use the command, and how a message names each."""

_SOURCES = ("arrays", "statistics", "model")
_JUDGED = (*_SOURCES, "training")
_COMPARED = (*_JUDGED, "timeline", "stream")
"""Modes whose verdict is about units: of a timeline, about those of its last epoch."""
_model_option = partial(Option, section=MODEL, modes=("model",))
_statistics_option = partial(Option, section=STATISTICS)
_timeline_option = partial(Option, section=TIMELINES, modes=("timeline", "stream"))
_meaning_option = partial(Option, section=MEANING)
_verdict_option = partial(Option, section=VERDICT)
_training_option = partial(Option, section=training.TRAINING, modes=("training",))
_judged_option = partial(Option, section=RESULTS, modes=_JUDGED)
_result_option = partial(Option, section=RESULTS)


@dataclass(frozen=True, kw_only=True)
class DeadcheckOptions(
    RecordOptions, training.TrainingOptions, LatentOptions, ProofOptions, PruneOptions, PageOptions
):
    """The command line of `deadcheck`."""

    SECTIONS: ClassVar = (
        RECORDED,
        FUNCTIONS,
        MODEL,
        PROOFS,
        STATISTICS,
        TIMELINES,
        MEANING,
        LATENTS,
        VERDICT,
        training.TRAINING,
        PICTURE,
    )

    sources: Annotated[
        tuple[str, ...],
        Argument(
            "SOURCE",
            help="Recorded activations (.npy, .npz, .safetensors, .csv, text, - for standard input, 'shards/*.npz', "
            "LAYER='shards/*.npy'), statistics files of --save-state, a timeline, or one model (.onnx).",
            modes=(*_SOURCES, "timeline", "stream"),
        ),
    ] = ()
    function_files: Annotated[
        tuple[str, ...],
        replace(FUNCTION_FILES, modes=("arrays", "statistics", "timeline", "stream", "training")),
    ] = ()
    data: Annotated[
        str | None,
        Option(
            "--data",
            metavar="FILE",
            help="Inputs of the model: .npy, or .npz or .safetensors with one array per input; a pattern for shards, "
            "- for standard input. With --train: digits (the default), moons, spirals or xor; an .npz or .safetensors "
            "file with X and y; a .csv file with --target.",
            section=MODEL,
            modes=("model", "training"),
            excludes=("--random",),
        ),
    ] = None
    random: Annotated[
        int | None,
        _model_option(
            "--random",
            metavar="N",
            parse=whole_number(1, MOST_SAMPLES),
            help="Feed N samples of noise: a trial run, not a verdict about real data.",
            excludes=("--fail-above", "--save-state"),
        ),
    ] = None
    seed: Annotated[
        int | None,
        Option(
            "--seed",
            metavar="N",
            parse=whole_number(0, training.MOST_SEED),
            help="Seed of the noise of --random; with --train of the weights, the batches and the split of the data; "
            "with --born-dead of the draws.",
            default=str(training.SEED),
            section=MODEL,
            modes=("model", "training", "born-dead"),
        ),
    ] = None
    limit: Annotated[
        int | None,
        _model_option(
            "--limit",
            metavar="N",
            parse=whole_number(1, MOST_SAMPLES),
            help="Read only the first N samples of --data.",
            needs=("--data",),
        ),
    ] = None
    batch: Annotated[
        int | None,
        Option(
            "--batch",
            metavar="N",
            parse=whole_number(1, 10**6),
            help="Samples per run of the model; with --train, samples per step.",
            default=f"the model's own, or chosen; {training.BATCH}",
            section=MODEL,
            modes=("model", "training"),
        ),
    ] = None
    save_state: Annotated[
        str | None,
        _statistics_option(
            "--save-state",
            metavar="FILE",
            help="Write the statistics to FILE (.npz). Such files merge when they are given as sources.",
            modes=_JUDGED,
        ),
    ] = None
    start: Annotated[
        int | None,
        _statistics_option(
            "--start",
            metavar="N",
            parse=whole_number(0, MOST_SAMPLES),
            help="Number, from 0, of the first sample here in the whole data. With it merged parts know the first "
            "and last sample that fired.",
            modes=("arrays", "model"),
            needs=("--save-state",),
        ),
    ] = None
    against: Annotated[
        str | None,
        _statistics_option(
            "--against",
            metavar="OLD",
            help="Compare with an earlier statistics file, or the last epoch of a timeline: newly dead, revived, still "
            "dead.",
            modes=_COMPARED,
        ),
    ] = None
    timeline: Annotated[
        bool,
        _timeline_option(
            "--timeline",
            help="Take the statistics files as the epochs of one run, in this order, and show when units died.",
        ),
    ] = False
    follow: Annotated[
        bool,
        _timeline_option(
            "--follow",
            help="Show a timeline as it grows, until Ctrl-C: a file that another program replaces, or - for a stream "
            "of .npy arrays or statistics files, each an epoch.",
            excludes=("--timeline",),
        ),
    ] = False
    rare: Annotated[
        float | None,
        _meaning_option(
            "--rare",
            metavar="P",
            parse=share(ends=False, least=LEAST_RARE),
            help="A unit that fires on a smaller share of the samples is rare.",
            default=str(RARE),
            modes=(*_COMPARED, "plan"),
        ),
    ] = None
    confidence: Annotated[
        float | None,
        _meaning_option(
            "--confidence",
            metavar="C",
            parse=share(ends=False, usual=CONFIDENCE),
            help="Confidence of the bounds.",
            default=str(CONFIDENCE),
            modes=(*_COMPARED, "plan"),
        ),
    ] = None
    definition: Annotated[
        DefinitionName | None,
        _meaning_option(
            "--definition",
            metavar="NAME",
            help=f"Judge as another tool or paper does: {one_of(DefinitionName)}.",
            modes=_COMPARED,
        ),
    ] = None
    limits_typed: Annotated[
        tuple[str, ...],
        _verdict_option(
            "--fail-above",
            metavar="[LAYER=]SHARE",
            help="Exit with 3 if more than this share of the units is dead (5% or 0.05) or any gives NaN or inf, "
            "with 4 if there are too few samples to tell. LAYER=SHARE is for each layer that matches LAYER, a name "
            "or a pattern. Repeatable; all are tested, the last that matches a layer wins.",
            modes=(*_COMPARED, "born-dead"),
        ),
    ] = ()
    layer: Annotated[
        str | None,
        _verdict_option(
            "--layer",
            metavar="PATTERN",
            help="Apply --fail-above to each layer that matches, not to all units together.",
            modes=_COMPARED,
            needs=("--fail-above",),
        ),
    ] = None
    fail_on: Annotated[
        tuple[str, ...],
        _verdict_option(
            "--fail-on",
            metavar="WHAT",
            help="unobserved: exit with 3 if anything in the model that looks like an activation was not judged. "
            "newly-dead: exit with 3 if units died since the statistics of --against. Repeatable; all are tested.",
            modes=_COMPARED,
        ),
    ] = ()
    stop_when_certain: Annotated[
        bool,
        _verdict_option(
            "--stop-when-certain",
            help="Stop reading as soon as the samples suffice for the verdict.",
            modes=("arrays", "model"),
            excludes=("--definition",),
        ),
    ] = False
    plan: Annotated[
        int | None,
        _verdict_option(
            "--plan",
            metavar="UNITS",
            parse=whole_number(1, MOST_UNITS),
            help="Print how many samples a verdict about UNITS units needs; without a source.",
            modes=("plan",),
        ),
    ] = None
    train: Annotated[
        tuple[str, ...],
        _training_option(
            "--train",
            metavar="FUNCTION",
            help="Train networks with this activation, or relu/relu/tanh layer by layer, and watch their units die. "
            "Repeatable; all are used.",
        ),
    ] = ()
    find_limit: Annotated[
        bool,
        _training_option(
            "--find-limit",
            help="Find the learning rate above which more units die than --fail-above allows.  [default: 5%]",
            excludes=("--layer", "--definition", "--export"),
        ),
    ] = False
    born_dead: Annotated[
        bool,
        Option(
            "--born-dead",
            help="Print the risk that a relu network of --width and --depth is dead before training; without "
            "--train.",
            section=training.TRAINING,
            modes=("born-dead",),
        ),
    ] = False
    export: Annotated[
        str | None,
        _training_option(
            "--export",
            metavar="FILE",
            help="Write the first trained network: .onnx, or its weights as .npz.",
        ),
    ] = None
    export_data: Annotated[
        str | None,
        _training_option(
            "--export-data",
            metavar="FILE",
            help="Write the held-out samples as the networks take them (.npy), for --data with that model.",
        ),
    ] = None
    sort: Annotated[
        bool,
        _judged_option("--sort", help="List the layers with most dead units first."),
    ] = False
    units: Annotated[
        bool,
        _judged_option(
            "--units",
            help="List the units that are not alive: firings, bound, largest pre-activation, cause, first and "
            "last sample that fired; of a timeline, when each died and revived.",
            modes=_COMPARED,
        ),
    ] = False
    map: Annotated[
        bool,
        _judged_option(
            "--map",
            help="Draw each layer's units as a strip, shaded by how often they fire.",
        ),
    ] = False
    format: Annotated[
        FormatName | None,
        _result_option(
            "--format",
            metavar="FORMAT",
            help=f"{one_of(FormatName)}. Without it the suffix of -o decides, else a table on a terminal, plain in "
            "a pipe.",
        ),
    ] = None
    outputs: Annotated[
        tuple[str, ...],
        _result_option(
            "--output -o",
            metavar="FILE",
            help="Write to FILE: .csv, .tsv, .json, .jsonl, .txt, .md, .html, .xml for junit; a picture of the units "
            "or the timeline as .svg, .pdf, .eps, .png. FILE appears when it is complete. Repeatable; all are written.",
        ),
    ] = ()
    quiet: Annotated[
        bool,
        _result_option(
            "--quiet",
            help="Print nothing but errors: the exit status tells. Files are written.",
        ),
    ] = False

    @property
    def limits(self) -> "tuple[ShareLimit, ...]":
        """The allowed shares of dead units. Raises UsageError for what is no share, and for two of all units."""
        from actcli.commands.deadcheck.limits import read_limits

        return read_limits(self.limits_typed, self.layer)

    @property
    def settings(self) -> "Settings":
        """The rules by which units are judged."""
        from actcli.analysis.deadness.verdict import Settings

        return Settings(
            confidence=CONFIDENCE if self.confidence is None else self.confidence,
            rare=RARE if self.rare is None else self.rare,
            definition="window" if self.window is not None and self.definition is None else self.definition,
            window=self.window,
            density_below=self.density_below,
        )
