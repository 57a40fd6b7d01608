"""The Worker of a local run: it works when somebody waits for a job, in the thread of the one who waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

from gearman_cffi.events import Dispatcher
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_handles import LocalWorkerHandle
from gearman_cffi.testing._local_queue import LocalQueue, QueuedJob
from gearman_cffi.worker import Worker

_MOST_NAMES = 10


class LocalGearmanWorker(GearmanWorker):
    """A GearmanWorker of a queue. work() ends by GEARMAN_TIMEOUT, where a Worker's run() ends too."""

    def __init__(self, queue: LocalQueue) -> None:
        self.handle = LocalWorkerHandle(queue)
        super().__init__()

    def _new_handle(self) -> Any:
        return self.handle


class LocalWorker(Worker):
    """A Worker of a queue; the LocalServer of it. It begins with the first job that somebody waits for."""

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
        self._turn = threading.RLock()
        self._life = ExitStack()
        self._depth = 0  # a handler may wait for another job
        self._has_begun = self._has_ended = False

    def serve(self, jobs: Sequence[QueuedJob] = ()) -> None:
        """Works until one of these jobs is done, or nothing is left that it can do."""
        with self._turn:
            if self._has_ended or not self.jobs:
                return
            if not self._has_begun:
                self._life.enter_context(self._begun())
                self._has_begun = True
            with self._awaiting(jobs):
                self._work(self._local)
            if self._stop.requested and not self._depth:
                self.end()

    def reason(self, job: QueuedJob) -> str:
        """Why nobody does the job, for the text of the client's exception."""
        known = self.jobs.get_jobs()
        if job.is_running:
            return "the job is being executed, and is waited for by itself"
        if job.function not in known:
            handled = ", ".join(map(repr, islice(known, _MOST_NAMES))) or "nothing"
            more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
            return f"no handler of the LocalGearman listens to {job.function!r}, only to {handled}{more}"
        return "the worker of the local run has been told to stop"

    def end(self) -> None:
        """Ends as run() does when it is told to stop. It does not begin again."""
        with self._turn:
            if self._has_begun and not self._has_ended:
                self.stop()
            self._has_ended = True
            self._life.close()

    @contextmanager
    def _awaiting(self, jobs: Sequence[QueuedJob]) -> Iterator[None]:
        handle = self._local.handle
        earlier, handle.awaited = handle.awaited, jobs
        self._depth += 1
        try:
            yield
        except BaseException:  # run() would be over: of a handler, only what is no Exception comes here
            if self._depth == 1:
                self._has_ended = True
                self._life.__exit__(*sys.exc_info())
            raise
        finally:
            handle.awaited = earlier
            self._depth -= 1
