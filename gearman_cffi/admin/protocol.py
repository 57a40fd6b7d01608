"""One command to one server, over a plain socket, with a deadline for all of it."""

from __future__ import annotations

import socket
import time
from urllib.parse import unquote_plus

from gearman_cffi.admin.errors import AnswerNotUnderstood, CommandRefused, ServerTimeout, UnknownCommand
from gearman_cffi.exceptions import ConnectionFailed, ConnectionLost, GearmanError
from gearman_cffi.servers import Server

LARGEST_ANSWER = 256 * 1024 * 1024  # bytes; a server with millions of jobs lists about 30 for each
_SHOWN = 120  # bytes of an answer that was not understood, in the error's text
_UNKNOWN = ("UNKNOWN_COMMAND", "UNKNOWN_SHOW_ARGUMENTS", "UNKNOWN_ARGUMENT")


def ask(server: Server, command: str, timeout: float, listing: bool) -> str:
    """The answer to a command: its lines without the final ".", or of a single line what follows "OK".

    timeout, in seconds, bounds connecting, sending and the whole answer (looking up the host's name is the
    system's matter). Bytes that are no UTF-8 become surrogates. Raises ConnectionFailed, ConnectionLost,
    ServerTimeout, CommandRefused, UnknownCommand, AnswerNotUnderstood.
    """
    deadline = time.monotonic() + timeout
    try:
        connection = socket.create_connection((server.host, server.port), timeout)
    except TimeoutError:
        raise ServerTimeout(f"{server} cannot be reached within {timeout:g} s", server=str(server)) from None
    except OSError as error:
        raise ConnectionFailed(f"{server} cannot be reached: {error.strerror or error}", server=str(server)) from error
    with connection:
        # gearmand 1.1.20 takes the last letter off the name in `create function NAME` where the line ends in LF alone.
        answer = _exchange(connection, server, f"{command}\r\n".encode(), deadline, listing)
    return _read(server, command, answer, listing)


def _exchange(connection: socket.socket, server: Server, line: bytes, deadline: float, listing: bool) -> bytes:
    """Sends the line and receives until the answer is whole."""
    name, answer = line.decode().strip(), bytearray()
    try:
        _give(connection, deadline)
        connection.sendall(line)
        while not _is_whole(answer, listing):
            _give(connection, deadline)
            piece = connection.recv(1 << 18)
            if not piece:
                raise _cut_off(server, name, bytes(answer))
            answer += piece
            if len(answer) > LARGEST_ANSWER:
                raise AnswerNotUnderstood(
                    f"{server} answers {name!r} without an end", answer=bytes(answer[:_SHOWN]), server=str(server)
                )
    except TimeoutError:
        came = f"only {len(answer)} bytes came: {_shown(answer)}" if answer else "nothing came"
        raise ServerTimeout(f"{server} did not answer {name!r} in time; {came}", server=str(server)) from None
    except GearmanError:
        raise
    except OSError as error:
        raise ConnectionLost(
            f"{server} broke the connection at {name!r}: {error.strerror or error}", server=str(server)
        ) from error
    return bytes(answer)


def _give(connection: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


def _is_whole(answer: bytearray, listing: bool) -> bool:
    if not answer.endswith(b"\n"):
        return False
    if not listing or answer.startswith(b"ERR"):
        return True
    return bytes(answer) in (b".\n", b".\r\n") or answer.endswith((b"\n.\n", b"\n.\r\n"))


def _cut_off(server: Server, command: str, answer: bytes) -> ConnectionLost:
    came = f"after {len(answer)} bytes: {_shown(answer)}" if answer else "before it answered"
    return ConnectionLost(f"{server} closed the connection at {command!r} {came}", server=str(server))


def _read(server: Server, command: str, answer: bytes, listing: bool) -> str:
    text = answer.decode("utf-8", "surrogateescape")
    if text.startswith("ERR"):
        raise _refusal(server, command, text[3:].strip())
    if listing:
        return text[: text.rindex(".")].replace("\r\n", "\n")
    if text.split()[:1] != ["OK"]:
        raise not_understood(server, command, answer)
    return text.strip()[2:].strip()


def _refusal(server: Server, command: str, said: str) -> CommandRefused:
    code, _, rest = said.partition(" ")
    reason = unquote_plus(rest) if code.isupper() else said
    if code.upper() in _UNKNOWN:
        return UnknownCommand(f"{server} does not know the command {command!r}", error_code=code, server=str(server))
    text = ": ".join(part for part in (code if code.isupper() else "", reason) if part)
    return CommandRefused(
        f"{server} refuses {command!r}: {text or 'no reason given'}",
        error_code=code if code.isupper() else "",
        server=str(server),
    )


def not_understood(server: Server, command: str, answer: bytes) -> AnswerNotUnderstood:
    """The error for an answer that is not one of gearmand's."""
    return AnswerNotUnderstood(
        f"{server} answers {command!r} with what no gearmand says: {_shown(answer)}; is it a gearmand?",
        answer=bytes(answer[:_SHOWN]),
        server=str(server),
    )


def _shown(answer: bytes | bytearray) -> str:
    return repr(bytes(answer[:_SHOWN])) + ("..." if len(answer) > _SHOWN else "")
