"""A libgearman worker with its owner."""

from __future__ import annotations

from gearman_cffi._libgearman.base import Calls, NativeObject
from gearman_cffi._libgearman.errors import RAISED, fail, refuse
from gearman_cffi._libgearman.job import Grabbed, JobFunction, NativeJob
from gearman_cffi._libgearman.kept import take_kept
from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gearman_cffi._libgearman.protocols import JobCallbacks

_FUNCTION_MAX = 512  # GEARMAN_FUNCTION_MAX_SIZE
_SUCCESS, _NO_SERVERS = int(lib.GEARMAN_SUCCESS), int(lib.GEARMAN_NO_SERVERS)
_NON_BLOCKING, _IDENTIFIER = int(lib.GEARMAN_WORKER_NON_BLOCKING), int(lib.GEARMAN_WORKER_IDENTIFIER)
_ANNOUNCES = int(lib.GCFFI_ANNOUNCES)
_work = lib.gcffi_worker_work  # looked up once


class NativeWorker(NativeObject):
    """gearman_worker_st. A worker's function may call all methods of its worker but work()."""

    __slots__ = ("_at_once", "_functions", "_retired", "_waiting")

    _calls = Calls("worker")
    _at_once: bool  # the timeout is 0

    def __init__(self, from_environment: bool = True, like: NativeWorker | None = None) -> None:
        """from_environment: adds the servers of GEARMAN_SERVERS. like: see clone().

        Raises MemoryError where libgearman makes no worker: memory, open files, or a bad host in GEARMAN_SERVERS.
        """
        super().__init__()
        if like is None:
            is_open = lib.gcffi_worker_open(self.c, from_environment)
        else:
            is_open = lib.gcffi_worker_open_like(self.c, like._checked())
        if not is_open:
            raise self._not_created()
        self._at_once = like is not None and like._at_once
        # By name and timeout, each with the handle that is its context in C. It lives as long as the worker:
        # libgearman may hold on to a context after it was told to forget the function.
        self._functions: dict[tuple[bytes, int], tuple[JobFunction, Any]] = {}
        self._retired: list[tuple[JobFunction, Any]] = []
        # Q20: a function that is registered again would be lost. It waits here until the servers know that it was
        # unregistered, and C refuses to work before.
        self._waiting: dict[bytes, tuple[JobFunction | None, int]] = {}

    def timeout(self) -> int:
        """How long work() and wait() wait, in ms, negative for ever (gearman_worker_timeout)."""
        return 0 if self._at_once else super().timeout()

    def set_timeout(self, milliseconds: int) -> None:
        """Sets timeout(), and the option TIMEOUT_RETURN (gearman_worker_set_timeout).

        libgearman gets 1 for 0 (Q22).
        """
        super().set_timeout(milliseconds or 1)
        self._at_once = milliseconds == 0

    # The worker's struct has the user's option NON_BLOCKING: C sets libgearman's as each call needs it.

    def options(self) -> int:
        """The options that are set, as bits (gearman_worker_options)."""
        return super().options() & ~_NON_BLOCKING | (_NON_BLOCKING if self.c.non_blocking else 0)

    def set_options(self, options: int) -> None:
        """Sets these options and removes the others (gearman_worker_set_options)."""
        super().set_options(options | _NON_BLOCKING)
        self.c.non_blocking = bool(options & _NON_BLOCKING)
        self._renamed(options)

    def add_options(self, options: int) -> None:
        """Sets these options too (gearman_worker_add_options)."""
        super().add_options(options)
        self.c.non_blocking = bool(self.c.non_blocking or options & _NON_BLOCKING)
        self._renamed(options)

    def remove_options(self, options: int) -> None:
        """Removes these options (gearman_worker_remove_options)."""
        super().remove_options(options & ~_NON_BLOCKING)
        self.c.non_blocking = bool(self.c.non_blocking and not options & _NON_BLOCKING)

    def _renamed(self, options: int) -> None:
        """With the option IDENTIFIER libgearman makes an identifier, which it does not tell."""
        if options & _IDENTIFIER:
            self.c.id_size = 0

    # -------------------------------------------------------------------------------- work

    def add_function(self, name: bytes, runner: JobCallbacks | None, timeout: int) -> int:
        """Registers a function; a later one of the same name replaces it (gearman_worker_define_function).

        The servers are told at the next work(). runner None is for grab() (gearman_worker_register).
        timeout: as libgearman sends it, 0 for none.
        """
        self._take_turns()
        function = None if runner is None else JobFunction(self.c, runner)
        if (self.c.removing or self._waiting) and 0 < len(name) <= _FUNCTION_MAX:
            self.c.announces_first = True
            self._waiting[name] = function, timeout
            return _SUCCESS
        return self._register(name, function, timeout)

    def unregister(self, name: bytes) -> int:
        """Forgets a function; the servers are told at the next work() (gearman_worker_unregister)."""
        rc = self._call(lib.gcffi_worker_unregister, name)
        waited = self._waiting.pop(name, None) is not None
        self.c.announces_first = bool(self._waiting)
        return _SUCCESS if waited else rc

    def unregister_all(self) -> int:
        """Forgets all functions; the servers are told at the next work() (gearman_worker_unregister_all)."""
        rc = self._call(lib.gcffi_worker_unregister_all)
        waited = bool(self._waiting)
        self._waiting.clear()
        self.c.announces_first = False
        return _SUCCESS if waited else rc

    def functions(self) -> list[tuple[bytes, int, JobCallbacks | None]]:
        """The names, timeouts and runners of the functions that are registered."""
        known: list[tuple[bytes, int, JobCallbacks | None]] = [
            (name, timeout, function.runner)
            for (name, timeout), (function, _) in self._functions.items()
            if name not in self._waiting and self._exists(name)
        ]
        for name, (function, timeout) in self._waiting.items():
            known.append((name, timeout, None if function is None else function.runner))
        return known

    def clone(self) -> NativeWorker:
        """A worker with the same servers, options and timeout; its functions are still to be added again."""
        self._take_turns()
        return NativeWorker(like=self)

    def set_identifier(self, identifier: bytes) -> int:
        """Gives the worker a name at its servers, at once where connected (gearman_worker_set_identifier)."""
        return self._call(lib.gcffi_worker_set_identifier, identifier, len(identifier))

    def await_answers(self, awaits: bool) -> None:
        """Whether a non-blocking work() waits a moment, of some 50 ms, for a server's answer whether it has a job."""
        self._checked().awaits_answers = awaits

    def work(self, keep_working: bool = False) -> tuple[int, BaseException | None]:
        """Waits for a job and runs it (gearman_worker_work).

        keep_working: runs the next job too, until there is none, one fails, or come_back() or stop() is called. A
        result may then be sent together with the request for the next job.
        Returns the return code, or that of the job, and what its function raised, for the caller to raise.
        """
        outcome = ffi.new("int *")
        rc = int(_work(self.c, keep_working, outcome))
        while rc == _ANNOUNCES:
            announced = self._announce(outcome)
            again = announced is None
            rc = int(_work(self.c, keep_working, outcome)) if again else announced or int(outcome[0])
        if rc == RAISED:
            return int(outcome[0]), take_kept()
        if rc < 0:
            refuse("worker", rc)
        return rc, None

    def come_back(self) -> None:
        """In a job that work() runs: it is the last one before work() returns, and its result goes out at once."""
        self.c.goes_on = False

    def grab(self, handle: NativeJob) -> tuple[int, bool]:
        """Asks each server once for a job, which the caller answers (gearman_worker_grab_job).

        Returns the return code, and whether there is one: then handle, made by hand, is its own.
        """
        rc = self._announce(ffi.new("int *")) if self._waiting else None
        job: Any = ffi.new("gcffi_job *")
        if rc is None:
            rc = int(lib.gcffi_worker_grab(self.c, job))
        if job.st:
            handle._keeps = Grabbed(job, self.c, self._open)
            handle._job = job
        if rc < 0:
            fail("worker", rc)
        return rc, bool(job.st)

    def _announce(self, outcome: Any) -> int | None:
        """Tells the servers what was unregistered, then registers what waited.

        If that has run a job, or failed: what C returned. Otherwise None.
        """
        rc = int(lib.gcffi_worker_announce(self.c, outcome))
        if rc < 0 or rc in (_SUCCESS, _NO_SERVERS):
            return rc
        for name, (function, timeout) in self._waiting.items():
            self._register(name, function, timeout)
        self._waiting.clear()
        self.c.announces_first = False
        return None

    def _register(self, name: bytes, function: JobFunction | None, timeout: int) -> int:
        known = self._functions.get((name, timeout))
        if function is None:
            return self._call(lib.gcffi_worker_register, name, timeout)
        if known is not None and self._exists(name):
            known[0].runner = function.runner
            return _SUCCESS
        if known is not None:
            self._retired.append(known)
            del self._functions[name, timeout]
        context = ffi.new_handle(function)
        # Kept before C has it: a signal handler may raise as soon as C returns.
        self._retired.append((function, context))
        rc = self._call(lib.gcffi_worker_add_function, name, len(name), timeout, context)
        if rc == _SUCCESS:
            self._functions[name, timeout] = function, context
        self._retired.pop()
        return rc

    def _exists(self, name: bytes) -> bool:
        return bool(lib.gearman_worker_function_exist(self._checked().st, name, len(name)))

    def _take_turns(self) -> None:
        """Raises ConcurrentUseError beside another call, unless it is made in a job that the worker runs."""
        refused = lib.gcffi_check_idle(self.c)
        if refused:
            refuse("worker", refused)

    def stop(self) -> None:
        """Makes the work() that is running, or the next one, return SHUTDOWN_GRACEFUL. From any thread."""
        refused = lib.gcffi_check_alive(self.c)  # the wake-up pipe is the parent's too
        if refused:
            refuse("worker", refused)
        lib.gcffi_worker_stop(self.c)
