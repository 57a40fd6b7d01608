"""What the Python layer raises: one tree under GearmanException.

GearmanException                what the mirror throws, and the root of all
  GearmanError                  everything of this module
    ConnectionFailed            ConnectionError   no server could be reached
      NoServers                                   there is none to reach
    ConnectionLost              ConnectionError   a server went away before it answered
    JobTimeout                  TimeoutError      no answer in time
    JobError                                      the worker did not do the job
      JobFailed                                   ... and said nothing more (WORK_FAIL)
      JobException                                ... and sent an exception (WORK_EXCEPTION)
    ServerError                                   the server refused
      QueueFull                                   ... because its queue is full
    InvalidArgument             ValueError        a function name, handle ... that cannot be sent
      InvalidJob                TypeError         an item of a bulk call is not a job
    SerializerError             ValueError        a value that cannot be written, data that cannot be read
      UnsupportedValue          TypeError         ... because of its type
    NoFunctionGiven                               a worker with nothing to run
    JobNotRunning               RuntimeError      a job that no worker executes was told to send something
"""

from __future__ import annotations

import re

from gearman_cffi.ext import GearmanException as GearmanException
from gearman_cffi.ext import ReturnCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# "TypeName: message", as gearman_cffi's worker sends it. Names of PHP classes have backslashes, local ones <locals>.
_EXCEPTION_TEXT = re.compile(r"([A-Za-z_][\w.\\<>]*): (.*)", re.DOTALL)


class GearmanError(GearmanException):
    """Base of everything that the Python layer raises.

    return_code is libgearman's code (GEARMAN_TIMEOUT ...); server names the server or servers that were
    asked ("host:port", several with commas between), function and handle the job, where they are known.
    """

    return_code: int = ReturnCode.UNKNOWN_STATE

    def __init__(
        self,
        message: str = "",
        *,
        return_code: int | None = None,
        function: str | None = None,
        handle: str | None = None,
        server: str | None = None,
    ) -> None:
        super().__init__(message)
        if return_code is not None:
            self.return_code = return_code
        self.function = function
        self.handle = handle
        self.server = server


class ConnectionFailed(GearmanError, ConnectionError):  # noqa: N818
    """No server could be reached; nothing was submitted."""

    return_code = ReturnCode.COULD_NOT_CONNECT


class NoServers(ConnectionFailed):
    """There is no server to ask."""

    return_code = ReturnCode.NO_SERVERS


class ConnectionLost(GearmanError, ConnectionError):  # noqa: N818
    """The connection broke before the answer came. The server may or may not have taken the job."""

    return_code = ReturnCode.LOST_CONNECTION


class JobTimeout(GearmanError, TimeoutError):  # noqa: N818
    """No answer within the timeout. A job that was submitted stays with the server and may still be done."""

    return_code = ReturnCode.TIMEOUT


class JobError(GearmanError):
    """A worker had the job and did not do it."""

    return_code = ReturnCode.WORK_FAIL


class JobFailed(JobError):  # noqa: N818
    """The worker gave the job up without a reason (WORK_FAIL)."""


class JobException(JobError):  # noqa: N818
    """The worker's function raised, and the worker sent the exception (WORK_EXCEPTION).

    remote_type and remote_message are the two halves of the text "TypeName: message"; remote_type is None
    and remote_message the whole text where a worker sends something else. remote_data is what it sent.
    """

    return_code = ReturnCode.WORK_EXCEPTION

    def __init__(self, message: str = "", *, remote_data: bytes = b"", **known: Any) -> None:
        super().__init__(message, **known)
        self.remote_data = remote_data
        self.remote_type, self.remote_message = split_exception_text(remote_data)


class ServerError(GearmanError):
    """The server answered with an error."""

    return_code = ReturnCode.SERVER_ERROR


class QueueFull(ServerError):  # noqa: N818
    """The server takes no more jobs of this function (the limit set by its `maxqueue` command is reached)."""

    return_code = ReturnCode.JOB_QUEUE_FULL


class InvalidArgument(GearmanError, ValueError):  # noqa: N818
    """Something that libgearman cannot send: an empty or overlong name, a NUL in it."""

    return_code = ReturnCode.INVALID_ARGUMENT


class InvalidJob(InvalidArgument, TypeError):  # noqa: N818
    """An item given to execute_jobs(), execute_jobs_in_background() or stream_jobs() is not a Job, or has no name.

    index is the item's position, item the item. results has what execute_jobs_in_background() got for the jobs before
    it: a handle or an error for each. For the other calls it is empty: execute_jobs() has submitted nothing, and
    stream_jobs() has yielded the answers.
    """

    def __init__(self, message: str = "", *, index: int = 0, item: object = None, **known: Any) -> None:
        super().__init__(message, **known)
        self.index = index
        self.item = item
        self.results: list[str | GearmanError] = []


class SerializerError(GearmanError, ValueError):
    """A value that the serializer cannot write, or data that it cannot read."""

    return_code = ReturnCode.INVALID_ARGUMENT


class UnsupportedValue(SerializerError, TypeError):  # noqa: N818
    """A value of a type that the serializer has no form for."""


class NoFunctionGiven(GearmanError):  # noqa: N818
    """A worker was told to run and has no job handler."""

    return_code = ReturnCode.NO_REGISTERED_FUNCTIONS


class JobNotRunning(GearmanError, RuntimeError):  # noqa: N818
    """A job was told to send something, and no worker executes it: not yet, or no longer."""

    return_code = ReturnCode.INVALID_ARGUMENT


def split_exception_text(data: bytes) -> tuple[str | None, str]:
    """(type name, message) of the text "TypeName: message"; (None, text) of any other."""
    text = data.decode("utf-8", "replace")
    found = _EXCEPTION_TEXT.fullmatch(text)
    if found is None:
        return None, text
    return found.group(1), found.group(2)
