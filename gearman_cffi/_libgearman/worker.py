"""A libgearman worker with its owner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.capabilities import capabilities
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.jobs import GrabbedJobHandle, JobHandle
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard
from gearman_cffi._libgearman.return_codes import ReturnCode

JobCall: TypeAlias = Callable[[JobHandle], bool]
_FUNCTION_MAX = 512  # GEARMAN_FUNCTION_MAX_SIZE


class JobFunction:
    """What C calls for the jobs of one function: the context of the function is a handle of this.

    call: takes the job and answers it; returns whether it did. A job that is not answered goes back to the
    server, with all of the worker's connections. An Exception that it raises leaves work() once libgearman has
    returned; any other BaseException does too, and the job is given back to the server unanswered.
    """

    __slots__ = ("_files", "_guard", "call")

    def __init__(self, guard: Guard, call: JobCall) -> None:
        self.call = call
        self._guard = guard

    def run(self, job: Any) -> int:
        """Runs one job; entered from C."""
        handle = JobHandle(job, self._guard)
        try:
            return int(ReturnCode.SUCCESS if self.call(handle) else ReturnCode.WORK_ERROR)
        finally:
            handle.close()


class WorkerHandle:
    """gearman_worker_st. Return codes are those of libgearman; a function's exception is raised again here."""

    __slots__ = ("__weakref__", "_functions", "_guard", "_rc", "_retired", "_unregistered", "_waiting", "_worker")

    def __init__(self) -> None:
        """Raises MemoryError where libgearman makes no worker: memory, or a bad host in GEARMAN_SERVERS."""
        worker = lib.gcffi_worker_create()
        if not worker:
            raise MemoryError("libgearman could not create a worker; check the hosts in GEARMAN_SERVERS")
        self._adopt(worker)

    def _adopt(self, worker: Any) -> None:
        self._guard = Guard("worker")
        self._worker = ffi.gc(worker, lib.gcffi_worker_free)
        # By name and timeout, each with the handle that is its context in C. It lives as long as the worker:
        # libgearman may hold on to a context after it was told to forget the function.
        self._functions: dict[tuple[bytes, int], tuple[JobFunction, Any]] = {}
        self._retired: list[tuple[JobFunction, Any]] = []
        # libgearman tells the servers of a new function before it tells them of those that were unregistered, so
        # that a function registered again would be lost: while _unregistered, new ones wait in _waiting.
        self._unregistered = False
        self._rc = ffi.new("gearman_return_t *")
        self._waiting: dict[bytes, tuple[JobFunction | None, int]] = {}

    # ------------------------------------------------------------------------------- state

    def error(self) -> str | None:
        """The text of libgearman's last error (gearman_worker_error); None before the first."""
        self._guard.check()
        return decode(lib.gcffi_worker_error(self._worker))

    def errno(self) -> int:
        """The errno of the last error (gearman_worker_errno)."""
        self._guard.check()
        return int(lib.gearman_worker_errno(self._worker.st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_worker_options)."""
        self._guard.check()
        return int(lib.gearman_worker_options(self._worker.st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_worker_set_options)."""
        self._guard.check()
        lib.gearman_worker_set_options(self._worker.st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_worker_add_options)."""
        self._guard.check()
        lib.gearman_worker_add_options(self._worker.st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_worker_remove_options)."""
        self._guard.check()
        lib.gearman_worker_remove_options(self._worker.st, options)

    def timeout(self) -> int:
        """How long work() waits for a job, in ms; negative for ever (gearman_worker_timeout)."""
        self._guard.check()
        return int(lib.gearman_worker_timeout(self._worker.st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(), and the option TIMEOUT_RETURN (gearman_worker_set_timeout)."""
        self._guard.check()
        lib.gearman_worker_set_timeout(self._worker.st, milliseconds)

    def set_ssl(self, files: Sequence[bytes | None]) -> None:
        """Turns TLS on, with the files of the authority, the certificate and the key (gearman_worker_set_ssl).

        Raises MissingCapabilityError where libgearman has no TLS.
        """
        self._guard.check()
        capabilities.require_tls()
        capabilities.require("gearman_worker_set_ssl")
        self._files = [ffi.NULL if file is None else ffi.new("char[]", file) for file in files]
        lib.gearman_worker_set_ssl(self._worker.st, True, *self._files)

    # ----------------------------------------------------------------------------- servers

    def add_server(self, host: bytes | None, port: int) -> int:
        """Adds a server; looks its name up, does not connect (gearman_worker_add_server)."""
        self._guard.enter()
        try:
            return int(lib.gearman_worker_add_server(self._worker.st, ffi.NULL if host is None else host, port))
        finally:
            self._guard.leave()

    def add_servers(self, servers: bytes) -> int:
        """Adds a list ``host:port,host:port`` (gearman_worker_add_servers)."""
        self._guard.enter()
        try:
            return int(lib.gearman_worker_add_servers(self._worker.st, servers))
        finally:
            self._guard.leave()

    def request_option(self, option: bytes) -> bool:
        """Asks every server for an option, connecting to it (gearman_worker_set_server_option)."""
        return bool(self._call(lib.gcffi_worker_request_option, option, len(option)))

    def echo(self, data: Data) -> int:
        """Sends data to every server and waits for its return (gearman_worker_echo)."""
        return self._call(lib.gcffi_worker_echo, pointer(data), len(data))

    def wait(self) -> int:
        """Waits for activity on a connection (gearman_worker_wait)."""
        return self._call(lib.gcffi_worker_wait)

    # -------------------------------------------------------------------------------- work

    def add_function(self, name: bytes, call: JobCall | None, timeout: int) -> int:
        """Registers a function; a later one of the same name replaces it (gearman_worker_define_function).

        The servers are told at the next work(). call None is for grab() (gearman_worker_register).
        timeout: as libgearman sends it, 0 for none.
        """
        self._guard.enter()
        try:
            function = None if call is None else JobFunction(self._guard, call)
            if self._unregistered and 0 < len(name) <= _FUNCTION_MAX:
                self._waiting[name] = function, timeout
                return int(ReturnCode.SUCCESS)
            return self._register(name, function, timeout)
        finally:
            self._guard.leave()

    def unregister(self, name: bytes) -> int:
        """Forgets a function; the servers are told at the next work() (gearman_worker_unregister)."""
        self._guard.enter()
        try:
            waited = self._waiting.pop(name, None) is not None
            rc = int(lib.gearman_worker_unregister(self._worker.st, name))
            if rc == ReturnCode.SUCCESS:
                self._unregistered = True
            return int(ReturnCode.SUCCESS) if waited else rc
        finally:
            self._guard.leave()

    def unregister_all(self) -> int:
        """Forgets all functions; the servers are told at the next work() (gearman_worker_unregister_all)."""
        self._guard.enter()
        try:
            waited = bool(self._waiting)
            self._waiting.clear()
            rc = int(lib.gearman_worker_unregister_all(self._worker.st))
            if rc == ReturnCode.SUCCESS:
                self._unregistered = True
            return int(ReturnCode.SUCCESS) if waited else rc
        finally:
            self._guard.leave()

    def functions(self) -> list[tuple[bytes, int, JobCall | None]]:
        """The names, timeouts and calls of the functions that are registered."""
        known: list[tuple[bytes, int, JobCall | None]] = [
            (name, timeout, function.call)
            for (name, timeout), (function, _) in self._functions.items()
            if lib.gearman_worker_function_exist(self._worker.st, name, len(name))
        ]
        for name, (function, timeout) in self._waiting.items():
            known.append((name, timeout, None if function is None else function.call))
        return known

    def clone(self) -> WorkerHandle:
        """A worker with the same servers, options and timeout; its functions are still to be added again."""
        self._guard.enter()
        try:
            worker = lib.gcffi_worker_clone(self._worker)
        finally:
            self._guard.leave()
        if not worker:
            raise MemoryError("libgearman could not copy the worker")
        copy = WorkerHandle.__new__(WorkerHandle)
        copy._adopt(worker)
        # The copies of its functions that libgearman has made point here until they are replaced.
        copy._retired = [*self._retired, *self._functions.values()]
        return copy

    def set_identifier(self, identifier: bytes) -> int:
        """Gives the worker a name at its servers, at once where connected (gearman_worker_set_identifier)."""
        return self._call(lib.gcffi_worker_set_identifier, identifier, len(identifier))

    def work(self) -> int:
        """Waits for a job and runs it (gearman_worker_work)."""
        self._guard.enter()
        try:
            rc = self._announce() if self._unregistered else None
            if rc is None:
                rc = lib.gcffi_worker_work(self._worker)
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        return int(rc)

    def grab(self) -> tuple[int, JobHandle | None]:
        """Asks each server once for a job, which the caller answers (gearman_worker_grab_job)."""
        self._guard.enter()
        try:
            rc = self._announce() if self._waiting else None
            job = lib.gcffi_worker_grab(self._worker, self._rc) if rc is None else ffi.NULL
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        if rc is not None:
            return rc, None
        return int(self._rc[0]), GrabbedJobHandle(job, self._guard, self._worker) if job else None

    def _announce(self) -> int | None:
        # Tells the servers what was unregistered, then registers what waited. May run a job: then its return code.
        rc = int(lib.gcffi_worker_announce(self._worker))
        if rc in (ReturnCode.SUCCESS, ReturnCode.NO_SERVERS):
            return rc
        self._unregistered = False
        for name, (function, timeout) in self._waiting.items():
            self._register(name, function, timeout)
        self._waiting.clear()
        return None

    def _register(self, name: bytes, function: JobFunction | None, timeout: int) -> int:
        known = self._functions.get((name, timeout))
        if function is None:
            return int(lib.gearman_worker_register(self._worker.st, name, timeout))
        if known is not None and lib.gearman_worker_function_exist(self._worker.st, name, len(name)):
            known[0].call = function.call
            return int(ReturnCode.SUCCESS)
        context = ffi.new_handle(function)
        rc = int(lib.gcffi_worker_add_function(self._worker, name, len(name), timeout, context))
        if rc == ReturnCode.SUCCESS:
            if known is not None:
                self._retired.append(known)
            self._functions[name, timeout] = function, context
        return rc

    def stop(self) -> None:
        """Makes the work() that is running, or the next one, return SHUTDOWN_GRACEFUL. From any thread."""
        lib.gcffi_worker_stop(self._worker)

    def _call(self, function: Callable[..., int], *arguments: object) -> int:
        self._guard.enter()
        try:
            result = function(self._worker, *arguments)
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        return int(result)
