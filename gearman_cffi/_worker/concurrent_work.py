"""The work of a Worker that runs several jobs at once.

One thread, that of run(), speaks to the servers, dispatches all events, and answers the jobs. Plain handlers run in
threads, coroutines in an event loop, which has a thread of its own. They pass on what they send, and their results,
through a Mailbox, whose descriptor the thread of run() waits for together with the connections.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.ending import Ending
from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.handler_threads import HandlerThreads
from gearman_cffi._worker.job_source import JobSource, SourceState
from gearman_cffi._worker.mailbox import Mailbox
from gearman_cffi._worker.outbox import Outbox
from gearman_cffi._worker.retrier import HandedBack
from gearman_cffi._worker.running_job import RunningJob
from gearman_cffi._worker.signals import StopRequest
from gearman_cffi.events import EventName
from gearman_cffi.exceptions import ConnectionLost
from gearman_cffi.ext import GearmanJob, ReturnCode
from gearman_cffi.ext.relayed_job import RelayedJob, SendRequest
from gearman_cffi.ext.worker import PROCESS_EXITS, wait_for_workers
from gearman_cffi.handlers import JobHandlerInterface
from gearman_cffi.jobs import Job

if TYPE_CHECKING:
    from gearman_cffi._worker.handler_loop import HandlerLoop

_END_SECONDS = 5.0  # for tasks that handlers have left behind
_INTERRUPT_SECONDS = 0.3  # for running coroutines, when the worker ends at once
_ASKS = (SourceState.READY, SourceState.ASKING)
CHECK_SECONDS = 1.0  # how often the event loop is checked while it runs coroutines


@dataclass(frozen=True)
class FinishedJob:
    """A handler has ended. error: None if it has returned a result."""

    running: RunningJob
    result: Any
    error: BaseException | None


@dataclass(frozen=True)
class ProcessExit:
    """A task of an event loop has raised SystemExit or KeyboardInterrupt."""

    error: BaseException


class ConcurrentWork:
    """Takes jobs while there is room, and answers them when their handlers have ended.

    job_timeout: the seconds after which the coroutine of a function's job is cancelled. exit_seconds: how long other
    jobs may take when one has asked the process to exit. must_run_alone: whether no other job may run beside this one.
    """

    def __init__(
        self,
        sources: Sequence[JobSource],
        events: WorkerEvents,
        stop_request: StopRequest,
        job_timeout: Callable[[str], float | None],
        exit_seconds: float | None,
        must_run_alone: Callable[[JobHandlerInterface, Job], bool],
    ) -> None:
        self._sources = list(sources)
        self._events = events
        self._job_timeout = job_timeout
        self._ending = Ending(stop_request, exit_seconds)
        self._must_run_alone = must_run_alone
        self._mailbox: Mailbox[SendRequest | FinishedJob | ProcessExit] = Mailbox()
        self._outbox = Outbox()
        self._threads = HandlerThreads()
        self._loop: HandlerLoop | None = None
        self._running: set[RunningJob] = set()
        self._waiting: deque[RunningJob] = deque()  # for their start: a job that runs alone, and those taken after it
        self._is_closed = False
        self._sources[0].reports = True

    def run(self) -> None:
        """Works until the worker is stopped and all jobs are answered.

        Raises SystemExit and KeyboardInterrupt of a handler, when the other jobs are answered; of a signal handler or a
        listener at once.
        """
        try:
            self._take_jobs()
            while not self._is_over():
                self._wait()
                self._read_mailbox()
                self._start_waiting()
                self._take_jobs()
                self._outbox.check()
            if self._ending.error is not None:
                raise self._ending.error
        finally:
            self._close()

    def _is_over(self) -> bool:
        if not self._ending.has_begun:
            return False
        has_left = all(source.state is SourceState.CLOSED for source in self._sources)
        unsent = sum(source.worker._unsent() for source in self._sources)
        return self._ending.is_over(bool(self._running), has_left, unsent)

    def wake_up(self) -> None:
        """Has run() look whether it should stop. Any thread and any signal handler may call it."""
        self._mailbox.wake_up()

    # ------------------------------------------------------------------------------------ taking jobs

    @property
    def _may_take(self) -> bool:
        """Not while a job runs alone, or waits for that. A worker that ends takes what it was assigned already."""
        return self._ending.has_begun or not (self._waiting or self._has_lone_job)

    def _take_jobs(self) -> None:
        """Takes jobs until there are none, or no room. Each source in turn gets one."""
        tried: Sequence[JobSource] = self._sources
        while tried:
            tried = [source for source in tried if self._take_job(source)] or self._sources_to_ask()
        self._sources.append(self._sources.pop(0))

    def _sources_to_ask(self) -> list[JobSource]:
        """Sources whose turn came before another one gave its room back."""
        if self._ending.has_begun or not self._may_take:
            return []
        return [source for source in self._sources if source.state is SourceState.READY and source.has_room]

    def _take_job(self, source: JobSource) -> bool:
        """Returns whether the source had a job."""
        may_go_on = source.state is not SourceState.CLOSED if self._ending.has_begun else source.state in _ASKS
        if not (may_go_on and source.has_room and self._may_take):
            return False
        gearman_job = source.ask(leaves=self._ending.has_begun)
        if gearman_job is None:
            return False
        self._start(source, gearman_job)
        return True

    def _wait(self) -> None:
        """Waits for a message, for a server, or until something is due."""
        waiting = [source for source in self._sources if self._waits(source)]
        others = [source for source in self._sources if source not in waiting]
        is_idle = not self._running and not self._ending.has_begun
        event = None
        if is_idle and any(not source.is_lost for source in waiting):
            is_asking = any(source.state is SourceState.ASKING for source in waiting)
            event = EventName.IO_WAIT if is_asking else EventName.NO_JOBS
            self._events.dispatch_guarded(event)
        seconds = self._seconds_to_wait(waiting) if self._mailbox.begin_wait() else 0.0
        milliseconds = -1 if seconds is None else math.ceil(max(0.0, seconds) * 1000)
        try:
            workers = [source.worker for source in waiting], [source.worker for source in others]
            wait_for_workers(*workers, self._mailbox.fileno(), milliseconds)
        finally:
            self._mailbox.end_wait()
        now = time.monotonic()
        for source in self._sources:
            source.wake_if_due(now, source in waiting and source.worker._has_news())
        if event is not None:
            self._events.dispatch_guarded(EventName.WORK)
        if self._loop is not None:
            self._loop.check()

    def _waits(self, source: JobSource) -> bool:
        """Whether something that comes for the source ends the wait."""
        is_awaited = source.state is SourceState.ASKING or (
            source.state is SourceState.ASLEEP and not self._ending.has_begun
        )
        return is_awaited and source.has_room and self._may_take

    def _seconds_to_wait(self, waiting: Sequence[JobSource]) -> float | None:
        """Until something is due; None if nothing is."""
        now = time.monotonic()
        due = self._ending.due(bool(self._running))
        if not self._ending.has_begun:
            due += [source.due for source in waiting if source.state is SourceState.ASLEEP]
            due += [source.due for source in self._sources if source.state is SourceState.PAUSED]
        if self._loop is not None and self._loop.is_busy:
            due.append(now + CHECK_SECONDS)
        return min(due) - now if due else None

    # ------------------------------------------------------------------------------------ running jobs

    def _start(self, source: JobSource, gearman_job: GearmanJob) -> None:
        relayed = RelayedJob(gearman_job, self._put_request, self._may_wait)
        running = RunningJob(source.adapter_of(gearman_job), gearman_job, relayed, source)
        running.runs_alone = self._must_run_alone(running.adapter.handler, running.job)
        self._waiting.append(running)
        self._start_waiting()

    @property
    def _has_lone_job(self) -> bool:
        return len(self._running) == 1 and next(iter(self._running)).runs_alone

    def _start_waiting(self) -> None:
        """Starts the jobs that may start. If the worker is to stop, the others go back to the server."""
        while self._waiting and not (self._running and (self._waiting[0].runs_alone or self._has_lone_job)):
            self._begin(self._waiting.popleft())
        while self._waiting and self._ending.has_begun:
            self._events.log_handed_back(self._waiting[0].job)
            self._release(self._waiting.popleft())

    def _begin(self, running: RunningJob) -> None:
        self._running.add(running)
        try:
            running.context.run(running.adapter.dispatch_start, running.job)
        except PROCESS_EXITS:
            raise
        except BaseException as error:
            self._finish(running, None, error)
            return
        if running.is_coroutine:
            self._event_loop().submit(running, self._job_timeout(running.adapter.name))
        else:
            running.is_in_thread = True
            self._threads.submit(partial(self._run_in_thread, running))

    def _call_gave_up(self, running: RunningJob, error: BaseException) -> None:
        """In a thread: it may take a while, for example to submit a job to another function."""
        try:
            running.context.run(running.adapter.call_gave_up, running.job, error)
        except PROCESS_EXITS as exit:
            error = exit
        except BaseException as raised:
            running.gave_up_error = raised
        self._put_result(running, None, error)

    def _event_loop(self) -> HandlerLoop:
        if self._loop is None:
            from gearman_cffi._worker.handler_loop import HandlerLoop  # asyncio takes a while to import

            self._loop = HandlerLoop(self._put_result, lambda error: self._mailbox.put(ProcessExit(error)))
        return self._loop

    def _run_in_thread(self, running: RunningJob) -> None:
        try:
            result = running.context.run(running.execute)
        except BaseException as error:
            self._put_result(running, None, error)
        else:
            self._put_result(running, result, None)

    def _put_result(self, running: RunningJob, result: Any, error: BaseException | None) -> None:
        self._mailbox.put(FinishedJob(running, result, error))

    def _put_request(self, request: SendRequest) -> None:
        self._mailbox.put(request)
        if self._is_closed:
            self._refuse_requests()

    def _may_wait(self) -> bool:
        return self._loop is None or threading.get_ident() != self._loop.thread_id

    # ---------------------------------------------------------------------------------- answering jobs

    def _read_mailbox(self) -> None:
        while (message := self._mailbox.take()) is not None:
            if isinstance(message, SendRequest):
                self._send(message)
            elif isinstance(message, FinishedJob):
                self._finish(message.running, message.result, message.error)
            else:
                self._ending.exit_after_jobs(message.error)

    def _send(self, request: SendRequest) -> None:
        rc = request.send()
        if rc == ReturnCode.IO_WAIT and request.is_awaited:
            self._outbox.add(request.job, request.answer)
        else:
            request.answer(rc)

    def _finish(self, running: RunningJob, result: Any, error: BaseException | None) -> None:
        """Answers the job, and makes room for another one."""
        if running.is_in_thread:
            self._threads.release()
        elif self._loop is not None:
            self._loop.release(running)
        if isinstance(error, PROCESS_EXITS):
            if not isinstance(error, HandedBack):
                self._ending.exit_after_jobs(error)
            self._release(running)  # without an answer: the server gives it to another worker. It keeps its room
            return
        if error is not None and running.adapter.must_call_gave_up(running.job, error):
            running.is_in_thread = True
            self._threads.submit(partial(self._call_gave_up, running, error))
            return
        if running.gave_up_error is not None:
            self._events.report_failure(running.gave_up_error)
        try:
            running.context.run(self._answer, running, result, error)
        finally:
            self._remove(running)
        self._events.dispatch_guarded(EventName.AFTER_RUN)

    def _answer(self, running: RunningJob, result: Any, error: BaseException | None) -> None:
        adapter, job, gearman_job = running.adapter, running.job, running.gearman_job
        try:
            if error is not None:
                raise error
            answer = adapter.answer(job, result)
        except PROCESS_EXITS:
            raise
        except BaseException as failure:
            adapter.fail(gearman_job, job, failure)
            return
        running.finish()  # before the client has the answer
        gearman_job.sendComplete(answer)
        rc = gearman_job.returnCode()
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._events.report_failure(_lost_result(running, rc))

    def _remove(self, running: RunningJob) -> None:
        """The job is over. It is released when its answer is sent."""
        running.source.free_room()
        if running.gearman_job.returnCode() == ReturnCode.IO_WAIT:
            self._running.discard(running)
            running.finish()
            self._outbox.add(running.gearman_job, partial(self._note_sent, running))
        else:
            self._release(running)

    def _note_sent(self, running: RunningJob, rc: int) -> None:
        running.gearman_job._release()
        if rc != ReturnCode.SUCCESS:
            self._events.report_failure(_lost_result(running, rc))

    def _release(self, running: RunningJob) -> None:
        self._running.discard(running)
        running.finish()
        running.gearman_job._release()

    def _close(self) -> None:
        self._is_closed = True
        self._refuse_requests()
        self._outbox.give_up()
        if self._loop is not None:
            self._loop.close(_INTERRUPT_SECONDS if self._running else _END_SECONDS)
        self._threads.close()
        self._mailbox.close()
        self._refuse_requests()
        for running in [*self._running, *self._waiting]:
            self._release(running)
        for source in self._sources:
            source.worker._close()

    def _refuse_requests(self) -> None:
        """The jobs are lost: no thread may wait until its packet was sent."""
        while (message := self._mailbox.take()) is not None:
            if isinstance(message, SendRequest):
                message.refuse()


def _lost_result(running: RunningJob, rc: int) -> ConnectionLost:
    handle, name = running.job.handle, running.job.get_job_name()
    return ConnectionLost(
        f"dropped the result of {running}: the connection to its server was lost. This or another server gives the job "
        "to a worker again",
        return_code=rc,
        function=name,
        handle=handle,
    )
