"""A job in the hands of a worker."""

from __future__ import annotations

from typing import Any

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard


class JobHandle:
    """gearman_job_st, usable until its function returns; then libgearman frees it, and close() was called.

    Sending is possible from the thread that works only: the connection is the worker's.
    """

    __slots__ = ("_guard", "_job")

    def __init__(self, job: Any, guard: Guard) -> None:
        self._job = job
        self._guard = guard

    def close(self) -> None:
        """Forgets the C object. Every accessor then gives None, every send INVALID_ARGUMENT."""
        self._job = ffi.NULL

    def handle(self) -> str | None:
        """The job's handle (gearman_job_handle)."""
        return decode(lib.gearman_job_handle(self._current()))

    def function_name(self) -> str | None:
        """The function that was asked for (gearman_job_function_name)."""
        return decode(lib.gearman_job_function_name(self._current()))

    def unique(self) -> str | None:
        """The unique key; empty where the worker does not ask for it (gearman_job_unique)."""
        return decode(lib.gearman_job_unique(self._current()))

    def workload(self) -> bytes | None:
        """The workload (gearman_job_workload)."""
        job = self._current()
        size = lib.gearman_job_workload_size(job)
        if not size:
            return b"" if job else None
        return bytes(ffi.buffer(lib.gearman_job_workload(job), size)[:])

    def workload_size(self) -> int:
        """The workload's size in bytes (gearman_job_workload_size)."""
        return int(lib.gearman_job_workload_size(self._current()))

    def error(self) -> str | None:
        """The text of the worker's last error (gearman_job_error)."""
        return decode(lib.gearman_job_error(self._current()))

    def send_data(self, data: Data) -> int:
        """Sends a part of the result (gearman_job_send_data)."""
        return self._send(lib.GCFFI_SEND_DATA, data)

    def send_warning(self, data: Data) -> int:
        """Sends a warning (gearman_job_send_warning)."""
        return self._send(lib.GCFFI_SEND_WARNING, data)

    def send_complete(self, data: Data) -> int:
        """Ends the job with its result (gearman_job_send_complete)."""
        return self._send(lib.GCFFI_SEND_COMPLETE, data)

    def send_exception(self, data: Data) -> int:
        """Ends the job with an exception, whose text must not be empty (gearman_job_send_exception)."""
        return self._send(lib.GCFFI_SEND_EXCEPTION, data)

    def send_fail(self) -> int:
        """Ends the job as failed (gearman_job_send_fail)."""
        return self._send(lib.GCFFI_SEND_FAIL, b"")

    def send_status(self, numerator: int, denominator: int) -> int:
        """Sends how far the job is, two numbers of 32 bits (gearman_job_send_status)."""
        job = self._current()
        rc = lib.gcffi_job_send_status(job, numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF)
        if kept:
            raise_kept()
        return int(rc)

    def _send(self, what: int, data: Data) -> int:
        rc = lib.gcffi_job_send(self._current(), what, pointer(data), len(data))
        if kept:
            raise_kept()
        return int(rc)

    def _current(self) -> Any:
        if self._job:
            self._guard.check()
        return self._job


class GrabbedJobHandle(JobHandle):
    """A job of WorkerHandle.grab(): lives until it is dropped, and keeps its worker alive."""

    __slots__ = ("_worker",)

    def __init__(self, job: Any, guard: Guard, worker: Any) -> None:
        super().__init__(job, guard)
        self._worker = worker

    def __del__(self) -> None:
        if self._guard.is_inherited():
            return
        if self._guard.is_elsewhere():
            lib.gcffi_worker_job_left(self._worker)
        else:
            lib.gcffi_worker_job_gone(self._worker, self._job)
