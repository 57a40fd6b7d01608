"""PHP's GearmanClient: submitting jobs and asking for their status."""

from __future__ import annotations

from gearman_cffi._libgearman import JobKind, NativeClient, return_code_name
from gearman_cffi._libgearman import Reply as Reply
from gearman_cffi._libgearman import StatusReply as StatusReply
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.client_jobs import SubmitsJobs, submits
from gearman_cffi.ext.constants import GEARMAN_IO_WAIT, GEARMAN_SUCCESS, GEARMAN_UNKNOWN_STATE
from gearman_cffi.ext.deprecated import DeprecatedClient
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.task_registry import TaskRegistry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class GearmanClient(SubmitsJobs, DeprecatedClient):
    """PHP's GearmanClient: submits jobs, waits for their results, asks for their status.

    Failures are reported as PHP does: by a neutral return value, a GearmanWarning and returnCode().
    One thread at a time may use a client, and only the process that created it.
    """

    _php_class: ClassVar[str] = "GearmanClient"
    _hidden_options: ClassVar[int] = 128  # GEARMAN_CLIENT_EXCEPTION

    def __init__(self) -> None:
        """Creates a client with the servers of the environment variable GEARMAN_SERVERS, if it is set.

        Raises GearmanException where one of them is unknown. Stands for gearman_client_create().
        """
        self._tasks = TaskRegistry()
        try:
            self._handle: NativeClient = self._new_handle()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error
        self._background_handle = ""
        self._context = ""

    # ------------------------------------------------------------------------------- jobs

    @submits(JobKind.NORMAL)
    def doNormal(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:  # type: ignore[empty-body]
        """Runs a job and waits for its result; what the worker sent as data stands before it.

        unique: jobs of one function with the same key are one job while it is queued or running.
        Returns the result. b"" with a warning where the server or an argument failed, b"" without one where
        the job did: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.
        Stands for gearman_client_do().
        """

    @submits(JobKind.HIGH)
    def doHigh(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:  # type: ignore[empty-body]
        """Runs a job of high priority, otherwise as doNormal(). Stands for gearman_client_do_high()."""

    @submits(JobKind.LOW)
    def doLow(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:  # type: ignore[empty-body]
        """Runs a job of low priority, otherwise as doNormal(). Stands for gearman_client_do_low()."""

    @submits(JobKind.BACKGROUND)
    def doBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:  # type: ignore[empty-body]
        """Submits a job and does not wait for its result.

        Returns the job's handle, for jobStatus(); "" with a warning where it failed.
        Stands for gearman_client_do_background().
        """

    @submits(JobKind.HIGH_BACKGROUND)
    def doHighBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:  # type: ignore[empty-body]
        """Submits a job of high priority, otherwise as doBackground().

        Stands for gearman_client_do_high_background().
        """

    @submits(JobKind.LOW_BACKGROUND)
    def doLowBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:  # type: ignore[empty-body]
        """Submits a job of low priority, otherwise as doBackground().

        Stands for gearman_client_do_low_background().
        """

    def doJobHandle(self) -> str:
        """The handle of the last job that was submitted in the background, "" before one was.

        Stands for gearman_client_do_job_handle().
        """
        return self._background_handle

    def doStatus(self) -> list[int]:
        """Always [0, 0]: do* returns when the job has ended. For a job's progress see setStatusCallback().

        Stands for gearman_client_do_status().
        """
        return [0, 0]

    # ----------------------------------------------------------------------------- status

    def jobStatus(self, job_handle: Name) -> list[bool | int]:
        """Asks how far a job is: [known, running, numerator, denominator].

        A job that the server does not know, because it has ended or never was, gives all False and 0; so
        does a failure, with a warning and returnCode(). Stands for gearman_client_job_status().
        """
        handle = arguments.name(job_handle, "job_handle")
        self._text = None
        if not self._is_handle("jobStatus", handle):
            return [False, False, 0, 0]
        reply = self._ask_status(handle)
        if reply.rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("jobStatus", reply.error)
            return [False, False, 0, 0]
        return list(reply.status)

    def jobStatusByUniqueKey(self, unique_key: Name) -> list[bool | int]:
        """As jobStatus(), by the unique key that the job was submitted with. Does not change returnCode().

        Stands for gearman_client_unique_status().
        """
        key = arguments.name(unique_key, "unique_key")
        if len(key) > _UNIQUE_MAX + 1:
            self._text = return_code_name(GEARMAN_UNKNOWN_STATE)
            self._warn("jobStatusByUniqueKey")
            return [False, False, 0, 0]
        reply = self._status_by_unique_key(key)
        if reply.rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("jobStatusByUniqueKey", reply.error)
        return list(reply.status)

    def ping(self, workload: Data) -> bool:
        """Sends data to every server and compares what comes back.

        Returns True; False with a warning where a server failed, or for empty data.
        Stands for gearman_client_echo().
        """
        return self._ping(workload, "workload")

    # ---------------------------------------------------------------------------- context

    def context(self) -> str:
        """What setContext() was given, "" before. Stands for gearman_client_context()."""
        return self._context

    def setContext(self, data: Name) -> bool:
        """Keeps a text with the client; the contexts of tasks are others. Always True.

        Stands for gearman_client_set_context().
        """
        self._context = arguments.decode(arguments.name(data, "data"))
        return True

    def _ask_status(self, handle: bytes, timeout_ms: int = -1) -> StatusReply:
        """Asks for a job's status by its handle; timeout_ms bounds the whole call, -1 for no limit."""
        reply = self._handle.job_status(handle, timeout_ms)
        self._rc = reply.rc
        return reply

    def _status_by_unique_key(self, key: bytes, timeout_ms: int = -1) -> StatusReply:
        """Asks for a job's status by its unique key, over a connection of its own. Otherwise as _ask_status().

        libgearman counts the request as a job, and the next one that is submitted over the same connection would
        never be named. It keeps 63 bytes of a key that a job is submitted with.
        """
        asking = self._handle.clone(self._tasks)
        reply = asking.unique_status(key[:_UNIQUE_MAX], timeout_ms)
        self._text = asking.error()
        return reply


_UNIQUE_MAX = 63  # GEARMAN_MAX_UNIQUE_SIZE without its NUL
