"""The target of a pool: from "module:object" to the user's program."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gearman_cffi.application import Application
from gearman_cffi.handlers import JobCollection, JobHandlerInterface, handlers_of
from gearman_cffi.pool.tracebacks import user_traceback
from gearman_cffi.worker import Worker

_EXPECTED = (
    "an Application, a JobCollection, a handler, a decorated function, a list of them, or a function that returns one"
)
_PROGRAMS = (Application, Worker)


class TargetError(Exception):
    """The target cannot be used. The text is for the user: it says why, with the traceback of the user's own code."""


@dataclass(frozen=True)
class Target:
    """What the pool runs: objects as "module:object", and which of their functions.

    Those of only, or all, without those that are excluded.
    """

    names: tuple[str, ...]
    only: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(self.names)

    def to_json(self) -> str:
        """The target as text, for the command line of a process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Target:
        """The target from the text of to_json()."""
        return cls(**{name: tuple(values) for name, values in json.loads(text).items()})

    def load(self) -> Application:
        """Imports the modules and makes one Application of the objects. Every failure is a TargetError."""
        found = [_load(name) for name in self.names]
        first, *more = sorted(found, key=lambda loaded: loaded.is_plain)
        if not all(loaded.is_plain for loaded in more):
            raise TargetError(f"{self} are several programs: name one Application or Worker, and the jobs of others")
        if not (more or self.only or self.excluded):
            return first.application
        try:
            first.application.jobs = self._select(loaded.application.jobs for loaded in found)
        except ValueError as error:
            raise TargetError(f"{self} cannot be used together: {error}") from error
        return first.application

    def _select(self, collections: Iterable[JobCollection]) -> JobCollection:
        handlers: dict[str, JobHandlerInterface] = {}
        for collection in collections:
            for name, handler in collection.get_jobs().items():
                if name in handlers and handlers[name] is not handler:
                    raise ValueError(f"several handlers for the function {name!r}")
                handlers[name] = handler
        for name in (*self.only, *self.excluded):
            if name not in handlers:
                raise TargetError(f"no handler for the function {name!r}; there are {', '.join(handlers)}")
        chosen = [name for name in self.only or handlers if name not in self.excluded]
        if not chosen:
            raise TargetError(f"no function of {self} is left: {', '.join(self.excluded)} are excluded")
        return JobCollection(handler for name, handler in handlers.items() if name in chosen)


@dataclass(frozen=True)
class _Loaded:
    """One object. is_plain: it has handlers only."""

    application: Application
    is_plain: bool


def _load(target: str) -> _Loaded:
    module_name, colon, path = target.partition(":")
    if not (module_name and colon and path):
        raise TargetError(f"invalid target {target!r}: write MODULE:OBJECT, such as 'shop.tasks:jobs'")
    if "/" in module_name or module_name.endswith(".py"):
        module = module_name.removesuffix(".py").removeprefix("./").strip("/").replace("/", ".")
        raise TargetError(f"invalid target {target!r}: write the name of the module, {f'{module}:{path}'!r}")
    try:
        found: Any = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TargetError(f"cannot import the module {module_name!r}\n{user_traceback(error)}") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise TargetError(f"the module {module_name!r} has no attribute {path!r}") from None
    return _collect(target, found)


def _collect(target: str, found: Any) -> _Loaded:
    handlers = handlers_of(found)
    if handlers:
        found = handlers
    elif not isinstance(found, (*_PROGRAMS, JobCollection, JobHandlerInterface)) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise TargetError(f"{target}() raised an exception\n{user_traceback(error)}") from error
    try:
        application = _as_application(found)
    except Exception as error:
        raise TargetError(f"{target} cannot be used: {error}") from error
    if not application.jobs:
        raise TargetError(f"{target} has no handlers: add some, or name another object")
    return _Loaded(application, not isinstance(found, _PROGRAMS))


def _as_application(found: Any) -> Application:
    if isinstance(found, Application):
        return found
    if isinstance(found, Worker):
        return _application_of(found)
    return Application(_as_collection(found))


def _application_of(worker: Worker) -> Application:
    """An Application that makes Workers like this one. Raises TypeError if there cannot be others."""
    if worker._connection.is_users:
        raise TypeError("each process needs a GearmanWorker of its own: leave out set_implementation()")
    application = Application(
        worker.jobs,
        serializer=worker.serializer,
        dispatcher=worker.dispatcher,
        servers=worker.servers,
        namespace=worker._namespace or None,
        worker_class=type(worker),
        concurrency=worker.concurrency,
        threads=worker.threads,
        client_id=worker._client_id,
        idle_interval=worker._idle_milliseconds / 1000,
        connect_timeout=worker._connect_milliseconds / 1000,
    )
    try:
        application.make_worker()
    except TypeError as error:
        name = type(worker).__name__
        raise TypeError(f"{name} must take the arguments of Worker ({error}); or use an Application") from error
    return application


def _as_collection(found: Any) -> JobCollection:
    if isinstance(found, JobCollection):
        return found
    if isinstance(found, JobHandlerInterface):
        return JobCollection([found])
    if isinstance(found, Iterable) and not isinstance(found, (str, bytes)):
        jobs = JobCollection()
        for part in found:
            for handler in part if isinstance(part, JobCollection) else handlers_of(part) or [part]:
                jobs.add(handler)
        return jobs
    raise TypeError(f"expected {_EXPECTED}, not {type(found).__name__}")


def leave_out(jobs: JobCollection, functions: Sequence[str]) -> JobCollection:
    """A collection without the handlers of these functions; all of them if none would remain."""
    remaining = JobCollection(handler for name, handler in jobs.get_jobs().items() if name not in functions)
    return remaining if remaining else jobs


def restrict_to(jobs: JobCollection, function: str) -> JobCollection:
    """A collection with the handler of one function. Raises TargetError if there is none."""
    handler = jobs.get_jobs().get(function)
    if handler is None:
        raise TargetError(f"no handler for the function {function!r}; there are {', '.join(jobs.get_jobs())}")
    return JobCollection([handler])


def add_to_path(directory: str) -> None:
    """Puts the directory first on the path for imports, if it is not on it."""
    if directory not in sys.path:
        sys.path.insert(0, directory)
