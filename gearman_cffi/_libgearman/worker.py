"""A libgearman worker. A function that is registered again waits here until its removal is announced (Q20)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gearman_cffi._libgearman.base import Functions, NativeObject
from gearman_cffi._libgearman.errors import EXCEPTION_PENDING, REENTRANT, check, raise_refusal, take_pending
from gearman_cffi._libgearman.job import GrabbedJob, JobFunction, NativeJob
from gearman_cffi._libgearman.native import ffi, lib
from gearman_cffi._libgearman.protocols import JobCallbacks

_MAX_FUNCTION_NAME = int(lib.GEARMAN_FUNCTION_MAX_SIZE)
_SUCCESS, _NO_SERVERS = int(lib.GEARMAN_SUCCESS), int(lib.GEARMAN_NO_SERVERS)
_NON_BLOCKING, _IDENTIFIER = int(lib.GEARMAN_WORKER_NON_BLOCKING), int(lib.GEARMAN_WORKER_IDENTIFIER)
_SERVER_CONNECTED, _SERVER_UNKNOWN = int(lib.GCFFI_SERVER_CONNECTED), int(lib.GCFFI_SERVER_UNKNOWN)
_ANNOUNCE_FIRST = int(lib.GCFFI_E_ANNOUNCE_FIRST)


class NativeWorker(NativeObject):
    """gearman_worker_st. A worker's function may call all methods of its worker but work()."""

    __slots__ = ("_functions_by_name", "_has_timeout_0", "_to_register", "_unregistered")

    _has_timeout_0: bool

    _functions = Functions(
        what="worker",
        close=lib.gcffi_worker_close,
        error=lib.gcffi_worker_error,
        errno=lib.gearman_worker_errno,
        options=lib.gearman_worker_options,
        set_options=lib.gearman_worker_set_options,
        add_options=lib.gearman_worker_add_options,
        remove_options=lib.gearman_worker_remove_options,
        timeout=lib.gearman_worker_timeout,
        set_timeout=lib.gearman_worker_set_timeout,
        add_server=lib.gcffi_worker_add_server,
        add_servers=lib.gcffi_worker_add_servers,
        request_option=lib.gcffi_worker_request_option,
        echo=lib.gcffi_worker_echo,
        wait=lib.gcffi_worker_wait,
    )

    def __init__(self, from_environment: bool = True, like: NativeWorker | None = None) -> None:
        """from_environment: adds the servers of GEARMAN_SERVERS. like: see clone().

        Raises MemoryError if libgearman creates no worker: memory, open files, or a bad host in GEARMAN_SERVERS.
        """
        super().__init__()
        if like is None:
            is_open = lib.gcffi_worker_open(self.c, from_environment)
        else:
            is_open = self._is_cloned(lib.gcffi_worker_clone(self.c, like.c))
        if not is_open:
            raise self._creation_error()
        self._has_timeout_0 = like is not None and like._has_timeout_0
        # By name and timeout, each with the cffi handle that is its context in C. They live as long as the worker:
        # libgearman may use a context after the function was unregistered.
        self._functions_by_name: dict[tuple[bytes, int], tuple[JobFunction, Any]] = {}
        self._unregistered: list[tuple[JobFunction, Any]] = []
        # Q20: a function that is registered again would be lost. It waits here until work() has announced to the
        # servers that it was unregistered.
        self._to_register: dict[bytes, tuple[JobFunction | None, int]] = {}

    def timeout(self) -> int:
        """How long work() and wait() wait, in ms; negative is no limit (gearman_worker_timeout)."""
        return 0 if self._has_timeout_0 else super().timeout()

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(), and the option TIMEOUT_RETURN (gearman_worker_set_timeout).

        libgearman gets 1 for 0 (Q22).
        """
        super().set_timeout(milliseconds or 1)
        self._has_timeout_0 = milliseconds == 0

    def options(self) -> int:
        """The options that are set, as bits (gearman_worker_options).

        NON_BLOCKING is stored in the struct: C sets libgearman's option as each call needs it.
        """
        return super().options() & ~_NON_BLOCKING | (_NON_BLOCKING if self.c.non_blocking else 0)

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_worker_set_options)."""
        super().set_options(options | _NON_BLOCKING)
        self.c.non_blocking = bool(options & _NON_BLOCKING)
        self._forget_identifier(options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_worker_add_options)."""
        super().add_options(options)
        self.c.non_blocking = bool(self.c.non_blocking or options & _NON_BLOCKING)
        self._forget_identifier(options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_worker_remove_options)."""
        super().remove_options(options & ~_NON_BLOCKING)
        self.c.non_blocking = bool(self.c.non_blocking and not options & _NON_BLOCKING)

    def _forget_identifier(self, options: int) -> None:
        """With the option IDENTIFIER libgearman generates an identifier, which cannot be read to send it again."""
        if options & _IDENTIFIER:
            self.c.id_size = 0

    # -------------------------------------------------------------------------------- work

    def add_function(self, name: bytes, callbacks: JobCallbacks | None, timeout: int) -> int:
        """Registers a function; a later one of the same name replaces it (gearman_worker_define_function).

        The next work() announces it to the servers. callbacks: None for a function whose jobs grab() takes
        (gearman_worker_register). timeout: as libgearman sends it, 0 for none.
        """
        self._check_idle()
        function = None if callbacks is None else JobFunction(self.c, callbacks)
        if (self.c.functions_removed or self._to_register) and 0 < len(name) <= _MAX_FUNCTION_NAME:
            self.c.register_after_announce = True
            self._to_register[name] = function, timeout
            return _SUCCESS
        return self._register(name, function, timeout)

    def unregister(self, name: bytes) -> int:
        """Removes a function; the next work() announces that to the servers (gearman_worker_unregister)."""
        rc = self._call(lib.gcffi_worker_unregister, name)
        was_waiting = self._to_register.pop(name, None) is not None
        self.c.register_after_announce = bool(self._to_register)
        return _SUCCESS if was_waiting else rc

    def unregister_all(self) -> int:
        """Removes all functions; the next work() announces that to the servers (gearman_worker_unregister_all)."""
        rc = self._call(lib.gcffi_worker_unregister_all)
        was_waiting = bool(self._to_register)
        self._to_register.clear()
        self.c.register_after_announce = False
        return _SUCCESS if was_waiting else rc

    def functions(self) -> list[tuple[bytes, int, JobCallbacks | None]]:
        """The names, timeouts and callbacks of the functions that are registered."""
        known: list[tuple[bytes, int, JobCallbacks | None]] = [
            (name, timeout, function.callbacks)
            for (name, timeout), (function, _) in self._functions_by_name.items()
            if name not in self._to_register and self._exists(name)
        ]
        for name, (function, timeout) in self._to_register.items():
            known.append((name, timeout, None if function is None else function.callbacks))
        return known

    def clone(self) -> NativeWorker:
        """A worker with the same servers, options and timeout. It has no functions."""
        self._check_idle()
        return NativeWorker(like=self)

    def set_identifier(self, identifier: bytes) -> int:
        """Names the worker at its servers, at once if it is connected (gearman_worker_set_identifier)."""
        return self._call(lib.gcffi_worker_set_identifier, identifier, len(identifier))

    def set_wait_for_grab_reply(self, waits: bool) -> None:
        """Whether a non-blocking work() waits up to 50 ms for the server's answer whether it has a job."""
        self._checked().wait_for_grab_reply = waits

    def set_connect_timeout(self, milliseconds: int) -> None:
        """How long opening a connection may take; 5 s by default."""
        self._checked().connect_timeout = milliseconds

    def work(self, keep_working: bool = False) -> tuple[int, BaseException | None]:
        """Waits for a job and runs it (gearman_worker_work).

        keep_working: runs the next job too, until there is none, one fails, or stop_after_job() or stop() is called.
        A result may then be sent together with the request for the next job.
        Returns the return code of the call or of the job, and the exception of its function, which the caller raises.
        """
        outcome = ffi.new("int *")
        rc = self._work(keep_working, outcome)
        if rc == EXCEPTION_PENDING:
            return int(outcome[0]), take_pending()
        if rc < 0:
            raise_refusal("worker", rc)
        return rc, None

    def _work(self, keep_working: bool, outcome: Any) -> int:
        """Registers the functions that are waiting (Q20), then works."""
        while True:
            rc = int(lib.gcffi_worker_work(self.c, keep_working, outcome))
            if rc != _ANNOUNCE_FIRST:
                return rc
            announced = self._announce(outcome)
            if announced is not None:
                return announced or int(outcome[0])

    def stop_after_job(self) -> None:
        """In a job that work() runs: work() returns after it, and its result is sent at once."""
        self.c.keep_working = False

    def grab(self, job: NativeJob) -> tuple[int, bool]:
        """Asks each server once for a job, which the caller answers (gearman_worker_grab_job).

        job: an empty one, which then refers to the C job. Returns the return code, and whether there is a job.
        """
        c_job: Any = ffi.new("gcffi_job *")
        rc = self._announce(ffi.new("int *")) if self._to_register else None
        if rc is None or rc == REENTRANT:  # within a job: the next work() announces
            rc = int(lib.gcffi_worker_grab(self.c, c_job))
        if c_job.st:
            job._attach(c_job, GrabbedJob(c_job, self.c, self._open))
        if rc < 0:
            check("worker", rc)
        return rc, bool(c_job.st)

    def take(self, job: NativeJob, leaves: bool) -> tuple[int, bool]:
        """Goes on with the search for a job without waiting, and asks to be woken up if there is none.

        The caller answers the job, which may be one of several that it has taken. The functions are registered without
        callbacks. job: as in grab(). leaves: asks for no job, but takes one that a server may still assign;
        SHUTDOWN_GRACEFUL if there is none. Returns the return code, IO_WAIT or NO_JOBS if wait_for_workers() should
        follow, and whether there is a job.
        """
        c_job: Any = ffi.new("gcffi_job *")
        rc = int(lib.gcffi_worker_take(self.c, leaves, c_job))
        if c_job.st:
            job._attach(c_job, GrabbedJob(c_job, self.c, self._open))
        if rc < 0:
            check("worker", rc)
        return rc, bool(c_job.st)

    def close(self) -> None:
        """Disconnects, even if a traceback still refers to this object. Only when it has no job."""
        ffi.release(self._open)

    def unsent(self) -> int:
        """How many bytes its servers have not taken yet, of what was sent for jobs of take()."""
        return int(lib.gcffi_worker_unsent(self.c))

    def count_connected(self) -> int:
        """How many servers are connected, after a search for a job."""
        return int(lib.gcffi_worker_count_connected(self.c))

    def is_reachable(self, host: bytes, port: int) -> bool | None:
        """Whether this server is connected after a search for a job; None if that is open. Looks the name up."""
        state = int(lib.gcffi_worker_server_state(self.c, host, port))
        return None if state == _SERVER_UNKNOWN else state == _SERVER_CONNECTED

    def has_news(self) -> bool:
        """Whether something had come when wait_for_workers() returned."""
        return bool(self.c.has_news)

    def _announce(self, outcome: Any) -> int | None:
        """Announces to the servers what was unregistered, then registers the functions that are waiting (Q20).

        Returns None; if C has run a job or failed, its return code.
        """
        rc = int(lib.gcffi_worker_announce(self.c, outcome))
        if rc < 0 or rc in (_SUCCESS, _NO_SERVERS):
            return rc
        for name, (function, timeout) in self._to_register.items():
            self._register(name, function, timeout)
        self._to_register.clear()
        self.c.register_after_announce = False
        return None

    def _register(self, name: bytes, function: JobFunction | None, timeout: int) -> int:
        known = self._functions_by_name.get((name, timeout))
        if function is None:
            return self._call(lib.gcffi_worker_register, name, timeout)
        if known is not None and self._exists(name):
            known[0].callbacks = function.callbacks
            return _SUCCESS
        if known is not None:
            self._unregistered.append(known)
            del self._functions_by_name[name, timeout]
        context = ffi.new_handle(function)
        # Stored before C has it: a signal handler may raise as soon as C returns.
        self._unregistered.append((function, context))
        rc = self._call(lib.gcffi_worker_add_function, name, len(name), timeout, context)
        if rc == _SUCCESS:
            self._functions_by_name[name, timeout] = function, context
        self._unregistered.pop()
        return rc

    def _exists(self, name: bytes) -> bool:
        return bool(lib.gearman_worker_function_exist(self._checked().st, name, len(name)))

    def _check_idle(self) -> None:
        """Raises ConcurrentUseError during another call, except in a job that the worker runs."""
        refused = lib.gcffi_guard_check_idle(self.c)
        if refused:
            raise_refusal("worker", refused)

    def stop(self) -> None:
        """Makes the work() that is running, or the next one, return SHUTDOWN_GRACEFUL. From any thread."""
        refused = lib.gcffi_guard_check_process(self.c)  # the wake-up pipe is the parent's too
        if refused:
            raise_refusal("worker", refused)
        lib.gcffi_worker_stop(self.c)


def wait_for_workers(
    receiving: Sequence[NativeWorker], others: Sequence[NativeWorker], wake_fd: int, milliseconds: int
) -> int:
    """Waits until something has come for a worker of `receiving`, or the descriptor can be read. Negative: for ever.

    Meanwhile all workers send what their servers had not taken yet; then it returns too.
    """
    workers = [worker.c for worker in (*receiving, *others)]
    structs = ffi.new("gcffi_worker *[]", workers)
    rc = int(lib.gcffi_wait_for_workers(structs, len(workers), len(receiving), wake_fd, milliseconds))
    if rc < 0:
        check("worker", rc)
    return rc
