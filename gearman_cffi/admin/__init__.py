"""gearmand's text protocol over plain sockets: no C, no libgearman connection."""

from __future__ import annotations

from gearman_cffi.admin.answers import FunctionStatus, JobInfo, PriorityStatus, WorkerInfo
from gearman_cffi.admin.client import Admin
from gearman_cffi.admin.errors import AdminError, AnswerNotUnderstood, CommandRefused, ServerTimeout, UnknownCommand

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
