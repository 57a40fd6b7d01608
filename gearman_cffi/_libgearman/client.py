"""A libgearman client with its owner."""

from __future__ import annotations

import enum
from collections.abc import Callable

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard

# Data of a reply that is larger than this is freed as soon as it has been read.
_KEEP_BUFFER = 65536


class JobKind(enum.IntEnum):
    """The ways to submit a job: priority, and whether the client waits for the result."""

    LOW = lib.GCFFI_LOW
    NORMAL = lib.GCFFI_NORMAL
    HIGH = lib.GCFFI_HIGH
    LOW_BACKGROUND = lib.GCFFI_LOW_BACKGROUND
    BACKGROUND = lib.GCFFI_NORMAL_BACKGROUND
    HIGH_BACKGROUND = lib.GCFFI_HIGH_BACKGROUND


class ClientHandle:
    """gearman_client_st. Return codes are those of libgearman; a callback's exception is raised again here."""

    __slots__ = ("__weakref__", "_client", "_guard", "_reply", "_st")

    def __init__(self) -> None:
        """Raises MemoryError where libgearman makes no client: memory, or a bad host in GEARMAN_SERVERS."""
        self._guard = Guard("client")
        client = lib.gcffi_client_create()
        if not client:
            raise MemoryError("libgearman could not create a client; check the hosts in GEARMAN_SERVERS")
        self._client = ffi.gc(client, lib.gcffi_client_free)
        self._reply = ffi.gc(lib.gcffi_reply_new(), lib.gcffi_reply_free)
        self._st = client.st

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
