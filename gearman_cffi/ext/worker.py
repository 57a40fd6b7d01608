"""PHP's GearmanWorker: running the jobs of the functions it has registered."""

from __future__ import annotations

from gearman_cffi._libgearman import PROCESS_EXITS as PROCESS_EXITS
from gearman_cffi._libgearman import JobEnd, JobPacket, NativeWorker, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.arity import positional
from gearman_cffi.ext.base import Connected
from gearman_cffi.ext.constants import (
    GEARMAN_IO_WAIT,
    GEARMAN_LOST_CONNECTION,
    GEARMAN_NO_JOBS,
    GEARMAN_SHUTDOWN,
    GEARMAN_SHUTDOWN_GRACEFUL,
    GEARMAN_SUCCESS,
    GEARMAN_TIMEOUT,
    GEARMAN_WORK_EXCEPTION,
    GEARMAN_WORK_FAIL,
)
from gearman_cffi.ext.deprecated import DeprecatedWorker
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.job import GearmanJob
from gearman_cffi.ext.warnings import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Literal, TypeAlias

# What a worker's function is called with: the job, and the context that it was registered with.
WorkerFunction: TypeAlias = "Callable[[GearmanJob, Any], Any] | Callable[[GearmanJob], Any]"

# What work() reports by its return code alone, without a warning.
_QUIET = frozenset(
    {
        GEARMAN_IO_WAIT,
        GEARMAN_WORK_FAIL,
        GEARMAN_WORK_EXCEPTION,
        GEARMAN_TIMEOUT,
        GEARMAN_NO_JOBS,
        GEARMAN_SHUTDOWN_GRACEFUL,
    }
)


class GearmanWorker(Connected, DeprecatedWorker):
    """PHP's GearmanWorker: registers functions and runs their jobs, one for each call of work().

    One thread at a time may use a worker, and only the process that created it.
    """

    _php_class: ClassVar[str] = "GearmanWorker"
    # For the Python layer, which is told its servers and takes no others, and raises where the mirror warns.
    _from_environment: ClassVar[bool] = True
    _job_class: ClassVar[type[GearmanJob]] = GearmanJob

    def __init__(self) -> None:
        """Creates a worker with the servers of the environment variable GEARMAN_SERVERS, if it is set.

        Raises GearmanException where one of them is unknown. Stands for gearman_worker_create().
        """
        try:
            self._handle: NativeWorker = self._new_handle()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error

    def addFunction(self, function_name: Name, function: WorkerFunction, context: Any = None, timeout: int = 0) -> bool:
        """Registers a function; the servers hear of it at the next work(). The same name replaces it.

        function: called with the GearmanJob and the context. What it returns is the job's result (bytes, str or
        a number; None is an empty one). An exception that it raises reaches the client as "Type: message",
        and leaves work(). SystemExit and KeyboardInterrupt leave the job to another worker.
        timeout: how long the server waits for a job before it gives it to another worker; 0 for ever. gearmand
        1.1.20 takes it in ms, with 1000 at the least, where its manual says seconds.
        Returns True; False with a warning for a name or function that is refused.
        Stands for gearman_worker_add_function().
        """
        name = arguments.name(function_name, "function_name")
        seconds = arguments.integer(timeout, "timeout", 0, 0xFFFFFFFF)
        if not callable(function):
            shown = function.decode(errors="replace") if isinstance(function, bytes) else str(function or "")
            warn("GearmanWorker::addFunction()", f"Function '{shown}' is not a valid callback")
            return False
        self._text = None
        self._rc = self._handle.add_function(name, _Function(function, context, self._job_class), seconds)
        if self._rc != GEARMAN_SUCCESS:
            reason = f"{self.error()} {return_code_name(self._rc)}"
            warn("GearmanWorker::addFunction()", f"Unable to add function to Gearman Worker: {reason}")
            return False
        return True

    def register(self, function_name: Name, timeout: int = 0) -> bool:
        """Registers a function for grabJob(), without one to run; timeout as in addFunction().

        True, or False with a warning. Stands for gearman_worker_register().
        """
        name = arguments.name(function_name, "function_name")
        limit = arguments.integer(timeout, "timeout", 0, 0xFFFFFFFF)
        return self._registered("register", self._handle.add_function(name, None, limit))

    def unregister(self, function_name: Name) -> bool:
        """Forgets a function; the servers hear of it at the next work(). False with a warning for an unknown one.

        Stands for gearman_worker_unregister().
        """
        name = arguments.name(function_name, "function_name")
        return self._registered("unregister", self._handle.unregister(name))

    def unregisterAll(self) -> bool:
        """Forgets all functions. False with a warning where there is none.

        Stands for gearman_worker_unregister_all().
        """
        return self._registered("unregisterAll", self._handle.unregister_all())

    def setId(self, id: Name) -> bool:
        """Names the worker at its servers, where gearadmin --workers shows it.

        id: 1 to 254 visible ASCII characters. Returns True; False, without a warning, for any other.
        Stands for gearman_worker_set_identifier().
        """
        self._text = None
        return self._handle.set_identifier(arguments.name(id, "id")) == GEARMAN_SUCCESS

    def grabJob(self) -> GearmanJob | Literal[False]:
        """Asks each server once for a job; the caller answers it with its send methods.

        Returns the GearmanJob, or False with a warning where there is none: does not wait. In non-blocking mode an
        empty GearmanJob with GEARMAN_IO_WAIT as long as the servers have not answered. A job that is dropped
        without an answer stays assigned until the worker goes away. Stands for gearman_worker_grab_job().
        """
        self._text = None
        job = GearmanJob()
        rc, _ = self._handle.grab(job)
        self._rc = rc
        if rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("grabJob")
            return False
        return job

    def work(self) -> bool:
        """Waits for a job and runs it.

        Returns True after a job was run; otherwise False, and returnCode() says why: GEARMAN_TIMEOUT,
        in non-blocking mode GEARMAN_IO_WAIT and GEARMAN_NO_JOBS, for a job whose function called setReturn() its
        code, after stop() GEARMAN_SHUTDOWN_GRACEFUL; anything else comes with a warning. Raises what the
        function raised, with returnCode() GEARMAN_WORK_EXCEPTION. Stands for gearman_worker_work().
        """
        self._text = None
        rc, error = self._handle.work()
        self._rc = rc
        if error is not None:
            raise error
        if rc == 0:
            return True
        if rc not in _QUIET:
            self._warn("work")
        return False

    def stop(self) -> None:
        """Makes work() return False with GEARMAN_SHUTDOWN_GRACEFUL: at once when idle, after the job when busy.

        Beyond the extension. May be called from a signal handler, from another thread and from inside a job. When
        no work() is running, the next one returns at once. Raises ForkedUseError in a child process that inherited it.
        """
        self._handle.stop()

    def ping(self, data: Data) -> bool:
        """Sends data to every server and compares what comes back.

        Returns True; False with a warning where a server failed, or for empty data.
        Stands for gearman_worker_echo().
        """
        return self._ping(data, "data")

    def _work_on(self) -> bool:
        """For the Python layer: runs one job after the other, see NativeWorker.work()."""
        self._text = None
        rc, error = self._handle.work(keep_working=True)
        self._rc = rc
        if error is not None:
            raise error
        return rc == 0

    def _come_back(self) -> None:
        """For the Python layer: see NativeWorker.come_back()."""
        self._handle.come_back()

    def _await_answers(self, awaits: bool) -> None:
        """For the Python layer: see NativeWorker.await_answers()."""
        self._handle.await_answers(awaits)

    def _new_handle(self) -> NativeWorker:
        return NativeWorker(self._from_environment)

    def _clone(self) -> GearmanWorker:
        copy = GearmanWorker.__new__(type(self))
        copy._handle = self._handle.clone()
        for name, timeout, function in self._handle.functions():
            copy._handle.add_function(name, function, timeout)
        return copy

    def _registered(self, call: str, rc: int) -> bool:
        self._text = None
        self._rc = rc
        if rc != GEARMAN_SUCCESS:
            self._warn(call)
        return rc == GEARMAN_SUCCESS


