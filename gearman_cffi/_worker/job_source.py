"""Takes the jobs of some functions, over a connection to each server, for a worker that runs several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from enum import Enum

from gearman_cffi._worker.connection import UNREACHABLE, WorkerConnection, failure_of
from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.handler_adapter import HandlerAdapter
from gearman_cffi._worker.reachability import Reachability
from gearman_cffi._worker.server_states import ServerStates
from gearman_cffi.durations import to_time_limit
from gearman_cffi.exceptions import ServerError
from gearman_cffi.ext import GearmanJob, GearmanWorker, ReturnCode
from gearman_cffi.messages import short_repr
from gearman_cffi.servers import ServerCollection


class SourceState(Enum):
    """What a source may do next."""

    READY = "ready"  # to ask for a job
    ASKING = "asking"  # a server owes an answer, which may be a job
    ASLEEP = "asleep"  # no server has a job; a server wakes the source up
    PAUSED = "paused"  # after a failure, until the next try
    CLOSED = "closed"  # it has left


class Limit:
    """How many jobs may run at once. taken: by jobs that run, and by requests for one."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0


class JobSource:
    """Jobs of some functions.

    adapters: by the names of the functions at the server. limits: of its jobs; it may share them with other sources.
    reports: whether it reports that servers cannot be reached, and that they are back. One source of a worker does.
    """

    def __init__(
        self,
        connection: WorkerConnection,
        worker: GearmanWorker,
        servers: ServerCollection,
        events: WorkerEvents,
        adapters: Mapping[str, HandlerAdapter],
        limits: Sequence[Limit],
        idle_seconds: float,
    ) -> None:
        self.worker = worker
        self.reports = False
        self.state = SourceState.READY
        self.due = 0.0  # time.monotonic() at which a source that is ASLEEP or PAUSED tries again
        self._limits = limits
        self._has_room_for_request = False
        self._adapters = adapters
        self._connection = connection
        self._servers = servers
        self._events = events
        self._idle_seconds = idle_seconds
        self._reachability = Reachability()
        self._server_states = ServerStates(servers, events.report_server)
        for name, adapter in adapters.items():
            worker.register(name, to_time_limit(getattr(adapter.handler, "time_limit", None)))

    @property
    def has_room(self) -> bool:
        """Whether it may ask for one more job, or has asked already."""
        return self._has_room_for_request or all(limit.taken < limit.most for limit in self._limits)

    def free_room(self) -> None:
        """One of its jobs is over."""
        for limit in self._limits:
            limit.taken -= 1

    @property
    def is_lost(self) -> bool:
        """Whether none of its servers can be reached."""
        return self._reachability.is_lost

    def adapter_of(self, job: GearmanJob) -> HandlerAdapter:
        """The adapter for a job."""
        return self._adapters[str(job.functionName())]

    def wake_if_due(self, now: float, has_news: bool) -> None:
        """Makes it READY if something has come, or if it is time to try again. has_news: something may have come."""
        is_due = now >= self.due
        if (self.state is SourceState.ASLEEP and (has_news or is_due)) or (self.state is SourceState.PAUSED and is_due):
            self.state = SourceState.READY

    def ask(self, leaves: bool = False) -> GearmanJob | None:
        """Asks for a job, or goes on with that. leaves: asks for nothing more. Returns the job, if there is one.

        It needs room, which the job has until free_room() is called.
        """
        if not self._has_room_for_request:
            self._has_room_for_request = True
            for limit in self._limits:
                limit.taken += 1
        job = self._take(leaves)
        if job is not None:
            self._has_room_for_request = False
        elif self.state is not SourceState.ASKING:
            self._has_room_for_request = False
            self.free_room()
        return job

    def _take(self, leaves: bool) -> GearmanJob | None:
        job = self.worker._take_job(leaves)
        rc = self.worker.returnCode()
        if job is not None and job.functionName() not in self._adapters:
            self._refuse(job)
            return None
        if job is not None:
            self._note_answer()
            self.state = SourceState.ASKING if leaves else SourceState.READY  # another server may owe an answer too
        elif rc == ReturnCode.IO_WAIT:
            self.state = SourceState.ASKING
        elif rc == ReturnCode.SHUTDOWN_GRACEFUL:
            self.state = SourceState.CLOSED
        elif rc == ReturnCode.NO_JOBS:
            self._note_answer()
            if self.reports:
                self._server_states.check(self.worker)
            self._pause(SourceState.ASLEEP, self._idle_seconds)
        elif rc in UNREACHABLE:
            self._on_loss()
        else:
            self._events.report_failure(failure_of(self.worker, self._servers))
            self._pause(SourceState.PAUSED, self._reachability.record_failure())
        return job

    def _refuse(self, job: GearmanJob) -> None:
        """No gearmand assigns such a job."""
        error = ServerError(
            f"{self._servers} assigned a job of the function {short_repr(job.functionName())}, which this worker does "
            "not serve: check that it is a gearmand",
            server=str(self._servers),
        )
        job._release()
        self._events.report_failure(error)
        self._pause(SourceState.PAUSED, self._reachability.record_failure())

    def _pause(self, state: SourceState, seconds: float) -> None:
        self.state, self.due = state, time.monotonic() + seconds

    def _note_answer(self) -> None:
        if self._reachability.record_answer() and self.reports:
            self._events.report_reconnection()

    def _on_loss(self) -> None:
        is_new = self._reachability.record_loss()
        if is_new and self.reports:
            self._events.report_failure(failure_of(self.worker, self._servers))
        self._pause(SourceState.PAUSED, 0.0 if is_new is None else self._reachability.record_failure())
        if is_new is not None:
            self._connection.add_unknown_servers(self.worker)


def group_by_limit(
    adapters: Mapping[str, HandlerAdapter], concurrency: int, threads: int | None
) -> list[tuple[dict[str, HandlerAdapter], tuple[Limit, ...]]]:
    """The functions for each source, with its limits. Functions with the same limits share a source.

    threads: the limit of all plain handlers together; None for no other limit than concurrency.
    """
    everything = (Limit(concurrency),)
    plain = everything if threads is None or threads >= concurrency else (*everything, Limit(threads))
    groups: list[tuple[dict[str, HandlerAdapter], tuple[Limit, ...]]] = [({}, everything)]
    if plain is not everything:
        groups.append(({}, plain))
    for name, adapter in adapters.items():
        limits = everything if adapter.is_coroutine else plain
        own = getattr(adapter.handler, "concurrency", None)
        if own is not None and own < min(limit.most for limit in limits):
            groups.append(({name: adapter}, (*limits, Limit(own))))
        else:
            groups[0 if limits is everything else 1][0][name] = adapter
    return [group for group in groups if group[0]]
