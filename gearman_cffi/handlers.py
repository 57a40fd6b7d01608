"""Job handlers, and the collection of them that a worker serves."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from types import FunctionType, MethodType
from typing import Any, TypeVar

from gearman_cffi.checks import LONGEST_FUNCTION, check_name
from gearman_cffi.durations import to_time_limit
from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr

_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_Function = TypeVar("_Function", bound=Callable[[Job], Any])


class JobHandlerInterface(ABC):
    """Executes the jobs of one function. Subclasses define execute() and listens_to_job().

    time_limit: how long a job may take, in seconds (at least 1) or as a timedelta; None for no limit. After this time
    the server also gives the job to another worker, while this one continues.
    """

    time_limit: float | timedelta | None = None
    job_class: type[Job] | None = None  # the class of the jobs that execute() is given; None for the Worker's own

    @abstractmethod
    def execute(self, job: Job) -> Any:
        """Executes the job and returns its result. An exception fails the job and is sent to the client."""

    @abstractmethod
    def listens_to_job(self) -> str:
        """Returns the name of the function whose jobs are for this handler."""


class FunctionHandler(JobHandlerInterface):
    """A handler that calls a function with the Job. It can be called like the function."""

    def __init__(self, name: str, function: Callable[[Job], Any], time_limit: float | timedelta | None = None) -> None:
        """Raises TypeError if a call with the Job alone is not possible or does nothing (coroutines, generators).

        Raises ValueError or TypeError for a time_limit that gearmand does not support.
        """
        if not callable(function):
            raise TypeError(f"the handler of {short_repr(name)} must be a function, not {short_repr(function)}")
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _NOT_PLAIN:
            raise TypeError(
                f"the handler of {short_repr(name)} must be a plain function, not a coroutine or a generator: use "
                "asyncio.run() or list() in it"
            )
        if not _takes_one_argument(function):
            raise TypeError(
                f"the handler of {short_repr(name)} must take one argument, the job: write def {_name(function)}(job)"
            )
        to_time_limit(time_limit)
        self._name = name
        self._function = function
        self.time_limit = time_limit

    def execute(self, job: Job) -> Any:
        """Calls the function."""
        return self._function(job)

    def listens_to_job(self) -> str:
        """Returns the name."""
        return self._name

    __call__ = execute

    def __repr__(self) -> str:
        return f"<FunctionHandler {self._name!r}: {self._function!r}>"


class JobCollection:
    """The handlers of a worker, by the names that they had when they were added."""

    def __init__(self, handlers: Iterable[JobHandlerInterface] = ()) -> None:
        self._jobs: dict[str, JobHandlerInterface] = {}
        if not hasattr(handlers, "__iter__"):
            raise TypeError(
                f"handlers must be a JobCollection or several JobHandlerInterface, not {short_repr(handlers)}"
            )
        for handler in handlers:
            self.add(handler)

    def add(self, job: JobHandlerInterface, *, replace: bool = False) -> None:
        """Adds a handler. replace: whether it may replace another handler of the same name.

        Raises TypeError if the object is not a handler or its execute() cannot take a job, InvalidArgument for a name
        that cannot be sent or is in use, ValueError or TypeError for a time_limit that gearmand does not support.
        """
        if not isinstance(job, JobHandlerInterface):
            raise TypeError(
                f"expected a JobHandlerInterface, not {type(job).__name__}; for a function use @jobs.handler(name)"
            )
        name = job.listens_to_job()
        check_name(name, "a function name", LONGEST_FUNCTION)
        if not _takes_one_argument(job.execute):
            raise TypeError(
                f"execute() of {type(job).__name__}, the handler of {short_repr(name)}, must take one argument, the job"
            )
        to_time_limit(getattr(job, "time_limit", None))
        if not replace and self._jobs.get(name, job) is not job:
            raise InvalidArgument(
                f"there is a handler for {short_repr(name)} already: {short_repr(self._jobs[name])}. Use another name, "
                "or replace it with add(handler, replace=True)",
                function=name,
            )
        self._jobs[name] = job

    def handler(
        self, name: str | None = None, time_limit: float | timedelta | None = None
    ) -> Callable[[_Function], _Function]:
        """A decorator that adds a function as a handler. name: by default that of the function.

        The function can still be called as before:

            @jobs.handler("reverse")
            def reverse(job): ...

        The decorator raises what FunctionHandler() and add() raise.
        """
        if callable(name):
            raise TypeError("the decorator must be called: write @jobs.handler() or @jobs.handler('name')")
        to_time_limit(time_limit)

        def add(function: _Function) -> _Function:
            handler = FunctionHandler(name or function.__name__, function, time_limit)
            self.add(handler)
            with suppress(AttributeError):  # not every callable takes one
                function.gearman_handlers = [*handlers_of(function), handler]  # type: ignore[attr-defined]
            return function

        return add

    def get_jobs(self) -> dict[str, JobHandlerInterface]:
        """Returns the handlers by name, in the order in which they were added, as a new dict."""
        return dict(self._jobs)

    def get_job(self, name: str) -> JobHandlerInterface | None:
        """Returns the handler that listens to this name now, or None: each handler is asked again."""
        for handler in self._jobs.values():
            if handler.listens_to_job() == name:
                return handler
        return None

    def count(self) -> int:
        """Returns the number of handlers."""
        return len(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[JobHandlerInterface]:
        return iter(list(self._jobs.values()))


def handlers_of(function: Callable[..., Any]) -> list[FunctionHandler]:
    """Returns the handlers that @jobs.handler() has made of a function."""
    handlers = getattr(function, "gearman_handlers", None)
    return list(handlers) if isinstance(handlers, list) else []


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    """Returns whether function(job) is a valid call; True if that is unknown."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if isinstance(plain, FunctionType):  # not inspect.signature(): it shows what a decorator's wrapper wraps
        code = plain.__code__
        given = 1 if plain is function else 2
        required = code.co_argcount - len(plain.__defaults__ or ())
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        most = given if code.co_flags & inspect.CO_VARARGS else code.co_argcount
        return required <= given <= most and set(keywords) <= set(plain.__kwdefaults__ or ())
    if hasattr(function, "__wrapped__"):  # an object of a decorator, with the signature of what it wraps
        return True
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin without a signature
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "handler"
