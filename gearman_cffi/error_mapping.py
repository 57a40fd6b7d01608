"""From libgearman's return codes to the Python layer's exceptions, whose texts say what to do next."""

from __future__ import annotations

from gearman_cffi.exceptions import (
    ConnectionFailed,
    ConnectionLost,
    GearmanError,
    InvalidArgument,
    JobException,
    JobFailed,
    JobTimeout,
    NoServers,
    QueueFull,
    ServerError,
)
from gearman_cffi.ext import ReturnCode
from gearman_cffi.ext.arguments import MAX_DATA


class _Kind:
    """An exception class, and its text with {job}, {server} and {detail} in it."""

    def __init__(self, error: type[GearmanError], text: str) -> None:
        self.error = error
        self.text = text


_LOST = _Kind(
    ConnectionLost,
    "{server} went away before {job} was answered. It may have been taken or not: submit it again if "
    "doing it twice does no harm{detail}",
)
_UNREACHABLE = _Kind(
    ConnectionFailed,
    "could not connect to {server} for {job}. Check that gearmand runs there and listens on that address{detail}",
)
_NO_SOCKET = _Kind(
    ConnectionFailed,
    "no connection to {server} can be opened for {job}. This process may have too many open files: close some, or "
    "raise its limit (ulimit -n){detail}",
)
_QUEUE_FULL = _Kind(
    QueueFull,
    "{server} refused {job}: its queue is full or broken. Try again later, start more "
    "workers, or see the server's log{detail}",
)
# What libgearman reports of an answer that is no packet of Gearman's.
NO_PACKET = frozenset(
    {
        ReturnCode.INVALID_MAGIC,
        ReturnCode.INVALID_COMMAND,
        ReturnCode.INVALID_PACKET,
        ReturnCode.TOO_MANY_ARGS,
    }
)
_NO_GEARMAND = _Kind(
    ServerError,
    "what answers {job} at {server} does not speak Gearman's protocol. Check the address, and that a gearmand listens "
    "there{detail}",
)
_INVALID = _Kind(InvalidArgument, "{job} cannot be sent to {server}{detail}")

_KINDS: dict[int, _Kind] = {
    ReturnCode.NO_SERVERS: _Kind(NoServers, "there is no server for {job}: give the client at least one{detail}"),
    ReturnCode.COULD_NOT_CONNECT: _UNREACHABLE,
    ReturnCode.GETADDRINFO: _UNREACHABLE,
    ReturnCode.NOT_CONNECTED: _UNREACHABLE,
    ReturnCode.LOST_CONNECTION: _LOST,
    ReturnCode.ERRNO: _LOST,
    ReturnCode.TIMEOUT: _Kind(
        JobTimeout,
        "no answer to {job} from {server} in time. The server may still have it done: check that a worker "
        "for the function runs, or give more time{detail}",
    ),
    ReturnCode.WORK_FAIL: _Kind(
        JobFailed, "the worker failed {job} (server {server}) and gave no reason. See the worker's log"
    ),
    ReturnCode.WORK_EXCEPTION: _Kind(JobException, "the worker's function raised in {job} (server {server}): "),
    ReturnCode.JOB_QUEUE_FULL: _QUEUE_FULL,
    ReturnCode.QUEUE_ERROR: _QUEUE_FULL,
    ReturnCode.SERVER_ERROR: _Kind(ServerError, "{server} answered {job} with an error{detail}"),
    ReturnCode.INVALID_FUNCTION_NAME: _INVALID,
    ReturnCode.DATA_TOO_LARGE: _Kind(
        InvalidArgument,
        f"{{job}} cannot be sent to {{server}}: a packet of Gearman carries at most {MAX_DATA} bytes of data",
    ),
    ReturnCode.ARGUMENT_TOO_LARGE: _INVALID,
    ReturnCode.INVALID_ARGUMENT: _INVALID,
}
_KINDS.update(dict.fromkeys(map(int, NO_PACKET), _NO_GEARMAND))
_OTHER = _Kind(GearmanError, "{job} failed at {server}{detail}")


def failure(
    return_code: int,
    *,
    server: str,
    function: str | None = None,
    handle: str | None = None,
    detail: str | bool | None = None,
    exception: bytes | None = None,
) -> GearmanError:
    """The exception for a return code other than GEARMAN_SUCCESS; the caller raises it.

    detail is libgearman's own text (GearmanClient.error()), exception what a worker sent.
    """
    told = str(detail or "no details").partition(" -> libgearman/")[0]  # C's line numbers help nobody here
    kind = _KINDS.get(return_code, _OTHER)
    if return_code == ReturnCode.ERRNO and told.endswith(" socket"):  # the call that failed
        kind = _NO_SOCKET
    message = kind.text.format(
        job=_job(function, handle),
        server=server or "no server",
        detail=f" [{told}; {ReturnCode.describe(return_code)}]",
    )
    handle = handle or None
    if kind.error is JobException:
        sent = exception or b""
        message += sent.decode("utf-8", "replace").removesuffix(": ") or "(it sent no text)"  # "Type: " has no message
        return JobException(
            message,
            remote_data=sent,
            return_code=return_code,
            function=function,
            handle=handle,
            server=server,
        )
    return kind.error(message, return_code=return_code, function=function, handle=handle, server=server)


def _job(function: str | None, handle: str | None) -> str:
    if function is None:
        return f"the status request for handle {handle!r}" if handle else "the request"
    return f"function {function!r}" + (f", job {handle!r}" if handle else "")
