"""What a client and a worker of libgearman have in common, by different names in C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard


class Calls:
    """The C functions of one of the two, as attributes: ``options`` is gearman_client_options() or the worker's."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __getattr__(self, name: str) -> Any:
        own = getattr(lib, f"gcffi_{self.what}_{name}", None)
        function = getattr(lib, f"gearman_{self.what}_{name}") if own is None else own
        setattr(self, name, function)
        return function


class Handle:
    """A C object with its owner. Return codes are libgearman's; a callback's exception is raised again here."""

    __slots__ = ("__weakref__", "_c", "_files", "_guard", "_rc")

    _calls: ClassVar[Calls]
    _c: Any  # our struct; its st is libgearman's
    _files: list[Any] | None

    def __init__(self, struct: Any, finish: Callable[..., None]) -> None:
        self._guard = Guard(self._calls.what)
        # No Python function, in which a signal handler could raise.
        self._c = ffi.gc(struct, partial(finish, self._guard.closed))
        self._rc = ffi.new("gearman_return_t *")
        self._files = None

    def error(self) -> str | None:
        """The text of the last error (gearman_client_error, gearman_worker_error); None before the first."""
        self._guard.check()
        return decode(self._calls.error(self._c))

    def errno(self) -> int:
        """The errno of the last error (gearman_client_errno, gearman_worker_errno)."""
        self._guard.check()
        return int(self._calls.errno(self._c.st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options, gearman_worker_options)."""
        self._guard.check()
        return int(self._calls.options(self._c.st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_*_set_options)."""
        self._guard.check()
        self._calls.set_options(self._c.st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_*_add_options)."""
        self._guard.check()
        self._calls.add_options(self._c.st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_*_remove_options)."""
        self._guard.check()
        self._calls.remove_options(self._c.st, options)

    def timeout(self) -> int:
        """The timeout in ms, negative for none: of a client's waits, of a worker's work() (gearman_*_timeout)."""
        self._guard.check()
        return int(self._calls.timeout(self._c.st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(); a worker's option TIMEOUT_RETURN too (gearman_*_set_timeout)."""
        self._guard.check()
        self._calls.set_timeout(self._c.st, milliseconds)

    def set_ssl(self, files: Sequence[bytes | None]) -> None:
        """Turns TLS on, with the files of the authority, the certificate and the key (gearman_*_set_ssl).

        Raises MissingCapabilityError where libgearman has no TLS.
        """
        self._guard.check()
        capabilities.require_tls()
        if self._calls.what == "worker":
            capabilities.require("gearman_worker_set_ssl")
        self._files = [ffi.NULL if file is None else ffi.new("char[]", file) for file in files]
        self._calls.set_ssl(self._c if self._calls.what == "client" else self._c.st, True, *self._files)

    def add_server(self, host: bytes | None, port: int) -> int:
        """Adds a server; looks its name up, does not connect (gearman_*_add_server)."""
        return self._call(self._calls.add_server, ffi.NULL if host is None else host, port)

    def add_servers(self, servers: bytes) -> int:
        """Adds a list ``host:port,host:port`` (gearman_*_add_servers)."""
        return self._call(self._calls.add_servers, servers)

    def request_option(self, option: bytes) -> bool:
        """Asks every server for an option, connecting to it (gearman_*_set_server_option)."""
        return bool(self._call(self._calls.request_option, option, len(option)))

    def echo(self, data: Data) -> int:
        """Sends data to every server and waits for its return (gearman_*_echo)."""
        return self._call(self._calls.echo, pointer(data), len(data))

    def wait(self) -> int:
        """Waits for activity on a connection (gearman_*_wait)."""
        return self._call(self._calls.wait)

    def _call(self, function: Callable[..., int], *arguments: object) -> int:
        """A call that may wait, on our struct."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            result = function(self._c, *arguments)
        if kept:
            raise_kept()
        return int(result)
