"""A task of a client."""

from __future__ import annotations

from typing import Any

from gearman_cffi._libgearman.buffers import decode_name
from gearman_cffi._libgearman.errors import raise_refusal
from gearman_cffi._libgearman.native import ffi, lib


class NativeTask:
    """gearman_task_st, the base of the object that a client's callbacks get. Keeps its client alive.

    libgearman frees the task when it ends (option FREE_TASKS) or with the client. Afterwards, and if a program created
    the object, reading returns None. The data can be read only in the callback of its packet.
    """

    __slots__ = ("_client", "_number", "_owner", "_packet", "_read_size", "_task")

    _client: Any  # the C client; None before the task was added and after it was freed
    _owner: Any  # keeps the client open
    _task: Any  # C stores the pointer to its task here; None likewise
    _number: int  # identifies the task: the memory of a C task is reused
    _packet: bytes | None  # the data of the packet that is being delivered, or that a callback has paused
    _read_size: int  # how much of it _fetch() has read

    def __init__(self) -> None:
        """An empty task. NativeClient.add_task() puts a C task into it."""
        self._client = self._owner = self._task = self._packet = None
        self._number = self._read_size = 0

    def _is_live(self) -> bool:
        """Whether libgearman has the task."""
        return self._get(lib.GCFFI_TASK_STATUS) is not None

    def _end_packet(self) -> None:
        """For the TaskOwner: a packet has been delivered."""
        self._packet = None
        self._read_size = 0

    def _forget(self) -> None:
        """For the TaskOwner: libgearman has freed the task."""
        self._client = self._task = self._packet = None

    def _read_function_name(self) -> str | None:
        """The function's name; for a status task the handle (gearman_task_function_name)."""
        return self._text(lib.GCFFI_TASK_FUNCTION)

    def _read_unique(self) -> str | None:
        """The unique key (gearman_task_unique)."""
        return self._text(lib.GCFFI_TASK_UNIQUE)

    def _read_job_handle(self) -> str | None:
        """The job's handle, empty before the server named it (gearman_task_job_handle)."""
        reply = self._get(lib.GCFFI_TASK_STATUS)
        return None if reply is None else decode_name(reply.handle) or ""

    def _read_is_known(self) -> bool:
        """Whether the server knows the job (gearman_task_is_known)."""
        reply = self._get(lib.GCFFI_TASK_STATUS)
        return reply is not None and bool(reply.known)

    def _read_is_running(self) -> bool:
        """Whether a worker has the job (gearman_task_is_running)."""
        reply = self._get(lib.GCFFI_TASK_STATUS)
        return reply is not None and bool(reply.running)

    def _read_numerator(self) -> int | None:
        """The first number of the last status (gearman_task_numerator)."""
        reply = self._get(lib.GCFFI_TASK_STATUS)
        return None if reply is None else int(reply.numerator)

    def _read_denominator(self) -> int | None:
        """The second number of the last status (gearman_task_denominator)."""
        reply = self._get(lib.GCFFI_TASK_STATUS)
        return None if reply is None else int(reply.denominator)

    def _read_data_size(self) -> int | None:
        """The size of the data of the current packet (gearman_task_data_size); 0 outside a callback."""
        data = self._packet or self._no_data()
        return None if data is None else len(data)

    def _read_data(self) -> bytes | None:
        """The data of the current packet (gearman_task_data); None if it is read in parts."""
        data = self._packet or self._no_data()
        return None if data and self._reads_in_parts() else data

    def _fetch(self, size: int) -> bytes | None:
        """Reads up to size more bytes of data that is read in parts (gearman_task_recv_data); b"" at its end."""
        data = self._packet or self._no_data()
        if not data or not self._reads_in_parts():
            return None if data is None else b""
        start = self._read_size
        self._read_size = min(start + size, len(data))
        return data[start : self._read_size]

    def _no_data(self) -> bytes | None:
        """Empty data; None if there is no task."""
        return b"" if self._is_live() else None

    def _reads_in_parts(self) -> bool:
        """Whether the client has the option UNBUFFERED_RESULT."""
        client = self._client
        return client is not None and bool(client.options & lib.GEARMAN_CLIENT_UNBUFFERED_RESULT)

    def _text(self, what: int) -> str | None:
        reply = self._get(what)
        return None if reply is None else ffi.unpack(reply.data, reply.size).decode("utf-8", "surrogateescape")

    def _get(self, what: int) -> Any:
        """Returns a new C reply with a part of the task; None if there is no task. No other thread can change it."""
        client, task = self._client, self._task
        if client is None or task is None or not task[0]:
            return None
        reply = ffi.gc(ffi.new("gcffi_reply *"), lib.gcffi_reply_clear)
        rc = lib.gcffi_task_get(client, task[0], self._number, what, reply)
        if rc < 0:
            raise_refusal("client", rc)
        if rc == lib.GEARMAN_MEMORY_ALLOCATION_FAILURE:
            raise MemoryError("no memory for a task's data")
        return None if rc else reply
