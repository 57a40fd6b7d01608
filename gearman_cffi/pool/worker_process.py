"""A child: a Worker that tells its parent when it serves, says what it does, and knows its limits."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

from gearman_cffi._worker.connection import SilentWorker
from gearman_cffi._worker.signals import OwnHandler
from gearman_cffi.events import (
    EventDispatcher,
    EventName,
    FunctionEvent,
    FunctionFailureEvent,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.exceptions import ConnectionFailed, GearmanError
from gearman_cffi.handlers import JobCollection
from gearman_cffi.pool import logs, scoreboard
from gearman_cffi.pool.metrics import Identity
from gearman_cffi.pool.options import ChildOptions, ExitCode
from gearman_cffi.pool.parent_death import die_with_parent, own_group
from gearman_cffi.pool.parent_link import ParentLink
from gearman_cffi.pool.target import NotLoaded, leave_out, restrict_to
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.servers import ServerCollection
from gearman_cffi.subscribers.memory_limit import resident_bytes
from gearman_cffi.subscribers.metrics import Metrics
from gearman_cffi.worker import Worker

_log = logging.getLogger("gearman_cffi.pool")


class Child:
    """The life of one child. lifeline, events and board are file descriptors that it inherited."""

    def __init__(self, options: ChildOptions, lifeline: int, events: int, board: int, identity: Identity) -> None:
        self._options = options
        self._lifeline = lifeline
        self._parent = ParentLink(options.id, lifeline, events, board)
        self._identity = identity
        identity.become(options.id)
        self._jobs_done = 0
        self._has_failed = False
        self._is_ready = False
        self._code = ExitCode.OK
        self._function_count = 0
        self._job: scoreboard.RunningJob | None = None
        self._worker: Worker | None = None

    def run(self, jobs: JobCollection) -> int:
        """Works until told to stop or until a limit is reached; the exit code."""
        own_group()
        self._parent.watch(die_with_parent(self._lifeline))
        logs.set_up(self._options.log_level, self._options.log_format)
        try:
            worker = self._make_worker(self._wanted(jobs))
        except (NotLoaded, TypeError, ValueError, GearmanError) as error:
            return self.fail(str(error))
        self._worker = worker
        self._take_signals(worker)
        try:
            worker.run()
        except (SystemExit, KeyboardInterrupt) as error:
            return self._exit_code(error)
        except Exception as error:
            if not self._is_ready and isinstance(error, (TypeError, ValueError, GearmanError)):
                return self.fail(str(error))
            _log.critical("the worker failed", exc_info=error)
            return ExitCode.FAILED
        return self._code

    def fail(self, why: str) -> int:
        """Tells the parent that this child cannot start at all; the exit code."""
        self._parent.send("failed", why=why)
        return ExitCode.NOT_LOADED

    def _exit_code(self, error: SystemExit | KeyboardInterrupt) -> int:
        """For what a job has raised to end its process. Its job stays unanswered."""
        code = ExitCode.FAILED if isinstance(error, KeyboardInterrupt) else error.code
        if code is not ExitCode.CUT_SHORT and self._job is not None:
            about = logs.about(self._job.function, self._job.handle)
            _log.error("the function ends its process", exc_info=error, extra=about)
        return code if isinstance(code, int) else int(code is not None)

    def _wanted(self, jobs: JobCollection) -> JobCollection:
        """The handlers that this process is to serve."""
        self._function_count = len(jobs)
        if self._options.function is not None:
            return restrict_to(jobs, self._options.function)
        return leave_out(jobs, self._options.without)

    def _make_worker(self, jobs: JobCollection) -> Worker:
        options = self._options
        dispatcher = EventDispatcher()
        for name, listener in (
            (EventName.FUNCTION_BEFORE_EXECUTE, self._on_begin),
            (EventName.FUNCTION_AFTER_EXECUTE, self._on_executed),
            (EventName.FUNCTION_FAILURE, self._on_failure),
            (EventName.AFTER_RUN, self._on_done),
            (EventName.NO_JOBS, self._on_no_jobs),
            (EventName.WORKER_FAILURE, self._on_worker_failure),
            (EventName.CONNECTED_TO_SERVER, self._on_connected),
        ):
            dispatcher.add_listener(name, listener, priority=1000)
        if self._identity.is_wanted:
            dispatcher.add_subscriber(Metrics())
        worker = Worker(
            ServerCollection(options.servers),
            jobs,
            dispatcher,
            serializer=BY_NAME[options.serializer](),
            idle_interval=options.idle_interval,
            signals=(),
        )
        if options.client_id is not None:
            gearman = SilentWorker()
            gearman.addOptions(2)  # GEARMAN_WORKER_NON_BLOCKING, as Worker's own
            if not gearman.setId(options.client_id):
                raise ValueError(
                    f"invalid client id {options.client_id!r}: only visible ASCII characters can be sent, at most 254"
                )
            worker.set_implementation(gearman)
        return worker

    def _take_signals(self, worker: Worker) -> None:
        """SIGTERM and SIGINT, however often: leave after the job. SIGQUIT: leave in the middle of it."""

        def on_stop(number: int, frame: FrameType | None) -> None:
            worker.stop()

        def on_quit(number: int, frame: FrameType | None) -> None:
            raise SystemExit(ExitCode.CUT_SHORT)

        def on_hangup(number: int, frame: FrameType | None) -> None:
            """It is meant for the parent."""

        handlers = {signal.SIGTERM: on_stop, signal.SIGINT: on_stop, signal.SIGHUP: on_hangup, signal.SIGQUIT: on_quit}
        for number, handler in handlers.items():  # a job's own processes get the default
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, OwnHandler(handler, without=default))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)

    # ------------------------------------------------------------------------------------ events

    def _on_begin(self, event: FunctionEvent) -> None:
        if not self._parent.is_intact():  # a thread of an earlier job
            self._lose_parent(event)
            raise SystemExit(ExitCode.FAILED)
        self._ready()
        self._has_failed = False
        job = scoreboard.RunningJob(event.job.get_job_name(), event.job.handle, time.monotonic())
        self._job = job
        self._parent.show_job(job)
        _log.debug("begins", extra=logs.about(job.function, job.handle))

    def _on_executed(self, event: FunctionEvent) -> None:
        if not self._parent.is_intact():
            self._lose_parent(event)

    def _lose_parent(self, event: FunctionEvent | FunctionFailureEvent) -> None:
        """Leaves after this job: nothing that this process writes would reach the parent."""
        about = logs.about(event.job.get_job_name(), event.job.handle)
        _log.critical("a job closed file descriptors that this process needs; the process leaves", extra=about)
        self._code = ExitCode.FAILED
        if self._worker is not None:
            self._worker.stop()

    def _on_failure(self, event: FunctionFailureEvent) -> None:
        self._has_failed = True
        job = event.job
        _log.error("failed", exc_info=event.exception, extra=logs.about(job.get_job_name(), job.handle))
        if not self._parent.is_intact():
            self._lose_parent(event)

    def _on_done(self, event: WorkerEvent) -> None:
        job, self._job = self._job, None
        self._parent.show_job(None)
        if job is not None and not self._has_failed:
            _log.info("done in %.3f s", time.monotonic() - job.started, extra=logs.about(job.function, job.handle))
        self._jobs_done += 1
        if self._options.max_jobs is not None and self._jobs_done >= self._options.max_jobs:
            self._leave(event.worker, f"it has done {self._jobs_done} jobs")
        elif self._options.memory_limit is not None:
            used = resident_bytes()
            if used > self._options.memory_limit:
                self._leave(event.worker, f"it uses {used / 2**20:.0f} MiB of memory")

    def _on_no_jobs(self, event: WorkerEvent) -> None:
        self._ready()
        if self._options.burst:
            self._parent.send("empty")
            event.worker.stop()

    def _on_worker_failure(self, event: WorkerExceptionEvent) -> None:
        self._job = None
        self._parent.show_job(None)
        error = event.exception
        _log.error("%s", error, exc_info=error if error.__traceback__ else None)
        if self._options.burst and isinstance(error, ConnectionFailed):
            self._code = ExitCode.UNREACHABLE
            event.worker.stop()

    def _on_connected(self, event: object) -> None:
        if self._is_ready:
            _log.info("works for %s again", self._options.servers)

    def _ready(self) -> None:
        """Its functions are known to a server: this one has answered what was asked after them."""
        if not self._is_ready:
            self._is_ready = True
            self._parent.send("ready", functions=self._function_count)

    def _leave(self, worker: Worker, why: str) -> None:
        self._parent.send("leaving", why=why)
        worker.stop()
