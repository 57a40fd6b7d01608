"""What goes wrong between Admin and a server, beside ConnectionFailed and ConnectionLost."""

from __future__ import annotations

from gearman_cffi.exceptions import GearmanError, ServerError
from gearman_cffi.ext import ReturnCode


class AdminError(GearmanError):
    """Base of what only the text protocol knows. server names the server."""


class ServerTimeout(AdminError, TimeoutError):  # noqa: N818
    """The server did not answer, or not to the end, within the timeout."""

    return_code = ReturnCode.TIMEOUT


class AnswerNotUnderstood(AdminError):  # noqa: N818
    """What came is no answer of a gearmand. answer is its beginning, as it came."""

    return_code = ReturnCode.UNEXPECTED_PACKET

    def __init__(self, message: str = "", *, answer: bytes = b"", server: str | None = None) -> None:
        super().__init__(message, server=server)
        self.answer = answer


class CommandRefused(AdminError, ServerError):  # noqa: N818
    """The server answered ERR. error_code is its first word (UNKNOWN_JOB ...), "" where there is none."""

    return_code = ReturnCode.SERVER_ERROR

    def __init__(self, message: str = "", *, error_code: str = "", server: str | None = None) -> None:
        super().__init__(message, server=server)
        self.error_code = error_code


class UnknownCommand(CommandRefused):
    """The server does not know the command: it is another version, or another implementation."""
