"""A job that a worker has received."""

from __future__ import annotations

import enum
from typing import Any

from gearman_cffi._libgearman.buffers import NULL, Data, decode, decode_name
from gearman_cffi._libgearman.errors import check, raise_refusal
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.protocols import JobCallbacks

# If a function raises one of these, the process is about to exit: its job is not answered, and the server gives it to
# another worker. Any other exception fails the job.
PROCESS_EXITS = (SystemExit, KeyboardInterrupt)


class JobPacket(enum.IntEnum):
    """The packets that a worker sends for a job, except its status."""

    DATA = lib.GCFFI_SEND_DATA
    WARNING = lib.GCFFI_SEND_WARNING
    COMPLETE = lib.GCFFI_SEND_COMPLETE
    EXCEPTION = lib.GCFFI_SEND_EXCEPTION
    FAIL = lib.GCFFI_SEND_FAIL


class JobEnd(enum.IntEnum):
    """How a job ended after the worker's function ran."""

    RESULT = lib.GCFFI_JOB_RESULT
    """The function returned a result; C sends it."""
    ANSWERED = lib.GCFFI_JOB_ANSWERED
    """The job was answered; the C job has the return code."""
    RETURNED = lib.GCFFI_JOB_RETURNED
    """The job goes back to the server, which gives it to a worker again."""
    RAISED = lib.GCFFI_JOB_RAISED
    """The function raised an exception, which was sent."""
    INTERRUPTED = lib.GCFFI_JOB_INTERRUPTED
    """The function raised one of PROCESS_EXITS."""


class NativeJob:
    """gearman_job_st, the base of the object that a worker's function gets. Usable until the function returns.

    Afterwards, and if a program created the object, reading returns None and sending fails with INVALID_ARGUMENT. Any
    thread may read a small workload; everything else is only for the thread that runs the job.
    """

    __slots__ = ("_job", "_owner", "_rc", "_workload")

    _job: Any  # the C job; NULL before and after it can be used
    _owner: Any  # keeps the memory of the C job alive
    _rc: int  # of the last packet that was sent, or what setReturn() was given
    _workload: bytes | None  # None if it is large, and not read yet

    def __init__(self) -> None:
        """Creates an empty job; see _attach()."""
        self._job = NULL
        self._owner = self._workload = None
        self._rc = 0

    def _attach(self, job: Any, owner: Any) -> None:
        """Makes this object refer to a C job, until _job is NULL again. owner: keeps the memory of the C job alive."""
        self._job, self._owner = job, owner

    def _release(self) -> None:
        """Frees a grabbed job, in the thread that uses its worker; elsewhere it would be freed with the worker."""
        job, self._job = self._job, NULL
        if job:
            lib.gcffi_job_drop(job)

    def _read_handle(self) -> str | None:
        """The job's handle (gearman_job_handle)."""
        return decode_name(lib.gearman_job_handle(self._st()))

    def _read_function_name(self) -> str | None:
        """The function that was asked for (gearman_job_function_name)."""
        return decode_name(lib.gearman_job_function_name(self._st()))

    def _read_unique(self) -> str | None:
        """The unique key; empty if the worker does not ask for it (gearman_job_unique)."""
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

    def _send(self, packet: JobPacket, data: Data = b"") -> int:
        """Sends a JobPacket (gearman_job_send_data and so on)."""
        rc = int(lib.gcffi_job_send(self._job, packet, ffi.from_buffer(data), len(data)))
        if rc < 0:
            check("worker", rc)
        return rc

    def _send_status(self, numerator: int, denominator: int) -> int:
        """Sends the progress of the job, two numbers of 32 bits (gearman_job_send_status)."""
        rc = int(lib.gcffi_job_send_status(self._job, numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF))
        if rc < 0:
            check("worker", rc)
        return rc

    def _queued_rc(self) -> int:
        """What has become of the last packet for which sending has returned IO_WAIT.

        SUCCESS if it was sent, IO_WAIT if the server does not take it yet, or LOST_CONNECTION.
        """
        return int(lib.gcffi_job_sent(self._job))

    def _st(self) -> Any:
        job = self._job
        if not job:
            return NULL
        refused = lib.gcffi_guard_check_thread(job.worker)
        if refused:
            raise_refusal("worker", refused)
        return job.st


class JobFunction:
    """A registered function. A cffi handle of it is the context that C passes to gcffi_on_job()."""

    __slots__ = ("__weakref__", "callbacks", "result", "worker")

    def __init__(self, worker: Any, callbacks: JobCallbacks) -> None:
        self.worker = worker  # keeps the memory of the C worker alive: the running job is in it
        self.callbacks = callbacks
        self.result = b""  # of the last job, while C sends it


class GrabbedJob:
    """Frees a job of NativeWorker.grab() when the NativeJob is collected, and keeps its worker alive until then."""

    __slots__ = ("_job", "_worker")

    def __init__(self, job: Any, *worker: Any) -> None:
        self._job = job
        self._worker = worker

    def __del__(self) -> None:
        lib.gcffi_job_drop(self._job)
