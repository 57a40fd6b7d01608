"""Client: submits jobs with values for workloads, and gets values back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from gearman_cffi.checks import LONGEST_FUNCTION, LONGEST_HANDLE, LONGEST_UNIQUE, check_name
from gearman_cffi.client_bulk import BulkClient
from gearman_cffi.connection import NO_TIMEOUT, Connection
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.error_mapping import failure
from gearman_cffi.ext import GearmanClient, Reply, ReturnCode
from gearman_cffi.priorities import Priority, job_kind
from gearman_cffi.serializers import chosen
from gearman_cffi.servers import Server, ServerCollection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, TypeVar

    from gearman_cffi.ext import StatusReply
    from gearman_cffi.job_status import JobStatus
    from gearman_cffi.job_watch import JobUpdate
    from gearman_cffi.serializers import Serializer

    _Client = TypeVar("_Client", bound="Client")
    _Reply = TypeVar("_Reply", Reply, StatusReply)

_LOST_CONNECTION = int(ReturnCode.LOST_CONNECTION)  # a member of an enum is looked up anew each time, here for each job
# A second attempt that ends with another code was not taken, but the first one may have been: the call then fails with
# the lost connection of the first one.
_OUTCOMES = frozenset(
    map(int, (ReturnCode.SUCCESS, ReturnCode.TIMEOUT, ReturnCode.WORK_FAIL, ReturnCode.WORK_EXCEPTION))
)


class Client(BulkClient):
    """Submits jobs to the servers of a collection.

    servers is a ServerCollection, a string ("host:port,host:port"), a Server or an iterable of both; None
    takes the environment variable GEARMAN_SERVERS, else 127.0.0.1:4730. Nothing is connected before the first
    call. Submissions go to the server added last; the others stand in when it cannot be reached.

    timeout, in seconds or as a timedelta, bounds each call that names none of its own; None waits for ever.
    serializer makes bytes of workloads and values of answers: PHP's serialize format unless told otherwise.

    A server that was restarted since the last call breaks the connection; a request that meets this before
    the server named the job is made once more. All failures are raised, as GearmanError (see
    gearman_cffi.exceptions). A Client belongs to one thread at a time; in a forked process it connects anew.
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        serializer: Serializer | None = None,
        timeout: float | timedelta | None = None,
    ) -> None:
        if servers is None:
            servers = ServerCollection.from_environment()
        elif not isinstance(servers, ServerCollection):
            servers = ServerCollection(servers)
        self._serializer = chosen(serializer)
        self._timeout = to_milliseconds(timeout)
        self._connection = Connection(servers, self._timeout)

    def set_implementation(self, client: GearmanClient) -> None:
        """Uses this GearmanClient from now on; the servers are added to it on first use."""
        self._connection.set_client(client)

    def execute_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        on_update: Callable[[JobUpdate], object] | None = None,
    ) -> Any:
        """Runs a job in the foreground and returns the worker's answer, unserialized.

        on_update is called with a JobUpdate for each status, part of the result and warning while it runs.
        While a job of the same function and unique key is queued or running, this one joins it and gets its
        answer. Raises JobException when the worker's function raised, JobFailed when it gave up, JobTimeout,
        ConnectionFailed, ConnectionLost, ServerError, InvalidArgument and SerializerError.
        """
        if on_update is not None:
            return self._execute_watched(on_update, function, workload, priority, unique, timeout)
        kind = job_kind(priority, background=False)
        reply = self._submit(kind, function, workload, unique, timeout)
        return self._serializer.unserialize(reply.data or b"")

    def execute_in_background(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = Priority.NORMAL,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> str:
        """Leaves a job with a server; returns its handle for get_job_status(). Raises as execute_job()."""
        kind = job_kind(priority, background=True)
        return self._submit(kind, function, workload, unique, timeout).handle

    def get_job_status(self, handle: str, timeout: float | timedelta | None = None) -> JobStatus:
        """What the server has of the job with this handle (GearmanClient::jobStatus()).

        A finished job is unknown to the server, as is one that it never had. Unlike dmank's, a failed
        request is no "completed" but raises as execute_job() does.
        """
        name = check_name(handle, "a job handle", LONGEST_HANDLE)
        client = self._connection.get()
        reply = _with_retry(lambda limit: client._ask_status(name, limit), self._milliseconds(timeout))
        if reply.rc:
            raise failure(reply.rc, server=self._names(), handle=handle, detail=reply.error)
        return _status(reply.status)

    def get_job_status_by_unique(self, unique: str, timeout: float | timedelta | None = None) -> JobStatus:
        """As get_job_status(), by a job's unique key (GearmanClient::jobStatusByUniqueKey())."""
        key = check_name(unique, "a unique key", LONGEST_UNIQUE)
        client = self._connection.get()
        reply = _with_retry(lambda limit: client._ask_status_by_unique_key(key, limit), self._milliseconds(timeout))
        if reply.rc:
            raise failure(reply.rc, server=self._names(), detail=reply.error)
        return _status(reply.status)

    def close(self) -> None:
        """Closes the connections. The next call opens new ones."""
        self._connection.set_client(None)

    def __enter__(self: _Client) -> _Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._names()!r})"

    def _submit(
        self,
        kind: int,
        function: str,
        workload: Any,
        unique: str | None,
        timeout: float | timedelta | None,
    ) -> Reply:
        name = check_name(function, "a function name", LONGEST_FUNCTION)
        key = None if unique is None else check_name(unique, "a unique key", LONGEST_UNIQUE)
        milliseconds = self._milliseconds(timeout)
        data = self._serializer.serialize(workload)
        client = self._connection.get()
        reply = _with_retry(lambda limit: client._submit(kind, name, data, key, limit), milliseconds)
        if reply.rc:
            raise failure(
                reply.rc,
                server=self._names(),
                function=function,
                handle=reply.handle,
                detail=reply.error,
                exception=reply.exception,
            )
        return reply

    def _milliseconds(self, timeout: float | timedelta | None) -> int:
        """The timeout of one call, the client's own by default; -1 for none."""
        milliseconds = self._timeout if timeout is None else to_milliseconds(timeout)
        return NO_TIMEOUT if milliseconds is None else milliseconds

    def _names(self) -> str:
        return str(self._connection.servers)


def _with_retry(ask: Callable[[int], _Reply], milliseconds: int) -> _Reply:
    """Calls ask(milliseconds), and once more if the connection was lost before the server named a job.

    A server that was restarted since the last call has closed the connection; the second attempt opens a new one.
    milliseconds, -1 for no limit, bounds both attempts together.
    """
    began = time.monotonic()
    first = ask(milliseconds)
    if first.rc != _LOST_CONNECTION or first.handle:
        return first
    if milliseconds != NO_TIMEOUT:
        milliseconds = max(1, milliseconds - int((time.monotonic() - began) * 1000))
    second = ask(milliseconds)
    return second if second.rc in _OUTCOMES or second.handle else first


def _status(answer: Sequence[bool | int]) -> JobStatus:
    from gearman_cffi.job_status import JobStatus  # a dataclass: who only submits does not need what it brings

    return JobStatus.from_answer(answer)
