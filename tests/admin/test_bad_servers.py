"""Servers that are slow, disconnect or send nonsense: a clear error, within the timeout. They are plain sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gearman_cffi import Admin
from gearman_cffi.admin import AnswerNotUnderstood, CommandRefused, ServerTimeout, UnknownCommand
from gearman_cffi.exceptions import ConnectionFailed, ConnectionLost, GearmanError

ROW = b"name\t1\t2\t3\n"


@contextmanager
def saying(*pieces: bytes, close: bool = True) -> Iterator[str]:
    """The address of a server that answers one line with these pieces, a short time apart."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection = listening.accept()[0]
            with connection:
                connection.makefile("rb").readline()
                for piece in pieces:
                    if ended.wait(0.02):
                        break
                    connection.sendall(piece)
                if not close:
                    ended.wait(20)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        ended.set()
        thread.join(20)


def test_pieces() -> None:
    """An answer can arrive in any pieces."""
    with saying(*(bytes([byte]) for byte in ROW + b".\n")) as address:
        assert [row.function for row in Admin(address).status()] == ["name"]


def test_new_columns() -> None:
    """Later versions of gearmand may add columns."""
    with saying(b"name\t3\t2\t1\tnew\t7\n.\n") as address:
        (row,) = Admin(address).status()
        assert (row.total, row.running, row.workers, row.extra) == (3, 2, 1, ("new", "7"))
    with saying(b"H:1\t0\t0\t1\tmore\n.\n") as address:
        assert Admin(address).show_jobs()[0].extra == ("more",)
    with saying(b"key\tH:1\n.\n") as address:
        assert Admin(address).show_unique_jobs() == ["key"]
    with saying(b"name\t1\t2\t3\t4\tnew\n.\n") as address:
        assert Admin(address).priority_status()[0].extra == ("new",)


@pytest.mark.parametrize("pieces", [(), (ROW,), (ROW, b"another\t1")], ids=["nothing", "no end", "half a row"])
def test_silence(pieces: tuple[bytes, ...]) -> None:
    """The timeout bounds the whole answer."""
    with saying(*pieces, close=False) as address:
        began = time.monotonic()
        with pytest.raises(ServerTimeout, match="status") as raised:
            Admin(address, timeout=0.3).status()
        assert 0.2 < time.monotonic() - began < 5
        assert isinstance(raised.value, TimeoutError)
        assert raised.value.server == address


def test_a_trickle() -> None:
    """A byte now and then does not extend the timeout."""
    with saying(*[b"x"] * 1000, close=False) as address:
        began = time.monotonic()
        with pytest.raises(ServerTimeout, match="only"):
            Admin(address, timeout=0.3).status()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("pieces", [(), (ROW,), (b"OK",)])
@pytest.mark.parametrize("command", [Admin.status, Admin.workers, Admin.version, Admin.getpid])
def test_cut_off(pieces: tuple[bytes, ...], command: Callable[[Admin], object]) -> None:
    if pieces == (ROW,) and command in (Admin.version, Admin.getpid):
        return  # a whole line is a whole answer there: nonsense, below
    with saying(*pieces) as address, pytest.raises(ConnectionLost, match="closed the connection"):
        command(Admin(address))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n.\r\n",
        b"name\tone\ttwo\tthree\n.\n",
        b"\xff\xfe\0\0\n.\n",
        b"no columns\n" * 20_000 + b".\n",
        b"name\t-1\t2\t3\n.\n",
        b"name\t" + b"9" * 5000 + b"\t0\t1\n.\n",
        b"name\t0\t0\t" + b"1" * 21 + b"\t1\n.\n",
        b"1" * 5000 + b" 127.0.0.1 id : name\n.\n",
        "name\t\N{ARABIC-INDIC DIGIT ONE}\t1\t1\n.\n".encode(),
    ],
)
@pytest.mark.parametrize("command", [Admin.status, Admin.priority_status, Admin.workers, Admin.show_jobs])
def test_nonsense(nonsense: bytes, command: Callable[[Admin], object]) -> None:
    began = time.monotonic()
    with saying(nonsense) as address, pytest.raises(AnswerNotUnderstood, match="is it a gearmand") as raised:
        command(Admin(address))
    assert time.monotonic() - began < 5
    assert len(str(raised.value)) < 1000


def test_the_largest_numbers() -> None:
    """Numbers of 64 bits are accepted."""
    with saying(f"name\t{2**64 - 1}\t0\t1\n.\n".encode()) as address:
        assert Admin(address).status()[0].total == 2**64 - 1


@pytest.mark.parametrize(
    "nonsense",
    [
        b"220 mail.example.org ESMTP\r\n",
        b"OK many\n",
        b"OK -1\n",
        b"OK " + b"1" * 5000 + b"\n",
        b"\n",
    ],
)
def test_nonsense_for_a_single_answer(nonsense: bytes) -> None:
    with saying(nonsense) as address, pytest.raises(AnswerNotUnderstood):
        Admin(address).getpid()


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b"ERR UNKNOWN_COMMAND Unknown+server+commandstatus\r\n", UnknownCommand, "does not know the command 'status'"),
        (b"ERR unknown_command Unknown+server+command\r\n", UnknownCommand, "does not know"),
        (b"ERR NOT_NOW Come+again\r\n", CommandRefused, "NOT_NOW: Come again"),
        (b"ERR\r\n", CommandRefused, "no reason given"),
    ],
)
def test_refusals(answer: bytes, error: type[GearmanError], text: str) -> None:
    """An unknown command and a refused command are different errors."""
    with saying(answer) as address, pytest.raises(error, match=text):
        Admin(address).status()


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionFailed, match="could not connect to"):
        Admin("127.0.0.1:1").version()


def test_slow_servers_at_once() -> None:
    """Three silent servers take no longer than one."""
    with saying(close=False) as one, saying(close=False) as two, saying(close=False) as three:
        began = time.monotonic()
        answers = Admin([one, two, three], timeout=0.5).gather(Admin.status)
        assert time.monotonic() - began < 1.4
        assert all(isinstance(answer, ServerTimeout) for answer in answers.values())
