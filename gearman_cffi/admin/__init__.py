"""Admin: gearmand's text protocol over plain sockets, without libgearman's connections."""

from __future__ import annotations

from gearman_cffi.admin.client import Admin
from gearman_cffi.admin.errors import AdminError, AnswerNotUnderstood, CommandRefused, ServerTimeout, UnknownCommand
from gearman_cffi.admin.models import FunctionStatus, JobInfo, PriorityStatus, WorkerInfo

__all__ = [
    "Admin",
    "AdminError",
    "AnswerNotUnderstood",
    "CommandRefused",
    "FunctionStatus",
    "JobInfo",
    "PriorityStatus",
    "ServerTimeout",
    "UnknownCommand",
    "WorkerInfo",
]
