"""Work for the workers of a cluster: prepared before they are connected, its results as they come."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from actcli import __version__
from actcli.activations.personal import Entry
from actcli.cluster.own_functions import OWN_FUNCTIONS
from actcli.exits import ActcliError, DataError

if TYPE_CHECKING:
    from distributed import Client, Future

J = TypeVar("J")
P = TypeVar("P")
R = TypeVar("R")
S = TypeVar("S")

_RETRIES = 2
_MOST_LOSSES = 3
"""How often a job is sent again after all workers that held its payload died."""
_TASKS_PER_WORKER = 4
_BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Workers:
    """The workers of a cluster.

    Attributes:
        own: the person's own functions, which the work may name.

    """

    def __init__(self, own: tuple[Entry, ...]) -> None:
        self.own = own
        self._client: Client | None = None
        self._held: dict[int, tuple[Any, Future[Sent[Any]]]] = {}

    def lend(self, client: "Client", steps: Iterator[S]) -> Iterator[S]:
        """Yield steps that have work for the workers, which a client is connected to."""
        self._client = client
        yield from steps

    def share(self, count: int, most: int, least: int = 1) -> int:
        """Return how many of `count` equal things one task should do: few enough that every worker has several."""
        workers = len(self.client.scheduler_info(n_workers=-1)["workers"])
        return max(least, min(most, count // max(_TASKS_PER_WORKER * workers, 1)))

    def run(
        self, work: Callable[[P, J], R], payload: P, jobs: Sequence[J], doing: str
    ) -> Generator[tuple[int, R], None, None]:
        """Send the jobs at once, and return an iterator over their places and results, as they are done.

        The payload is sent to each worker once, for all calls with the same object. What a dead worker was doing is
        done by another. Closing the iterator cancels the jobs. It raises the ActcliError of a job, and DataError where
        the scheduler or all workers are gone; `doing` says what failed.
        """
        run = _Run(self, work, payload, jobs, doing)
        for place in range(len(jobs)):
            run.submit(place)
        return run.collect()

    def hold(self, payload: P) -> "Future[Sent[P]]":
        """Return the payload as the workers hold it; it is sent where none holds it yet, or any more."""
        from distributed import CancelledError

        held = self._held.get(id(payload))
        if held is None or held[1].status != "finished":
            sent = Sent(payload, self.own)
            try:
                held = payload, self.client.scatter(sent, broadcast=True, hash=False)
            except (OSError, CancelledError) as error:
                raise DataError(
                    "the cluster's workers or its scheduler are gone; start them again"
                ) from error
            self._held[id(payload)] = held
        return held[1]

    @property
    def client(self) -> "Client":
        """The connection. Raises RuntimeError before `lend`."""
        if self._client is None:
            raise RuntimeError("no cluster is connected")
        return self._client


class _Run(Generic[P, J, R]):
    """Jobs of one kind on the workers."""

    def __init__(
        self, workers: Workers, work: Callable[[P, J], R], payload: P, jobs: Sequence[J], doing: str
    ) -> None:
        self._workers, self._work, self._payload, self._jobs, self._doing = (
            workers,
            work,
            payload,
            jobs,
            doing,
        )
        self._places: dict[Future[R], int] = {}
        self._lost = 0

    def submit(self, place: int) -> "Future[R]":
        """Send a job."""
        payload, job = self._workers.hold(self._payload), self._jobs[place]
        future = self._workers.client.submit(_do, self._work, payload, job, pure=False, retries=_RETRIES)
        self._places[future] = place
        return future

    def collect(self) -> Generator[tuple[int, R], None, None]:
        """Yield the results."""
        from distributed import as_completed

        try:
            waiting = as_completed(list(self._places), loop=self._workers.client.loop)
            for future in waiting:
                place = self._places.pop(future)
                if future.status == "finished":
                    yield place, self._result(future)
                elif future.status == "error" or self._workers.client.status != "running":
                    raise _failure(future, self._doing)
                else:
                    waiting.add(self._send_again(place))
        finally:
            self._workers.client.cancel(list(self._places), force=True)

    def _send_again(self, place: int) -> "Future[R]":
        """Send a job again, of which the payload died with the workers that held it."""
        self._lost += 1
        if self._lost > _MOST_LOSSES * len(self._jobs):
            raise DataError(f"{self._doing}: the workers died again and again")
        return self.submit(place)

    def _result(self, future: "Future[R]") -> R:
        from distributed import CancelledError

        try:
            result: R = future.result()
        except (OSError, CancelledError) as error:
            raise _gone() from error
        future.release()
        return result


@dataclass(frozen=True, slots=True)
class Sent(Generic[P]):
    """What all jobs of a run share.

    Attributes:
        payload: their data.
        own: the person's own functions, as texts.
        version: the version of actcli that sends them.

    """

    payload: P
    own: tuple[Entry, ...]
    version: str = __version__


def _do(work: Callable[[P, J], R], sent: Sent[P], job: J) -> R:
    """Do a job on a worker. Raises DataError for a worker that would compute something else."""
    if sent.version != __version__:
        raise DataError(
            f"a worker has actcli {__version__}, this is {sent.version}: install the same on both"
        )
    if os.cpu_count() != 1 and not any(os.environ.get(name) == "1" for name in _BLAS_VARIABLES):
        raise DataError(
            "a worker multiplies matrices on several threads, which changes last bits; start it with a nanny, as "
            "`dask worker` does, or with OPENBLAS_NUM_THREADS=1"
        )
    with OWN_FUNCTIONS.defined(sent.own):
        return work(sent.payload, job)


def while_wanted(step: S) -> S:
    """Return the step of a job on a worker. Raises DataError once nobody waits for its result any more."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state == "cancelled":
        raise DataError("the job was cancelled")
    return step


def _failure(future: "Future[R]", doing: str) -> ActcliError:
    """Return why a job failed, each time that it was tried."""
    if future.status != "error":
        return _gone()
    error = future.exception()
    if isinstance(error, ActcliError):
        return error
    if type(error).__name__ == "KilledWorker":
        return DataError(f"{doing}: every worker that tried died; give the workers more memory")
    lines = str(error).splitlines() or [""]
    return DataError(f"{doing}: a worker failed: {type(error).__name__}: {lines[0]}")


def _gone() -> DataError:
    return DataError("the cluster's scheduler is gone, or cancelled the work; start it again")
