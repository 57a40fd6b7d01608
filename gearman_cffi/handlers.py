"""Job handlers: what a worker runs, and the collection of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import FunctionType, MethodType

from gearman_cffi.checks import LONGEST_FUNCTION, check_name
from gearman_cffi.durations import to_time_limit
from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.jobs import Job
from gearman_cffi.messages import short_repr

_NOT_PLAIN = 0x20 | 0x80 | 0x200  # inspect's CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
_VARARGS = 0x04  # inspect.CO_VARARGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any, TypeVar

    _Function = TypeVar("_Function", bound=Callable[[Job], Any])


class JobHandlerInterface(ABC):
    """Executes the jobs of one function. Subclasses define execute() and listens_to_job().

    time_limit is how long a job may take, in seconds (at least 1) or as a timedelta; None for ever. Then
    the server gives it to another worker as well, while this one is still at it.
    """

    time_limit: float | timedelta | None = None
    job_class: type[Job] | None = None  # the class of the jobs that execute() is given; None for the Worker's own

    @abstractmethod
    def execute(self, job: Job) -> Any:
        """Does the job. What it returns is the result; an exception fails the job and reaches the client."""

    @abstractmethod
    def listens_to_job(self) -> str:
        """Returns the name of the function whose jobs are for this handler."""


class FunctionHandler(JobHandlerInterface):
    """A handler made of a function that takes the Job. It can still be called as the function."""

    def __init__(self, name: str, function: Callable[[Job], Any], time_limit: float | timedelta | None = None) -> None:
        """Raises TypeError if a call with the Job alone is not possible or does nothing (coroutines, generators).

        Raises ValueError or TypeError for a time_limit that gearmand does not know.
        """
        if not callable(function):
            raise TypeError(f"the handler of {name!r} must be a function, not {function!r}")
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _NOT_PLAIN:
            raise TypeError(
                f"the handler of {short_repr(name)} must be a plain function, which does the job when it is called: in "
                "one, asyncio.run() runs a coroutine, and list() takes what a generator yields"
            )
        if not _takes_one_argument(function):
            raise TypeError(
                f"the handler of {name!r} must take one argument, the job: write def {_name(function)}(job)"
            )
        to_time_limit(time_limit)
        self._name = name
        self._function = function
        self.time_limit = time_limit

    def execute(self, job: Job) -> Any:
        """Calls the function."""
        return self._function(job)

    def listens_to_job(self) -> str:
        """The name it was given."""
        return self._name

    __call__ = execute

    def __repr__(self) -> str:
        return f"<FunctionHandler {self._name!r}: {self._function!r}>"


class JobCollection:
    """A worker's handlers, each under the name that it listened to when it was added."""

    def __init__(self, handlers: Iterable[JobHandlerInterface] = ()) -> None:
        self._jobs: dict[str, JobHandlerInterface] = {}
        if not hasattr(handlers, "__iter__"):
            raise TypeError(
                f"handlers must be a JobCollection or several JobHandlerInterface, not {short_repr(handlers)}"
            )
        for handler in handlers:
            self.add(handler)

    def add(self, job: JobHandlerInterface, *, replace: bool = False) -> None:
        """Adds a handler. replace: it may take the place of another handler of the same name.

        Raises TypeError if the object is no handler or its execute() cannot take a job, InvalidArgument for a name that
        cannot be sent or that is taken, ValueError or TypeError for a time_limit that gearmand does not know.
        """
        if not isinstance(job, JobHandlerInterface):
            raise TypeError(
                f"expected a JobHandlerInterface, not {type(job).__name__}; @jobs.handler(name) makes one of a function"
            )
        name = job.listens_to_job()
        check_name(name, "a function name", LONGEST_FUNCTION)
        if not _takes_one_argument(job.execute):
            raise TypeError(
                f"execute() of {type(job).__name__}, the handler of {name!r}, must take one argument, the job"
            )
        to_time_limit(getattr(job, "time_limit", None))
        if not replace and self._jobs.get(name, job) is not job:
            raise InvalidArgument(
                f"there is a handler for {name!r} already: {self._jobs[name]!r}. Give the other one another name, or "
                "replace it by add(handler, replace=True)",
                function=name,
            )
        self._jobs[name] = job

    def handler(
        self, name: str | None = None, time_limit: float | timedelta | None = None
    ) -> Callable[[_Function], _Function]:
        """A decorator that adds a function as a handler, by its own name unless another one is given.

        The function can still be called as before:

            @jobs.handler("reverse")
            def reverse(job): ...

        The decorator raises what FunctionHandler() and add() raise, and at once for the time_limit.
        """
        if callable(name):
            raise TypeError("handler is called: write @jobs.handler(), or @jobs.handler('name')")
        to_time_limit(time_limit)

        def add(function: _Function) -> _Function:
            handler = FunctionHandler(name or function.__name__, function, time_limit)
            self.add(handler)
            with suppress(AttributeError):  # not every callable takes one
                function.gearman_handlers = [*handlers_of(function), handler]  # type: ignore[attr-defined]
            return function

        return add

    def get_jobs(self) -> dict[str, JobHandlerInterface]:
        """The handlers by name, in the order of their addition; a new dict."""
        return dict(self._jobs)

    def get_job(self, name: str) -> JobHandlerInterface | None:
        """Returns the handler that listens to this name now, or None: each handler is asked again."""
        for handler in self._jobs.values():
            if handler.listens_to_job() == name:
                return handler
        return None

    def count(self) -> int:
        """How many handlers there are."""
        return len(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[JobHandlerInterface]:
        return iter(list(self._jobs.values()))


def handlers_of(function: Callable[..., Any]) -> list[FunctionHandler]:
    """The handlers that @jobs.handler() has made of a function; none for any other function."""
    handlers = getattr(function, "gearman_handlers", None)
    return list(handlers) if isinstance(handlers, list) else []


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    """Whether function(job) is a call that Python accepts; True if that is not known."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    if isinstance(plain, FunctionType):  # a decorator's wrapper counts with its own parameters
        code = plain.__code__
        given = 1 if plain is function else 2
        required = code.co_argcount - len(plain.__defaults__ or ())
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        most = given if code.co_flags & _VARARGS else code.co_argcount
        return required <= given <= most and set(keywords) <= set(plain.__kwdefaults__ or ())
    if hasattr(function, "__wrapped__"):  # an object of a decorator, whose signature may be that of what it wraps
        return True
    import inspect  # few handlers need it, and it is heavy

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
