"""The Client of LocalGearman: its bulk calls use lanes to the queue in place of connections."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from gearman_cffi.bulk import Lane, PendingJob, Results
from gearman_cffi.bulk.window import J
from gearman_cffi.client import Client
from gearman_cffi.exceptions import JobException
from gearman_cffi.ext import GearmanClient, Reply, ReturnCode
from gearman_cffi.job_encoder import EncodedJob
from gearman_cffi.job_update import JobUpdate, UpdateKind
from gearman_cffi.serializers import Serializer
from gearman_cffi.servers import ServerCollection
from gearman_cffi.testing._local_native import LocalNativeClient
from gearman_cffi.testing._local_queue import ENDS, LocalQueue, Packet, PacketKind, SubmittedJob, failure_of


class LocalGearmanClient(GearmanClient):
    """A GearmanClient that submits to a LocalQueue."""

    def __init__(self, queue: LocalQueue) -> None:
        self._queue = queue
        super().__init__()

    def _new_native(self) -> Any:
        return LocalNativeClient(self._queue)


class LocalClient(Client):
    """A Client of a LocalQueue. Timeouts are not applied: an answer comes at once or never."""

    def __init__(self, queue: LocalQueue, servers: ServerCollection, serializer: Serializer) -> None:
        super().__init__(servers, serializer, max_connections=sys.maxsize)  # the calls of handlers are nested
        self._queue = queue
        self.set_implementation(LocalGearmanClient(queue))

    def close(self) -> None:
        """Does nothing: there is no connection."""

    def _submit(self, job: EncodedJob, timeout: float | timedelta | None) -> Reply:
        try:
            return super()._submit(job, timeout)
        except JobException as error:
            done = self._queue.find_done(error.handle)
            raise error from (None if done is None else done.error)

    def _seconds(self, timeout: float | timedelta | None) -> None:
        """Bulk calls have no limit either. Raises as Client does for an invalid timeout."""
        super()._seconds(timeout)

    def _foreground_lanes(
        self, most: int, on_end: Callable[[PendingJob], object] | None = None
    ) -> list[Lane[PendingJob]]:
        return [LocalForegroundLane(self._queue, self._server_names(), on_end)]

    def _background_lanes(self, results: Results) -> list[Lane[EncodedJob]]:
        return [LocalBackgroundLane(self._queue, results)]


class LocalLane(Lane[J]):
    """A lane to the queue. It has no deadlines, and no connection that could be lost."""

    def __init__(self, queue: LocalQueue) -> None:
        super().__init__()
        self._queue = queue

    @property
    def outstanding(self) -> int:
        return 0

    @property
    def deadline(self) -> None:
        return None

    def step(self, timeout_ms: int, poll: bool) -> int:
        return ReturnCode.IO_WAIT

    def wait(self, timeout_ms: int) -> int:
        return ReturnCode.IO_WAIT

    def step_unconnected(self, timeout_ms: int) -> int:
        return ReturnCode.IO_WAIT

    def finish(self, rc: int) -> list[tuple[J, int]]:
        return []

    def expire(self, now: float) -> list[tuple[J, int]]:
        return []

    def fail(self, job: J, rc: int, detail: str | None) -> None:
        raise NotImplementedError


class LocalBackgroundLane(LocalLane[EncodedJob]):
    """Puts jobs into the queue."""

    def __init__(self, queue: LocalQueue, results: Results) -> None:
        super().__init__(queue)
        self._results = results

    def add(self, jobs: Sequence[EncodedJob], deadline: float | None) -> None:
        handles = [
            self._queue.submit(kind, name.decode(), key.decode(), load, epoch).handle
            for _, kind, name, key, load, epoch in jobs
        ]
        self._results.set_handles(jobs, handles)


class LocalForegroundLane(LocalLane[PendingJob]):
    """Runs queued jobs to wait for the answers. A job that cannot be run fails with JobTimeout."""

    def __init__(self, queue: LocalQueue, servers: str, on_end: Callable[[PendingJob], object] | None) -> None:
        super().__init__(queue)
        self._servers = servers
        self._on_end = on_end
        self._answers: list[_OutstandingJob] = []

    @property
    def outstanding(self) -> int:
        return len(self._answers)

    def add(self, jobs: Sequence[PendingJob], deadline: float | None) -> None:
        for job in jobs:
            if job.error is None:
                name, key = job.function.decode(), job.key.decode()
                queued = self._queue.submit(job.kind, name, key, job.workload)
                job.handle = queued.handle
                answer = _OutstandingJob(job, queued)
                answer.update(JobUpdate(UpdateKind.CREATED, job.handle))
                queued.receivers.append(answer.receive)
                self._answers.append(answer)
                self.has_progressed = self.has_progressed or job.on_update is not None
            else:
                self._end(job)

    def wait(self, timeout_ms: int) -> int:
        """Runs queued jobs until one of its own is done. If none can be run, all of them fail."""
        server = self._queue.server
        server.serve([answer.queued for answer in self._answers])
        done = [answer for answer in self._answers if answer.queued.return_code is not None]
        for answer in sorted(done, key=lambda answer: answer.queued.place) or list(self._answers):
            self._remove(answer)
            answer.job.error = failure_of(answer.queued, self._servers, server.reason(answer.queued))
            self._end(answer.job)
        return ReturnCode.IO_WAIT

    def close(self) -> None:
        """Drops the jobs that the worker has not started, as gearmand does for a closed connection."""
        while self._answers:
            self._remove(self._answers[0])

    def _end(self, job: PendingJob) -> None:
        self.has_progressed = True
        job.is_done = True
        if self._on_end is not None:
            self._on_end(job)

    def _remove(self, answer: _OutstandingJob) -> None:
        self._answers.remove(answer)
        answer.queued.receivers.remove(answer.receive)
        self._queue.drop(answer.queued)


class _OutstandingJob:
    """A job without an answer so far."""

    def __init__(self, job: PendingJob, queued: SubmittedJob) -> None:
        self.job = job
        self.queued = queued

    def receive(self, packet: Packet) -> None:
        if packet.kind in (PacketKind.DATA, PacketKind.COMPLETE):
            self.job.parts.append(packet.content)
        if packet.kind not in ENDS:
            self.update(packet.as_update(self.job.handle))

    def update(self, update: JobUpdate) -> None:
        if self.job.on_update is not None:
            self.job.on_update(update)
