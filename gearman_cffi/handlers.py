"""Job handlers, and the collection of them that a worker serves."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from gearman_cffi.checks import MAX_FUNCTION_NAME, check_name
from gearman_cffi.durations import to_time_limit
from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr
from gearman_cffi.retries import Backoff, GaveUp, RetryOn, RetryPolicy
from gearman_cffi.tasks import CoroutineTask, Task, TaskDecorator

_Function = TypeVar("_Function", bound=Callable[[Job], Any])


class JobHandlerInterface(ABC):
    """Executes the jobs of one function. Subclasses define execute() and listens_to_job().

    time_limit: how long a job may take, in seconds (at least 1) or as a timedelta; None for no limit. After this time
    the server also gives the job to another worker, while this one continues.

    concurrency: how many jobs of the function a Worker runs at once, at most; None for no limit but its own.

    retry_policy: which failures are tried again; see RetryPolicy.

    execute() may be an `async def`: then the Worker runs it in an event loop (see "Concurrency in workers" in the
    documentation).

    Example:
            class Reverse(JobHandlerInterface):
                time_limit = 60

                def listens_to_job(self):
                    return "reverse"

                def execute(self, job):
                    return job.get_workload()[::-1]
    """

    time_limit: float | timedelta | None = None
    concurrency: int | None = None
    retry_policy: RetryPolicy = RetryPolicy()
    job_class: type[Job] | None = None  # the class of the jobs that execute() is given; None for the Worker's own

    @abstractmethod
    def execute(self, job: Job) -> Any:
        """Executes the job. An exception fails the job and is sent to the client.

        Args:
            job: The Job.

        Returns:
            The result.

        Example:
                def execute(self, job):
                    return job.get_workload()[::-1]
        """

    @abstractmethod
    def listens_to_job(self) -> str:
        """Names the function whose jobs are for this handler.

        Returns:
            The name.

        Example:
                def listens_to_job(self):
                    return "reverse"
        """


class FunctionHandler(JobHandlerInterface):
    """A handler that calls a function with the Job. It can be called like the function.

    Example:
            jobs.add(FunctionHandler("reverse", lambda job: job.get_workload()[::-1]))
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Job], Any],
        time_limit: float | timedelta | None = None,
        concurrency: int | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        """Makes a handler of a function.

        Args:
            name: Its name at the server.
            function: Called with the Job; it may be an `async def`.
            time_limit: See JobHandlerInterface.
            concurrency: See JobHandlerInterface.
            retry_policy: See JobHandlerInterface.

        Raises:
            TypeError: A call with the Job alone is not possible or does nothing (generators), or an argument has a
                wrong type.
            ValueError: gearmand does not support the time_limit, or the concurrency is below 1.
        """
        if not callable(function):
            raise TypeError(f"the handler of {short_repr(name)} must be a function, not {short_repr(function)}")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"the handler of {short_repr(name)} must be a function or a coroutine function, not a generator: use "
                "list() in it, or send parts of the result with job.send_data()"
            )
        if not _takes_one_argument(function):
            raise TypeError(
                f"the handler of {short_repr(name)} must take one argument, the job: write def {_name(function)}(job)"
            )
        to_time_limit(time_limit)
        check_concurrency(concurrency)
        self._name = name
        self._function = function
        self.time_limit = time_limit
        self.concurrency = concurrency
        self.retry_policy = RetryPolicy() if retry_policy is None else retry_policy

    def execute(self, job: Job) -> Any:
        """Calls the function.

        Args:
            job: The Job.

        Returns:
            What the function returns.

        Example:
                handler = FunctionHandler("reverse", lambda job: job.get_workload()[::-1])
                assert handler.execute(Job("reverse", "abc")) == "cba"
        """
        return self._function(job)

    def listens_to_job(self) -> str:
        """Names the function.

        Returns:
            The name.

        Example:
                handler = FunctionHandler("reverse", lambda job: job.get_workload()[::-1])
                assert handler.listens_to_job() == "reverse"
        """
        return self._name

    __call__ = execute

    def __repr__(self) -> str:
        return f"<FunctionHandler {self._name!r}: {self._function!r}>"


