"""The exit codes of the command `gearman-cffi`."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How the command ends. A usage error is 2, as with most commands."""

    OK = 0
    FAILED = 1  # any other error
    NOT_LOADED = 3  # worker: the object cannot be imported or used
    UNREACHABLE = 4  # a server cannot be reached, or the connection was lost
    JOB_FAILED = 5  # the worker failed the job
    TIMEOUT = 6  # no answer in time
    REFUSED = 7  # the server or libgearman refused the request
    INTERRUPTED_JOB = 8  # worker: at shutdown, a running job was interrupted
    NOT_KNOWN = 9  # status, cancel: no server knows the job
    UNREADABLE = 10  # submit: the job is done, but the serializer cannot read its result
    INTERRUPTED = 130  # Ctrl-C
