"""PHP's GearmanClient: submitting jobs and asking for their status."""

from __future__ import annotations

from gearman_cffi._libgearman import ClientHandle, JobKind, ReturnCode
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.client_tasks import RunsTasks
from gearman_cffi.ext.connected import TOLERATED
from gearman_cffi.ext.deprecated import DeprecatedClient
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.tasks import Tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# Plain numbers: looking a member up in its enum costs more than some of the calls that they go into.
_LOW, _NORMAL, _HIGH = int(JobKind.LOW), int(JobKind.NORMAL), int(JobKind.HIGH)
_LOW_BACKGROUND, _BACKGROUND = int(JobKind.LOW_BACKGROUND), int(JobKind.BACKGROUND)
_HIGH_BACKGROUND = int(JobKind.HIGH_BACKGROUND)
_WORK_EXCEPTION = int(ReturnCode.WORK_EXCEPTION)
_JOB_FAILED = frozenset({_WORK_EXCEPTION, int(ReturnCode.WORK_FAIL)})


class Reply:
    """What came back for a job: for the Python layer, which needs more of it than PHP shows.

    rc: a ReturnCode. data: the result. exception: the text that a worker sent as an exception. handle: the job's.
    """

    __slots__ = ("data", "exception", "handle", "rc")

    def __init__(self, rc: int, data: bytes | None, exception: bytes | None, handle: str) -> None:
        self.rc = rc
        self.data = data
        self.exception = exception
        self.handle = handle


