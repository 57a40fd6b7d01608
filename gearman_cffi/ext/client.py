"""PHP's GearmanClient: submitting jobs and asking for their status."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from gearman_cffi._libgearman import ClientHandle, JobKind, ReturnCode
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.connected import _TOLERATED, Connected
from gearman_cffi.ext.exception import GearmanException


class Reply(NamedTuple):
    """What came back for a job: for the Python layer, which needs more of it than PHP shows.

    rc: a ReturnCode. data: the result. exception: the text that a worker sent as an exception. handle: the job's.
    """

    rc: int
    data: bytes | None
    exception: bytes | None
    handle: str


class GearmanClient(Connected):
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
        try:
            self._handle: ClientHandle = ClientHandle()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error
        self._rc: int = ReturnCode.SUCCESS
        self._text: str | None = None
        self._background_handle = ""

    # ------------------------------------------------------------------------------- jobs

    def doNormal(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job and waits for its result; what the worker sent as data stands before it.

        unique: jobs of one function with the same key are one job while it is queued or running.
        Returns the result. b"" with a warning where the server or an argument failed, b"" without one where
        the job did: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.
        Stands for gearman_client_do().
        """
        return self._do("doNormal", JobKind.NORMAL, function, workload, unique)

    def doHigh(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of high priority, otherwise as doNormal(). Stands for gearman_client_do_high()."""
        return self._do("doHigh", JobKind.HIGH, function, workload, unique)

    def doLow(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of low priority, otherwise as doNormal(). Stands for gearman_client_do_low()."""
        return self._do("doLow", JobKind.LOW, function, workload, unique)

    def doBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job and does not wait for its result.

        Returns the job's handle, for jobStatus(); "" with a warning where it failed.
        Stands for gearman_client_do_background().
        """
        return self._do_background("doBackground", JobKind.BACKGROUND, function, workload, unique)

    def doHighBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of high priority, otherwise as doBackground().

        Stands for gearman_client_do_high_background().
        """
        return self._do_background("doHighBackground", JobKind.HIGH_BACKGROUND, function, workload, unique)

    def doLowBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of low priority, otherwise as doBackground().

        Stands for gearman_client_do_low_background().
        """
        return self._do_background("doLowBackground", JobKind.LOW_BACKGROUND, function, workload, unique)

    # ----------------------------------------------------------------------------- status

    def jobStatus(self, job_handle: Name) -> list[bool | int]:
        """Asks how far a job is: [known, running, numerator, denominator].

        A job that the server does not know, because it has ended or never was, gives all False and 0; so
        does a failure, with a warning and returnCode(). Stands for gearman_client_job_status().
        """
        handle = arguments.name(job_handle, "job_handle")
        self._text = None
        if len(handle) > _HANDLE_MAX:
            return self._unanswerable("jobStatus", f"a job handle has at most {_HANDLE_MAX} bytes")
        rc = self._rc = self._handle.job_status(handle)
        if rc not in (ReturnCode.SUCCESS, ReturnCode.IO_WAIT):
            self._warn("jobStatus")
            return [False, False, 0, 0]
        return list(self._handle.status())

    def ping(self, workload: Data) -> bool:
        """Sends data to every server and compares what comes back.

        Returns True; False with a warning where a server failed, or for empty data.
        Stands for gearman_client_echo().
        """
        return self._ping(workload, "workload")

    # ---------------------------------------------------------------------------- private

    def _do(self, call: str, kind: JobKind, function: Name, workload: Data, unique: Name | None) -> bytes:
        rc = self._run(kind, function, arguments.data(workload, "workload"), unique)
        if rc == ReturnCode.SUCCESS:
            return self._handle.data()
        if rc not in _TOLERATED:
            self._warn(call)
        return b""

    def _do_background(self, call: str, kind: JobKind, function: Name, workload: Data, unique: Name | None) -> str:
        self._background_handle = ""
        rc = self._run(kind, function, arguments.data(workload, "workload"), unique)
        if rc not in _TOLERATED:
            self._warn(call)
            return ""
        self._background_handle = self._handle.handle()
        return self._background_handle

    def _run(
        self,
        kind: JobKind,
        function: Name,
        workload: bytes | bytearray | memoryview | None,
        unique: Name | None,
        timeout: int = -1,
    ) -> int:
        name = arguments.name(function, "function")
        key = arguments.optional_name(unique, "unique")
        self._text = None
        rc = self._rc = self._handle.do(kind, name, key, workload, timeout)
        if rc in (ReturnCode.WORK_FAIL, ReturnCode.WORK_EXCEPTION):
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
        answer = self._handle.data() if rc in (ReturnCode.SUCCESS, ReturnCode.WORK_EXCEPTION) else None
        raised = rc == ReturnCode.WORK_EXCEPTION
        return Reply(rc, None if raised else answer, answer if raised else None, self._handle.handle())

    def _unanswerable(self, call: str, reason: str) -> list[bool | int]:
        # libgearman matches no answer to a name of this length: the call would wait for ever.
        self._rc = ReturnCode.INVALID_ARGUMENT
        self._text = f"{ReturnCode.describe(self._rc)}: {reason}"
        self._warn(call)
        return [False, False, 0, 0]


_HANDLE_MAX = 63  # GEARMAN_JOB_HANDLE_SIZE without its NUL
