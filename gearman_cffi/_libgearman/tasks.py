"""A task of a client."""

from __future__ import annotations

from typing import Any

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.data import decode
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard


class TaskHandle:
    """gearman_task_st. libgearman frees it when it ends (option FREE_TASKS) or with its client.

    It keeps libgearman's client alive, not its handle. Data can be read while one of
    its packets is being delivered; at other times libgearman's pointer to it may be stale.
    """

    __slots__ = ("_client", "_guard", "_task", "delivering")

    def __init__(self, task: Any, guard: Guard, client: Any) -> None:
        self._client = client
        self._task = ffi.gc(task, lib.gcffi_task_release)
        self._guard = guard
        self.delivering = False

    @property
    def is_live(self) -> bool:
        """Whether libgearman still has the task."""
        self._guard.check()
        return bool(self._task.st)

    def function_name(self) -> str | None:
        """The function's name; for a status task the handle (gearman_task_function_name)."""
        return decode(lib.gearman_task_function_name(self._current()))

    def unique(self) -> str | None:
        """The unique key (gearman_task_unique)."""
        return decode(lib.gearman_task_unique(self._current()))

    def job_handle(self) -> str | None:
        """The job's handle, empty before the server named it (gearman_task_job_handle)."""
        return decode(lib.gearman_task_job_handle(self._current()))

    def is_known(self) -> bool:
        """Whether the server knows the job (gearman_task_is_known)."""
        return bool(lib.gearman_task_is_known(self._current()))

    def is_running(self) -> bool:
        """Whether a worker has the job (gearman_task_is_running)."""
        return bool(lib.gearman_task_is_running(self._current()))

    def numerator(self) -> int:
        """The first number of the last status (gearman_task_numerator)."""
        return int(lib.gearman_task_numerator(self._current()))

    def denominator(self) -> int:
        """The second number of the last status (gearman_task_denominator)."""
        return int(lib.gearman_task_denominator(self._current()))

    def data_size(self) -> int:
        """The size of the data of the packet that is being delivered (gearman_task_data_size)."""
        return int(lib.gearman_task_data_size(self._current())) if self.delivering else 0

    def data(self) -> bytes | None:
        """The data of the packet that is being delivered (gearman_task_data); None where it is not buffered."""
        task = self._current()
        size = self.data_size()
        if not size:
            return b""
        data = lib.gearman_task_data(task)
        return bytes(ffi.buffer(data, size)[:]) if data else None

    def fetch(self, size: int) -> bytes:
        """Up to size bytes of data that is not buffered (gearman_task_recv_data); b"" at its end."""
        self._current()
        if not self.delivering:
            return b""
        buffer = bytearray(min(size, self.data_size()))
        got = lib.gcffi_task_fetch(self._task, ffi.from_buffer(buffer), len(buffer))
        if kept:
            raise_kept()
        return bytes(buffer[:got])

    def _current(self) -> Any:
        self._guard.check()
        return self._task.st
