"""The Python layer of gearman-cffi: clients that raise exceptions, and workers that emit events.

PHP's own names (GearmanClient, GearmanWorker, the GEARMAN_* constants ...) are in gearman_cffi.ext, a private
server for tests in gearman_cffi.testing. A name of this module is imported when it is first used (lazy.py), and
libgearman is loaded then: if it is missing, `from gearman_cffi import Client` raises an ImportError that says what to
install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_cffi.lazy import importer

if TYPE_CHECKING:
    from gearman_cffi.admin import Admin
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
        QueueFull,
        SerializerError,
        ServerError,
        UnsupportedValue,
    )
    from gearman_cffi.ext import ConcurrentUseError
    from gearman_cffi.handlers import FunctionHandler, JobCollection, JobHandlerInterface
    from gearman_cffi.job_interface import JobInterface
    from gearman_cffi.job_status import JobStatus
    from gearman_cffi.job_watch import JobUpdate, JobWatch, UpdateKind
    from gearman_cffi.jobs import Job
    from gearman_cffi.priorities import Priority
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
    from gearman_cffi.worker import Worker

__version__ = "0.1.0"  # the same as in pyproject.toml; a test compares

__all__ = [
    "Admin",
    "Client",
    "ConcurrentUseError",
    "ConnectionFailed",
    "ConnectionLost",
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
    "Priority",
    "QueueFull",
    "RawSerializer",
    "Serializer",
    "SerializerError",
    "Server",
    "ServerCollection",
    "ServerError",
    "UnsupportedValue",
    "UpdateKind",
    "Worker",
    "__version__",
    "is_serialized",
]

# The modules of the package and their public names; the same as in the imports above, which type checkers read.
_NAMES = {
    "admin": ("Admin",),
    "client": ("Client",),
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
        "QueueFull",
        "SerializerError",
        "ServerError",
        "UnsupportedValue",
    ),
    "ext": ("ConcurrentUseError",),
    "handlers": ("FunctionHandler", "JobCollection", "JobHandlerInterface"),
    "job_interface": ("JobInterface",),
    "job_status": ("JobStatus",),
    "jobs": ("Job",),
    "priorities": ("Priority",),
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
    "job_watch": ("JobUpdate", "JobWatch", "UpdateKind"),
    "worker": ("Worker",),
}

if not TYPE_CHECKING:  # with a __getattr__() type checkers would accept every name
    __getattr__, __dir__ = importer(__name__, _NAMES)
