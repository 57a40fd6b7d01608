"""A worker process: a Worker that tells the pool's parent when it is ready and why it exits, and obeys its limits."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType

from gearman_cffi._worker.signals import OwnHandler
from gearman_cffi.application import Application
from gearman_cffi.events import (
    EventName,
    FunctionEvent,
    FunctionFailureEvent,
    FunctionRetryEvent,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.exceptions import ConnectionFailed, GearmanError, PoisonJob
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.handlers import JobCollection, JobHandlerInterface, is_coroutine_handler
from gearman_cffi.job_log_filter import job_attributes
from gearman_cffi.jobs import Job
from gearman_cffi.pool import logs
from gearman_cffi.pool.banner import describe_program, settings_of
from gearman_cffi.pool.dispatcher import PoolDispatcher
from gearman_cffi.pool.log_handlers import StderrHandler
from gearman_cffi.pool.metrics import MetricsIdentity
from gearman_cffi.pool.options import ProcessOptions, job_timeout
from gearman_cffi.pool.parent_death import die_with_parent, lead_own_group
from gearman_cffi.pool.parent_link import ParentLink
from gearman_cffi.pool.scoreboard import BusyRecord
from gearman_cffi.pool.suspects import Deaths
from gearman_cffi.pool.target import TargetError, leave_out, restrict_to
from gearman_cffi.retries import policy_of
from gearman_cffi.serializers.by_name import BY_NAME
from gearman_cffi.subscribers.memory_limit import resident_bytes
from gearman_cffi.subscribers.metrics import Metrics
from gearman_cffi.worker import Worker

_log = logging.getLogger("gearman_cffi.pool")


@dataclass
class RunningRecord:
    """A job that the process runs. number: its place in the scoreboard."""

    number: int
    job: BusyRecord
    has_failed: bool = False


class WorkerProcess:
    """The state of the process. death_pipe, events and board are file descriptors inherited from the parent."""

    def __init__(
        self, options: ProcessOptions, death_pipe: int, events: int, board: int, identity: MetricsIdentity
    ) -> None:
        self._options = options
        self._death_pipe = death_pipe
        self._parent = ParentLink(options.id, options.most_jobs, death_pipe, events, board)
        self._has_metrics = identity.is_enabled
        identity.set_id(options.id)
        self._exit_code: int = ExitCode.OK
        self._functions: list[str] = []
        self._program = ""
        self._is_ready = False
        self._is_stopping = False  # for a reason that the parent knows
        self._is_disconnected = False
        self._jobs_begun = 0
        self._jobs_done = 0
        self._free_numbers = list(range(options.most_jobs))
        self._running: dict[Job, RunningRecord] = {}
        self._ending: Job | None = None  # the job whose after_run comes next

    def run(self, application: Application) -> int:
        """Runs the program until the process is asked to stop or reaches a limit. Returns the exit code."""
        lead_own_group()
        self._parent.watch(die_with_parent(self._death_pipe))
        self._log_handler = logs.set_up(self._options.log_level, self._options.log_format, StderrHandler)
        try:
            worker = self._make_worker(application)
        except (TargetError, TypeError, ValueError, GearmanError) as error:
            return self.fail(str(error))
        self._handle_signals()
        try:
            with application.running(self._call_hook):
                worker.run()
                if self._is_ready and not self._is_stopping:
                    self._parent.send("exiting", reason="its program has stopped the worker")
                self._forget_jobs()
        except (SystemExit, KeyboardInterrupt) as error:
            self._log_interrupted_jobs(error)
            return _exit_code_of(error)
        except Exception as error:
            if not self._is_ready and isinstance(error, (TypeError, ValueError, GearmanError)):
                return self.fail(str(error))
            _log.critical("the worker failed", exc_info=error)
            return ExitCode.FAILED
        return self._exit_code

    def fail(self, reason: str) -> int:
        """Tells the parent that the process cannot start at all. Returns the exit code."""
        self._parent.send("failed", reason=reason)
        return ExitCode.NOT_LOADED

    def _log_interrupted_jobs(self, error: SystemExit | KeyboardInterrupt) -> None:
        """Logs the jobs of which one has ended the process. The server gives them to other workers."""
        if _exit_code_of(error) is not ExitCode.INTERRUPTED_JOB:  # SIGQUIT: the parent logs it
            only = len(self._running) == 1
            text = "the function ended its process" if only else "the process was ended, by this or by another function"
            for job in self._running:
                _log.error(text, exc_info=error, extra=job_attributes(job))

    def _select(self, jobs: JobCollection) -> JobCollection:
        """The handlers that this process serves."""
        self._functions = list(jobs.get_jobs())
        if self._options.function is not None:
            return restrict_to(jobs, self._options.function)
        return leave_out(jobs, self._options.left_out)

    def _call_hook(self, when: str, hook: Callable[[], object]) -> None:
        """Calls a function of on_start() or on_stop(), which the parent knows meanwhile. Logs what it raises.

        If one of on_start() raises, the process ends. The others of on_stop() are called all the same.
        """
        name = f"{when} {getattr(hook, '__module__', '')}.{getattr(hook, '__qualname__', hook)}()"
        self._parent.send("hook", name=name)
        try:
            try:
                hook()
            finally:
                logs.attach(self._log_handler, self._options.log_level)
        except BaseException as error:
            code = _exit_code_of(error)
            if code is ExitCode.INTERRUPTED_JOB:  # SIGQUIT: the parent logs it
                raise
            _log.error("%s failed", name, exc_info=error)
            if when == "on_start":
                raise SystemExit(code) from None
            self._exit_code = code or self._exit_code
        self._parent.send("hook", name="")

    def _make_worker(self, application: Application) -> Worker:
        jobs = self._select(application.jobs)
        self._coroutines = {name for name, handler in jobs.get_jobs().items() if is_coroutine_handler(handler)}
        dispatcher = PoolDispatcher(application.dispatcher)
        for name, listener in (
            (EventName.FUNCTION_BEFORE_EXECUTE, self._on_start),
            (EventName.FUNCTION_AFTER_EXECUTE, self._on_executed),
            (EventName.FUNCTION_FAILURE, self._on_failure),
            (EventName.FUNCTION_RETRY, self._on_retry),
            (EventName.AFTER_RUN, self._on_done),
            (EventName.NO_JOBS, self._on_no_jobs),
            (EventName.WORKER_FAILURE, self._on_worker_failure),
            (EventName.CONNECTED_TO_SERVER, self._on_connected),
        ):
            dispatcher.add_listener(name, listener, priority=1000)
        if self._has_metrics:
            dispatcher.add_subscriber(Metrics())
        options = self._options
        given = {
            "servers": options.servers,
            "serializer": options.serializer and BY_NAME[options.serializer](),
            "namespace": options.namespace,
            "idle_interval": options.idle_interval,
            "connect_timeout": options.connect_timeout,
            "client_id": options.client_id,
            "threads": options.threads,
        }
        if options.concurrency is None and (application.concurrency or 1) > options.most_jobs:
            jobs_at_once = application.concurrency
            raise TargetError(
                f"the program runs {jobs_at_once} jobs at once, and each process imports it itself: add --concurrency "
                f"{jobs_at_once}"
            )
        self._worker = application.make_worker(
            **{name: value for name, value in given.items() if value is not None},
            jobs=jobs,
            dispatcher=dispatcher,
            signals=(),
            concurrency=options.most_jobs,
        )
        self._program = describe_program(
            self._functions, options.most_jobs, settings_of(options), settings_of(application)
        )
        timeout = partial(job_timeout, self._options.job_timeouts)
        self._worker._set_time_limits(timeout, self._options.exit_seconds)
        self._worker._set_server_report(self._on_server)
        self._worker._set_lone_jobs(self._is_suspect)
        return self._worker

    def _handle_signals(self) -> None:
        """SIGTERM and SIGINT stop the worker after its job, SIGQUIT at once. SIGHUP is for the parent."""

        def on_stop(number: int, frame: FrameType | None) -> None:
            self._stop()

        def on_quit(number: int, frame: FrameType | None) -> None:
            raise SystemExit(ExitCode.INTERRUPTED_JOB)

        def on_hangup(number: int, frame: FrameType | None) -> None:
            pass

        handlers = {signal.SIGTERM: on_stop, signal.SIGINT: on_stop, signal.SIGHUP: on_hangup, signal.SIGQUIT: on_quit}
        for number, handler in handlers.items():  # processes that a job starts get the default handler
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, OwnHandler(handler, in_child=default))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)

    # ------------------------------------------------------------------------------------ events

    def _on_start(self, event: FunctionEvent) -> None:
        self._report_ready()
        self._end_job()  # one whose result could not be sent
        job = self._record_of(event.job)
        number = self._free_numbers.pop()
        if not self._parent.show_job(number, job):  # closed by a thread that an earlier job has started
            self._exit_without_parent(event)
            raise SystemExit(ExitCode.FAILED)
        self._running[event.job] = RunningRecord(number, job)
        _log.debug("started", extra=job_attributes(event.job))
        self._jobs_begun += 1
        if self._options.most_jobs > 1 and self._has_reached_max_jobs(self._jobs_begun):
            self._stop()  # takes no more than that, and finishes those that run
        self._check_deaths(event.job_handler, job)

    def _record_of(self, job: Job) -> BusyRecord:
        """The record of a job that begins now."""
        function = job.get_job_name()
        return BusyRecord(function, job.handle, time.monotonic(), function in self._coroutines, job.unique or "")

    def _deaths_over_limit(self, handler: JobHandlerInterface, job: BusyRecord) -> Deaths | None:
        """The processes that have died while they ran this job; None if they are fewer than its max_attempts."""
        limit = policy_of(handler).max_attempts
        deaths = None if limit is None else self._parent.deaths_of(job)
        return deaths if deaths is not None and limit is not None and deaths.number >= limit else None

    def _is_suspect(self, handler: JobHandlerInterface, job: Job) -> bool:
        """Whether the job must run alone: nobody knows whether processes died of it, or of those that ran beside it."""
        deaths = self._deaths_over_limit(handler, self._record_of(job))
        return deaths is not None and not deaths.was_alone

    def _check_deaths(self, handler: JobHandlerInterface, job: BusyRecord) -> None:
        """Raises PoisonJob, which fails the job, if too many processes have died while they ran it."""
        deaths = self._deaths_over_limit(handler, job)
        if deaths is None:
            return
        if not deaths.was_alone:
            text = "runs alone: %d processes died while they ran it and other jobs"
            _log.warning(text, deaths.number, extra=job.log_attributes())
            return
        self._parent.send("gave_up", function=job.function)
        reason = f"gave up the job: {deaths.number} processes died while they ran it"
        raise PoisonJob(reason, function=job.function, handle=job.handle)

    def _on_executed(self, event: FunctionEvent) -> None:
        self._ending = event.job
        if not self._parent.is_intact():
            self._exit_without_parent(event)

    def _on_failure(self, event: FunctionFailureEvent) -> None:
        job = self._ending = event.job
        if job in self._running:
            self._running[job].has_failed = True
        if isinstance(event.exception, PoisonJob):
            _log.error("%s", event.exception, extra=job_attributes(job))
        else:
            _log.error("failed", exc_info=event.exception, extra=job_attributes(job))
        if not self._parent.is_intact():
            self._exit_without_parent(event)

    def _on_retry(self, event: FunctionRetryEvent) -> None:
        job = event.job
        text = "failed in attempt %d of %s; trying again in %.1f s"
        about = job_attributes(job)
        _log.warning(text, job.attempt, job.last_attempt, event.delay, exc_info=event.exception, extra=about)
        if not event.is_in_place:
            self._ending = job
            if job in self._running:
                self._running[job].has_failed = True

    def _exit_without_parent(self, event: FunctionEvent | FunctionFailureEvent) -> None:
        """Stops after this job: nothing that this process writes reaches the parent any more."""
        about = job_attributes(event.job)
        _log.critical("a job closed file descriptors that this process needs; the process exits", extra=about)
        self._exit_code = ExitCode.FAILED
        self._stop()

    def _on_done(self, event: WorkerEvent) -> None:
        job, record = self._ending, self._end_job()
        if record is not None and not record.has_failed:
            seconds = time.monotonic() - record.job.started_at
            _log.info("done in %.3f s", seconds, extra=job_attributes(job))
        self._jobs_done += 1
        if self._has_reached_max_jobs(self._jobs_done):
            self._exit(f"it has done {self._jobs_done} jobs")
        elif self._options.memory_limit is not None:
            used = resident_bytes()
            if used > self._options.memory_limit:
                limit = f"{_size(self._options.memory_limit)} (--memory-limit, lowered at random by --splay)"
                self._exit(f"it uses {_size(used)} of memory, more than {limit}")

    def _end_job(self) -> RunningRecord | None:
        """Frees the place of the job that has ended. Returns its record; None if there is none."""
        job, self._ending = self._ending, None
        record = None if job is None else self._running.pop(job, None)
        if record is not None:
            self._parent.show_job(record.number, None)
            self._free_numbers.append(record.number)
        return record

    def _forget_jobs(self) -> None:
        """The worker was stopped. It has left jobs to others that waited for their next attempt: they killed nobody."""
        for record in self._running.values():
            self._parent.show_job(record.number, None)

    def _has_reached_max_jobs(self, jobs: int) -> bool:
        return self._options.max_jobs is not None and jobs >= self._options.max_jobs

    def _on_no_jobs(self, event: WorkerEvent) -> None:
        self._end_job()
        self._report_ready()
        if self._options.burst:
            self._parent.send("found_no_jobs")
            self._stop()

    def _on_worker_failure(self, event: WorkerExceptionEvent) -> None:
        self._end_job()
        error = event.exception
        _log.error("%s", error, exc_info=error if error.__traceback__ else None)
        if not isinstance(error, ConnectionFailed) or error.__traceback__:  # raised by a client in a listener
            return
        self._is_disconnected = True
        self._parent.send("disconnected")
        if self._options.burst:
            self._exit_code = ExitCode.UNREACHABLE
            self._stop()

    def _on_connected(self, event: object) -> None:
        """The first time it is called before the connection, and later when servers are back."""
        if self._is_disconnected:
            self._is_disconnected = False
            self._parent.send("connected")
            _log.info("connected to %s%s", self._worker.servers, " again" if self._is_ready else "")

    def _on_server(self, server: str, is_reachable: bool) -> None:
        """One of several servers is lost, or there. The parent logs it once for all processes."""
        self._parent.send("server", server=server, is_reachable=is_reachable)

    def _report_ready(self) -> None:
        """A server knows the functions: it has answered a request that was sent after them."""
        if not self._is_ready:
            self._is_ready = True
            self._parent.send("ready", function_count=len(self._functions), program=self._program)

    def _exit(self, reason: str) -> None:
        self._parent.send("exiting", reason=reason)
        self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        self._worker.stop()


def _size(number: int) -> str:
    """A number of bytes for the log."""
    return f"{number / 2**20:.1f} MiB" if number >= 2**20 else f"{number} bytes"


def _exit_code_of(error: BaseException) -> int:
    """The exit code of a process that this exception ends."""
    code = error.code if isinstance(error, SystemExit) else ExitCode.FAILED
    return code if isinstance(code, int) else int(code is not None)
