"""What the handles of libgearman's clients and workers have in common."""

from __future__ import annotations

import errno
import os

from gearman_cffi._libgearman.buffers import Data, decode, pointer
from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.errors import fail, refuse
from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar


class Calls:
    """The C functions of one of the two, as attributes: ``options`` is gearman_client_options() or the worker's."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __getattr__(self, name: str) -> Any:
        own = getattr(lib, f"gcffi_{self.what}_{name}", None)
        function = getattr(lib, f"gearman_{self.what}_{name}") if own is None else own
        setattr(self, name, function)
        return function


class NativeObject:
    """A C object with its owner. Return codes are libgearman's; a callback's exception is raised again here."""

    __slots__ = ("__weakref__", "_files", "_open", "_rc", "c")

    _calls: ClassVar[Calls]
    c: Any  # our struct; its st is libgearman's. Its memory outlives what is in it: see csrc/boundary/guard.c
    _open: Any  # as long as this lives, and no longer, what is in it does
    _files: list[Any] | None

    def __init__(self) -> None:
        self.c = ffi.new(f"gcffi_{self._calls.what} *")
        # No Python function, in which a signal handler could raise. Before the opening, which may fail half way.
        self._open = ffi.gc(self.c, self._calls.close)
        self._rc = ffi.new("int *")
        self._files = None
        ffi.errno = 0  # for _not_created()

    def _not_created(self) -> MemoryError:
        no_files = ffi.errno in (errno.EMFILE, errno.ENFILE)
        reason = os.strerror(ffi.errno) if no_files else "no memory, or a bad host in GEARMAN_SERVERS"
        return MemoryError(f"libgearman could not create a {self._calls.what}: {reason}")

    def error(self) -> str | None:
        """The text of the last error (gearman_client_error, gearman_worker_error); None before the first."""
        return decode(self._calls.error(self._checked()))

    def errno(self) -> int:
        """The errno of the last error (gearman_client_errno, gearman_worker_errno)."""
        return int(self._calls.errno(self._checked().st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options, gearman_worker_options)."""
        return int(self._calls.options(self._checked().st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_*_set_options)."""
        self._calls.set_options(self._checked().st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_*_add_options)."""
        self._calls.add_options(self._checked().st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_*_remove_options)."""
        self._calls.remove_options(self._checked().st, options)

    def timeout(self) -> int:
        """The timeout in ms, negative for none: of a client's waits, of a worker's work() (gearman_*_timeout)."""
        return int(self._calls.timeout(self._checked().st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(); a worker's option TIMEOUT_RETURN too (gearman_*_set_timeout)."""
        self._calls.set_timeout(self._checked().st, milliseconds)

    def set_ssl(self, files: Sequence[bytes | None]) -> None:
        """Turns TLS on, with the files of the authority, the certificate and the key (gearman_*_set_ssl).

        Raises MissingCapabilityError where libgearman has no TLS.
        """
        self._checked()
        capabilities.require_tls()
        if self._calls.what == "worker":
            capabilities.require("gearman_worker_set_ssl")
        self._files = [ffi.NULL if file is None else ffi.new("char[]", file) for file in files]
        self._call(self._calls.set_ssl, True, *self._files)

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
        """A call that C refuses beside another one, and that may wait."""
        rc = function(self.c, *arguments)
        if rc < 0:
            fail(self._calls.what, rc)
        return rc

    def _checked(self) -> Any:
        """Our struct, for a short call that waits for nothing and changes nothing that C counts on."""
        refused = lib.gcffi_check(self.c)
        if refused:
            refuse(self._calls.what, refused)
        return self.c
