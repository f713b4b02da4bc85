"""`--cluster`: the workers that share the work of a command."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from actcli.commands.declaration import Option

if TYPE_CHECKING:
    from distributed import Client

    from actcli.cluster.workers import Workers
    from actcli.commands.session import Session

S = TypeVar("S")
_VARIABLE = "ACTCLI_CLUSTER"

CLUSTER = Option(
    "--cluster",
    metavar="ADDRESS",
    help="Share the work with a Dask cluster: the scheduler's address, such as tcp://host:8786, or local:N for N "
    "processes on this machine. The answer is the same.",
    default=_VARIABLE,
    section="Several machines",
)


def cluster_of(option: str | None, session: "Session") -> str | None:
    """Return the address of --cluster, else of ACTCLI_CLUSTER; None without. Raises UsageError for no address."""
    text = option if option is not None else session.terminal.environ.get(_VARIABLE) or None
    if text is None:
        return None
    from actcli.cluster.connection import require_address

    return require_address(text, "--cluster" if option is not None else _VARIABLE)


def run_on(
    address: str, session: "Session", steps: "Callable[[Client], Iterator[S]]"
) -> Generator[S, None, None]:
    """Yield the steps of work on a cluster, connected from the first one on to the end of the iterator."""
    from actcli.cluster.connection import connected

    session.writes()  # a signal must not leave workers behind
    with connected(address, session.terminal.cores) as client:
        yield from steps(client)


def share(
    address: str,
    session: "Session",
    function_files: "Sequence[str]",
    start: "Callable[[Workers], Iterator[S]]",
) -> Generator[S, None, None]:
    """Return the steps that `start` makes of the workers of a cluster, which are connected from the first one on.

    What `start` raises is raised before anything is connected.
    """
    from actcli.cluster.workers import Workers
    from actcli.commands.functions import own_entries

    workers = Workers(tuple(own_entries(function_files, session.terminal)))
    steps = start(workers)
    return run_on(address, session, lambda client: workers.lend(client, steps))
