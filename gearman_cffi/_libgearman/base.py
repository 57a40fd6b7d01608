"""The base of clients and workers."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from gearman_cffi._libgearman.buffers import NULL, Data, decode
from gearman_cffi._libgearman.errors import check, raise_refusal
from gearman_cffi._libgearman.native import ffi, lib


class Functions(NamedTuple):
    """The C functions of clients or of workers for the calls that both have."""

    what: str  # "client" or "worker"
    close: Callable[..., None]
    error: Callable[..., Any]
    errno: Callable[..., int]
    options: Callable[..., int]
    set_options: Callable[..., None]
    add_options: Callable[..., None]
    remove_options: Callable[..., None]
    timeout: Callable[..., int]
    set_timeout: Callable[..., None]
    add_server: Callable[..., int]
    add_servers: Callable[..., int]
    request_option: Callable[..., int]
    echo: Callable[..., int]
    wait: Callable[..., int]


class NativeObject:
    """Owns a C struct of this package and the libgearman object in it. Both are freed with the Python object.

    Methods return libgearman's return codes. They raise exceptions of callbacks, ConcurrentUseError and ForkedUseError.
    """

    __slots__ = ("__weakref__", "_open", "c")

    _functions: ClassVar[Functions]
    c: Any  # the struct; c.st is libgearman's object. Its memory outlives its content: see csrc/boundary/guard.c
    _open: Any  # its destructor frees the struct's content

    def __init__(self) -> None:
        self.c = ffi.new(f"gcffi_{self._functions.what} *")
        # Not a __del__(): a signal handler could raise in it. Set before the object is opened, which may fail half-way.
        self._open = ffi.gc(self.c, self._functions.close)
        ffi.errno = 0  # for _creation_error()

    def _creation_error(self) -> MemoryError:
        no_files = ffi.errno in (errno.EMFILE, errno.ENFILE)
        reason = os.strerror(ffi.errno) if no_files else "no memory, or a bad host in GEARMAN_SERVERS"
        return MemoryError(f"libgearman could not create a {self._functions.what}: {reason}")

    def _is_cloned(self, rc: int) -> bool:
        """Whether a clone was created. Raises if C refused to read the original."""
        if rc < 0:
            raise_refusal(self._functions.what, rc)
        return rc == 0

    def error(self) -> str | None:
        """The text of the last error (gearman_client_error, gearman_worker_error); None before the first."""
        return decode(self._functions.error(self._checked()))

    def errno(self) -> int:
        """The errno of the last error (gearman_client_errno, gearman_worker_errno)."""
        return int(self._functions.errno(self._checked().st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options, gearman_worker_options)."""
        return int(self._functions.options(self._checked().st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_*_set_options)."""
        self._functions.set_options(self._checked().st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_*_add_options)."""
        self._functions.add_options(self._checked().st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_*_remove_options)."""
        self._functions.remove_options(self._checked().st, options)

    def timeout(self) -> int:
        """The timeout of a client's waits or of a worker's work(), in ms; negative for none (gearman_*_timeout)."""
        return int(self._functions.timeout(self._checked().st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(); a worker's option TIMEOUT_RETURN too (gearman_*_set_timeout)."""
        self._functions.set_timeout(self._checked().st, milliseconds)

    def add_server(self, host: bytes | None, port: int) -> int:
        """Adds a server without connecting (gearman_*_add_server). host: None for libgearman's default."""
        return self._call(self._functions.add_server, NULL if host is None else host, port)

    def add_servers(self, servers: bytes) -> int:
        """Adds a list ``host:port,host:port`` (gearman_*_add_servers)."""
        return self._call(self._functions.add_servers, servers)

    def request_option(self, option: bytes) -> bool:
        """Connects to every server and requests an option (gearman_*_set_server_option).

        Returns whether all servers granted it.
        """
        granted = ffi.new("bool *")
        self._call(self._functions.request_option, option, len(option), granted)
        return bool(granted[0])

    def echo(self, data: Data) -> int:
        """Sends data to every server and waits until it comes back (gearman_*_echo)."""
        return self._call(self._functions.echo, ffi.from_buffer(data), len(data))

    def wait(self) -> int:
        """Waits for activity on a connection (gearman_*_wait)."""
        return self._call(self._functions.wait)

    def _call(self, function: Callable[..., int], *arguments: object) -> int:
        """Calls a C function with the struct and raises if C refused the call. Returns its return code."""
        rc = int(function(self.c, *arguments))
        if rc < 0:
            check(self._functions.what, rc)
        return rc

    def _checked(self) -> Any:
        """Returns the struct. Raises if this thread may not read it."""
        refused = lib.gcffi_guard_check_thread(self.c)
        if refused:
            raise_refusal(self._functions.what, refused)
        return self.c
