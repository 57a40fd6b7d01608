"""Sends one command to one server over a socket, with or without TLS, with a deadline for the whole exchange."""

from __future__ import annotations

import socket
import ssl
import time
from urllib.parse import unquote_plus

from gearman_cffi.admin.errors import AnswerNotUnderstood, CommandRefused, ServerTimeout, UnknownCommand
from gearman_cffi.exceptions import ConnectionFailed, ConnectionLost, GearmanError
from gearman_cffi.messages import short_repr
from gearman_cffi.servers import Server

MAX_ANSWER = 256 * 1024 * 1024  # bytes; `show jobs` has about 30 for each job
_PREVIEW_SIZE = 120  # bytes of a wrong answer in the error message
_UNKNOWN = ("UNKNOWN_COMMAND", "UNKNOWN_SHOW_ARGUMENTS", "UNKNOWN_ARGUMENT")


def ask(server: Server, command: str, timeout: float, listing: bool, tls: ssl.SSLContext | None) -> str:
    """Sends a command; returns the lines of the answer without the final ".", or the text after "OK" if it is one line.

    timeout, in seconds, bounds connecting, sending and receiving, but not the lookup of the host name. Bytes that are
    not UTF-8 become surrogates. Raises ConnectionFailed, ConnectionLost, ServerTimeout, CommandRefused, UnknownCommand
    and AnswerNotUnderstood.
    """
    deadline = time.monotonic() + timeout
    try:
        connection = _connect(server, deadline, tls)
    except TimeoutError:
        raise ServerTimeout(f"could not connect to {server} within {timeout:g} s", server=str(server)) from None
    except ssl.SSLCertVerificationError as error:
        raise ConnectionFailed(
            f"the certificate of {server} is refused: {error.verify_message}", server=str(server)
        ) from error
    except OSError as error:
        raise ConnectionFailed(
            f"could not connect to {server}: {error.strerror or error}", server=str(server)
        ) from error
    with connection:
        # If the line ends in LF alone, gearmand 1.1.20 drops the last letter of the name in `create function NAME`.
        answer = _exchange(connection, server, f"{command}\r\n".encode(), deadline, listing)
    return _read(server, command, answer, listing)


def _connect(server: Server, deadline: float, tls: ssl.SSLContext | None) -> socket.socket:
    connection = socket.create_connection((server.host, server.port), deadline - time.monotonic())
    if tls is None:
        return connection
    try:
        _set_timeout(connection, deadline)
        return tls.wrap_socket(connection, server_hostname=server.host)
    except BaseException:
        connection.close()
        raise


def _exchange(connection: socket.socket, server: Server, line: bytes, deadline: float, listing: bool) -> bytes:
    """Sends a line, and receives until the answer is complete."""
    name, answer = line.decode().strip(), bytearray()
    try:
        _set_timeout(connection, deadline)
        connection.sendall(line)
        while not _is_complete(answer, listing):
            _set_timeout(connection, deadline)
            piece = connection.recv(1 << 18)
            if not piece:
                raise _cut_off(server, name, bytes(answer))
            answer += piece
            if len(answer) > MAX_ANSWER:
                raise AnswerNotUnderstood(
                    f"the answer of {server} to {short_repr(name)} has more than {MAX_ANSWER} bytes",
                    answer=bytes(answer[:_PREVIEW_SIZE]),
                    server=str(server),
                )
    except TimeoutError:
        received = f"received only {len(answer)} bytes: {_preview(answer)}" if answer else "received nothing"
        raise ServerTimeout(
            f"{server} did not answer {short_repr(name)} in time; {received}", server=str(server)
        ) from None
    except GearmanError:
        raise
    except OSError as error:
        raise ConnectionLost(
            f"lost the connection to {server} during {short_repr(name)}: {error.strerror or error}", server=str(server)
        ) from error
    return bytes(answer)


def _set_timeout(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


def _is_complete(answer: bytearray, listing: bool) -> bool:
    if not answer.endswith(b"\n"):
        return False
    if not listing or answer.startswith(b"ERR"):
        return True
    return bytes(answer) in (b".\n", b".\r\n") or answer.endswith((b"\n.\n", b"\n.\r\n"))


def _cut_off(server: Server, command: str, answer: bytes) -> ConnectionLost:
    when = f"after {len(answer)} bytes of the answer: {_preview(answer)}" if answer else "without an answer"
    return ConnectionLost(f"{server} closed the connection during {short_repr(command)} {when}", server=str(server))


def _read(server: Server, command: str, answer: bytes, listing: bool) -> str:
    text = answer.decode("utf-8", "surrogateescape")
    if text.startswith("ERR"):
        raise _refusal(server, command, text[3:].strip())
    if listing:
        return text[: text.rindex(".")].replace("\r\n", "\n")
    if text.split()[:1] != ["OK"]:
        raise not_understood(server, command, answer)
    return text.strip()[2:].strip()


def _refusal(server: Server, command: str, text: str) -> CommandRefused:
    code, _, rest = text.partition(" ")
    reason = unquote_plus(rest) if code.isupper() else text
    if code.upper() in _UNKNOWN:
        return UnknownCommand(
            f"{server} does not know the command {short_repr(command)}", error_code=code, server=str(server)
        )
    message = ": ".join(part for part in (code if code.isupper() else "", reason) if part)
    return CommandRefused(
        f"{server} refused {short_repr(command)}: {message or 'no reason given'}",
        error_code=code if code.isupper() else "",
        server=str(server),
    )


def not_understood(server: Server, command: str, answer: bytes) -> AnswerNotUnderstood:
    """The error for an unexpected answer."""
    return AnswerNotUnderstood(
        f"unexpected answer of {server} to {short_repr(command)}: {_preview(answer)}; is it a gearmand?",
        answer=bytes(answer[:_PREVIEW_SIZE]),
        server=str(server),
    )


def _preview(answer: bytes | bytearray) -> str:
    return repr(bytes(answer[:_PREVIEW_SIZE])) + ("..." if len(answer) > _PREVIEW_SIZE else "")
