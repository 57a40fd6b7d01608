"""Tasks: functions with ordinary arguments, whose calls can be submitted as jobs."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority

if TYPE_CHECKING:
    from gearman_cffi.client import Client

P = ParamSpec("P")
R = TypeVar("R")
_T = TypeVar("_T")

_BACKGROUND_ONLY = frozenset({"delay", "at"})  # options


class AsyncClient(Protocol):
    """What a task needs of gearman_cffi.aio.Client."""

    async def __aenter__(self: _T) -> _T:
        """Only an asynchronous client has it."""

    async def execute_job(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = ...,
        unique: str | None = ...,
        timeout: float | timedelta | None = ...,
        *,
        retries: int | None = ...,
    ) -> Any:
        """Runs a job in the foreground."""

    async def execute_in_background(
        self,
        function: str,
        workload: Any,
        priority: Priority | int = ...,
        unique: str | None = ...,
        timeout: float | timedelta | None = ...,
        *,
        delay: float | timedelta | None = ...,
        at: datetime | None = ...,
        retries: int | None = ...,
    ) -> str:
        """Submits a job in the background."""


class Task(Generic[P, R]):
    """A function whose calls can be submitted as jobs. Called like the function, it runs in this process.

    JobCollection.task() creates it. The workload of a job is a dict with the arguments by name, which a client in any
    language can send; a list of positional arguments is accepted too.

    Example:
            @jobs.task("resize")
            def resize(path: str, width: int = 80) -> str: ...

            resize("a.png")                              # a call, for tests
            resize.submit(client, "a.png", width=100)    # a job; returns its result
    """

    __name__: str
    _is_coroutine = False

    def __init__(self, name: str, function: Callable[P, R]) -> None:
        """Makes a task of a function; JobCollection.task() calls it.

        Args:
            name: Its name at the server.
            function: Called with the arguments of a job.

        Raises:
            TypeError: The function has *args or positional-only parameters, or is a generator or, for a Task, a
                coroutine function.
        """
        if not callable(function):
            raise TypeError(f"the task {short_repr(name)} must be a function, not {short_repr(function)}")
        functools.update_wrapper(self, function)
        self.name = name
        self._function = function
        self._signature = _signature_of(name, function, self._is_coroutine)
        self._options: dict[str, Any] = {}
        self.gearman_handlers: list[Any] = []  # see handlers_of()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the function."""
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}: {self._function!r}>"

    # ----------------------------------------------------------------------------- submitting

    def with_options(
        self,
        *,
        priority: Priority | int | None = None,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        delay: float | timedelta | None = None,
        at: datetime | None = None,
        retries: int | None = None,
    ) -> Task[P, R]:
        """Returns the same task with options for its jobs.

        Args:
            priority: As for Client.execute_job().
            unique: As for Client.execute_job().
            timeout: As for Client.execute_job(), in seconds or as a timedelta.
            delay: As for Client.execute_in_background(), in seconds or as a timedelta.
            at: As for Client.execute_in_background().
            retries: As for Client.execute_in_background().

        Returns:
            A Task.

        Example:
                resize.with_options(unique="a.png", timeout=30).submit(client, "a.png")
        """
        given: dict[str, Any] = {
            "priority": priority,
            "unique": unique,
            "timeout": timeout,
            "delay": delay,
            "at": at,
            "retries": retries,
        }
        task = copy.copy(self)
        task._options = self._options | {option: value for option, value in given.items() if value is not None}
        return task

    @overload
    def submit(self, client: Client, /, *args: P.args, **kwargs: P.kwargs) -> R: ...

    @overload
    def submit(self, client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...

    def submit(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Runs the call as a job in the foreground and returns its result; with an aio.Client, await it.

        Args:
            client: A Client or an aio.Client.
            args: Arguments of the function.
            kwargs: Arguments of the function.

        Returns:
            The result of the function, or a coroutine that returns it.

        Raises:
            TypeError: The arguments do not fit the function.
            GearmanError: As for Client.execute_job().

        Example:
                resize.submit(client, "a.png", width=100)
        """
        if not _BACKGROUND_ONLY.isdisjoint(self._options):
            raise InvalidArgument("a job in the foreground cannot have a delay: use submit_background()")
        return client.execute_job(self.name, self.arguments(*args, **kwargs), **self._options)

    @overload
    def submit_background(self, client: Client, /, *args: P.args, **kwargs: P.kwargs) -> str: ...

    @overload
    def submit_background(
        self, client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, str]: ...

    def submit_background(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Submits the call as a job in the background; with an aio.Client, await it.

        Args:
            client: A Client or an aio.Client.
            args: Arguments of the function.
            kwargs: Arguments of the function.

        Returns:
            The handle, or a coroutine that returns it.

        Raises:
            TypeError: The arguments do not fit the function.
            GearmanError: As for Client.execute_in_background().

        Example:
                resize.submit_background(client, "a.png")
        """
        return client.execute_in_background(self.name, self.arguments(*args, **kwargs), **self._options)

    def job(self, *args: P.args, **kwargs: P.kwargs) -> Job:
        """Returns the call as a Job, for calls that take many jobs.

        It has the options but the timeout, which is that of the bulk call.

        Args:
            args: Arguments of the function.
            kwargs: Arguments of the function.

        Returns:
            The Job.

        Raises:
            TypeError: The arguments do not fit the function.

        Example:
                client.execute_jobs(resize.job(path) for path in paths)
        """
        options = {name: value for name, value in self._options.items() if name != "timeout"}
        return Job(self.name, self.arguments(*args, **kwargs), **options)

    def arguments(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Returns the workload of a job for this call. Defaults are left to the worker.

        Args:
            args: Arguments of the function.
            kwargs: Arguments of the function.

        Returns:
            The arguments by name.

        Raises:
            TypeError: The arguments do not fit the function.

        Example:
                assert resize.arguments("a.png", width=100) == {"path": "a.png", "width": 100}
        """
        bound = self._bind(args, kwargs)
        variable = self._variable_name
        arguments = {name: value for name, value in bound.arguments.items() if name != variable}
        arguments.update(bound.arguments.get(variable, {}) if variable else {})
        return arguments

    # ------------------------------------------------------------------------------ executing

    def execute(self, job: Job) -> R:
        """Executes a job: calls the function with the arguments in its workload. current_job() returns the job.

        Args:
            job: The Job.

        Returns:
            What the function returns.

        Raises:
            TypeError: The arguments do not fit the function.

        Example:
                job = Job("resize", {"path": "a.png", "width": 100})
                assert resize.execute(job) == resize("a.png", width=100)
        """
        bound = self._bind_workload(job.get_workload())
        return self._function(*bound.args, **bound.kwargs)

    def _bind_workload(self, workload: Any) -> inspect.BoundArguments:
        args, kwargs = self._arguments_in(workload)
        return self._bind(args, kwargs)

    def _arguments_in(self, workload: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Returns the positional and the named arguments that a workload stands for."""
        if isinstance(workload, dict) and all(isinstance(name, str) for name in workload):
            return (), workload
        if isinstance(workload, (list, tuple)):
            return tuple(workload), {}
        if workload in (None, "", b""):
            return (), {}
        raise TypeError(
            f"the workload of the task {short_repr(self.name)} must be an array with the arguments by name, or a list "
            f"of them, not {short_repr(workload)}"
        )

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        try:
            return self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f"wrong arguments for the task {short_repr(self.name)}: {error}; it is called as "
                f"{getattr(self, '__name__', 'task')}{self._signature}"
            ) from None

    @functools.cached_property
    def _variable_name(self) -> str | None:
        """The name of **kwargs, if the function has it."""
        kinds = {parameter.kind: parameter.name for parameter in self._signature.parameters.values()}
        return kinds.get(inspect.Parameter.VAR_KEYWORD)


class CoroutineTask(Task[P, R]):
    """A Task whose function is an `async def`. Called like it, it runs in the event loop of the caller.

    A Worker runs its jobs in an event loop. The result of submit() is that of the coroutine.

    Example:
            @jobs.task("fetch")
            async def fetch(url: str) -> str: ...

            await fetch("http://example.org")            # a call, for tests
            fetch.submit(client, "http://example.org")   # a job; returns its result
    """

    _is_coroutine = True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:  # type: ignore[override]
        """Calls the function; await it."""
        function: Callable[..., Coroutine[Any, Any, R]] = self._function  # type: ignore[assignment]
        return function(*args, **kwargs)

    async def execute(self, job: Job) -> R:  # type: ignore[override]
        """Executes a job, as Task.execute().

        Args:
            job: The Job.

        Returns:
            The result of the coroutine.

        Example:
                page = await fetch.execute(Job("fetch", {"url": "http://example.org"}))
        """
        bound = self._bind_workload(job.get_workload())
        return await self(*bound.args, **bound.kwargs)


class TaskDecorator(Protocol):
    """What JobCollection.task() returns."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> CoroutineTask[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R]) -> Task[P, R]: ...

    def __call__(self, function: Any) -> Any:
        """Makes a task of a function."""


def _signature_of(name: str, function: Callable[..., Any], is_coroutine: bool) -> inspect.Signature:
    """Returns the signature of a task's function. Raises TypeError if its arguments cannot be sent by name."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"the task {short_repr(name)} must be a function, not a generator: return a list")
    if inspect.iscoroutinefunction(function) != is_coroutine:
        kinds = "a coroutine function: use CoroutineTask()", "a plain function: use Task()"
        raise TypeError(f"the function of the task {short_repr(name)} is {kinds[is_coroutine]}, or @jobs.task()")
    signature = inspect.signature(function)
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            raise TypeError(
                f"the task {short_repr(name)} must not have the {parameter.kind.description} parameter "
                f"{parameter.name!r}: its arguments are sent by name"
            )
    return signature
