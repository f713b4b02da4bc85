"""A connection to a Dask cluster: one that runs somewhere, or workers that are started on this machine."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from actcli import __version__
from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from distributed import Client

_SECONDS = 10
_SCHEDULER = re.compile(r"(?:tcp|tls)://[^\s/]+:[0-9]{1,5}")
_LOCAL = re.compile(r"local(?::([1-9][0-9]{0,3}))?")


def require_address(text: str, owner: str) -> str:
    """Return the address of a cluster. Raises UsageError, naming the option that it comes from, where it is none."""
    if _LOCAL.fullmatch(text) or _SCHEDULER.fullmatch(text):
        return text
    raise UsageError(
        f"{owner} {text}: is no address of a scheduler: write tcp://HOST:PORT, or local:N for N processes here"
    )


@contextmanager
def connected(address: str, cores: int) -> Iterator["Client"]:
    """Connect to a cluster and disconnect at the end; `local:N` starts N workers and ends them.

    Raises DataError where nothing answers, where there is no worker, and for workers with another version of actcli;
    UsageError where the packages are missing.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            "--cluster needs two more packages: pip install dask distributed (the extra cluster)"
        ) from error
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what matters of it comes as an error, in one line
    try:
        yield from _connected(distributed, address, cores)
    finally:
        logging.disable(before)


def _connected(distributed: Any, address: str, cores: int) -> Iterator["Client"]:
    local = _LOCAL.fullmatch(address)
    if local:
        workers = int(local[1] or cores)
        with (
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = distributed.Client(address, timeout=_SECONDS)
    except TypeError as error:  # so Dask says that it has no context for TLS
        raise DataError(
            f"--cluster {address}: Dask has no certificate for it: set ca-file, client.cert and client.key of "
            "distributed.comm.tls in its configuration"
        ) from error
    except (OSError, TimeoutError, ValueError) as error:
        raise DataError(f"--cluster {address}: no scheduler answers there: {_first_line(error)}") from error
    with client:
        _require_workers(client, address)
        yield client


def _require_workers(client: "Client", address: str) -> None:
    where = "its workers"
    try:
        versions: dict[str, Any] = client.run(_version)
        where = "its scheduler"  # it unpacks the tasks
        versions["scheduler"] = client.run_on_scheduler(_version)
    except Exception as error:  # Dask may wrap an ImportError
        why = _first_line(error)
        raise DataError(
            f"--cluster {address}: {where} cannot load actcli ({why}): pip install actcli there"
        ) from error
    if len(versions) == 1:
        raise DataError(f"--cluster {address}: it has no workers; start some: dask worker {address}")
    for place, version in versions.items():
        if version != __version__:
            name = f"the worker {place}" if place != "scheduler" else place
            raise DataError(
                f"--cluster {address}: {name} has actcli {version}, this is {__version__}: "
                "install the same on both"
            )


def _version() -> str:
    from actcli import __version__ as version

    return version


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
