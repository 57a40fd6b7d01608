"""The part of GearmanClient that submits single jobs, for its public methods and for the Python layer."""

from __future__ import annotations

from gearman_cffi._libgearman import JobKind, NativeClient, Reply, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import ANY_DATA, Data, Name, known_name
from gearman_cffi.ext.base import TOLERATED
from gearman_cffi.ext.client_tasks import RunsTasks
from gearman_cffi.ext.constants import (
    GEARMAN_WORK_EXCEPTION,
    GEARMAN_WORK_FAIL,
)
from gearman_cffi.ext.task_registry import TaskRegistry
from gearman_cffi.ext.wrapping import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, TypeVar

    _Client = TypeVar("_Client", bound="SubmitsJobs")
    _Method = TypeVar("_Method", bound=Callable[..., Any])

_JOB_FAILED = frozenset({GEARMAN_WORK_EXCEPTION, GEARMAN_WORK_FAIL})
_LOW_BACKGROUND = JobKind.LOW_BACKGROUND  # the first of those in the background


class SubmitsJobs(RunsTasks):
    """The base of GearmanClient that knows single jobs."""

    # For the Python layer, which is told its servers and takes no others.
    _from_environment: ClassVar[bool] = True
    _background_handle: str
    _context: str

    def _do(self, call: str, kind: int, function: Name, workload: Data, unique: Name | None) -> Reply:
        """Submits a job for the public method ``call``, and warns as PHP does if that failed."""
        if type(function) is not str or (name := known_name(function)) is None:
            name = arguments.function_name(function, "function")
        key = b"" if unique is None else arguments.name(unique, "unique")
        if type(workload) is not bytes or len(workload) > ANY_DATA:
            workload = arguments.data(workload, "workload")
        self._text = None
        reply = self._handle.submit(kind, name, key, workload)
        rc = self._rc = reply.rc
        if rc in _JOB_FAILED:
            self._text = return_code_name(rc)
        elif rc not in TOLERATED:
            self._warn(call, reply.error)
        return reply

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
        reply = self._handle.submit(kind, name, key, workload or None, -1 if timeout_ms is None else timeout_ms)
        rc = self._rc = reply.rc
        if rc in _JOB_FAILED:
            self._text = return_code_name(rc)
        return reply

    def _expect_exceptions(self) -> None:
        """Makes every connection ask for exceptions when it is opened."""
        self._handle.expect_exceptions()

    def _new_handle(self) -> NativeClient:
        return NativeClient(self._tasks, self._from_environment)

    def _clone(self: _Client, kind: type[_Client] | None = None, rotation: int = 0) -> _Client:
        """A copy without tasks and callbacks, of a class, with its servers turned by so many places."""
        kind = kind or type(self)
        copy = kind.__new__(kind)
        copy._tasks = TaskRegistry()
        copy._handle = self._handle.clone(copy._tasks, rotation)
        copy._background_handle, copy._context = "", self._context
        return copy


def submits(kind: int) -> Callable[[_Method], _Method]:
    """Makes of a method, which gives its name, signature and docstring, one that submits jobs of a JobKind."""

    def decorate(method: _Method) -> _Method:
        call = method.__name__

        def foreground(self: SubmitsJobs, function: Name, workload: Data, unique: Name | None = None) -> bytes:
            reply = self._do(call, kind, function, workload, unique)
            return reply.data or b""

        def background(self: SubmitsJobs, function: Name, workload: Data, unique: Name | None = None) -> str:
            self._background_handle = ""
            reply = self._do(call, kind, function, workload, unique)
            if reply.rc not in TOLERATED:
                return ""
            self._background_handle = reply.handle
            return reply.handle

        return wrap(method, background if kind >= _LOW_BACKGROUND else foreground)

    return decorate
