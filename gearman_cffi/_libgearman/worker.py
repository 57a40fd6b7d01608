"""A libgearman worker with its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gearman_cffi._libgearman.callbacks import kept, raise_kept
from gearman_cffi._libgearman.handle import Calls, Handle
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

    __slots__ = ("__weakref__", "_guard", "call")

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


class WorkerHandle(Handle):
    """gearman_worker_st."""

    __slots__ = ("_functions", "_retired", "_unregistered", "_waiting")

    _calls = Calls("worker")

    def __init__(self) -> None:
        """Raises MemoryError where libgearman makes no worker: memory, or a bad host in GEARMAN_SERVERS."""
        worker = lib.gcffi_worker_create()
        if not worker:
            raise MemoryError("libgearman could not create a worker; check the hosts in GEARMAN_SERVERS")
        self._adopt(worker)

    def _adopt(self, worker: Any) -> None:
        super().__init__(worker, lib.gcffi_worker_finish)
        # By name and timeout, each with the handle that is its context in C. It lives as long as the worker:
        # libgearman may hold on to a context after it was told to forget the function.
        self._functions: dict[tuple[bytes, int], tuple[JobFunction, Any]] = {}
        self._retired: list[tuple[JobFunction, Any]] = []
        # libgearman tells the servers of a new function before it tells them of those that were unregistered, so
        # that a function registered again would be lost: while _unregistered, new ones wait in _waiting.
        self._unregistered = False
        self._waiting: dict[bytes, tuple[JobFunction | None, int]] = {}

    # -------------------------------------------------------------------------------- work

    def add_function(self, name: bytes, call: JobCall | None, timeout: int) -> int:
        """Registers a function; a later one of the same name replaces it (gearman_worker_define_function).

        The servers are told at the next work(). call None is for grab() (gearman_worker_register).
        timeout: as libgearman sends it, 0 for none.
        """
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            function = None if call is None else JobFunction(self._guard, call)
            if self._unregistered and 0 < len(name) <= _FUNCTION_MAX:
                self._waiting[name] = function, timeout
                return int(ReturnCode.SUCCESS)
            return self._register(name, function, timeout)

    def unregister(self, name: bytes) -> int:
        """Forgets a function; the servers are told at the next work() (gearman_worker_unregister)."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            waited = self._waiting.pop(name, None) is not None
            rc = int(lib.gearman_worker_unregister(self._c.st, name))
            if rc == ReturnCode.SUCCESS:
                self._unregistered = True
            return int(ReturnCode.SUCCESS) if waited else rc

    def unregister_all(self) -> int:
        """Forgets all functions; the servers are told at the next work() (gearman_worker_unregister_all)."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            waited = bool(self._waiting)
            self._waiting.clear()
            rc = int(lib.gearman_worker_unregister_all(self._c.st))
            if rc == ReturnCode.SUCCESS:
                self._unregistered = True
            return int(ReturnCode.SUCCESS) if waited else rc

    def functions(self) -> list[tuple[bytes, int, JobCall | None]]:
        """The names, timeouts and calls of the functions that are registered."""
        known: list[tuple[bytes, int, JobCall | None]] = [
            (name, timeout, function.call)
            for (name, timeout), (function, _) in self._functions.items()
            if lib.gearman_worker_function_exist(self._c.st, name, len(name))
        ]
        for name, (function, timeout) in self._waiting.items():
            known.append((name, timeout, None if function is None else function.call))
        return known

    def clone(self) -> WorkerHandle:
        """A worker with the same servers, options and timeout; its functions are still to be added again."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            worker = lib.gcffi_worker_clone(self._c)
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
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            rc = self._announce() if self._waiting else None
            if rc is None:
                rc = lib.gcffi_worker_work(self._c)
                self._unregistered = False
        if kept:
            raise_kept()
        return int(rc)

    def grab(self) -> tuple[int, JobHandle | None]:
        """Asks each server once for a job, which the caller answers (gearman_worker_grab_job)."""
        thread = self._guard.entering()
        with self._guard.lock:
            self._guard.thread = thread
            rc = self._announce() if self._waiting else None
            job = lib.gcffi_worker_grab(self._c, self._rc) if rc is None else ffi.NULL
        if kept:
            raise_kept()
        if rc is not None:
            return rc, None
        return int(self._rc[0]), GrabbedJobHandle(job, self._guard, self._c) if job else None

    def _announce(self) -> int | None:
        # Tells the servers what was unregistered, then registers what waited. May run a job: then its return code.
        rc = int(lib.gcffi_worker_announce(self._c))
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
            return int(lib.gearman_worker_register(self._c.st, name, timeout))
        if known is not None and lib.gearman_worker_function_exist(self._c.st, name, len(name)):
            known[0].call = function.call
            return int(ReturnCode.SUCCESS)
        if known is not None:
            self._retired.append(known)
            del self._functions[name, timeout]
        context = ffi.new_handle(function)
        # Kept before C has it: a signal handler may raise as soon as C returns.
        self._retired.append((function, context))
        rc = int(lib.gcffi_worker_add_function(self._c, name, len(name), timeout, context))
        if rc == ReturnCode.SUCCESS:
            self._functions[name, timeout] = function, context
        self._retired.pop()
        return rc

    def stop(self) -> None:
        """Makes the work() that is running, or the next one, return SHUTDOWN_GRACEFUL. From any thread."""
        self._guard.check_alive()  # the wake-up pipe is the parent's too
        lib.gcffi_worker_stop(self._c)
