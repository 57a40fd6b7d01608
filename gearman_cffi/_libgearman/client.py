"""A libgearman client with its owner."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard
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


class ClientHandle:
    """gearman_client_st. Return codes are those of libgearman; a callback's exception is raised again here."""

    __slots__ = ("__weakref__", "_client", "_context", "_files", "_guard", "_owner", "_rc", "_reply", "_st")

    def __init__(self, owner: TaskOwner, from_environment: bool = True) -> None:
        """owner takes what its tasks receive; it must not hold the handle. from_environment: adds the servers
        of GEARMAN_SERVERS.

        Raises MemoryError where libgearman makes no client: memory, or a bad host in GEARMAN_SERVERS."""
        self._guard = Guard("client")
        client = lib.gcffi_client_create(from_environment)
        if not client:
            raise MemoryError("libgearman could not create a client; check the hosts in GEARMAN_SERVERS")
        self._adopt(client, owner)

    def _adopt(self, client: Any, owner: TaskOwner) -> None:
        self._client = ffi.gc(client, lib.gcffi_client_free)
        self._reply = ffi.gc(lib.gcffi_reply_new(), lib.gcffi_reply_free)
        self._st = client.st
        self._owner = owner
        client.owner = self._context = ffi.new_handle(owner)
        self._rc = ffi.new("gearman_return_t *")

    # ------------------------------------------------------------------------------- state

    def error(self) -> str | None:
        """The text of libgearman's last error (gearman_client_error); None before the first."""
        self._guard.check()
        return decode(lib.gcffi_client_error(self._client))

    def errno(self) -> int:
        """The errno of the last error (gearman_client_errno)."""
        self._guard.check()
        return int(lib.gearman_client_errno(self._st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options)."""
        self._guard.check()
        return int(lib.gearman_client_options(self._st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_client_set_options)."""
        self._guard.check()
        lib.gearman_client_set_options(self._st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_client_add_options)."""
        self._guard.check()
        lib.gearman_client_add_options(self._st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_client_remove_options)."""
        self._guard.check()
        lib.gearman_client_remove_options(self._st, options)

    def timeout(self) -> int:
        """How long each wait for activity may last, in ms; negative for ever (gearman_client_timeout)."""
        self._guard.check()
        return int(lib.gearman_client_timeout(self._st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout() (gearman_client_set_timeout)."""
        self._guard.check()
        lib.gearman_client_set_timeout(self._st, milliseconds)

    def set_ssl(self, files: Sequence[bytes | None]) -> None:
        """Turns TLS on, with the files of the authority, the certificate and the key (gearman_client_set_ssl).

        Raises MissingCapabilityError where libgearman has no TLS.
        """
        self._guard.check()
        capabilities.require_tls()
        self._files = [ffi.NULL if file is None else ffi.new("char[]", file) for file in files]
        lib.gearman_client_set_ssl(self._st, True, *self._files)

    # ----------------------------------------------------------------------------- servers

    def add_server(self, host: bytes | None, port: int) -> int:
        """Adds a server; looks its name up, does not connect (gearman_client_add_server)."""
        return self._call(lib.gcffi_client_add_server, ffi.NULL if host is None else host, port)

    def add_servers(self, servers: bytes) -> int:
        """Adds a list ``host:port,host:port`` (gearman_client_add_servers)."""
        return self._call(lib.gcffi_client_add_servers, servers)

    def request_option(self, option: bytes) -> bool:
        """Asks every server for an option, connecting to it (gearman_client_set_server_option)."""
        return bool(self._call(lib.gcffi_client_request_option, option, len(option)))

    def expect_exceptions(self) -> None:
        """Makes every connection ask for the exceptions of workers when it is opened. Sends nothing now."""
        self._guard.enter()
        try:
            lib.gcffi_client_expect_exceptions(self._client)
        finally:
            self._guard.leave()

    def echo(self, data: Data) -> int:
        """Sends data to every server and waits for its return (gearman_client_echo)."""
        return self._call(lib.gcffi_client_echo, pointer(data), len(data))

    def wait(self) -> int:
        """Waits for activity on a connection (gearman_client_wait)."""
        return self._call(lib.gcffi_client_wait)

    # -------------------------------------------------------------------------------- jobs

    def do(self, kind: int, function: bytes, unique: bytes, workload: Data | None, timeout: int = -1) -> int:
        """Submits a job; waits for its result, or in the background for its handle.

        workload None is an empty one that libgearman accepts; timeout bounds the whole call, in ms. What came
        back is then in data(), handle() and status().
        """
        self._guard.enter()
        try:
            data, size = (ffi.NULL, 0) if workload is None else (pointer(workload), len(workload))
            rc = lib.gcffi_client_do(self._client, kind, function, unique, data, size, timeout, self._reply)
        finally:
            self._guard.leave()
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

    def clone(self, owner: TaskOwner) -> ClientHandle:
        """A client with the same servers, options and timeout, and connections of its own."""
        self._guard.check()
        client = lib.gcffi_client_clone(self._client)
        if not client:
            raise MemoryError("libgearman could not copy the client")
        copy = ClientHandle.__new__(ClientHandle)
        copy._guard = Guard("client")
        copy._adopt(client, owner)
        return copy

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
            self._client, kind, number, callbacks, name, unique, pointer(workload), len(workload), self._rc
        )
        return int(self._rc[0]), TaskHandle(task, self._guard, self._client) if task else None

    def run_tasks(self, timeout: int = -1) -> int:
        """Submits the tasks and waits for their ends (gearman_client_run_tasks). timeout bounds the call, in ms."""
        self._guard.enter()
        try:
            rc = lib.gcffi_client_run(self._client, timeout)
            self._forget_dead()
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        return int(rc) & 0xFFFFFFFF

    def _forget_dead(self) -> None:
        task = lib.gcffi_client_next_dead(self._client)
        while task:
            self._owner.forget(int(task.id))
            task = lib.gcffi_client_next_dead(self._client)

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

    def _call(self, function: Callable[..., int], *arguments: object) -> int:
        self._guard.enter()
        try:
            result = function(self._client, *arguments)
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        return int(result)
