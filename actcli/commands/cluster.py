"""`--cluster`: the workers that share the work of a command."""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, TypeVar

from actcli.commands.declaration import Option

if TYPE_CHECKING:
    from distributed import Client

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
