"""Worker: runs the jobs of its handlers and dispatches events about them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

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
from gearman_cffi._worker.retry import Retries
from gearman_cffi._worker.signals import StopRequest, stopped_by_signals
from gearman_cffi.checks import MAX_FUNCTION_NAME, check_name, check_namespace
from gearman_cffi.durations import to_required_milliseconds, to_time_limit
from gearman_cffi.events import EventDispatcher, EventName
from gearman_cffi.exceptions import NoFunctionGiven
from gearman_cffi.ext import GearmanWarning, GearmanWorker, ReturnCode
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.serializers import Serializer, serializer_or_default
from gearman_cffi.servers import Server, ServerCollection

if TYPE_CHECKING:
    from gearman_cffi.events import Dispatcher


class _ServerState(Enum):
    """The state of the connections to the servers, as far as the worker knows."""

    UNTRIED = "untried"  # or lost just now: the next try decides
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"  # which was reported


class Worker:
    """Executes jobs with the handlers of a collection, for all servers of a collection.

    servers: as for Client.
    jobs: a JobCollection, or handlers.
    dispatcher: gets the events (see gearman_cffi.events). Failures without listeners are logged as
        "gearman_cffi.worker".
    serializer: reads workloads and writes results; PhpSerializer by default.
    idle_interval: seconds or a timedelta. After this time an idle worker tries lost servers again and dispatches
        worker.on_no_jobs. A job that arrives meanwhile is executed at once.
    connect_timeout: seconds or a timedelta that connecting to a server may take. The worker serves the other servers
        meanwhile, and tries again later.
    signals: stop run(); see there.
    client_id: names the worker in the servers' lists of workers: 1 to 254 visible ASCII characters.
    namespace: at most 128 bytes that the servers have before the names of the handlers. Only clients with the same
        namespace reach them. Stands for gearman_worker_set_namespace().
    Raises TypeError or ValueError for arguments that cannot be used.
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
    ) -> None:
        if servers is None:
            servers = ServerCollection.from_environment()
        self.servers = servers if isinstance(servers, ServerCollection) else ServerCollection(servers)
        self.jobs = jobs if isinstance(jobs, JobCollection) else JobCollection(jobs)
        self.dispatcher: Dispatcher = EventDispatcher() if dispatcher is None else dispatcher
        self.serializer: Serializer = serializer_or_default(serializer)
        wait_milliseconds = to_required_milliseconds(idle_interval, "idle_interval")
        connect_milliseconds = to_required_milliseconds(connect_timeout, "connect_timeout")
        self._connection = WorkerConnection(self.servers, wait_milliseconds, connect_milliseconds, client_id)
        self._namespace = check_namespace(namespace)
        self._signals = tuple(signals)
        self._events = WorkerEvents(self, self.dispatcher)
        self._stop_request = StopRequest()
        self._run_lock = threading.Lock()
        self._gearman_worker: GearmanWorker | None = None
        self._end_was_dispatched = False
        self._server_state = _ServerState.UNTRIED
        self._retries = Retries()

    def set_implementation(self, worker: GearmanWorker) -> None:
        """Uses this GearmanWorker from now on. run() adds the servers and handlers to it and keeps its options.

        A blocking one dispatches neither worker.on_io_wait nor worker.on_no_jobs, and run() ends if its timeout passes
        without a job. It stays connected after run().
        """
        self._connection.use(worker)

    def run(self) -> None:
        """Executes jobs until the worker is stopped; then the current job is finished first.

        destroy_worker(), stop() and, in the main thread, the signals of the constructor stop it. A second signal raises
        KeyboardInterrupt or SystemExit in the middle of the job, which the server then gives to another worker. The
        previous signal handlers are restored at the end. A worker that is stopped before it runs connects and ends. A
        worker can run again.

        Servers that cannot be reached are tried again, with growing delays. Raises NoFunctionGiven, NoServers, what a
        listener of worker.before_run, of connecting or of registering raises, and ValueError or TypeError for a
        time_limit that was changed after the handler was added.
        """
        with self._session() as worker:
            self._work(worker)

    def stop(self) -> None:
        """Makes run() return after the current job. Any thread and any signal handler may call it."""
        self._stop_request.request()
        worker = self._gearman_worker
        if worker is not None:
            worker.stop()

    def destroy_worker(self) -> None:
        """Dispatches worker.on_before_destroy and stops. In signal handlers, use stop()."""
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
                self._register(self._gearman_worker)
                yield self._gearman_worker
                if self._stop_request.requested:
                    self._dispatch_end()
        finally:
            self._gearman_worker = None  # disconnects
            self._stop_request.clear()
            self._end_was_dispatched, self._server_state = False, _ServerState.UNTRIED
            self._retries.reset()
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
        for name, handler in self.jobs.get_jobs().items():
            limit = to_time_limit(getattr(handler, "time_limit", None))
            adapter = HandlerAdapter(
                name, handler, self.serializer, self._events, self._note_connection, self._stop_after_job
            )
            name_at_server = self._namespace + name
            check_name(name_at_server, "a function name with its namespace", MAX_FUNCTION_NAME)
            worker.addFunction(name_at_server, adapter.run, None, limit)
        self._events.dispatch_handlers(EventName.AFTER_REGISTER_FUNCTIONS)

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

    def _stop_after_job(self) -> None:
        """In a job: makes _run_jobs() return after it."""
        if self._gearman_worker is not None:
            self._gearman_worker._stop_after_job()

    def _handle_no_job(self, worker: GearmanWorker) -> None:
        rc = worker.returnCode()
        if rc == ReturnCode.IO_WAIT:
            self._idle(worker, EventName.IO_WAIT)
        elif rc == ReturnCode.NO_JOBS:
            waited = None if self._server_state is _ServerState.REACHABLE else wait_shortly(worker)
            if waited == ReturnCode.NO_ACTIVE_FDS:
                self._handle_unreachable(worker)
            else:
                self._note_connection()
                self._idle(worker, EventName.NO_JOBS, has_arrived=waited == ReturnCode.SUCCESS)
        elif rc in UNREACHABLE:
            self._handle_unreachable(worker)
        elif rc != ReturnCode.SHUTDOWN_GRACEFUL:
            self._events.report_failure(failure_of(worker, self.servers))
            self._stop_request.wait(self._retries.record_failure())

    def _idle(self, worker: GearmanWorker, event: EventName, has_arrived: bool = False) -> None:
        """Waits for a reply or a job, unless one has arrived. Dispatches no events while it tries to connect again."""
        dispatches = self._server_state is not _ServerState.UNREACHABLE
        if dispatches:
            self._events.dispatch_guarded(event)
        rc = ReturnCode.SUCCESS if has_arrived or self._stop_request.requested else wait(worker)
        if rc == ReturnCode.NO_ACTIVE_FDS:
            self._handle_unreachable(worker)
            return
        if rc not in WAIT_ENDED:
            self._stop_request.wait(self._retries.record_failure())  # not a busy loop
        if dispatches:
            self._events.dispatch_guarded(EventName.WORK)

    def _note_connection(self) -> None:
        """A server has answered."""
        if self._retries.last_succeeded:
            return
        self._retries.record_success()
        was_unreachable = self._server_state is _ServerState.UNREACHABLE
        self._server_state = _ServerState.REACHABLE
        if was_unreachable:
            self._events.report_reconnection()

    def _handle_unreachable(self, worker: GearmanWorker) -> None:
        """Reports it once, then waits. A lost connection is reported after one more try only."""
        if self._server_state is _ServerState.REACHABLE:
            self._server_state = _ServerState.UNTRIED
            self._retries.reset()
            return
        if self._server_state is _ServerState.UNTRIED:
            self._server_state = _ServerState.UNREACHABLE
            self._events.report_failure(failure_of(worker, self.servers))
        self._stop_request.wait(self._retries.record_failure())
        self._connection.add_unknown_servers(worker)
