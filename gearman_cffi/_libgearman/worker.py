"""A libgearman worker with its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.data import Data, decode, pointer
from gearman_cffi._libgearman.jobs import JobHandle
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.ownership import Guard
from gearman_cffi._libgearman.return_codes import ReturnCode


class JobFunction:
    """What C calls for the jobs of one function: the context of the function is a handle of this.

    call: takes the job and answers it. An Exception that it raises leaves work() once libgearman has
    returned; any other BaseException does too, and the job is given back to the server unanswered.
    """

    __slots__ = ("_guard", "call")

    def __init__(self, guard: Guard, call: Callable[[JobHandle], object]) -> None:
        self.call = call
        self._guard = guard

    def run(self, job: Any) -> int:
        """Runs one job; entered from C."""
        handle = JobHandle(job, self._guard)
        try:
            self.call(handle)
        finally:
            handle.close()
        return int(ReturnCode.SUCCESS)


class WorkerHandle:
    """gearman_worker_st. Return codes are those of libgearman; a function's exception is raised again here."""

    __slots__ = ("__weakref__", "_functions", "_guard", "_retired", "_st", "_worker")

    def __init__(self) -> None:
        """Raises MemoryError where libgearman makes no worker: memory, or a bad host in GEARMAN_SERVERS."""
        self._guard = Guard("worker")
        worker = lib.gcffi_worker_create()
        if not worker:
            raise MemoryError("libgearman could not create a worker; check the hosts in GEARMAN_SERVERS")
        self._worker = ffi.gc(worker, lib.gcffi_worker_free)
        self._st = worker.st
        # By name and timeout, each with the handle that is its context in C. It lives as long as the worker:
        # libgearman may hold on to a context after it was told to forget the function.
        self._functions: dict[tuple[bytes, int], tuple[JobFunction, Any]] = {}
        self._retired: list[tuple[JobFunction, Any]] = []

    # ------------------------------------------------------------------------------- state

    def error(self) -> str | None:
        """The text of libgearman's last error (gearman_worker_error); None before the first."""
        self._guard.check()
        return decode(lib.gcffi_worker_error(self._worker))

    def errno(self) -> int:
        """The errno of the last error (gearman_worker_errno)."""
        self._guard.check()
        return int(lib.gearman_worker_errno(self._st))

    def options(self) -> int:
        """The options that are set, as bits (gearman_worker_options)."""
        self._guard.check()
        return int(lib.gearman_worker_options(self._st))

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_worker_set_options)."""
        self._guard.check()
        lib.gearman_worker_set_options(self._st, options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_worker_add_options)."""
        self._guard.check()
        lib.gearman_worker_add_options(self._st, options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_worker_remove_options)."""
        self._guard.check()
        lib.gearman_worker_remove_options(self._st, options)

    def timeout(self) -> int:
        """How long work() waits for a job, in ms; negative for ever (gearman_worker_timeout)."""
        self._guard.check()
        return int(lib.gearman_worker_timeout(self._st))

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(), and the option TIMEOUT_RETURN (gearman_worker_set_timeout)."""
        self._guard.check()
        lib.gearman_worker_set_timeout(self._st, milliseconds)

    # ----------------------------------------------------------------------------- servers

    def add_server(self, host: bytes | None, port: int) -> int:
        """Adds a server; looks its name up, does not connect (gearman_worker_add_server)."""
        self._guard.enter()
        try:
            return int(lib.gearman_worker_add_server(self._st, ffi.NULL if host is None else host, port))
        finally:
            self._guard.leave()

    def add_servers(self, servers: bytes) -> int:
        """Adds a list ``host:port,host:port`` (gearman_worker_add_servers)."""
        self._guard.enter()
        try:
            return int(lib.gearman_worker_add_servers(self._st, servers))
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

    def add_function(self, name: bytes, call: Callable[[JobHandle], object], timeout: int) -> int:
        """Registers a function; a later one of the same name replaces it (gearman_worker_define_function).

        The servers are told at the next work(). timeout: as libgearman sends it, 0 for none.
        """
        self._guard.enter()
        try:
            known = self._functions.get((name, timeout))
            if known is not None and lib.gearman_worker_function_exist(self._st, name, len(name)):
                known[0].call = call
                return int(ReturnCode.SUCCESS)
            function = JobFunction(self._guard, call)
            context = ffi.new_handle(function)
            rc = int(lib.gcffi_worker_add_function(self._worker, name, len(name), timeout, context))
            if rc == ReturnCode.SUCCESS:
                if known is not None:
                    self._retired.append(known)
                self._functions[name, timeout] = function, context
            return rc
        finally:
            self._guard.leave()

    def work(self) -> int:
        """Waits for a job and runs it (gearman_worker_work)."""
        self._guard.enter()
        try:
            rc = lib.gcffi_worker_work(self._worker)
        finally:
            self._guard.leave()
        if kept:
            raise_kept()
        return int(rc)

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
