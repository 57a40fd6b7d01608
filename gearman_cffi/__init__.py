"""Gearman for Python, on the system's libgearman: the layer that programs are written with.

PHP's own names (GearmanClient, GearmanWorker, the GEARMAN_* constants ...) are in gearman_cffi.ext, a private
server for tests in gearman_cffi.testing.
"""

from __future__ import annotations

from gearman_cffi.admin import Admin
from gearman_cffi.client import Client
from gearman_cffi.events import EventDispatcher, EventName
from gearman_cffi.exceptions import (
    ConnectionFailed,
    ConnectionLost,
    GearmanError,
    GearmanException,
    InvalidArgument,
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
from gearman_cffi.handlers import FunctionHandler, JobCollection, JobHandlerInterface
from gearman_cffi.jobs import Job, JobInterface, JobStatus
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
from gearman_cffi.watching import JobUpdate, JobWatch, UpdateKind
from gearman_cffi.worker import Worker

__version__ = "0.1.0"  # the same as in pyproject.toml; a test compares

__all__ = [
    "Admin",
    "Client",
    "ConnectionFailed",
    "ConnectionLost",
    "EventDispatcher",
    "EventName",
    "FunctionHandler",
    "GearmanError",
    "GearmanException",
    "InvalidArgument",
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