class _Function:
    """A registered function, as the C boundary runs it; see JobCallbacks there."""

    __slots__ = ("call", "job_class")

    def __init__(self, function: WorkerFunction, context: Any, job_class: type[GearmanJob]) -> None:
        self.job_class = job_class
        takes = positional(function, 2)
        plain: Callable[..., Any] = function
        self.call: Callable[..., Any] = (
            plain if takes == 1 else (lambda job: plain(job, context)) if takes else (lambda job: plain())
        )

    def ended(self, job: GearmanJob, result: object) -> tuple[int, int]:
        """Answers a job whose function has returned neither bytes nor str, or has called setReturn()."""
        try:
            answer = b"" if result is None else arguments.data(result, "a worker function's result")  # type: ignore[arg-type]
        except BaseException as error:
            self.failed(job, error)
            raise
        code = job._rc
        if code == GEARMAN_LOST_CONNECTION:
            return JobEnd.RETURNED, GEARMAN_SUCCESS
        # libgearman is not told of a failure but sent one: after a function that fails, its next
        # gearman_worker_work() returns success without having run a job.
        packet, sends = (JobPacket.COMPLETE, answer) if code in (0, GEARMAN_SHUTDOWN) else (JobPacket.FAIL, b"")
        sent = job._send(packet, sends)
        # What cannot be sent goes back: the server gives the job to another worker, if it lives.
        return (JobEnd.RETURNED, sent) if sent else (JobEnd.ANSWERED, code)

    def failed(self, job: GearmanJob, error: BaseException) -> None:
        """Sends the exception to the client, unless it asks the process to end."""
        if not isinstance(error, PROCESS_EXITS):
            job._send(JobPacket.EXCEPTION, describe(error))


def describe(error: BaseException) -> bytes:
    """An exception as a worker sends it: ``Type: message``. Without a message it ends with the blank."""
    try:
        text = str(error)
    except PROCESS_EXITS:
        raise
    except BaseException as unprintable:
        text = f"its text cannot be shown ({type(unprintable).__qualname__})"
    return f"{type(error).__qualname__}: {text}".encode("utf-8", "backslashreplace")
