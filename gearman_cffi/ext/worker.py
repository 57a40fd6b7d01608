"""PHP's GearmanWorker: registers functions and runs their jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias, TypeVar

from gearman_cffi._libgearman import PROCESS_EXITS as PROCESS_EXITS
from gearman_cffi._libgearman import JobEnd, JobPacket, NativeWorker, return_code_name
from gearman_cffi._libgearman import wait_for_workers as _wait_for_workers
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arity import positional
from gearman_cffi.ext.base import GearmanBase
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
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.job import GearmanJob
from gearman_cffi.ext.warnings import warn, warn_deprecated

if TYPE_CHECKING:
    from gearman_cffi.ext.arguments import Data, Name

_Worker = TypeVar("_Worker", bound="GearmanWorker")

# A worker's function is called with the job, and with the context that it was registered with.
WorkerFunction: TypeAlias = Callable[[GearmanJob, Any], Any] | Callable[[GearmanJob], Any]

_TIMEOUT_MAX: Final = 0xFFFFFFFF
# The return codes of work() without a warning.
_NO_WARNING: Final = frozenset(
    {
        GEARMAN_IO_WAIT,
        GEARMAN_WORK_FAIL,
        GEARMAN_WORK_EXCEPTION,
        GEARMAN_TIMEOUT,
        GEARMAN_NO_JOBS,
        GEARMAN_SHUTDOWN_GRACEFUL,
    }
)


class GearmanWorker(GearmanBase):
    """PHP's GearmanWorker: registers functions and runs their jobs, one for each call of work().

    One thread at a time may use a worker, and only the process that created it.

    Example:
            worker = GearmanWorker()
            worker.addServer("127.0.0.1", 4730)
            worker.addFunction("reverse", lambda job, context: job.workload()[::-1])
            while worker.work():
                pass
    """

    _php_class: ClassVar[str] = "GearmanWorker"
    _tls_option: ClassVar[int] = 1024  # GEARMAN_WORKER_SSL
    # The Python layer, which adds the servers that it is given and no others, and raises instead of warning, overrides
    # these.
    _from_environment: ClassVar[bool] = True
    _job_class: ClassVar[type[GearmanJob]] = GearmanJob
    _native: NativeWorker

    def __init__(self) -> None:
        """Creates a worker with the servers in the environment variable GEARMAN_SERVERS, if it is set.

        Raises:
            GearmanException: The host of one of them is unknown.

        Equivalent to gearman_worker_create().
        """
        super().__init__()
        try:
            self._native = self._new_native()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error

    def addFunction(self, function_name: Name, function: WorkerFunction, context: Any = None, timeout: int = 0) -> bool:
        """Registers a function; the next work() announces it to the servers. A function of the same name is replaced.

        Args:
            function_name: Its name, at most 512 bytes.
            function: Called with the GearmanJob and the context. It returns the result of the job: bytes, str, a
                number, an object whose class defines __str__, or None for an empty result. The message of an exception
                that it raises is sent to the client, and work() raises the exception. After SystemExit and
                KeyboardInterrupt the server gives the job to another worker.
            context: The second argument of the function.
            timeout: Milliseconds that the server waits for a job before it gives the job to another worker as well; 0
                for no limit. gearmand 1.1.20 takes milliseconds, at least 1000, although its manual says seconds.

        Returns:
            True; False with a warning if the name or the function is refused.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                def resize(job, folder):
                    return f"{folder}/{job.workload().decode()}"

                worker.addFunction("resize", resize, "/var/photos")
                worker.addFunction("reverse", lambda job: job.workload()[::-1])

        Equivalent to gearman_worker_add_function().
        """
        name = arguments.name(function_name, "function_name")
        limit = arguments.integer(timeout, "timeout", 0, _TIMEOUT_MAX)
        if not callable(function):
            shown = function.decode(errors="replace") if isinstance(function, bytes) else str(function or "")
            warn("GearmanWorker::addFunction()", f"Function '{shown}' is not a valid callback")
            return False
        self._text = None
        self._rc = self._native.add_function(name, _RegisteredFunction(function, context, self._job_class), limit)
        if self._rc != GEARMAN_SUCCESS:
            reason = f"{self.error()} {return_code_name(self._rc)}"
            warn("GearmanWorker::addFunction()", f"Unable to add function to Gearman Worker: {reason}")
            return False
        return True

    def register(self, function_name: Name, timeout: int = 0) -> bool:
        """Registers the name of a function whose jobs are taken with grabJob().

        Args:
            function_name: Its name, at most 512 bytes.
            timeout: Milliseconds that the server waits for a job before it gives the job to another worker as well; 0
                for no limit. gearmand 1.1.20 takes milliseconds, at least 1000, although its manual says seconds.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                worker.register("resize")
                job = worker.grabJob()

        Equivalent to gearman_worker_register().
        """
        name = arguments.name(function_name, "function_name")
        limit = arguments.integer(timeout, "timeout", 0, _TIMEOUT_MAX)
        return self._report("register", self._native.add_function(name, None, limit))

    def unregister(self, function_name: Name) -> bool:
        """Removes a function; the next work() announces that to the servers.

        Args:
            function_name: Its name.

        Returns:
            True; False with a warning if the function is not registered.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                worker.addFunction("resize", lambda job: job.workload())
                worker.work()
                worker.unregister("resize")  # from the next work() on, other workers get its jobs

        Equivalent to gearman_worker_unregister().
        """
        name = arguments.name(function_name, "function_name")
        return self._report("unregister", self._native.unregister(name))

    def unregisterAll(self) -> bool:
        """Removes all functions; the next work() announces that to the servers.

        Returns:
            True; False with a warning if there are none.

        Example:
                worker.unregisterAll()
                worker.addFunction("resize", lambda job: job.workload())  # the only one now

        Equivalent to gearman_worker_unregister_all().
        """
        return self._report("unregisterAll", self._native.unregister_all())

    def setId(self, id: Name) -> bool:
        """Sets the id of the worker, which gearadmin --workers shows.

        Args:
            id: 1 to 254 visible ASCII characters.

        Returns:
            True; False, without a warning, for any other text.

        Example:
                import os

                worker.setId(f"resize-{os.getpid()}")

        Equivalent to gearman_worker_set_identifier().
        """
        self._text = None
        return self._native.set_identifier(arguments.name(id, "id")) == GEARMAN_SUCCESS

    def grabJob(self) -> GearmanJob | Literal[False]:
        """Asks each server once for a job, which the caller answers with its send methods. Does not wait for a job.

        A job that is dropped without an answer stays assigned until the worker is closed.

        Returns:
            The job; False with a warning if there is none. In non-blocking mode, until a server has answered: an empty
            GearmanJob, with GEARMAN_IO_WAIT as returnCode().

        Example:
                worker.register("resize")
                job = worker.grabJob()
                if job:
                    job.sendComplete("resized " + job.workload().decode())

        Equivalent to gearman_worker_grab_job().
        """
        self._text = None
        job = GearmanJob()
        rc, _ = self._native.grab(job)
        self._rc = rc
        if rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("grabJob")
            return False
        return job

    def work(self) -> bool:
        """Waits for a job and runs it.

        Returns:
            True after a job was run. Otherwise False, and returnCode() says why: GEARMAN_TIMEOUT; in non-blocking mode
            GEARMAN_IO_WAIT and GEARMAN_NO_JOBS; the code that the function has given to setReturn(); after stop()
            GEARMAN_SHUTDOWN_GRACEFUL. Any other code comes with a warning.

        Raises:
            Exception: What the function has raised; returnCode() is then GEARMAN_WORK_EXCEPTION.

        Example:
                while worker.work() or worker.returnCode() == GEARMAN_WORK_FAIL:
                    pass
                print("the worker ends:", worker.error())

        Equivalent to gearman_worker_work().
        """
        if self._run_jobs(keep_working=False):
            return True
        if self._rc not in _NO_WARNING:
            self._warn("work")
        return False

    def stop(self) -> None:
        """Makes work() return False with GEARMAN_SHUTDOWN_GRACEFUL: at once if it is idle, otherwise after the job.

        Signal handlers, other threads and the job itself may call it. If no work() is running, the next one returns at
        once. PHP has no such method.

        Raises:
            ForkedUseError: The process is a child that has inherited the worker.

        Example:
                import signal

                signal.signal(signal.SIGTERM, lambda number, frame: worker.stop())
                while worker.work():
                    pass
        """
        self._native.stop()

    def ping(self, data: Data) -> bool:
        """Sends data to every server and checks that the same data comes back.

        Args:
            data: The data, not empty.

        Returns:
            True; False with a warning if a server failed or the data is empty.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                if not worker.ping("are you there?"):
                    print("a server does not answer:", worker.error())

        Equivalent to gearman_worker_echo().
        """
        return self._ping(data, "data")

    # -------------------------------------------------------------- names that PHP has dropped

    def clone(self: _Worker) -> _Worker:
        """Deprecated: a new object with the same servers, options, timeout and functions.

        Example:
                other = GearmanWorker()  # instead of worker.clone()
                other.addServer("127.0.0.1", 4730)
        """
        warn_deprecated("GearmanWorker.clone()", "a new GearmanWorker")
        return self._clone()

    def echo(self, data: Data) -> bool:
        """Deprecated: ping() under its old name.

        Example:
                worker.ping("are you there?")  # instead of worker.echo("are you there?")
        """
        warn_deprecated("GearmanWorker.echo()", "GearmanWorker.ping()")
        return self.ping(data)

    # ------------------------------------------------------------------ for the Python layer

    def _run_jobs(self, keep_working: bool = True) -> bool:
        """Runs a job; with keep_working the next ones too (see NativeWorker.work()). Returns whether all succeeded."""
        self._text = None
        rc, error = self._native.work(keep_working)
        self._rc = rc
        if error is not None:
            raise error
        return rc == GEARMAN_SUCCESS

    def _stop_after_job(self) -> None:
        """For a running job: _run_jobs() returns after it."""
        self._native.stop_after_job()

    def _take_job(self, leaves: bool) -> GearmanJob | None:
        """Goes on with the search for a job, which the caller answers and releases; see NativeWorker.take()."""
        self._text = None
        job = self._job_class()
        self._rc, is_there = self._native.take(job, leaves)
        return job if is_there else None

    def _close(self) -> None:
        """Disconnects; the worker cannot be used any more. All jobs of _take_job() must be released before."""
        self._native.close()

    def _unsent(self) -> int:
        """How many bytes its servers have not taken yet, of what was sent for jobs of _take_job()."""
        return self._native.unsent()

    def _has_news(self) -> bool:
        """Whether something had come when wait_for_workers() returned."""
        return self._native.has_news()

    def _set_wait_for_grab_reply(self, waits: bool) -> None:
        """Whether a non-blocking work() waits for a server's answer; see NativeWorker.set_wait_for_grab_reply()."""
        self._native.set_wait_for_grab_reply(waits)

    def _set_connect_timeout(self, milliseconds: int) -> None:
        """How long opening a connection may take."""
        self._native.set_connect_timeout(milliseconds)

    def _count_connected(self) -> int:
        """How many servers are connected, after a search for a job."""
        return self._native.count_connected()

    def _is_reachable(self, host: str, port: int) -> bool | None:
        """Whether this server is connected; None if that is open. Looks the name up."""
        return self._native.is_reachable(host.encode(), port)

    # ---------------------------------------------------------------------------- private

    def _new_native(self) -> NativeWorker:
        return NativeWorker(self._from_environment)

    def _clone(self: _Worker) -> _Worker:
        copy = type(self).__new__(type(self))  # without __init__, which reads GEARMAN_SERVERS
        GearmanBase.__init__(copy)
        copy._native = self._native.clone()
        for name, timeout, function in self._native.functions():
            copy._native.add_function(name, function, timeout)
        return copy

    def _report(self, call: str, rc: int) -> bool:
        self._text = None
        self._rc = rc
        if rc != GEARMAN_SUCCESS:
            self._warn(call)
        return rc == GEARMAN_SUCCESS