class GearmanClient(RunsTasks, DeprecatedClient):
    """PHP's GearmanClient: submits jobs, waits for their results, asks for their status.

    Failures are reported as PHP does: by a neutral return value, a GearmanWarning and returnCode().
    One thread at a time may use a client, and only the process that created it.
    """

    _php_class: ClassVar[str] = "GearmanClient"
    _hidden_options: ClassVar[int] = 128  # GEARMAN_CLIENT_EXCEPTION
    # For the Python layer, which is told its servers and takes no others.
    _from_environment: ClassVar[bool] = True

    def __init__(self) -> None:
        """Creates a client with the servers of the environment variable GEARMAN_SERVERS, if it is set.

        Raises GearmanException where one of them is unknown. Stands for gearman_client_create().
        """
        self._tasks = Tasks()
        try:
            self._handle: ClientHandle = self._new_handle()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error
        self._rc: int = ReturnCode.SUCCESS
        self._text: str | None = None
        self._background_handle = ""
        self._context = ""

    # ------------------------------------------------------------------------------- jobs

    def doNormal(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job and waits for its result; what the worker sent as data stands before it.

        unique: jobs of one function with the same key are one job while it is queued or running.
        Returns the result. b"" with a warning where the server or an argument failed, b"" without one where
        the job did: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.
        Stands for gearman_client_do().
        """
        return self._do("doNormal", _NORMAL, function, workload, unique)

    def doHigh(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of high priority, otherwise as doNormal(). Stands for gearman_client_do_high()."""
        return self._do("doHigh", _HIGH, function, workload, unique)

    def doLow(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of low priority, otherwise as doNormal(). Stands for gearman_client_do_low()."""
        return self._do("doLow", _LOW, function, workload, unique)

    def doBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job and does not wait for its result.

        Returns the job's handle, for jobStatus(); "" with a warning where it failed.
        Stands for gearman_client_do_background().
        """
        return self._do_background("doBackground", _BACKGROUND, function, workload, unique)

    def doHighBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of high priority, otherwise as doBackground().

        Stands for gearman_client_do_high_background().
        """
        return self._do_background("doHighBackground", _HIGH_BACKGROUND, function, workload, unique)

    def doLowBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of low priority, otherwise as doBackground().

        Stands for gearman_client_do_low_background().
        """
        return self._do_background("doLowBackground", _LOW_BACKGROUND, function, workload, unique)

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
        rc = self._rc = self._handle.job_status(handle)
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._warn("jobStatus")
            return [False, False, 0, 0]
        return list(self._handle.status())

    def jobStatusByUniqueKey(self, unique_key: Name) -> list[bool | int]:
        """As jobStatus(), by the unique key that the job was submitted with. Does not change returnCode().

        Stands for gearman_client_unique_status().
        """
        key = arguments.name(unique_key, "unique_key")
        if len(key) > _UNIQUE_MAX + 1:
            self._text = ReturnCode.describe(ReturnCode.UNKNOWN_STATE)
            self._warn("jobStatusByUniqueKey")
            return [False, False, 0, 0]
        rc, status = self._status_by_unique_key(key)
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._warn("jobStatusByUniqueKey")
        return status

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
        self._context = arguments.name(data, "data").decode("utf-8", "surrogateescape")
        return True

    # ---------------------------------------------------------------------------- private

    def _expect_exceptions(self) -> None:
        """For the Python layer: makes every connection ask for exceptions when it is opened."""
        self._handle.expect_exceptions()

    def _status_by_unique_key(self, key: bytes) -> tuple[int, list[bool | int]]:
        """Asks over a connection of its own; the Python layer wants the return code too.

        libgearman counts the request as a job, and the next one that is submitted over the same connection would
        never be named. It keeps 63 bytes of a key that a job is submitted with.
        """
        asking = self._handle.clone(self._tasks)
        rc = asking.unique_status(key[:_UNIQUE_MAX])
        self._text = asking.error()
        return rc, list(asking.status()) if rc == 0 else [False, False, 0, 0]

    def _new_handle(self) -> ClientHandle:
        return ClientHandle(self._tasks, self._from_environment)

    def _clone(self, kind: type[GearmanClient] | None = None, rotation: int = 0) -> GearmanClient:
        """A copy without tasks and callbacks, of a class, with its servers turned by so many places."""
        copy = GearmanClient.__new__(kind or type(self))
        copy._tasks = Tasks()
        copy._handle = self._handle.clone(copy._tasks, rotation)
        copy._rc, copy._text = ReturnCode.SUCCESS, None
        copy._background_handle, copy._context = "", self._context
        return copy

    def _do(self, call: str, kind: int, function: Name, workload: Data, unique: Name | None) -> bytes:
        if type(workload) is not bytes:
            workload = arguments.data(workload, "workload")
        rc = self._run(kind, function, workload, unique)
        if rc == 0:
            return self._handle.data()
        if rc not in TOLERATED:
            self._warn(call)
        return b""

    def _do_background(self, call: str, kind: int, function: Name, workload: Data, unique: Name | None) -> str:
        self._background_handle = ""
        if type(workload) is not bytes:
            workload = arguments.data(workload, "workload")
        rc = self._run(kind, function, workload, unique)
        if rc and rc not in TOLERATED:
            self._warn(call)
            return ""
        handle = self._background_handle = self._handle.handle()
        return handle

    def _run(
        self,
        kind: int,
        function: Name,
        workload: bytes | bytearray | memoryview | None,
        unique: Name | None,
        timeout: int = -1,
    ) -> int:
        name = arguments.function_name(function, "function")
        key = b"" if unique is None else arguments.name(unique, "unique")
        if not name and kind >= _LOW_BACKGROUND:
            self._rc = ReturnCode.INVALID_ARGUMENT
            self._text = "_client_do_background(GEARMAN_INVALID_ARGUMENT) function argument was empty"
            return self._rc
        self._text = None
        rc = self._rc = self._handle.do(kind, name, key, workload, timeout)
        if rc and rc in _JOB_FAILED:
            self._text = ReturnCode.describe(rc)
        return rc

    def _submit(
        self,
        kind: JobKind,
        function: Name,
        workload: bytes | bytearray | memoryview,
        unique: Name | None = None,
        timeout_ms: int | None = None,
    ) -> Reply:
        """Submits for the Python layer: never warns, takes empty workloads, tells all that came back."""
        timeout = -1 if timeout_ms is None else timeout_ms
        rc = self._run(kind, function, workload if len(workload) else None, unique, timeout)
        answer = self._handle.data() if rc in (0, _WORK_EXCEPTION) else None
        raised = rc == _WORK_EXCEPTION
        return Reply(rc, None if raised else answer, answer if raised else None, self._handle.handle())


_UNIQUE_MAX = 63  # GEARMAN_MAX_UNIQUE_SIZE without its NUL
