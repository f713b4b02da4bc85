"""What one `deadcheck` is asked: its options, and which of them do not go together."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actcli.exits import DataError, UsageError
from actcli.render.output.layout import Layout, choose_layout, is_standard_output

if TYPE_CHECKING:
    from actcli.analysis.deadness.verdict import Settings
    from actcli.terminal import Terminal

CONFIDENCE, RARE = 0.95, 0.01
_MODEL = ".onnx"
_SUFFIXES = (".txt", ".json", ".jsonl", ".csv", ".tsv", ".md", ".xml")
"""What -o may end in; .npy and .npz are refused with a reason of their own."""
_FOREIGN = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors"), ("PyTorch", "torch.onnx.export")),
    **dict.fromkeys((".h5", ".hdf5", ".keras", ".pb"), ("Keras or TensorFlow", "model.export, tf2onnx")),
    ".tflite": ("TensorFlow Lite", "tf2onnx --tflite"),
}
"""Models that are not read, by suffix: whose they are, and what exports them."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of one `deadcheck`; None where an option was not given."""

    sources: tuple[str, ...] = ()
    recorded: str | None = None
    activations: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    unit_axes: tuple[str, ...] = ()
    data: str | None = None
    random: int | None = None
    seed: int | None = None
    limit: int | None = None
    batch: int | None = None
    save_state: str | None = None
    start: int | None = None
    against: str | None = None
    rare: float | None = None
    confidence: float | None = None
    definition: str | None = None
    fail_above: float | None = None
    layer: str | None = None
    stop_when_certain: bool = False
    sort: bool = False
    units: bool = False
    map: bool = False

    @property
    def kind(self) -> str:
        """What the sources are: `arrays`, `statistics` or `model`. Raises UsageError for a mixture, or none."""
        if not self.sources:
            raise UsageError(
                "SOURCE is missing: name recorded activations, statistics files or a model.onnx; "
                "--plan UNITS needs none"
            )
        kinds = {source: _kind_of(source) for source in self.sources}
        (first, kind), *others = kinds.items()
        for source, other in others:
            if other != kind:
                raise UsageError(
                    f"{first} is {_ARTICLES[kind]} and {source} is {_ARTICLES[other]}; one kind at a time"
                )
        if kind == "model" and len(self.sources) > 1:
            raise UsageError(f"one model at a time: {self.sources[0]} or {self.sources[1]}")
        return kind

    @property
    def settings(self) -> "Settings":
        """What is asked of the evidence."""
        from actcli.analysis.deadness.verdict import Settings

        return Settings(
            confidence=CONFIDENCE if self.confidence is None else self.confidence,
            rare=RARE if self.rare is None else self.rare,
            definition=self.definition,
        )


_ARTICLES = {
    "arrays": "a record of activations",
    "statistics": "a statistics file",
    "model": "a model",
}


def _kind_of(source: str) -> str:
    suffix = os.path.splitext(source)[1].lower()  # noqa: PTH122
    if suffix in _FOREIGN:
        whose, export = _FOREIGN[suffix]
        raise UsageError(
            f"{source}: a file of {whose}, which is not read: export the model to ONNX ({export}) and give "
            "that with --data, or record its activations as .npz with the hook in README"
        )
    if source.lower().endswith(_MODEL):
        return "model"
    if os.path.isfile(source):  # noqa: PTH113 - a stat without loading pathlib
        from actcli.sources.records.state_file import is_state

        if is_state(source):
            return "statistics"
    return "arrays"


def chosen_layout(format_: str | None, output: str | None, terminal: "Terminal") -> Layout:
    """The layout, in which `junit` is a format too and .xml its suffix. Raises UsageError when they disagree."""
    is_xml = output is not None and output.lower().endswith(".xml")
    if format_ != "junit" and not (is_xml and format_ is None):
        if is_xml:
            raise UsageError(
                f"-o {output!r} is junit by its suffix, but --format says {format_}; leave one of them out"
            )
        _require_suffix(format_, output)
        layout = choose_layout(format_, output, with_x=False, digits=None, terminal=terminal)
        if layout.format in {"npy", "npz"}:
            raise UsageError(
                f"-o {output!r}: {layout.format} holds numbers, not a report; use one of "
                f"{', '.join(_SUFFIXES)}, or --save-state for the statistics"
            )
        return layout
    if output is None or is_standard_output(output):
        return Layout("junit", None)
    if not is_xml and "." in os.path.basename(output):  # noqa: PTH119
        raise UsageError(f"-o {output!r}: junit goes to a file that ends in .xml")
    return Layout("junit", output)


def _require_suffix(format_: str | None, output: str | None) -> None:
    """Raise UsageError for a file whose name does not say in which form a report goes into it."""
    if format_ is not None or not output or is_standard_output(output):
        return
    suffix = os.path.splitext(output)[1].lower()  # noqa: PTH122
    if suffix not in {*_SUFFIXES, ".npy", ".npz"}:
        raise UsageError(
            f"-o {output!r}: the suffix does not say the format; use one of {', '.join(_SUFFIXES)}, or --format"
        )


