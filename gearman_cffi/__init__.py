"""Clients and workers for Gearman, built on libgearman.

gearman_cffi           clients that raise exceptions, workers that emit events
gearman_cffi.ext       the API of PHP's ext-gearman: GearmanClient, GearmanWorker, the GEARMAN_* constants ...
gearman_cffi.dmank     the API of PHP's dmank/gearman
gearman_cffi.testing   a gearmand for tests, and handlers without a server

Public names are imported on first use, so that a program loads only what it uses. libgearman is loaded with the first
name; if it is missing, `from gearman_cffi import Client` raises an ImportError that says what to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gearman_cffi.admin import Admin
    from gearman_cffi.application import Application
    from gearman_cffi.client import Client
    from gearman_cffi.events import EventDispatcher, EventName
    from gearman_cffi.exceptions import (
        ConnectionFailed,
        ConnectionLost,
        GearmanError,
        GearmanException,
        InvalidArgument,
        InvalidJob,
        JobError,
        JobException,
        JobFailed,
        JobNotRunning,
        JobTimeout,
        NoFunctionGiven,
        NoServers,
        PoisonJob,
        QueueFull,
        SerializerError,
        ServerError,
        UnsupportedValue,
    )
    from gearman_cffi.ext import ConcurrentUseError
    from gearman_cffi.handlers import FunctionHandler, JobCollection, JobHandlerInterface
    from gearman_cffi.job_log_filter import JobLogFilter
    from gearman_cffi.job_status import JobStatus
    from gearman_cffi.job_update import JobUpdate, UpdateKind
    from gearman_cffi.job_watch import JobWatch
    from gearman_cffi.jobs import Job, JobInterface, current_job
    from gearman_cffi.priorities import Priority
    from gearman_cffi.retries import Retry, RetryPolicy
    from gearman_cffi.serializers import (
        JsonSerializer,
        PhpEnumCase,
        PhpObject,
        PhpSerializer,
        PickleSerializer,
        RawSerializer,
        Serializer,
        is_serialized,
    )
    from gearman_cffi.servers import Server, ServerCollection
    from gearman_cffi.tasks import CoroutineTask, Task
    from gearman_cffi.worker import Worker

__version__ = "0.1.0"  # the same as in pyproject.toml; a test compares

__all__ = [
    "Admin",
    "Application",
    "Client",
    "ConcurrentUseError",
    "ConnectionFailed",
    "ConnectionLost",
    "CoroutineTask",
    "EventDispatcher",
    "EventName",
    "FunctionHandler",
    "GearmanError",
    "GearmanException",
    "InvalidArgument",
    "InvalidJob",
    "Job",
    "JobCollection",
    "JobError",
    "JobException",
    "JobFailed",
    "JobHandlerInterface",
    "JobInterface",
    "JobLogFilter",
    "JobNotRunning",
    "JobStatus",
    "JobTimeout",
    "JobUpdate",
    "JobWatch",
    "JsonSerializer",
    "NoFunctionGiven",
    "NoServers",
    "PhpEnumCase",
    "PhpObject",
    "PhpSerializer",
    "PickleSerializer",
    "PoisonJob",
    "Priority",
    "QueueFull",
    "RawSerializer",
    "Retry",
    "RetryPolicy",
    "Serializer",
    "SerializerError",
    "Server",
    "ServerCollection",
    "ServerError",
    "Task",
    "UnsupportedValue",
    "UpdateKind",
    "Worker",
    "__version__",
    "current_job",
    "is_serialized",
]

# The modules of the package, which are attributes of it, with the public names of each. test_imports.py compares them
# with the imports above.
_NAMES = {
    "admin": ("Admin",),
    "application": ("Application",),
    "client": ("Client",),
    "dmank": (),
    "events": ("EventDispatcher", "EventName"),
    "exceptions": (
        "ConnectionFailed",
        "ConnectionLost",
        "GearmanError",
        "GearmanException",
        "InvalidArgument",
        "InvalidJob",
        "JobError",
        "JobException",
        "JobFailed",
        "JobNotRunning",
        "JobTimeout",
        "NoFunctionGiven",
        "NoServers",
        "PoisonJob",
        "QueueFull",
        "SerializerError",
        "ServerError",
        "UnsupportedValue",
    ),
    "ext": ("ConcurrentUseError",),
    "handlers": ("FunctionHandler", "JobCollection", "JobHandlerInterface"),
    "job_log_filter": ("JobLogFilter",),
    "job_status": ("JobStatus",),
    "jobs": ("Job", "JobInterface", "current_job"),
    "priorities": ("Priority",),
    "retries": ("Retry", "RetryPolicy"),
    "serializers": (
        "JsonSerializer",
        "PhpEnumCase",
        "PhpObject",
        "PhpSerializer",
        "PickleSerializer",
        "RawSerializer",
        "Serializer",
        "is_serialized",
    ),
    "servers": ("Server", "ServerCollection"),
    "job_update": ("JobUpdate", "UpdateKind"),
    "job_watch": ("JobWatch",),
    "tasks": (
        "CoroutineTask",
        "Task",
    ),
    "worker": ("Worker",),
}


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Imports a module or a public name when it is first used."""
        if name in _NAMES:
            return import_module(f"{__name__}.{name}")
        for module, names in _NAMES.items():
            if name in names:
                value = getattr(import_module(f"{__name__}.{module}"), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """All public names and modules, also those that are not imported yet."""
        return sorted({*globals(), *__all__, *_NAMES})
