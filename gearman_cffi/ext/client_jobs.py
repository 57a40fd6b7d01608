"""The part of GearmanClient that submits single jobs, for its public methods and for the Python layer."""

from __future__ import annotations

from gearman_cffi._libgearman import NULL, ClientHandle, JobKind, pointer, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name, known_name
from gearman_cffi.ext.client_tasks import RunsTasks
from gearman_cffi.ext.connected import TOLERATED
from gearman_cffi.ext.constants import (
    GEARMAN_DATA_TOO_LARGE,
    GEARMAN_SUCCESS,
    GEARMAN_WORK_EXCEPTION,
    GEARMAN_WORK_FAIL,
)
from gearman_cffi.ext.tasks import Tasks
from gearman_cffi.ext.wrapping import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, TypeVar

    _Client = TypeVar("_Client", bound="SubmitsJobs")
    _Method = TypeVar("_Method", bound=Callable[..., Any])

_JOB_FAILED = frozenset({GEARMAN_WORK_EXCEPTION, GEARMAN_WORK_FAIL})
_LOW_BACKGROUND = JobKind.LOW_BACKGROUND  # the first of those in the background


class Reply:
    """What came back for a job: for the Python layer, which needs more of it than PHP shows.

    rc: a ReturnCode. data: the result. exception: the text that a worker sent as an exception. handle: that of a job in
    the background, or of one that failed.
    """

    __slots__ = ("data", "exception", "handle", "rc")

    def __init__(self, rc: int, data: bytes | None, exception: bytes | None, handle: str) -> None:
        self.rc = rc
        self.data = data
        self.exception = exception
        self.handle = handle


class SubmitsJobs(RunsTasks):
    """The base of GearmanClient that knows single jobs."""

    # For the Python layer, which is told its servers and takes no others.
    _from_environment: ClassVar[bool] = True
    _background_handle: str
    _context: str

    def _settle_call(self, call: str, size: int, workload: Data, in_background: bool) -> bytes | str:
        """What a call returns whose job has no short answer."""
        rc = self._settle(size, workload)
        if rc not in TOLERATED:
            self._warn(call)
        elif in_background:
            self._background_handle = self._handle.job_handle()
        if in_background:
            return self._background_handle
        return self._handle.data() if rc == GEARMAN_SUCCESS else b""

    def _settle(self, size: int, workload: Data = b"") -> int:
        rc = self._rc = self._handle.settle(size)
        if rc == GEARMAN_DATA_TOO_LARGE:
            arguments.data(workload, "workload")  # raises what a mirror's method does
        if rc in _JOB_FAILED:
            self._text = return_code_name(rc)
        return rc

    # ------------------------------------------------------------------------ for the Python layer

    def _submit(
        self,
        kind: int,
        function: Name,
        workload: bytes | bytearray | memoryview,
        unique: Name | None = None,
        timeout_ms: int | None = None,
    ) -> Reply:
        """Submits, never warns, takes empty workloads, tells all that came back. Names in bytes have been checked."""
        name = function if type(function) is bytes else arguments.function_name(function, "function")
        key = b"" if unique is None else unique if type(unique) is bytes else arguments.name(unique, "unique")
        self._text = None
        handle = self._handle
        submit = handle.submit
        milliseconds, length = -1 if timeout_ms is None else timeout_ms, len(workload)
        size = submit(handle.c, kind, name, key, pointer(workload) if length else NULL, length, milliseconds)
        rc = self._rc = GEARMAN_SUCCESS if size >= 0 else self._settle(size)
        if kind < _LOW_BACKGROUND and rc == GEARMAN_SUCCESS:
            return Reply(rc, handle.answer[:size] if size >= 0 else handle.data(), None, "")
        raised = handle.data() if rc == GEARMAN_WORK_EXCEPTION else None
        return Reply(rc, b"" if rc == GEARMAN_SUCCESS else None, raised, handle.job_handle())

    def _expect_exceptions(self) -> None:
        """Makes every connection ask for exceptions when it is opened."""
        self._handle.expect_exceptions()

    def _new_handle(self) -> ClientHandle:
        return ClientHandle(self._tasks, self._from_environment)

    def _clone(self: _Client, kind: type[_Client] | None = None, rotation: int = 0) -> _Client:
        """A copy without tasks and callbacks, of a class, with its servers turned by so many places."""
        kind = kind or type(self)
        copy = kind.__new__(kind)
        copy._tasks = Tasks()
        copy._handle = self._handle.clone(copy._tasks, rotation)
        copy._background_handle, copy._context = "", self._context
        return copy


def submits(kind: int) -> Callable[[_Method], _Method]:
    """Makes of a method, which gives its name, signature and docstring, one that submits jobs of a JobKind.

    A method that called a shared one would cost a job 3 % of its instructions; for the same reason the usual arguments
    are looked at in here. No variable holds a pointer: a traceback would keep the caller's bytearray from growing.
    """
    in_background = kind >= _LOW_BACKGROUND

    def decorate(method: _Method) -> _Method:
        call = method.__name__

        def made(self: SubmitsJobs, function: Name, workload: Data, unique: Name | None = None) -> bytes | str:
            if in_background:
                self._background_handle = ""
            if type(function) is not str or (name := known_name(function)) is None:
                name = arguments.function_name(function, "function")
            if unique is None:
                key = b""
            elif type(unique) is str and "\0" not in unique:
                key = unique.encode()
            else:
                key = arguments.name(unique, "unique")
            self._text = None
            handle = self._handle
            submit = handle.submit
            if type(workload) is bytes:  # its size is looked at in C
                size = submit(handle.c, kind, name, key, workload, len(workload), -1)
            else:
                data = arguments.data(workload, "workload")
                size = submit(handle.c, kind, name, key, pointer(data), len(data), -1)
            if size < 0:
                return self._settle_call(call, size, workload, in_background)
            self._rc = 0
            if not in_background:
                return handle.answer[:size]  # type: ignore[no-any-return]
            try:
                job: str = handle.name[:size].decode()
            except UnicodeDecodeError:
                job = handle.job_handle()
            self._background_handle = job
            return job

        made.__code__ = made.__code__.replace(co_name=call)  # for tracebacks and profiles
        return wrap(method, made)

    return decorate
