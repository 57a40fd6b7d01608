"""The target of a pool: from "module:object" to the handlers."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gearman_cffi.handlers import JobCollection, JobHandlerInterface, handlers_of

_HIDDEN_FRAMES = (str(Path(__file__).parents[1]), importlib.__file__, "<frozen importlib")
_EXPECTED = "a JobCollection, a handler, a decorated function, a list of them, or a function that returns one"


class TargetError(Exception):
    """The target cannot be used. The text is for the user: it says why, with the traceback of the user's own code."""


def load(target: str) -> JobCollection:
    """Imports the module and makes a JobCollection of the object. Every failure is a TargetError."""
    module_name, colon, path = target.partition(":")
    if not (module_name and colon and path):
        raise TargetError(f"invalid target {target!r}: write MODULE:OBJECT, such as 'shop.tasks:jobs'")
    try:
        found: Any = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise TargetError(f"cannot import the module {module_name!r}\n{_user_traceback(error)}") from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise TargetError(f"the module {module_name!r} has no attribute {path!r}") from None
    return _collect(target, found)


def _collect(target: str, found: Any) -> JobCollection:
    handlers = handlers_of(found)
    if handlers:
        found = handlers
    elif not isinstance(found, (JobCollection, JobHandlerInterface)) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise TargetError(f"{target}() raised an exception\n{_user_traceback(error)}") from error
    try:
        jobs = _as_collection(found)
    except Exception as error:
        raise TargetError(f"{target} cannot be used: {error}") from error
    if not jobs:
        raise TargetError(f"{target} has no handlers: add some, or name another object")
    return jobs


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


def _user_traceback(error: BaseException) -> str:
    """The traceback without the frames of this package and of importlib."""
    whole = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = whole
    while part is not None:
        frames = [frame for frame in part.stack or () if not frame.filename.startswith(_HIDDEN_FRAMES)]
        part.stack = traceback.StackSummary.from_list(frames)
        part = part.__cause__ or part.__context__
    return "".join(whole.format() if whole.stack else whole.format_exception_only()).rstrip()


def add_to_path(directory: str) -> None:
    """Puts the directory first on the path for imports, if it is not on it."""
    if directory not in sys.path:
        sys.path.insert(0, directory)
