"""The Client of a local run. What it does otherwise than with a server is how many jobs at once are waited for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any, cast

from gearman_cffi.bulk import Batch, Entry, Results, Submission
from gearman_cffi.client import Client
from gearman_cffi.exceptions import GearmanError, JobException
from gearman_cffi.ext import GearmanClient, GearmanTask, Reply
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_handles import LocalClientHandle
from gearman_cffi.testing._local_queue import ENDS, LocalQueue, Packet, QueuedJob, Sent, failure_of


class LocalGearmanClient(GearmanClient):
    """A GearmanClient of a queue."""

    def __init__(self, queue: LocalQueue) -> None:
        self.handle = LocalClientHandle(queue)
        super().__init__()

    def _new_handle(self) -> Any:
        return self.handle


class LocalClient(Client):
    """A Client of a queue. Its timeouts are not applied: an answer is there at once, or never."""

    def __init__(self, queue: LocalQueue, servers: ServerCollection, serializer: Serializer) -> None:
        super().__init__(servers, serializer)
        self._queue = queue
        self._gearman_client = LocalGearmanClient(queue)
        self.set_implementation(self._gearman_client)

    def close(self) -> None:
        """Does nothing: there is no connection."""

    def _submit(
        self,
        kind: int,
        function: str,
        workload: Any,
        unique: str | None,
        timeout: float | timedelta | None,
    ) -> Reply:
        try:
            return super()._submit(kind, function, workload, unique, timeout)
        except JobException as error:
            job = self._gearman_client.handle.job
            raise error from (None if job is None else job.error)

    def _submit_in_background(self, entries: Iterable[Entry], seconds: float | None, results: Results) -> None:
        for place, kind, name, key, workload in entries:
            results.handles[place] = self._queue.submit(kind, name.decode(), key.decode(), workload).handle

    def _batch(self, window: int) -> Batch:
        return cast(Batch, LocalBatch(self._queue, self._names(), window))


class LocalBatch:
    """Stands in for Batch. Nothing is late here: what cannot be done now fails as what came too late does."""

    def __init__(self, queue: LocalQueue, servers: str, window: int) -> None:
        self._queue = queue
        self._servers = servers
        self._window = window
        self._outstanding: list[_Answer] = []
        self._over: deque[Submission] = deque()

    def run(self, submissions: Iterable[Submission], seconds: float | None, each: bool = False) -> Iterator[Submission]:
        """Yields the submissions as they end, and takes no more of them than the window has room for."""
        coming = iter(submissions)
        try:
            while True:
                for submission in list(islice(coming, self._window - len(self._outstanding))):
                    self._add(submission)
                if not self._outstanding and not self._over:
                    return
                self.go_on()
                while self._over:
                    yield self._over.popleft()
        finally:
            self.close()

    def begin(self, submission: Submission, seconds: float | None) -> None:
        """Submits one job."""
        self._add(submission)

    def _add(self, submission: Submission) -> None:
        if submission.error is not None:
            self._end(submission, submission.error)
            return
        job = self._queue.submit(submission.kind, submission.function, submission.key.decode(), submission.workload)
        submission.handle = job.handle
        answer = _Answer(submission, job)
        answer.tell("created", Packet(Sent.STATUS, b"", 0, 0))
        job.receivers.append(answer.receive)
        self._outstanding.append(answer)

    def go_on(self) -> None:
        """Has one job done at least, where none is over yet; fails them all where none can be done."""
        if self._over or not self._outstanding:
            return
        self._queue.server.serve([answer.job for answer in self._outstanding])
        done = [answer for answer in self._outstanding if answer.job.return_code is not None]
        for answer in sorted(done, key=lambda answer: answer.job.place) or list(self._outstanding):
            self._take_off(answer)
            reason = self._queue.server.reason(answer.job)
            self._end(answer.submission, failure_of(answer.job, self._servers, reason))

    def _end(self, submission: Submission, error: GearmanError | None = None) -> None:
        submission.error = error
        submission.is_done = True
        self._over.append(submission)

    def close(self) -> None:
        """The connection is closed: what the worker has not begun is dropped."""
        while self._outstanding:
            self._take_off(self._outstanding[0])

    def _take_off(self, answer: _Answer) -> None:
        self._outstanding.remove(answer)
        answer.job.receivers.remove(answer.receive)
        self._queue.drop(answer.job)


class _Answer:
    """What comes back for a submission."""

    def __init__(self, submission: Submission, job: QueuedJob) -> None:
        self.submission = submission
        self.job = job

    def receive(self, packet: Packet) -> None:
        if packet.what in (Sent.DATA, Sent.COMPLETE):
            self.submission.data.append(packet.content)
        if packet.what not in ENDS:
            self.tell(packet.what.value, packet)

    def tell(self, what: str, packet: Packet) -> None:
        if self.submission.watch is not None:
            self.submission.watch(what, self.submission.handle, cast(GearmanTask, packet))