class JobCollection:
    """The handlers of a worker, by the names that they had when they were added.

    Args:
        handlers: JobHandlerInterface objects, which are added.

    Raises:
        TypeError: It is not an iterable of handlers.

    Example:
            jobs = JobCollection()

            @jobs.handler("reverse")
            def reverse(job):
                return job.get_workload()[::-1]
    """

    def __init__(self, handlers: Iterable[JobHandlerInterface] = ()) -> None:
        self._handlers: dict[str, JobHandlerInterface] = {}
        if not isinstance(handlers, Iterable):
            raise TypeError(
                f"handlers must be a JobCollection or several JobHandlerInterface, not {short_repr(handlers)}"
            )
        for handler in handlers:
            self.add(handler)

    def add(self, handler: JobHandlerInterface, *, replace: bool = False) -> None:
        """Adds a handler.

        Args:
            handler: A JobHandlerInterface.
            replace: Whether it may replace another handler of the same name.

        Raises:
            TypeError: The object is not a handler, or its execute() cannot take a job.
            InvalidArgument: The name cannot be sent or is in use.
            ValueError: gearmand does not support the time_limit, or the concurrency is below 1.

        Example:
                jobs = JobCollection()
                jobs.add(Reverse())
                jobs.add(FunctionHandler("upper", lambda job: job.get_workload().upper()))
        """
        if not isinstance(handler, JobHandlerInterface):
            raise TypeError(
                f"expected a JobHandlerInterface, not {type(handler).__name__}; for a function use @jobs.handler(name)"
            )
        name = handler.listens_to_job()
        check_name(name, "a function name", MAX_FUNCTION_NAME)
        if not _takes_one_argument(handler.execute):
            raise TypeError(
                f"execute() of {type(handler).__name__}, the handler of {short_repr(name)}, must take one argument, "
                "the job"
            )
        to_time_limit(getattr(handler, "time_limit", None))
        check_concurrency(getattr(handler, "concurrency", None))
        earlier = self._handlers.get(name, handler)
        if earlier is not handler and not replace:
            raise InvalidArgument(
                f"there is a handler for {short_repr(name)} already: {short_repr(earlier)}. Use another name, or "
                "replace it with add(handler, replace=True)",
                function=name,
            )
        self._handlers[name] = handler

    def handler(
        self,
        name: str | None = None,
        time_limit: float | timedelta | None = None,
        concurrency: int | None = None,
        *,
        retries: int | None = None,
        retry_on: RetryOn = Exception,
        backoff: Backoff = 1.0,
        max_attempts: int | None = None,
        gave_up: GaveUp | None = None,
    ) -> Callable[[_Function], _Function]:
        """A decorator that adds a function, plain or `async def`, as a handler. The function stays as it is.

        Args:
            name: By default that of the function.
            time_limit: Seconds, at least 1, or a timedelta; see JobHandlerInterface.
            concurrency: How many jobs of the function a Worker runs at once, at most.
            retries: How often to try jobs again whose clients did not set retries: see RetryPolicy.
            retry_on: The exceptions after which there is another attempt.
            backoff: The delay before the second attempt, in seconds or as a timedelta; it doubles with each further
                one. Or a function of the number of the attempt.
            max_attempts: How many processes of a pool may die of one job.
            gave_up: Called with the Job and the exception when the last attempt has failed.

        Returns:
            The decorator, which raises what FunctionHandler() and add() raise.

        Example:
                @jobs.handler("reverse", time_limit=60)
                def reverse(job):
                    return job.get_workload()[::-1]
        """
        if callable(name):
            raise TypeError("the decorator must be called: write @jobs.handler() or @jobs.handler('name')")
        to_time_limit(time_limit)
        check_concurrency(concurrency)
        policy = RetryPolicy(retries, retry_on, backoff, max_attempts, gave_up)

        def add(function: _Function) -> _Function:
            listened = function.__name__ if name is None else name
            handler = FunctionHandler(listened, function, time_limit, concurrency, policy)
            self.add(handler)
            with suppress(AttributeError):  # not every callable takes one
                function.gearman_handlers = [*handlers_of(function), handler]  # type: ignore[attr-defined]
            return function

        return add

    def task(
        self,
        name: str | None = None,
        time_limit: float | timedelta | None = None,
        concurrency: int | None = None,
        *,
        retries: int | None = None,
        retry_on: RetryOn = Exception,
        backoff: Backoff = 1.0,
        max_attempts: int | None = None,
        gave_up: GaveUp | None = None,
    ) -> TaskDecorator:
        """A decorator that makes a Task of a function with ordinary arguments, and adds it as a handler.

        Of an `async def` it makes a CoroutineTask.

        Args:
            name: By default that of the function.
            time_limit: Seconds, at least 1, or a timedelta; see JobHandlerInterface.
            concurrency: How many jobs of the function a Worker runs at once, at most.
            retries: How often to try jobs again whose clients did not set retries: see RetryPolicy.
            retry_on: The exceptions after which there is another attempt.
            backoff: The delay before the second attempt, in seconds or as a timedelta; it doubles with each further
                one. Or a function of the number of the attempt.
            max_attempts: How many processes of a pool may die of one job.
            gave_up: Called with the Job and the exception when the last attempt has failed.

        Returns:
            The decorator, which raises what Task() and add() raise.

        Example:
                @jobs.task("resize")
                def resize(path: str, width: int = 80) -> str:
                    return f"{path} is {width} pixels wide"
        """
        if callable(name):
            raise TypeError("the decorator must be called: write @jobs.task() or @jobs.task('name')")
        to_time_limit(time_limit)
        check_concurrency(concurrency)
        policy = RetryPolicy(retries, retry_on, backoff, max_attempts, gave_up)

        def add(function: Any) -> Any:
            kind = CoroutineTask if inspect.iscoroutinefunction(function) else Task
            task = kind(getattr(function, "__name__", "") if name is None else name, function)
            handler = FunctionHandler(task.name, task.execute, time_limit, concurrency, policy)
            self.add(handler)
            task.gearman_handlers = [handler]
            return task

        return add

    def get_jobs(self) -> dict[str, JobHandlerInterface]:
        """Returns the handlers by name.

        Returns:
            A new dict, in the order in which they were added.

        Example:
                for name, handler in jobs.get_jobs().items():
                    print(name, handler.time_limit)
        """
        return dict(self._handlers)

    def get_job(self, name: str) -> JobHandlerInterface | None:
        """Returns the handler that listens to this name now: each handler is asked again.

        Args:
            name: The name of a function.

        Returns:
            The handler, or None.

        Example:
                handler = jobs.get_job("upper")
                assert handler.execute(Job("upper", "abc")) == "ABC"
        """
        for handler in self._handlers.values():
            if handler.listens_to_job() == name:
                return handler
        return None

    def __len__(self) -> int:
        return len(self._handlers)

    def __iter__(self) -> Iterator[JobHandlerInterface]:
        return iter(list(self._handlers.values()))


def handlers_of(function: Callable[..., Any]) -> list[FunctionHandler]:
    """Returns the handlers that @jobs.handler() has made of a function."""
    handlers = getattr(function, "gearman_handlers", None)
    return list(handlers) if isinstance(handlers, list) else []


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    """Returns whether function(job) is a valid call; True if that is unknown."""
    try:
        signature = inspect.signature(function, follow_wrapped=False)  # a decorator's wrapper gets the job
    except (TypeError, ValueError):  # a builtin without a signature
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def is_coroutine_handler(handler: JobHandlerInterface) -> bool:
    """Returns whether execute() returns a coroutine, which an event loop has to run."""
    function = handler._function if isinstance(handler, FunctionHandler) else handler.execute
    # An object may have an `async def __call__`.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def check_concurrency(number: Any, what: str = "concurrency") -> None:
    """Raises TypeError or ValueError for a number of jobs that cannot run at once; None is no limit."""
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what} must be an int, not {short_repr(number)}")
    if number < 1:
        raise ValueError(f"invalid {what} {number}: it must be at least 1")


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "handler"
