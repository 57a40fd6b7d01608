"""The GearmanWorker behind a Worker: how it is created, gets its servers, and reports failures."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from gearman_cffi.error_mapping import NO_PACKET, failure
from gearman_cffi.exceptions import ConnectionFailed, GearmanError, InvalidArgument, NoServers, ServerError
from gearman_cffi.ext import GEARMAN_WORKER_NON_BLOCKING, GearmanJob, GearmanWarning, GearmanWorker, ReturnCode
from gearman_cffi.messages import short_repr
from gearman_cffi.servers import Server, ServerCollection

# What work() and wait() report if no server is connected. A server that answers causes all other failures.
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
# What wait() reports if nothing is wrong: something arrived, the time is over, or stop() was called.
WAIT_ENDED = frozenset({ReturnCode.SUCCESS, ReturnCode.IO_WAIT, ReturnCode.TIMEOUT, ReturnCode.SHUTDOWN_GRACEFUL})


class NonWarningJob(GearmanJob):
    """A GearmanJob that reports failures by its return code alone."""

    __slots__ = ()

    def _warn(self, call: str, reason: str) -> None:
        pass


class NonWarningWorker(GearmanWorker):
    """A GearmanWorker that reports failures by its return code alone, and that ignores GEARMAN_SERVERS.

    ServerCollection reads that variable, so that clients and workers treat it alike.
    """

    _from_environment: ClassVar[bool] = False
    _job_class: ClassVar[type[GearmanJob]] = NonWarningJob

    def _warn(self, call: str, text: str | None = None) -> None:
        pass


class WorkerConnection:
    """Provides a GearmanWorker that has the servers of a collection.

    One that the user has set keeps its options and the servers that it already has. One that is created here is
    non-blocking. When idle it waits in wait(), which returns after wait_milliseconds, so that the worker can try lost
    servers again. Opening a connection may take connect_milliseconds.
    """

    def __init__(
        self, servers: ServerCollection, wait_milliseconds: int, connect_milliseconds: int, client_id: str | None
    ) -> None:
        """Raises InvalidArgument for a client id that cannot be sent."""
        if client_id is not None and not _is_valid_client_id(client_id):
            raise InvalidArgument(
                f"invalid client id {short_repr(client_id)}: it must have 1 to 254 visible ASCII characters"
            )
        self._servers = servers
        self._wait_milliseconds = wait_milliseconds
        self._connect_milliseconds = connect_milliseconds
        self._client_id = client_id
        self._user_worker: GearmanWorker | None = None
        self._has_servers = False
        self._unknown_servers: list[Server] = []

    def use(self, worker: GearmanWorker) -> None:
        """Uses this GearmanWorker from now on."""
        self._user_worker = worker
        self._has_servers = False

    @property
    def is_users(self) -> bool:
        """Whether it uses a GearmanWorker of the user's."""
        return self._user_worker is not None

    def open(self, wait_for_replies: bool) -> GearmanWorker:
        """Returns the GearmanWorker; it connects later. Raises NoServers if it has no servers.

        wait_for_replies: whether work() waits for a server's reply, instead of returning before it arrives.
        """
        worker = self._user_worker
        if worker is None:
            if not self._servers:
                raise NoServers("the worker has no servers: give it at least one, such as 'localhost:4730'")
            worker = NonWarningWorker()
            worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)  # setOptions() would switch unique keys off
            worker._set_connect_timeout(self._connect_milliseconds)
            if self._client_id is not None:
                worker.setId(self._client_id)
            self._has_servers = False
        if isinstance(worker, NonWarningWorker):
            worker._set_wait_for_grab_reply(wait_for_replies)
        if worker.options() & GEARMAN_WORKER_NON_BLOCKING:
            worker.setTimeout(self._wait_milliseconds)
        if not self._has_servers:
            self._unknown_servers = self._servers.get_servers()
            self._has_servers = True
            self.add_unknown_servers(worker)
        return worker

    def add_unknown_servers(self, worker: GearmanWorker) -> None:
        """Adds the servers whose host names could not be resolved before, if they can be resolved now."""
        self._unknown_servers = [server for server in self._unknown_servers if not _add_server(worker, server)]


def wait_shortly(worker: GearmanWorker) -> int:
    """Calls wait() for a millisecond, after work() has reported NO_JOBS. Returns its return code.

    It is NO_ACTIVE_FDS if no server is connected: work() also reports NO_JOBS then.
    """
    milliseconds = worker.timeout()
    worker.setTimeout(1)
    try:
        return wait(worker)
    finally:
        worker.setTimeout(milliseconds)


def wait(worker: GearmanWorker) -> int:
    """Calls wait(). Returns its return code."""
    with suppress(GearmanWarning):  # of the user's own worker, if warnings are errors
        worker.wait()
    return worker.returnCode()


def failure_of(worker: GearmanWorker, servers: ServerCollection) -> GearmanError:
    """The exception for what the last work() or wait() has reported."""
    rc, names = worker.returnCode(), str(servers)
    if rc in UNREACHABLE:
        return ConnectionFailed(
            f"cannot connect to {names or 'the servers of the GearmanWorker'}, retrying. Check that gearmand runs and "
            "listens on that address",
            return_code=rc,
            server=names,
        )
    if rc in NO_PACKET:
        return failure(rc, server=names, detail=worker.error())
    reason = str(worker.error() or "no details").partition(" -> libgearman/")[0]
    return ServerError(
        f"{names} rejected the answer to a job: it took longer than its time limit, or the connection broke before. "
        f"The server gives the job to another worker [{reason}; {ReturnCode.describe(rc)}]",
        return_code=rc,
        server=names,
    )


def _add_server(worker: GearmanWorker, server: Server) -> bool:
    """Returns whether the host name could be resolved. Workers send exceptions; they need not request them."""
    try:
        return worker.addServer(server.host, server.port, False)
    except GearmanWarning:  # of the user's own worker, if warnings are errors
        return False


def _is_valid_client_id(client_id: str) -> bool:
    """Whether gearmand's list of workers can show it: a blank would end it."""
    return 1 <= len(client_id) <= 254 and all("!" <= letter <= "~" for letter in client_id)
