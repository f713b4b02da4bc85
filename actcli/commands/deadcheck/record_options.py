"""The options of `deadcheck` about recorded activations: what was recorded, of which layers, and how to read it."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

from actcli.commands.cluster import CLUSTER
from actcli.commands.declaration import Option
from actcli.commands.options import COLUMN, DECIMAL, INPUT_FORMAT, DecimalSign, InputFormat, PatternName
from actcli.commands.values import one_of, whole_number
from actcli.dataclass import dataclass

RecordName = Literal["post", "pre"]

MODEL = "Models"
RECORDED = "Recorded activations"
_MODES = ("arrays", "stream")
_recorded_option = partial(Option, section=RECORDED, modes=_MODES)


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """The options about recorded activations."""

    recorded: Annotated[
        RecordName | None,
        _recorded_option(
            "--recorded",
            metavar="WHAT",
            help="post: the outputs of the activation were recorded; pre: its inputs.",
            default="post",
        ),
    ] = None
    activations: Annotated[
        tuple[str, ...],
        _recorded_option(
            "--activation",
            metavar="[LAYER=]SPEC",
            help="Activation of all layers, or of those that match LAYER (a name, or a pattern with * ? []). "
            "Repeatable; all are used, the last that matches a layer wins.",
            default="relu",
        ),
    ] = ()
    unit_axes: Annotated[
        tuple[str, ...],
        _recorded_option(
            "--unit-axis",
            metavar="[LAYER=]N",
            help="Axis of the units: N for layers whose shape does not tell, LAYER=N for those that match LAYER, or "
            "MODEL.onnx for those named like its layers. Axis 0 is the samples. Repeatable; all are used, the last "
            "that matches a layer wins.",
            default="1 where the shape tells",
        ),
    ] = ()
    dtype: Annotated[
        PatternName | None,
        _recorded_option(
            "--dtype",
            metavar="TYPE",
            help=f"What .npy files hold where they say void: {one_of(PatternName)}.",
        ),
    ] = None
    column: Annotated[tuple[str, ...], replace(COLUMN, section=RECORDED, modes=_MODES)] = ()
    input_format: Annotated[InputFormat | None, replace(INPUT_FORMAT, section=RECORDED, modes=_MODES)] = None
    cluster: Annotated[
        str | None, replace(CLUSTER, modes=("arrays", "model", "training"), excludes=("--random",))
    ] = None
    resume: Annotated[
        str | None,
        Option(
            "--resume",
            metavar="PARTIAL",
            help="Go on with the file that --save-state left where a shard could not be read: only what is missing is "
            "read. It needs no cluster.",
            section=CLUSTER.section,
            modes=("arrays", "model"),
            excludes=("--random", "--stop-when-certain"),
        ),
    ] = None
    decimal: Annotated[DecimalSign, replace(DECIMAL, section=RECORDED, modes=(*_MODES, "training"))] = "."
    mask: Annotated[
        str | None,
        Option(
            "--mask",
            metavar="[NAME=]FILE|NAME",
            help="Positions that count, 1 or true, and padding, 0 or false: a file of (samples, positions), an array "
            "NAME beside the layers, or the input NAME of a model.",
            section=RECORDED,
            modes=("arrays", "model"),
            excludes=("--random",),
        ),
    ] = None
    quick: Annotated[
        bool,
        Option(
            "--quick",
            help="Count the zeros of a model's layers, their sparsity, on the first 8 of every 128 samples. Classes, "
            "the verdict and the exit status use every sample and stay the same.",
            section=MODEL,
            modes=("model",),
            excludes=("--mask",),
        ),
    ] = False
    sparse: Annotated[
        tuple[str, ...],
        _recorded_option(
            "--sparse",
            metavar="SPEC",
            help="The arrays hold indices of units, not their values: indices=NAME,values=NAME,units=N (values may be "
            "left out), or locations=NAME,values=NAME,units=N,samples=N. none: whole numbers are values. Repeatable; "
            "each is a layer.",
        ),
    ] = ()
    ignore_index: Annotated[
        int | None,
        _recorded_option(
            "--ignore-index",
            metavar="N",
            parse=whole_number(-(2**62), 2**62),
            help="With --sparse: the index that stands for no unit, as a filler.",
            needs=("--sparse",),
        ),
    ] = None