def wait_for_workers(
    receiving: Sequence[GearmanWorker], others: Sequence[GearmanWorker], wake_fd: int, milliseconds: int
) -> None:
    """Waits until something has come for a worker of `receiving`, or the descriptor can be read.

    It returns too when one of all workers has sent what its server had not taken before. milliseconds: negative for no
    limit. For the Python layer.
    """
    natives = [worker._native for worker in receiving], [worker._native for worker in others]
    _wait_for_workers(*natives, wake_fd, milliseconds)


class _RegisteredFunction:
    """A registered function. Implements JobCallbacks for the C boundary."""

    def __init__(self, function: WorkerFunction, context: Any, job_class: type[GearmanJob]) -> None:
        self.job_class = job_class
        self._function: Callable[..., Any] = function
        self._context = context
        self._argument_count = positional(function, 2)

    def call(self, job: GearmanJob) -> object:
        """Runs a job."""
        return self._function(*(job, self._context)[: self._argument_count])

    def ended(self, job: GearmanJob, result: object) -> tuple[JobEnd, int]:
        """Answers a job whose function has returned neither bytes nor str, or has called setReturn().

        Returns how the job ended and its return code.
        """
        try:
            answer = b"" if result is None else arguments.data(result, "a worker function's result")  # type: ignore[arg-type]
        except BaseException as error:
            self.failed(job, error)
            raise
        code = job._rc
        if code == GEARMAN_LOST_CONNECTION:
            return JobEnd.RETURNED, GEARMAN_SUCCESS
        # Q36: libgearman must not see that the function has failed, so the failure is sent from here.
        if code in (GEARMAN_SUCCESS, GEARMAN_SHUTDOWN):
            send_code = job._send(JobPacket.COMPLETE, answer)
        else:
            send_code = job._send(JobPacket.FAIL)
        if send_code != GEARMAN_SUCCESS:  # the server gives the job to another worker
            return JobEnd.RETURNED, send_code
        return JobEnd.ANSWERED, code

    def failed(self, job: GearmanJob, error: BaseException) -> None:
        """Sends the exception to the client; does nothing for PROCESS_EXITS."""
        if not isinstance(error, PROCESS_EXITS):
            message = message_of(error) or type(error).__qualname__
            job._send(JobPacket.EXCEPTION, message.encode("utf-8", "backslashreplace"))


def message_of(error: BaseException) -> str:
    """The text of an exception, or why it has none."""
    try:
        return str(error)
    except PROCESS_EXITS:
        raise
    except BaseException as unprintable:
        return f"the text of {type(error).__qualname__} cannot be shown ({type(unprintable).__qualname__})"
