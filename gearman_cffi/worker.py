"""Worker: runs the jobs of its handlers, and tells its life in events."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from gearman_cffi._worker.connection import (
    UNREACHABLE,
    WAITED,
    Retries,
    SilentWorker,
    WorkerServers,
    can_be_reached,
    failure_of,
    wait,
)
from gearman_cffi._worker.events import WorkerEvents
from gearman_cffi._worker.handler_adapter import JobCallbacks
from gearman_cffi._worker.signals import StopRequest, stopped_by_signals
from gearman_cffi.durations import to_milliseconds, to_time_limit
from gearman_cffi.events import EventDispatcher, EventName
from gearman_cffi.exceptions import NoFunctionGiven
from gearman_cffi.ext import GearmanWarning, GearmanWorker, ReturnCode
from gearman_cffi.handlers import JobCollection, JobHandlerInterface
from gearman_cffi.serializers import chosen
from gearman_cffi.servers import Server, ServerCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta

    from gearman_cffi.events import Dispatcher
    from gearman_cffi.serializers import Serializer

_AFTER_RUN = EventName.AFTER_RUN  # a member of an enum is looked up anew each time, here for each job


class Worker:
    """Executes jobs with the handlers of a collection, for all servers of a collection.

    servers as for Client; jobs is a JobCollection or handlers; dispatcher gets the events (see
    gearman_cffi.events), and what no listener of it hears of failures is logged as "gearman_cffi.worker".
    serializer reads workloads and writes results: PHP's serialize format unless told otherwise.
    idle_interval, seconds or a timedelta: how often an idle worker looks whether servers that were gone are back,
    and tells on_no_jobs; a job that comes meanwhile is taken at once. signals end run(): see there.
    client_id names the worker in the servers' lists of workers: at most 254 visible ASCII characters.
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        jobs: JobCollection | Iterable[JobHandlerInterface] = (),
        dispatcher: Dispatcher | None = None,
        *,
        serializer: Serializer | None = None,
        idle_interval: float | timedelta = 5.0,
        signals: Sequence[int] = (signal.SIGTERM, signal.SIGINT),
        client_id: str | None = None,
    ) -> None:
        if servers is None:
            servers = ServerCollection.from_environment()
        self.servers = servers if isinstance(servers, ServerCollection) else ServerCollection(servers)
        self.jobs = jobs if isinstance(jobs, JobCollection) else JobCollection(jobs)
        self.dispatcher: Dispatcher = EventDispatcher() if dispatcher is None else dispatcher
        self.serializer: Serializer = chosen(serializer)
        wait_milliseconds = to_milliseconds(idle_interval, "idle_interval") or 0
        self._worker_servers = WorkerServers(self.servers, wait_milliseconds, client_id)
        self._signals = tuple(signals)
        self._events = WorkerEvents(self, self.dispatcher)
        self._stop = StopRequest()
        self._running = threading.Lock()
        self._worker: GearmanWorker | None = None
        self._told_of_end = False
        self._is_connected: bool | None = None  # None: not tried yet
        self._retries = Retries()

    def set_implementation(self, worker: GearmanWorker) -> None:
        """Uses this GearmanWorker from now on. It is given the servers and handlers, and keeps its options.

        A blocking one tells no on_io_wait and on_no_jobs, and when its own timeout passes without a job, run()
        ends. It stays connected after run().
        """
        self._worker_servers.use(worker)

    def run(self) -> None:
        """Executes jobs until it is told to stop; the job that is being done then is finished first.

        It is told by destroy_worker() or stop(), and in the main thread by SIGTERM and SIGINT (the signals of
        the constructor; previous handlers are put back at the end). A second signal raises KeyboardInterrupt
        or SystemExit in the middle of the job, which the server then gives to another worker. Told before it
        runs, it connects and ends. It can run again afterwards.

        Servers that cannot be reached are tried again, with longer waits each time. Raises NoFunctionGiven, NoServers,
        what a listener of before_run, of the connecting or of the registering raises, and nothing else.
        """
        with self._begun() as worker:
            self._work(worker)

    def stop(self) -> None:
        """Makes run() return after the current job. May be called from any thread and any signal handler."""
        self._stop.request()
        worker = self._worker
        if worker is not None:
            worker.stop()

    def destroy_worker(self) -> None:
        """Dispatches on_before_destroy, here and now, and stops. Not for signal handlers: there, stop()."""
        self._tell_of_end()
        self.stop()

    # ------------------------------------------------------------------------------ the beginning

    @contextmanager
    def _begun(self) -> Iterator[GearmanWorker]:
        """Connected and registered while the block runs, with the events before and after it."""
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this worker runs already; give each thread a Worker of its own")
        try:
            with stopped_by_signals(self._signals, self.stop):
                self._events.worker(EventName.BEFORE_RUN)
                self._worker = self._connect()
                self._register(self._worker)
                yield self._worker
                if self._stop.requested:
                    self._tell_of_end()
        finally:
            self._worker = None  # disconnects: a job that was just assigned goes back to its server
            self._stop.clear()
            self._told_of_end, self._is_connected = False, None
            self._retries.begin()
            self._running.release()

    def _connect(self) -> GearmanWorker:
        self._events.servers(EventName.CONNECT_TO_SERVER)
        # An answer that comes at once is no reason to come back from C, unless somebody wants to hear of the wait.
        told = any(map(self._events.has_listeners, (EventName.IO_WAIT, EventName.WORK)))
        worker = self._worker_servers.open(awaits_answers=not told)
        self._events.servers(EventName.CONNECTED_TO_SERVER)
        return worker

    def _register(self, worker: GearmanWorker) -> None:
        self._events.jobs(EventName.BEFORE_REGISTER_FUNCTIONS)
        if not self.jobs:
            raise NoFunctionGiven("there is no job to listen to: add a handler to the worker's JobCollection")
        for name, handler in self.jobs.get_jobs().items():
            limit = to_time_limit(getattr(handler, "time_limit", None))
            runner = JobCallbacks(
                name, handler, self.serializer, self._events, self._retries, self._connected, self._come_back
            )
            worker.addFunction(name, runner.run, None, limit)
        self._events.jobs(EventName.AFTER_REGISTER_FUNCTIONS)

    # ------------------------------------------------------------------------------------ the loop

    def _work(self, worker: GearmanWorker) -> None:
        while not self._stop.requested:
            if self._run_jobs(worker):
                if not self._retries.over:
                    self._connected()
                self._events.guarded(_AFTER_RUN)
            elif worker.returnCode() == ReturnCode.TIMEOUT:
                return  # a given, blocking worker's own
            else:
                self._without_job(worker)

    def _run_jobs(self, worker: GearmanWorker) -> bool:
        """Runs a job, or one after the other where nobody is to hear of each; whether the last one went well."""
        try:
            if isinstance(worker, SilentWorker) and not self._events.has_listeners(_AFTER_RUN):
                return worker._run_jobs()
            return worker.work()  # a given one may have its own
        except GearmanWarning:  # of a given one, where warnings are errors
            return False

    def _without_job(self, worker: GearmanWorker) -> None:
        rc = worker.returnCode()
        if rc == ReturnCode.IO_WAIT:
            self._idle(worker, EventName.IO_WAIT)
        elif rc == ReturnCode.NO_JOBS:
            if self._is_connected or can_be_reached(worker):
                self._connected()
                self._idle(worker, EventName.NO_JOBS)
            else:
                self._unreachable(worker)
        elif rc in UNREACHABLE:
            self._unreachable(worker)
        elif rc != ReturnCode.SHUTDOWN_GRACEFUL:
            self._events.failed(failure_of(worker, self.servers))
            self._stop.wait(self._retries.next())

    def _idle(self, worker: GearmanWorker, why: EventName) -> None:
        """Waits for an answer or for a job. Tries to connect are not told: nobody is idle then."""
        telling = self._is_connected is not False
        if telling:
            self._events.guarded(why)
        rc = ReturnCode.SUCCESS if self._stop.requested else wait(worker)
        if rc == ReturnCode.NO_ACTIVE_FDS:
            self._unreachable(worker)
            return
        if rc not in WAITED:
            self._stop.wait(self._retries.next())  # whatever it is, the next round must not come at once
        if telling:
            self._events.guarded(EventName.WORK)

    def _come_back(self) -> None:
        """In a job: listeners are to hear of it before the next one."""
        if self._worker is not None:
            self._worker._stop_after_job()

    def _connected(self) -> None:
        self._retries.end()
        was_lost, self._is_connected = self._is_connected is False, True
        if was_lost:
            self._events.connected_again()

    def _unreachable(self, worker: GearmanWorker) -> None:
        """No server is there: says so once, and waits, the first time only after one more try.

        A server that was restarted may be back by now, and only the old connection is gone.
        """
        if self._is_connected:
            self._is_connected = None
            self._retries.begin()
            return
        if self._is_connected is None:
            self._is_connected = False
            self._events.failed(failure_of(worker, self.servers))
        self._stop.wait(self._retries.next())
        self._worker_servers.add_unknown(worker)

    def _tell_of_end(self) -> None:
        if not self._told_of_end:
            self._told_of_end = True
            self._events.guarded(EventName.BEFORE_DESTROY)
