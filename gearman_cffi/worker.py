"""Worker: runs the jobs of its handlers and dispatches events about them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gearman_cffi._worker.connection import (
    UNREACHABLE,
    WAIT_ENDED,
    NonWarningWorker,
    WorkerConnection,
    failure_of,
    wait,
    wait_shortly,
)
from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.handler_adapter import HandlerAdapter
from gearman_cffi._worker.reachability import Reachability
from gearman_cffi._worker.retrier import HandedBack, Retrier
from gearman_cffi._worker.server_states import Report, ServerStates
from gearman_cffi._worker.signals import StopRequest, stopped_by_signals
from gearman_cffi.checks import MAX_FUNCTION_NAME, check_name, check_namespace
from gearman_cffi.durations import to_required_milliseconds, to_time_limit
from gearman_cffi.events import EventDispatcher, EventName
from gearman_cffi.exceptions import NoFunctionGiven
from gearman_cffi.ext import GearmanWarning, GearmanWorker, MissingCapabilityError, ReturnCode, capabilities
from gearman_cffi.handlers import JobCollection, JobHandlerInterface, check_concurrency, is_coroutine_handler
from gearman_cffi.serializers import RawSerializer, Serializer, serializer_or_default
from gearman_cffi.servers import Server, ServerCollection, servers_or_default

if TYPE_CHECKING:
    from gearman_cffi._worker.concurrent_work import ConcurrentWork
    from gearman_cffi.client import Client
    from gearman_cffi.events import Dispatcher
    from gearman_cffi.jobs import Job

_RETRY_TIMEOUT = 10.0  # seconds within which a server must take a job that is submitted again


EXIT_SECONDS = 60.0  # how long other jobs may take if one has asked the process to exit


class Worker:
    """Connects to one or more servers, and runs the handler of each job that they send.

    It runs one job at a time, or several with concurrency: plain handlers in threads, `async def` handlers in an event
    loop. Listeners are always called in the thread of run(), one at a time. See "Concurrency in workers" in the
    documentation.

    Args:
        servers: A ServerCollection, a string ("host:port,host:port"), a Server, or an iterable of both; None for the
            environment variable GEARMAN_SERVERS, and 127.0.0.1:4730 if that is not set. The worker takes jobs of all.
        jobs: The handlers: a JobCollection, or an iterable of JobHandlerInterface objects.
        dispatcher: Gets the events (see gearman_cffi.events). Failures without listeners are logged as
            "gearman_cffi.worker".
        serializer: Reads workloads and writes results; None for PHP's serialize format.
        idle_interval: Seconds or a timedelta. After this time an idle worker tries lost servers again and dispatches
            worker.on_no_jobs. A job that arrives meanwhile is executed at once.
        connect_timeout: Seconds or a timedelta that connecting to a server may take. The worker serves the other
            servers meanwhile, and tries again later.
        signals: The signals that stop run(); see there.
        client_id: Names the worker in the servers' lists of workers: 1 to 254 visible ASCII characters.
        namespace: At most 128 bytes that the servers have before the names of the handlers. Only clients with the same
            namespace reach them. Equivalent to gearman_worker_set_namespace().
        concurrency: How many jobs run at once.
        threads: How many of these jobs may be those of plain handlers, each of which occupies a thread; None for all.

    Raises:
        TypeError: An argument has a wrong type.
        ValueError: An argument is out of range.

    Example:
            jobs = JobCollection()

            @jobs.handler("reverse")
            def reverse(job):
                return job.get_workload()[::-1]

            Worker("127.0.0.1:4730", jobs).run()  # until SIGTERM or Ctrl-C
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        jobs: JobCollection | Iterable[JobHandlerInterface] = (),
        dispatcher: Dispatcher | None = None,
        *,
        serializer: Serializer | None = None,
        idle_interval: float | timedelta = 5.0,
        connect_timeout: float | timedelta = 5.0,
        signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT),
        client_id: str | None = None,
        namespace: str | None = None,
        concurrency: int = 1,
        threads: int | None = None,
    ) -> None:
        self.servers = servers_or_default(servers)
        self.jobs = jobs if isinstance(jobs, JobCollection) else JobCollection(jobs)
        self.dispatcher: Dispatcher = EventDispatcher() if dispatcher is None else dispatcher
        self.serializer: Serializer = serializer_or_default(serializer)
        check_concurrency(concurrency)
        check_concurrency(threads, "threads")
        self.concurrency = concurrency
        self.threads = threads
        self._idle_milliseconds = to_required_milliseconds(idle_interval, "idle_interval")
        self._connect_milliseconds = to_required_milliseconds(connect_timeout, "connect_timeout")
        self._client_id = client_id
        self._connection = self._new_connection()
        self._namespace = check_namespace(namespace)
        self._signals = tuple(signals)
        self._set_time_limits(lambda function: None, EXIT_SECONDS)
        self._must_run_alone: Callable[[JobHandlerInterface, Job], bool] = lambda handler, job: False
        self._events = WorkerEvents(self, self.dispatcher)
        self._stop_request = StopRequest()
        self._retrier = Retrier(
            self._new_retry_client, lambda function: self._job_timeout(function), self._stop_request, self._events
        )
        self._run_lock = threading.Lock()
        self._gearman_worker: GearmanWorker | None = None
        self._concurrent_work: ConcurrentWork | None = None
        self._end_was_dispatched = False
        self._reachability = Reachability()

    def set_implementation(self, worker: GearmanWorker) -> None:
        """Uses this GearmanWorker from now on. run() adds the servers and handlers to it and keeps its options.

        A blocking one dispatches neither worker.on_io_wait nor worker.on_no_jobs, and run() ends if its timeout passes
        without a job. It stays connected after run(). Only for workers that run one job at a time.

        Args:
            worker: A GearmanWorker of your own.

        Example:
                from gearman_cffi.ext import GearmanWorker

                own = GearmanWorker()
                own.setTimeout(10_000)  # in milliseconds: run() returns if no job comes for so long
                worker.set_implementation(own)
        """
        self._connection.use(worker)

    def run(self) -> None:
        """Executes jobs until the worker is stopped; then all jobs that it has are finished first.

        A job that waits to be tried again in place goes back to the server instead.

        destroy_worker(), stop() and, in the main thread, the signals of the constructor stop it. A second signal raises
        KeyboardInterrupt or SystemExit in the middle of the jobs, which the server then gives to other workers; it
        cancels coroutines, but threads run on, and at its exit the interpreter waits for functions that
        asyncio.to_thread() still runs. The previous signal handlers are restored at the end. A worker that is
        stopped before it runs connects and ends. A worker can run again.

        A handler that raises SystemExit or KeyboardInterrupt ends run(), which raises it; its job goes to another
        worker. Others that run at the same time are finished first, for a minute at most.

        Servers that cannot be reached are tried again, with growing delays.

        Raises:
            NoFunctionGiven: There are no handlers.
            NoServers: There are no servers.
            ValueError: A time_limit was changed after the handler was added, to one that gearmand does not support.
            RuntimeError: The worker is already running.
            Exception: What a listener of worker.before_run, of connecting or of registering raises.

        Example:
                worker = Worker("127.0.0.1:4730", jobs)
                worker.run()  # returns after SIGTERM, Ctrl-C or worker.stop()
        """
        with self._session() as worker, suppress(HandedBack):
            if self._concurrent_work is None:
                self._work(worker)
            else:
                self._concurrent_work.run()

    def stop(self) -> None:
        """Makes run() return when the jobs that it has are done. Any thread and any signal handler may call it.

        Example:
                signal.signal(signal.SIGHUP, lambda number, frame: worker.stop())
                worker.run()
        """
        self._stop_request.request()
        worker, work = self._gearman_worker, self._concurrent_work
        if work is not None:
            work.wake_up()
        elif worker is not None:
            worker.stop()

    def destroy_worker(self) -> None:
        """Dispatches worker.on_before_destroy and stops. In signal handlers, use stop().

        Example:
                def stop_after_one_job(event):
                    event.worker.destroy_worker()

                dispatcher.add_listener(EventName.AFTER_RUN, stop_after_one_job)
        """
        self._dispatch_end()
        self.stop()

    # -------------------------------------------------------------------------- start and end of run()

    @contextmanager
    def _session(self) -> Iterator[GearmanWorker]:
        """While the block runs, the worker has its servers and functions. Dispatches the events before and after."""
        if not self._run_lock.acquire(blocking=False):
            raise RuntimeError("the worker is already running; use a Worker of its own for each thread")
        try:
            with stopped_by_signals(self._signals, self.stop):
                self._events.dispatch(EventName.BEFORE_RUN)
                self._gearman_worker = self._connect()
                self._server_states = ServerStates(self.servers, self._events.report_server)
                self._register(self._gearman_worker)
                yield self._gearman_worker
                if self._stop_request.requested:
                    self._dispatch_end()
        finally:
            self._gearman_worker = self._concurrent_work = None  # disconnects
            self._retrier.close()
            self._stop_request.clear()
            self._end_was_dispatched = False
            self._reachability.reset()
            self._run_lock.release()

    def _connect(self) -> GearmanWorker:
        self._events.dispatch_servers(EventName.CONNECT_TO_SERVER)
        # Without listeners for the wait, work() need not return before the server's reply.
        has_listeners = any(map(self._events.has_listeners, (EventName.IO_WAIT, EventName.WORK)))
        worker = self._connection.open(wait_for_replies=not has_listeners)
        self._events.dispatch_servers(EventName.CONNECTED_TO_SERVER)
        return worker

    def _register(self, worker: GearmanWorker) -> None:
        self._events.dispatch_handlers(EventName.BEFORE_REGISTER_FUNCTIONS)
        if not self.jobs:
            raise NoFunctionGiven("the worker has no handlers: add one to its JobCollection")
        adapters: dict[str, HandlerAdapter] = {}  # by the names at the server
        for name, handler in self.jobs.get_jobs().items():
            name_at_server = self._namespace + name
            check_name(name_at_server, "a function name with its namespace", MAX_FUNCTION_NAME)
            adapters[name_at_server] = HandlerAdapter(
                *(name, handler, self.serializer, self._events, self._retrier),
                *(self._note_connection, self._stop_after_job, self._run_coroutine),
            )
        if self._runs_several_jobs():
            self._concurrent_work = self._make_concurrent_work(worker, adapters)
        else:
            for name, adapter in adapters.items():
                limit = to_time_limit(getattr(adapter.handler, "time_limit", None))
                worker.addFunction(name, adapter.run, None, limit)
        self._events.dispatch_handlers(EventName.AFTER_REGISTER_FUNCTIONS)

    def _run_coroutine(self, start: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Runs a coroutine of a handler in the thread of run(). For LocalGearman: other workers have a HandlerLoop."""
        raise NotImplementedError

    def _runs_several_jobs(self) -> bool:
        """Whether jobs run in threads and an event loop, instead of the thread of run()."""
        return self.concurrency > 1 or any(map(is_coroutine_handler, self.jobs))

    def _make_concurrent_work(self, worker: GearmanWorker, adapters: Mapping[str, HandlerAdapter]) -> ConcurrentWork:
        """Functions with a limit of their own get their own connections, over which the worker asks if it has room."""
        from gearman_cffi._worker.concurrent_work import ConcurrentWork
        from gearman_cffi._worker.job_source import JobSource, group_by_limit

        if not capabilities.interruptible_waits:
            raise MissingCapabilityError(
                "a worker that runs several jobs at once, or coroutines, needs descriptors of libgearman's that "
                "this process cannot have: leave concurrency at 1, or unset GEARMAN_CFFI_NO_INTERPOSE"
            )
        if not isinstance(worker, NonWarningWorker):
            raise ValueError("a worker with set_implementation() runs one job at a time: leave concurrency at 1")
        sources: list[JobSource] = []
        for group, limits in group_by_limit(adapters, self.concurrency, self.threads):
            connection = self._new_connection() if sources else self._connection
            one = connection.open(wait_for_replies=False) if sources else worker
            idle_seconds = self._idle_milliseconds / 1000
            sources.append(JobSource(connection, one, self.servers, self._events, group, limits, idle_seconds))
        return ConcurrentWork(
            *(sources, self._events, self._stop_request),
            *(self._job_timeout, self._exit_seconds, self._must_run_alone),
        )

    def _new_connection(self) -> WorkerConnection:
        return WorkerConnection(self.servers, self._idle_milliseconds, self._connect_milliseconds, self._client_id)

    def _new_retry_client(self) -> Client:
        """The client that submits jobs again."""
        from gearman_cffi.client import Client  # a worker without retries needs none

        return Client(
            *(self.servers, RawSerializer(), _RETRY_TIMEOUT, self._connect_milliseconds / 1000),
            namespace=self._namespace or None,
        )

    def _dispatch_end(self) -> None:
        if not self._end_was_dispatched:
            self._end_was_dispatched = True
            self._events.dispatch_guarded(EventName.BEFORE_DESTROY)

    # --------------------------------------------------------------------------------- the work loop

    def _work(self, worker: GearmanWorker) -> None:
        while True:
            if self._stop_request.requested:
                worker.stop()  # work() then only runs what servers have assigned already
            if self._run_jobs(worker):
                self._note_connection()
                self._events.dispatch_guarded(EventName.AFTER_RUN)
            elif worker.returnCode() == ReturnCode.TIMEOUT:
                return  # only of the user's own, blocking worker
            elif worker.returnCode() == ReturnCode.SHUTDOWN_GRACEFUL and self._stop_request.requested:
                return
            else:
                self._handle_no_job(worker)

    def _run_jobs(self, worker: GearmanWorker) -> bool:
        """Runs one job, or several if none needs an event after it. Returns whether the last one was executed."""
        try:
            if isinstance(worker, NonWarningWorker) and not self._events.has_listeners(EventName.AFTER_RUN):
                return worker._run_jobs()
            return worker.work()
        except GearmanWarning:  # of the user's own worker, if warnings are errors
            return False

    def _set_time_limits(self, job_timeout: Callable[[str], float | None], exit_seconds: float | None) -> None:
        """For the pool. job_timeout: returns the seconds after which a coroutine of a function is cancelled, or None.

        exit_seconds: how long other jobs may take if one has asked the process to exit; None for no limit.
        """
        self._job_timeout, self._exit_seconds = job_timeout, exit_seconds

    def _set_server_report(self, report: Report) -> None:
        """For the pool, whose parent logs which of several servers cannot be reached."""
        self._events.report_server = report

    def _set_lone_jobs(self, must_run_alone: Callable[[JobHandlerInterface, Job], bool]) -> None:
        """For the pool. must_run_alone: returns whether no other job may run beside this one."""
        self._must_run_alone = must_run_alone

    def _stop_after_job(self) -> None:
        """In a job: makes _run_jobs() return after it."""
        if self._gearman_worker is not None:
            self._gearman_worker._stop_after_job()

    def _handle_no_job(self, worker: GearmanWorker) -> None:
        rc = worker.returnCode()
        if rc == ReturnCode.IO_WAIT:
            self._idle(worker, EventName.IO_WAIT)
        elif rc == ReturnCode.NO_JOBS:
            waited = None if self._reachability.is_confirmed else wait_shortly(worker)
            if waited == ReturnCode.NO_ACTIVE_FDS:
                self._handle_unreachable(worker)
            else:
                self._note_connection()
                self._server_states.check(worker)
                self._idle(worker, EventName.NO_JOBS, has_arrived=waited == ReturnCode.SUCCESS)
        elif rc in UNREACHABLE:
            self._handle_unreachable(worker)
        elif rc != ReturnCode.SHUTDOWN_GRACEFUL:
            self._events.report_failure(failure_of(worker, self.servers))
            self._stop_request.wait(self._reachability.record_failure())

    def _idle(self, worker: GearmanWorker, event: EventName, has_arrived: bool = False) -> None:
        """Waits for a reply or a job, unless one has arrived. Dispatches no events while it tries to connect again."""
        dispatches = not self._reachability.is_lost
        if dispatches:
            self._events.dispatch_guarded(event)
        rc = ReturnCode.SUCCESS if has_arrived or self._stop_request.requested else wait(worker)
        if rc == ReturnCode.NO_ACTIVE_FDS:
            self._handle_unreachable(worker)
            return
        if rc not in WAIT_ENDED:
            self._stop_request.wait(self._reachability.record_failure())  # not a busy loop
        if dispatches:
            self._events.dispatch_guarded(EventName.WORK)

    def _note_connection(self) -> None:
        """A server has answered."""
        if self._reachability.record_answer():
            self._events.report_reconnection()

    def _handle_unreachable(self, worker: GearmanWorker) -> None:
        """Reports it once, then waits."""
        is_new = self._reachability.record_loss()
        if is_new is None:
            return
        if is_new:
            self._events.report_failure(failure_of(worker, self.servers))
        self._stop_request.wait(self._reachability.record_failure())
        self._connection.add_unknown_servers(worker)
