"""The exceptions of Admin, in addition to ConnectionFailed and ConnectionLost."""

from __future__ import annotations

from gearman_cffi.exceptions import GearmanError, ServerError
from gearman_cffi.ext import ReturnCode


class AdminError(GearmanError):
    """Base of the exceptions of the text protocol.

    Attributes:
        server: The server's address.

    Example:
            try:
                rows = admin.status()
            except AdminError as error:
                logger.error("no status of %s: %s", error.server, error)
    """


class ServerTimeout(AdminError, TimeoutError):  # noqa: N818
    """The server did not answer completely within the timeout.

    Example:
            try:
                admin.version()
            except ServerTimeout as error:
                logger.critical("gearmand at %s does not answer", error.server)
    """

    return_code = ReturnCode.TIMEOUT


class AnswerNotUnderstood(AdminError):  # noqa: N818
    """The answer is not one of gearmand's.

    Attributes:
        answer: Its beginning.

    Example:
            try:
                admin.version()
            except AnswerNotUnderstood as error:
                print("is another program listening at this port? It answered", error.answer)
    """

    return_code = ReturnCode.UNEXPECTED_PACKET

    def __init__(self, message: str = "", *, answer: bytes = b"", server: str | None = None) -> None:
        super().__init__(message, server=server)
        self.answer = answer


class CommandRefused(AdminError, ServerError):  # noqa: N818
    """The server answered ERR.

    Attributes:
        error_code: The code in the answer, such as UNKNOWN_JOB, or "" without one.

    Example:
            try:
                admin.drop_function("mail")
            except CommandRefused as error:
                print(error.server, "refuses it:", error.error_code)
    """

    return_code = ReturnCode.SERVER_ERROR

    def __init__(self, message: str = "", *, error_code: str = "", server: str | None = None) -> None:
        super().__init__(message, server=server)
        self.error_code = error_code


class UnknownCommand(CommandRefused):
    """The server does not have this command, because of its version or its implementation.

    Example:
            try:
                rows = admin.priority_status()
            except UnknownCommand:  # an older server, or another implementation
                rows = admin.status()
    """
