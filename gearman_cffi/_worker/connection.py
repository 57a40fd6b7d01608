"""The GearmanWorker behind a Worker: how it is made and given its servers, and how long it waits for one."""

from __future__ import annotations

from contextlib import suppress

from gearman_cffi.error_mapping import NO_PACKET, failure
from gearman_cffi.exceptions import ConnectionFailed, GearmanError, InvalidArgument, NoServers, ServerError
from gearman_cffi.ext import GEARMAN_WORKER_NON_BLOCKING, GearmanJob, GearmanWarning, GearmanWorker, ReturnCode
from gearman_cffi.messages import short_repr
from gearman_cffi.servers import Server, ServerCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0

# What work() and wait() report when no server is connected. Other failures are caused by a server that answers.
UNREACHABLE = frozenset(
    {
        ReturnCode.COULD_NOT_CONNECT,
        ReturnCode.LOST_CONNECTION,
        ReturnCode.NOT_CONNECTED,
        ReturnCode.NO_ACTIVE_FDS,
        ReturnCode.NO_SERVERS,
        ReturnCode.GETADDRINFO,
        ReturnCode.ERRNO,
    }
)
# How a wait() ends in good order: something came, the time is over, or somebody called stop().
WAITED = frozenset({ReturnCode.SUCCESS, ReturnCode.IO_WAIT, ReturnCode.TIMEOUT, ReturnCode.SHUTDOWN_GRACEFUL})


class _SilentJob(GearmanJob):
    __slots__ = ()

    def _warn(self, call: str, reason: str) -> None:
        pass


class SilentWorker(GearmanWorker):
    """A GearmanWorker that reports by its return code alone, and so do its jobs.

    It has the servers of the collection only. GEARMAN_SERVERS is read by ServerCollection, in one place.
    """

    _from_environment: ClassVar[bool] = False
    _job_class: ClassVar[type[GearmanJob]] = _SilentJob

    def _warn(self, call: str, text: str | None = None) -> None:
        pass


class WorkerServers:
    """Hands out a GearmanWorker that has the servers of a collection.

    One that was given to us keeps its options, and what it was added before; our own is non-blocking: idle, it
    waits in wait() and tells of it, and comes back after wait_milliseconds to look whether servers that were gone
    are back and whether those that seem to be there still are.
    """

    def __init__(self, servers: ServerCollection, wait_milliseconds: int, client_id: str | None) -> None:
        if client_id is not None and not _is_valid_client_id(client_id):
            raise InvalidArgument(
                f"invalid client id {short_repr(client_id)}: it must have 1 to 254 visible ASCII characters"
            )
        self._client_id = client_id
        self._servers = servers
        self._wait_milliseconds = wait_milliseconds
        self._given: GearmanWorker | None = None
        self._added = False
        self._unknown: list[Server] = []

    def use(self, given: GearmanWorker | None) -> None:
        """Takes this GearmanWorker from now on; None has one made."""
        self._given = given
        self._added = False

    def open(self, awaits_answers: bool) -> GearmanWorker:
        """The GearmanWorker; nothing is connected yet. Raises NoServers where there is none to connect to.

        awaits_answers: see GearmanWorker._await_answers(); for a SilentWorker, given or not.
        """
        worker = self._given
        if worker is None:
            if not self._servers:
                raise NoServers("there is no server to work for: give the worker one, such as 'localhost:4730'")
            worker = SilentWorker()
            worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)  # setOptions() would switch unique keys off
            if self._client_id is not None:
                worker.setId(self._client_id)
            self._added = False
        if isinstance(worker, SilentWorker):
            worker._await_answers(awaits_answers)
        if worker.options() & GEARMAN_WORKER_NON_BLOCKING:
            worker.setTimeout(self._wait_milliseconds)
        if not self._added:
            self._unknown = self._servers.get_servers()
            self._added = True
            self.add_unknown(worker)
        return worker

    def add_unknown(self, worker: GearmanWorker) -> None:
        """Adds the servers whose hosts could not be looked up before, where that is possible now."""
        self._unknown = [server for server in self._unknown if not _add(worker, server)]


class Retries:
    """How long to wait before the next try: longer each time, and never as long as all the others.

    over: whether the last try was a success.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Nothing has been tried yet."""
        self.over = False
        self._seconds = FIRST_WAIT

    def end(self) -> None:
        """There was a success."""
        self.begin()
        self.over = True

    def next(self) -> float:
        """Seconds, after a failure."""
        import random  # a worker whose servers are there does not need it

        self.over = False
        seconds, self._seconds = self._seconds, min(2 * self._seconds, LONGEST_WAIT)
        return seconds * random.uniform(0.5, 1)


def can_be_reached(worker: GearmanWorker) -> bool:
    """Whether the worker is connected to any server, after it said that there are no jobs.

    It says so too when there is nobody to ask. Only a wait tells the difference.
    """
    milliseconds = worker.timeout()
    worker.setTimeout(1)
    try:
        wait(worker)
    finally:
        worker.setTimeout(milliseconds)
    return worker.returnCode() != ReturnCode.NO_ACTIVE_FDS


def wait(worker: GearmanWorker) -> int:
    """One wait(); its return code."""
    with suppress(GearmanWarning):  # of a given worker, where warnings are errors
        worker.wait()
    return worker.returnCode()


def failure_of(worker: GearmanWorker, servers: ServerCollection) -> GearmanError:
    """The exception for what the last work() or wait() reported."""
    rc, names = worker.returnCode(), str(servers)
    if rc in UNREACHABLE:
        return ConnectionFailed(
            f"no server can be reached: {names or 'those of the given GearmanWorker'}. It is tried again until one "
            "is there; check that gearmand runs and listens on that address",
            return_code=rc,
            server=names,
        )
    if rc in NO_PACKET:
        return failure(rc, server=names, detail=worker.error())
    reason = str(worker.error() or "no details").partition(" -> libgearman/")[0]
    return ServerError(
        f"{names} and this worker do not agree on a job: it took longer than its time limit, or the connection broke "
        f"before it was answered. The server hands it out again [{reason}; {ReturnCode.describe(rc)}]",
        return_code=rc,
        server=names,
    )


def _add(worker: GearmanWorker, server: Server) -> bool:
    """Whether the host is known. Exceptions need not be asked for: a worker sends them, it gets none."""
    with suppress(GearmanWarning):
        return worker.addServer(server.host, server.port, False)
    return False


def _is_valid_client_id(client_id: str) -> bool:
    """Whether gearmand's list of workers can show it: a blank would end it."""
    return 1 <= len(client_id) <= 254 and all("!" <= letter <= "~" for letter in client_id)