def refuse_foreign(asked: Request, kind: str) -> None:
    """Raise UsageError for an option that belongs to another kind of source than there is."""
    belongs = {
        "arrays": (
            "recorded activations; a model says its own",
            {
                "--recorded": asked.recorded is not None,
                "--activation": bool(asked.activations),
                "--unit-axis": bool(asked.unit_axes),
            },
        ),
        "model": (
            "models (.onnx)",
            {
                "--data": asked.data is not None,
                "--random": asked.random is not None,
                "--seed": asked.seed is not None,
                "--limit": asked.limit is not None,
                "--batch": asked.batch is not None,
            },
        ),
    }
    for owner, (whose, options) in belongs.items():
        for option, given in options.items():
            if given and owner != kind:
                raise UsageError(f"{option} belongs to {whose}, and {asked.sources[0]} is {_ARTICLES[kind]}")
    if asked.definitions and (kind == "model" or (kind == "arrays" and not asked.activations)):
        whose = "a model says its own activations" if kind == "model" else "no --activation names one"
        raise UsageError(f"--functions defines functions to be named, and {whose}; leave it out")
    if kind == "model":
        if asked.data is None and asked.random is None:
            raise UsageError(
                f"{asked.sources[0]} needs inputs: --data FILE, or --random N for a try with noise"
            )
        if asked.data is not None and asked.random is not None:
            raise UsageError("one kind of input at a time: --data or --random")
    if kind == "statistics" and asked.start is not None:
        raise UsageError("--start is for data that are still to be read; statistics files say their own")
    if kind == "statistics" and asked.stop_when_certain:
        raise UsageError(
            "--stop-when-certain is for data that are still to be read; statistics files are done"
        )


def refuse_alone(asked: Request, layout: Layout) -> None:
    """Raise UsageError for options that need another one, or a form of output that has a place for them."""
    if asked.seed is not None and asked.random is None:
        raise UsageError("--seed belongs to --random; data have no seed")
    if asked.limit is not None and asked.data is None:
        raise UsageError("--limit belongs to --data; say --random N with the N wanted")
    if asked.start is not None and asked.save_state is None:
        raise UsageError("--start belongs to --save-state; alone, the samples here are all there are")
    if asked.random is not None and (asked.fail_above is not None or asked.save_state is not None):
        option = "--fail-above" if asked.fail_above is not None else "--save-state"
        raise UsageError(
            f"{option} is for real data, and --random is noise: give --data FILE, or leave it out"
        )
    if asked.layer is not None and asked.fail_above is None:
        raise UsageError("--layer says what --fail-above is for; give --fail-above too, such as 5%")
    if asked.stop_when_certain and asked.definition is not None:
        raise UsageError(
            f"--stop-when-certain holds for our own definition; by that of {asked.definition} "
            "the share may change with every sample"
        )
    if asked.map and layout.format != "table":
        raise UsageError(f"--map draws for a person; {layout.format} has no place for it, --format table has")
    if asked.units and layout.format in {"json", "jsonl", "junit"}:
        raise UsageError(
            f"--units belongs to table, markdown and lines; leave it out, {layout.format} "
            f"{'names the dead units' if layout.format == 'junit' else 'has them all'}"
        )


def _files_read(asked: Request) -> Iterator[str]:
    """Every file that is read, those of `name='glob'` too."""
    from glob import glob

    for token in asked.sources:
        yield token
        if not os.path.exists(token):  # noqa: PTH110
            yield from glob(token.partition("=")[2], recursive=True)  # noqa: PTH207
    if asked.data is not None:
        yield asked.data


def require_folders(asked: Request, layout: Layout) -> None:
    """Raise DataError now for a file that cannot be written later, and UsageError for one name said twice."""
    named = [name for name in (layout.path, asked.save_state) if name is not None]
    if asked.save_state is not None and not asked.save_state.lower().endswith(".npz"):
        raise UsageError(f"--save-state {asked.save_state!r}: statistics go to a file that ends in .npz")
    if len({os.path.realpath(name) for name in named}) < len(named):
        raise UsageError(f"-o and --save-state both name {named[0]}; give them two files")
    read = {os.path.realpath(path): path for path in _files_read(asked)}
    for name in named:
        if os.path.realpath(name) in read:
            raise UsageError(
                f"{name} is read, and would be replaced by what is written; give the output another name"
            )
        folder = os.path.dirname(os.path.realpath(name))  # noqa: PTH120
        if not os.path.isdir(folder):  # noqa: PTH112
            raise DataError(f"cannot write {name}: the folder {folder} does not exist")
        if os.path.isdir(name):  # noqa: PTH112
            raise DataError(f"cannot write {name}: it is a folder")
