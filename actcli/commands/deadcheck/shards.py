"""The sources of `deadcheck` read shard by shard: by the workers of --cluster, or here; --resume goes on with some."""

from typing import TYPE_CHECKING

from actcli.commands.cluster import run_on
from actcli.commands.deadcheck.recorded import DENSE
from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actcli.analysis.deadness.firing_rule import Rule
    from actcli.analysis.deadness.watching import Snapshot
    from actcli.cluster.partial import PartialRun
    from actcli.cluster.shards import Shard, ShardReader, Work
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.recorded import RecordedLayers
    from actcli.commands.session import Session
    from actcli.sources.onnx import Model, Observation
    from actcli.sources.onnx.shards import Shards
    from actcli.sources.records.recordings import Records


def by_shards(options: "DeadcheckOptions", records: "Records") -> bool:
    """Return whether one machine reads recorded activations shard by shard, so that a failure keeps the others.

    That is for --resume, and for --save-state of several files of which each is known to be read again to its end.
    """
    if options.resume is not None:
        return True
    if options.save_state is None or options.stop_when_certain or len(records.files) < 2:
        return False
    from actcli.cluster.dense import is_plain, is_text

    return all(
        one.members or is_plain(one) or (is_text(one) and options.mask is None) for one in records.files
    )


def in_parts(options: "DeadcheckOptions", address: str | None) -> bool:
    """Return whether the data of a model are read shard by shard. Raises UsageError for standard input then."""
    if address is None and options.resume is None:
        return False
    if options.data == "-":
        raise UsageError(
            "--data -: standard input is read on one machine, once; leave out --cluster and --resume"
        )
    return True


def recorded_work(
    options: "DeadcheckOptions", layers: "RecordedLayers", rules: "Callable[[str], Rule]"
) -> "Work":
    """Return recorded activations cut into shards. Raises UsageError for what only one pass can read."""
    from actcli.cluster.dense import DenseReader, cut
    from actcli.cluster.shards import Work
    from actcli.cluster.sparse import SparseReader, cut_sparse

    sparse, request = layers.sparse, layers.records.request
    shards: Sequence[Shard] = cut(layers.records, layers.mask) if sparse is None else cut_sparse(sparse)
    by_layer = {
        name: rules(name) for name in dict.fromkeys(name for shard in shards for name in shard.layers)
    }
    reader: ShardReader = (
        DenseReader(layers.axes, by_layer, request, ask=options.sparse != (DENSE,))
        if sparse is None
        else SparseReader(by_layer, request, sparse.filler)
    )
    counted = (
        sorted((name, rule.function, rule.recorded) for name, rule in by_layer.items()),
        (options.unit_axes, options.dtype, options.column, options.input_format, options.decimal),
        (options.sparse, options.ignore_index, options.mask, layers.mask and layers.mask.digest),
    )
    return Work(reader, shards, repr(counted))


def model_work(
    options: "DeadcheckOptions",
    session: "Session",
    model: "Model",
    observation: "Observation",
    samples: "Shards",
    *,
    here: bool,
) -> "Work":
    """Return the data of a model cut into shards. Raises UsageError for a model that is too large to be sent."""
    import onnxruntime

    from actcli.cluster.model import ModelReader, cut_model, model_files, observe_in_this_process
    from actcli.cluster.shards import Work
    from actcli.sources.onnx import identity

    files = model_files(model.path, session.memory)
    quick = (options.start or 0) if options.quick else None
    batch, runtime = observation.batch, onnxruntime.__version__
    reader = ModelReader(files, batch, options.mask, quick, session.memory, runtime)
    if here:
        observe_in_this_process(reader, model, 1)
    counted = (
        files.digest,
        batch,
        options.mask,
        options.limit,
        runtime,
        *(() if quick is None else (quick,)),
    )
    return Work(reader, cut_model(observation, samples), repr(counted), identity(model))


def in_shards(
    work: "Work", address: str | None, options: "DeadcheckOptions", session: "Session"
) -> "tuple[Iterator[Snapshot], Callable[[], PartialRun]]":
    """Return the statistics of shards as they grow, and what returns those that Ctrl-C leaves.

    Raises DataError for a --resume that does not go with them.
    """
    from actcli.cluster.gathering import Gathering
    from actcli.cluster.partial import read_partial
    from actcli.cluster.run import observe_here, observe_on
    from actcli.commands.functions import own_entries

    resumed = None
    if options.resume is not None:
        resumed = read_partial(options.resume, session.memory)
        resumed.require_fitting(work, options.resume)
    gathering = Gathering(work, resumed)
    if address is None:
        return observe_here(gathering, 1 if work.part_of else session.threads), gathering.partial
    own = tuple(own_entries(options.function_files, session.terminal))
    return run_on(address, session, lambda client: observe_on(client, gathering, own)), gathering.partial


def save_partial(error: DataError, options: "DeadcheckOptions") -> DataError:
    """Write what was read before an error to the file of --save-state, and return the error that says so.

    The same error is returned where nothing was read, or nothing is to be saved.
    """
    from actcli.cluster.gathering import UnreadShardsError

    saved = keep(error.partial, options) if isinstance(error, UnreadShardsError) else ""
    return DataError(f"{error}. {saved}") if saved else error


def keep(partial: "PartialRun", options: "DeadcheckOptions") -> str:
    """Write a partial run to the file of --save-state, and return what says so; blank where nothing is saved."""
    from actcli.cluster.partial import write_partial

    if options.save_state is None or not partial.nodes:
        return ""
    write_partial(partial, options.save_state)
    done, total = len(partial.done), len(partial.done) + len(partial.missing)
    return (
        f"{done:,} of {total:,} shards are in {options.save_state}: go on with --resume {options.save_state}"
    )
