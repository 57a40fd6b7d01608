"""A task of a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi._libgearman.buffers import decode_name
from gearman_cffi._libgearman.errors import raise_refusal
from gearman_cffi._libgearman.native import ffi, lib


class NativeTask:
    """gearman_task_st, the base of what a client's callbacks are given.

    libgearman frees it when it ends (option FREE_TASKS) or with its client, which it keeps alive. From then on, and if
    a program made it, what it reads is None. Its data can be read while one of its packets is being delivered.
    """

    __slots__ = ("_client", "_owner", "_task")

    _client: Any  # our C client; None if there is no task, or not any more
    _owner: Any  # keeps the client open
    _task: Any  # our C task; None likewise

    def __init__(self) -> None:
        """An empty task. NativeClient.add_task() puts a C task into it."""
        self._client = self._owner = self._task = None

    def _is_live(self) -> bool:
        """Whether libgearman has the task."""
        return bool(self._st())

    def _forget(self) -> None:
        """For the TaskOwner: libgearman has freed the task."""
        self._client = self._task = None

    def _read_function_name(self) -> str | None:
        """The function's name; for a status task the handle (gearman_task_function_name)."""
        return self._text(lib.gearman_task_function_name)

    def _read_unique(self) -> str | None:
        """The unique key (gearman_task_unique)."""
        return self._text(lib.gearman_task_unique)

    def _read_job_handle(self) -> str | None:
        """The job's handle, empty before the server named it (gearman_task_job_handle)."""
        return self._text(lib.gearman_task_job_handle)

    def _read_is_known(self) -> bool:
        """Whether the server knows the job (gearman_task_is_known)."""
        return bool(self._number(lib.gearman_task_is_known))

    def _read_is_running(self) -> bool:
        """Whether a worker has the job (gearman_task_is_running)."""
        return bool(self._number(lib.gearman_task_is_running))

    def _read_numerator(self) -> int | None:
        """The first number of the last status (gearman_task_numerator)."""
        return self._number(lib.gearman_task_numerator)

    def _read_denominator(self) -> int | None:
        """The second number of the last status (gearman_task_denominator)."""
        return self._number(lib.gearman_task_denominator)

    def _read_data_size(self) -> int | None:
        """The size of the data of the packet that is being delivered (gearman_task_data_size); 0 at other times."""
        return self._packet_size() if self._st() else None

    def _read_data(self) -> bytes | None:
        """The data of the packet that is being delivered (gearman_task_data); None where it is read in parts."""
        task = self._task
        if task is None:
            return None
        size = lib.gcffi_task_data_size(self._client, task)
        if size > 0:
            data = task.data
            return ffi.unpack(data, size) if data else None
        if size < 0:
            raise_refusal("client", size)
        return b"" if task.st else None

    def _fetch(self, size: int) -> bytes | None:
        """Up to size more bytes of that data where it is read in parts (gearman_task_recv_data); b"" at its end."""
        if not self._st():
            return None
        buffer = bytearray(min(size, self._packet_size()))
        got = int(lib.gcffi_task_read(self._client, self._task, ffi.from_buffer(buffer), len(buffer)))
        if got < 0:
            raise_refusal("client", got)
        return bytes(buffer[:got])

    def _packet_size(self) -> int:
        size = int(lib.gcffi_task_data_size(self._client, self._task))
        if size < 0:
            raise_refusal("client", size)
        return size

    def _text(self, function: Callable[[Any], Any]) -> str | None:
        st = self._st()
        return decode_name(function(st)) or "" if st else None

    def _number(self, function: Callable[[Any], Any]) -> int | None:
        st = self._st()
        return int(function(st)) if st else None

    def _st(self) -> Any:
        if self._task is None:
            return None
        refused = lib.gcffi_guard_check_thread(self._client)
        if refused:
            raise_refusal("client", refused)
        return self._task.st
