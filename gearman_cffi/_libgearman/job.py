"""A job in the hands of a worker."""

from __future__ import annotations

from gearman_cffi._libgearman.buffers import Data, decode, decode_name, pointer
from gearman_cffi._libgearman.errors import fail, refuse
from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gearman_cffi._libgearman.protocols import JobCallbacks

# In the place of the C object of a job that is over.
OVER = ffi.NULL
# A function that raises one of these asks the process to end: its job stays unanswered, and the server gives it to
# another worker. Any other exception fails the job.
PROCESS_EXITS = (SystemExit, KeyboardInterrupt)
# Looked up once: an attribute of lib costs as much as a short call.
_send, _string = lib.gcffi_job_send, ffi.string


class JobPacket:
    """What can be sent for a job, beside its status: numbers."""

    DATA = lib.GCFFI_SEND_DATA
    WARNING = lib.GCFFI_SEND_WARNING
    COMPLETE = lib.GCFFI_SEND_COMPLETE
    EXCEPTION = lib.GCFFI_SEND_EXCEPTION
    FAIL = lib.GCFFI_SEND_FAIL


class JobEnd:
    """How a job ends that a worker's function has run: numbers."""

    RESULT = lib.GCFFI_JOB_RESULT  # C sends job.result
    ANSWERED = lib.GCFFI_JOB_ANSWERED  # it was answered, and job.rc says how
    RETURNED = lib.GCFFI_JOB_RETURNED  # the server gives it to another worker
    RAISED = lib.GCFFI_JOB_RAISED  # its function raised an exception, which was sent
    INTERRUPTED = lib.GCFFI_JOB_INTERRUPTED  # its function raised one of PROCESS_EXITS


class NativeJob:
    """gearman_job_st, the base of what a worker's function is given. Usable until that returns.

    Afterwards, and where it was made by hand, what it reads is None, and what it sends fails with INVALID_ARGUMENT.
    Reading the workload is possible from any thread, if it is small; all else from the thread that works only.
    """

    __slots__ = ("_job", "_keeps", "_rc", "_workload")

    _job: Any
    _keeps: Any  # what the C object belongs to
    _rc: int  # of the last packet that was sent; anything but SUCCESS is how the job ends
    _workload: bytes | None  # unless it is large: then it is read when it is asked for

    def __init__(self) -> None:
        """Made by hand, it stands for no job. The others are made in callbacks.py and by NativeWorker.grab()."""
        self._job = OVER
        self._keeps = self._workload = None
        self._rc = 0

    def _read_handle(self) -> str | None:
        """The job's handle (gearman_job_handle)."""
        return decode_name(lib.gearman_job_handle(self._st()))

    def _read_names(self) -> tuple[str, str]:
        """The handle and the unique key of the job that has just come, in the thread that runs it."""
        job = self._job
        handle: bytes = _string(job.handle)
        unique: bytes = _string(job.unique)
        return handle.decode("utf-8", "surrogateescape"), unique.decode("utf-8", "surrogateescape")

    def _read_function_name(self) -> str | None:
        """The function that was asked for (gearman_job_function_name)."""
        return decode_name(lib.gearman_job_function_name(self._st()))

    def _read_unique(self) -> str | None:
        """The unique key; empty where the worker does not ask for it (gearman_job_unique)."""
        return decode_name(lib.gearman_job_unique(self._st()))

    def _read_workload(self) -> bytes | None:
        """The workload (gearman_job_workload)."""
        job = self._job
        if not job:
            return None
        if self._workload is not None:
            return self._workload
        self._st()
        return ffi.unpack(job.workload, job.size) if job.size else b""

    def _read_workload_size(self) -> int:
        """The workload's size in bytes (gearman_job_workload_size)."""
        return int(self._job.size) if self._job else 0

    def _read_error(self) -> str | None:
        """The text of the worker's last error (gearman_job_error)."""
        return decode(lib.gearman_job_error(self._st()))

    def _send(self, packet: int, data: Data = b"") -> int:
        """Sends a JobPacket (gearman_job_send_data and so on)."""
        rc: int = _send(self._job, packet, data if type(data) is bytes else pointer(data), len(data))
        if rc < 0:
            fail("worker", rc)
        return rc

    def _send_status(self, numerator: int, denominator: int) -> int:
        """Sends how far the job is, two numbers of 32 bits (gearman_job_send_status)."""
        rc = int(lib.gcffi_job_send_status(self._job, numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF))
        if rc < 0:
            fail("worker", rc)
        return rc

    def _st(self) -> Any:
        job = self._job
        if not job:
            return OVER
        refused = lib.gcffi_check(job.worker)
        if refused:
            refuse("worker", refused)
        return job.st


class JobFunction:
    """What C calls for the jobs of one function: the context of the function is a handle of this."""

    __slots__ = ("__weakref__", "result", "runner", "worker")

    def __init__(self, worker: Any, runner: JobCallbacks) -> None:
        self.worker = worker  # its memory, which the running job is a part of
        self.runner = runner
        self.result = b""  # of the last job, while C sends it


class Grabbed:
    """Keeps a job of NativeWorker.grab(), and its worker, until the NativeJob is dropped."""

    __slots__ = ("_job", "_worker")

    def __init__(self, job: Any, *worker: Any) -> None:
        self._job = job
        self._worker = worker

    def __del__(self) -> None:
        lib.gcffi_job_drop(self._job)
