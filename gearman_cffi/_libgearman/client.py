"""A libgearman client with its owner."""

from __future__ import annotations

import enum
from typing import Any, Protocol

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.data import Data, pointer
from gearman_cffi._libgearman.handle import Calls, Handle
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.tasks import TaskHandle

# Data of a reply that is larger than this is freed as soon as it has been read.
_KEEP_BUFFER = 65536


JOB_STATUS = int(lib.GCFFI_JOB_STATUS)


class JobKind(enum.IntEnum):
    """The ways to submit a job: priority, and whether the client waits for the result."""

    LOW = lib.GCFFI_LOW
    NORMAL = lib.GCFFI_NORMAL
    HIGH = lib.GCFFI_HIGH
    LOW_BACKGROUND = lib.GCFFI_LOW_BACKGROUND
    BACKGROUND = lib.GCFFI_NORMAL_BACKGROUND
    HIGH_BACKGROUND = lib.GCFFI_HIGH_BACKGROUND


class TaskEvent(enum.IntEnum):
    """What a task's packet says; a client has a callback for each."""

    CREATED = lib.GCFFI_CREATED
    DATA = lib.GCFFI_DATA
    WARNING = lib.GCFFI_WARNING
    STATUS = lib.GCFFI_STATUS
    COMPLETE = lib.GCFFI_COMPLETE
    EXCEPTION = lib.GCFFI_EXCEPTION
    FAIL = lib.GCFFI_FAIL


class TaskOwner(Protocol):
    """Who added a client's tasks: takes their packets, and forgets those that have ended."""

    def deliver(self, task: int, event: int) -> int:
        """Takes a packet of a task; returns a return code, SUCCESS to go on."""

    def forget(self, task: int) -> None:
        """libgearman has freed a task."""


class ClientHandle(Handle):
    """gearman_client_st."""

    __slots__ = ("_context", "_owner", "_reply")

    _calls = Calls("client")

    def __init__(self, owner: TaskOwner, from_environment: bool = True) -> None:
        """owner takes what the tasks receive; it must not hold the handle. from_environment: adds the servers of
        GEARMAN_SERVERS.

        Raises MemoryError where libgearman makes no client: memory, or a bad host in GEARMAN_SERVERS.
        """
        client = lib.gcffi_client_create(from_environment)
        if not client:
            raise MemoryError("libgearman could not create a client; check the hosts in GEARMAN_SERVERS")
        self._adopt(client, owner)

    def _adopt(self, client: Any, owner: TaskOwner) -> None:
        super().__init__(client, lib.gcffi_client_finish)
        self._reply = ffi.gc(lib.gcffi_reply_new(), lib.gcffi_reply_free)
        self._owner = owner
        client.owner = self._context = ffi.new_handle(owner)

    def clone(self, owner: TaskOwner) -> ClientHandle:
        """A client with the same servers, options and timeout, and connections of its own."""
        self._guard.check()
        client = lib.gcffi_client_clone(self._c)
        if not client:
            raise MemoryError("libgearman could not copy the client")
        copy = ClientHandle.__new__(ClientHandle)
        copy._adopt(client, owner)
        copy._files = self._files
        return copy

    def expect_exceptions(self) -> None:
        """Makes every connection ask for the exceptions of workers when it is opened. Sends nothing now."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            lib.gcffi_client_expect_exceptions(self._c)

    # -------------------------------------------------------------------------------- jobs

    def do(self, kind: int, function: bytes, unique: bytes, workload: Data | None, timeout: int = -1) -> int:
        """Submits a job; waits for its result, or in the background for its handle.

        workload None is an empty one that libgearman accepts; timeout bounds the whole call, in ms. What came
        back is then in data(), handle() and status().
        """
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            data, size = (ffi.NULL, 0) if workload is None else (pointer(workload), len(workload))
            rc = lib.gcffi_client_do(self._c, kind, function, unique, data, size, timeout, self._reply)
        if kept:
            raise_kept()
        return int(rc)

    def job_status(self, handle: bytes) -> int:
        """Asks for the status of a job by its handle. The answer is in status()."""
        return self._call(lib.gcffi_client_status, lib.GCFFI_JOB_STATUS, handle, -1, self._reply)

    def unique_status(self, unique: bytes) -> int:
        """Asks for the status of a job by its unique key. The answer is in status().

        Made to be called on a clone(): libgearman counts the request as a job, and the next one that is submitted
        over the same connection would never be named.
        """
        return self._call(lib.gcffi_client_status, lib.GCFFI_UNIQUE_STATUS, unique, -1, self._reply)

    # ------------------------------------------------------------------------------- tasks

    def add_task(
        self, kind: int, number: int, callbacks: int, name: bytes, unique: bytes, workload: Data
    ) -> tuple[int, TaskHandle | None]:
        """Adds a task, which run_tasks() submits. number names it to the TaskOwner, callbacks has 1 << TaskEvent
        for each event that is wanted. Allowed in the client's own callbacks.
        """
        self._guard.check()
        self._forget_dead()
        task = lib.gcffi_client_add_task(
            self._c, kind, number, callbacks, name, unique, pointer(workload), len(workload), self._rc
        )
        return int(self._rc[0]), TaskHandle(task, self._guard, self._c) if task else None

    def run_tasks(self, timeout: int = -1) -> int:
        """Submits the tasks and waits for their ends (gearman_client_run_tasks). timeout bounds the call, in ms."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            rc = lib.gcffi_client_run(self._c, timeout)
            self._forget_dead()
        if kept:
            raise_kept()
        return int(rc) & 0xFFFFFFFF

    def _forget_dead(self) -> None:
        task = lib.gcffi_client_next_dead(self._c)
        while task:
            self._owner.forget(int(task.id))
            task = lib.gcffi_client_next_dead(self._c)

    def data(self) -> bytes:
        """The result of the last do(), or with WORK_EXCEPTION its text."""
        reply = self._reply
        size = reply.size
        if not size:
            return b""
        data: bytes = ffi.unpack(reply.data, size)
        if size > _KEEP_BUFFER:
            lib.gcffi_reply_drop_data(reply)
        return data

    def handle(self) -> str:
        """The job's handle of the last do(); empty where the server did not come to name it."""
        return str(ffi.string(self._reply.handle).decode())

    def status(self) -> tuple[bool, bool, int, int]:
        """The answer of the last job_status(): known, running, numerator, denominator."""
        reply = self._reply
        return bool(reply.known), bool(reply.running), int(reply.numerator), int(reply.denominator)
