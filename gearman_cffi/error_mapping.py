"""Maps libgearman's return codes to the exceptions of the Python layer, with texts that say what to do next."""

from __future__ import annotations

import re
from typing import NamedTuple

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
from gearman_cffi.messages import escape, short_repr

# libgearman's texts begin with the C function and the code, and end with the place in its source.
_C_FUNCTION = re.compile(r"\w+\((GEARMAN_\w+)\) ?")
_C_PLACE = " -> libgearman/"
_MAX_SERVERS_TEXT = 200  # characters


class _Kind(NamedTuple):
    """An exception class, and its text with {job}, {server} and {detail} in it."""

    error: type[GearmanError]
    text: str


_LOST = _Kind(
    ConnectionLost,
    "lost the connection to {server} before it answered {job}. The job may have been accepted and done: submit it "
    "again only if running it twice does no harm{detail}",
)
_UNREACHABLE = _Kind(
    ConnectionFailed,
    "could not connect to {server} for {job}. Check that gearmand runs there and listens on that address{detail}",
)
_NO_SOCKET = _Kind(
    ConnectionFailed,
    "could not open a connection to {server} for {job}. This process may have too many open files: close some, or "
    "raise its limit (ulimit -n){detail}",
)
_QUEUE_FULL = _Kind(
    QueueFull,
    "{server} refused {job}: its queue is full or broken. Try again later, start more workers, or see the server's "
    "log{detail}",
)
# What libgearman reports if an answer is not a packet of Gearman's protocol.
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
    "the program at {server} does not speak Gearman's protocol: {job} failed. Check the address, and that gearmand "
    "listens there{detail}",
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
        "no answer to {job} from {server} within the timeout; it may still be done. Check that a worker for the "
        "function runs, or give more time{detail}",
    ),
    ReturnCode.WORK_FAIL: _Kind(JobFailed, "{job} failed: the worker gave no reason. See the worker's log"),
    ReturnCode.WORK_EXCEPTION: _Kind(JobException, "{job} failed: "),
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
_LOST_REQUEST = _Kind(ConnectionLost, "lost the connection to {server} before it answered {job}: ask again{detail}")
# Requests that submit no job.
_KINDS_OF_REQUESTS: dict[int, _Kind] = {
    ReturnCode.LOST_CONNECTION: _LOST_REQUEST,
    ReturnCode.ERRNO: _LOST_REQUEST,
    ReturnCode.TIMEOUT: _Kind(JobTimeout, "no answer to {job} from {server} within the timeout{detail}"),
}
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
    """Returns the exception for a return code other than GEARMAN_SUCCESS. The caller raises it.

    server, function, handle: what was asked; None if there is none. detail: libgearman's text (GearmanClient.error()).
    exception: what the worker sent.
    """
    handle = handle or None
    detail = str(detail or "").partition(_C_PLACE)[0]
    kind = _kind(return_code, detail, function)
    message = kind.text.format(
        job=_job(function, handle), server=_shown_servers(server), detail=_shown_detail(return_code, detail)
    )
    if kind.error is JobException:
        sent = exception or b""
        # "Type: " has no message.
        message += sent.decode("utf-8", "replace").removesuffix(": ") or "the worker sent no text"
        return JobException(
            message,
            remote_data=sent,
            return_code=return_code,
            function=function,
            handle=handle,
            server=server,
        )
    return kind.error(message, return_code=return_code, function=function, handle=handle, server=server)


def _kind(return_code: int, detail: str, function: str | None) -> _Kind:
    if return_code == ReturnCode.ERRNO and detail.endswith(" socket"):  # the system call that failed
        return _NO_SOCKET
    kind = _KINDS.get(return_code, _OTHER)
    return kind if function is not None else _KINDS_OF_REQUESTS.get(return_code, kind)


def _shown_detail(return_code: int, detail: str) -> str:
    """Returns what follows a text in brackets: libgearman's explanation and the name of the code."""
    if detail == "GEARMAN_IO_WAIT":  # the text of each step after which it waits
        detail = ""
    written = _C_FUNCTION.match(detail)
    if written is not None:
        # "no servers were available" is what it says of each wait that times out.
        detail = "" if written[1] == "GEARMAN_TIMEOUT" else detail[written.end() :]
    name = ReturnCode.describe(return_code)
    return f" [{escape(detail)}; {name}]" if detail else f" [{name}]"


def _shown_servers(servers: str) -> str:
    if len(servers) <= _MAX_SERVERS_TEXT:
        return escape(servers) or "no server"
    first = servers[:_MAX_SERVERS_TEXT].rpartition(",")[0]
    return f"{escape(first)} and {servers.count(',') - first.count(',')} more"


def _job(function: str | None, handle: str | None) -> str:
    if function is None:
        return f"the status request for handle {short_repr(handle)}" if handle else "the request"
    if handle:
        return f"job {escape(handle)} ({escape(function)})"
    return f"function {short_repr(function)}"
