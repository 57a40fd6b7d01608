"""The Worker of LocalGearman. It runs jobs in the thread of the call that waits for one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from gearman_cffi.client import Client
from gearman_cffi.events import Dispatcher
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.serializers import RawSerializer, Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_client import LocalClient
from gearman_cffi.testing._local_native import LocalNativeWorker
from gearman_cffi.testing._local_queue import LocalQueue, SubmittedJob
from gearman_cffi.worker import Worker

if TYPE_CHECKING:
    from gearman_cffi.testing._local_coroutines import LocalCoroutines

_T = TypeVar("_T")
_MAX_NAMES = 10
# The lock of each worker for the calls that a job of it makes. Its coroutine, in another thread, inherits the context.
_locks: ContextVar[dict[LocalWorker, Any]] = ContextVar("gearman_cffi_local_locks", default={})  # noqa: B039 (not changed)


@contextmanager
def _set(variable: ContextVar[_T], value: _T) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


class _State(Enum):
    """How far the worker is."""

    NEW = "new"
    STARTED = "started"
    ENDED = "ended"


class LocalGearmanWorker(GearmanWorker):
    """A GearmanWorker that takes its jobs from a LocalQueue.

    If there is no job to run, work() returns with GEARMAN_TIMEOUT, which ends the loop of Worker.run().
    """

    def __init__(self, queue: LocalQueue) -> None:
        self.native = LocalNativeWorker(queue)
        super().__init__()

    def _new_native(self) -> Any:
        return self.native


class LocalWorker(Worker):
    """A Worker of a LocalQueue, and its LocalServer. It starts with the first job."""

    def __init__(
        self,
        servers: ServerCollection,
        jobs: JobCollection | Iterable[JobHandlerInterface],
        dispatcher: Dispatcher | None,
        serializer: Serializer | None,
    ) -> None:
        super().__init__(servers, jobs, dispatcher, serializer=serializer, signals=())
        self.queue = LocalQueue(servers.get_servers()[0].host, self)
        self._local = LocalGearmanWorker(self.queue)
        self.set_implementation(self._local)
        self._retrier.skips_waits = True
        self._lock = threading.RLock()
        self._coroutines: LocalCoroutines | None = None
        self._running_context = ExitStack()  # of _session(): its end dispatches the last events
        self._depth = 0  # of calls of serve(): a handler may wait for another job
        self._state = _State.NEW

    def _new_retry_client(self) -> Client:
        return self.new_client(RawSerializer())

    def new_client(self, serializer: Serializer) -> Client:
        """Returns a client of the queue."""
        return LocalClient(self.queue, self.servers, serializer)

    def serve(self, jobs: Sequence[SubmittedJob] = ()) -> None:
        """Runs queued jobs until one of these jobs is done, or no job is left that can be run."""
        locks = _locks.get()
        with locks.get(self, self._lock), _set(_locks, {**locks, self: threading.RLock()}):
            if self._state is _State.ENDED or not self.jobs:
                return
            if self._state is _State.NEW:
                self._running_context.enter_context(self._session())
                self._state = _State.STARTED
            with self._awaiting(jobs):
                self._work(self._local)
            if self._stop_request.requested and not self._depth:
                self.end()

    def reason(self, job: SubmittedJob) -> str:
        """Returns why the job cannot be run, for the message of the client's exception."""
        known = self.jobs.get_jobs()
        if job.is_running:
            return "the job is running, and its own handler waits for it"
        if job.function not in known:
            handled = ", ".join(map(repr, islice(known, _MAX_NAMES))) or "nothing"
            more = f" and {len(known) - _MAX_NAMES} more" if len(known) > _MAX_NAMES else ""
            return f"no handler of the LocalGearman listens to {job.function!r}, only to {handled}{more}"
        return "the worker of the LocalGearman was stopped"

    def end(self) -> None:
        """Ends as run() does after stop(). The worker does not start again."""
        with self._lock:
            if self._state is _State.STARTED:
                self.stop()
            self._state = _State.ENDED
            self._running_context.close()
            if self._coroutines is not None:
                self._coroutines.close()

    def _runs_several_jobs(self) -> bool:
        """Never: LocalGearman runs one job at a time."""
        return False

    def _run_coroutine(self, start: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        if self._coroutines is None:
            from gearman_cffi.testing._local_coroutines import LocalCoroutines  # asyncio takes a while to import

            self._coroutines = LocalCoroutines()
        return self._coroutines.run(start)

    @contextmanager
    def _awaiting(self, jobs: Sequence[SubmittedJob]) -> Iterator[None]:
        native = self._local.native
        earlier, native.awaited = native.awaited, jobs
        self._depth += 1
        try:
            yield
        except BaseException:  # SystemExit or KeyboardInterrupt of a handler, which end run()
            if self._depth == 1:
                self._state = _State.ENDED
                self._running_context.__exit__(*sys.exc_info())
            raise
        finally:
            native.awaited = earlier
            self._depth -= 1
