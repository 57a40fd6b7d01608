"""Admin against gearmand: every command, hundreds of functions, odd names, several servers."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from gearman_cffi import Admin, Client, InvalidArgument, NoServers, Priority, ServerCollection
from gearman_cffi.admin import CommandRefused, FunctionStatus, PriorityStatus
from gearman_cffi.exceptions import ConnectionFailed
from gearman_cffi.servers import Server
from gearman_cffi.testing import Gearmand
from tests.support import gearmand_version, wait_until

CAN_DO, GRAB_JOB, SET_CLIENT_ID = 1, 9, 22


def packet(kind: int, data: bytes = b"") -> bytes:
    return b"\0REQ" + struct.pack(">II", kind, len(data)) + data


@contextmanager
def raw_worker(server: Gearmand, client_id: bytes | None, *functions: bytes) -> Iterator[socket.socket]:
    """A worker made of a plain socket, because libgearman refuses unusual ids."""
    before = registered(server)
    with socket.create_connection((server.host, server.port), 20) as connection:
        if client_id is not None:
            connection.sendall(packet(SET_CLIENT_ID, client_id))
        connection.sendall(b"".join(packet(CAN_DO, function) for function in functions))
        wait_until(lambda: registered(server) >= before + len(functions), "its functions are known")
        yield connection


def registered(server: Gearmand) -> int:
    """The number of registrations at the server: functions times workers."""
    return sum(row.workers for row in Admin(server.address).status())


def served(server: Gearmand) -> int:
    return sum(row.workers > 0 for row in Admin(server.address).status())


def server_of(gearmand: Gearmand) -> Server:
    return Server(gearmand.host, gearmand.port)


def test_status(gearmand: Gearmand) -> None:
    """Queued, running and all jobs, and workers including busy ones."""
    admin, client, server = Admin(gearmand.address), Client(gearmand.address), server_of(gearmand)
    for priority in (Priority.HIGH, Priority.LOW, Priority.LOW):
        client.execute_in_background("work", "x", priority)
    with raw_worker(gearmand, b"me", b"work", b"idle") as worker:
        worker.sendall(packet(GRAB_JOB))
        assert worker.recv(4) == b"\0RES"
        status = {row.function: row for row in admin.status()}
        assert status["work"] == FunctionStatus(server, "work", 3, 1, 1)
        assert status["work"].queued == 2
        assert status["idle"] == FunctionStatus(server, "idle", 0, 0, 1)
        by_priority = {row.function: row for row in admin.priority_status()}
        low = 1 if gearmand_version().startswith("1.1.19") else 2  # 1.1.19 counts one at most
        assert by_priority["work"] == PriorityStatus(server, "work", 0, 0, low, 1)
        (row,) = (row for row in admin.workers() if row.functions)
        assert (row.client_id, sorted(row.functions), row.address) == ("me", ["idle", "work"], "127.0.0.1")


def test_jobs(gearmand: Gearmand) -> None:
    """The lists of jobs and of unique keys, and cancelling a job."""
    admin, client = Admin(gearmand.address), Client(gearmand.address)
    handle = client.execute_in_background("work", "x", unique="key one")
    client.execute_in_background("work", "x", unique="key two")
    assert sorted(admin.show_unique_jobs()) == ["key one", "key two"]
    assert sorted(job.handle for job in admin.show_jobs()) == ["H:test:1", "H:test:2"]
    assert admin.show_jobs()[0].retries == 0
    assert admin.cancel_job(handle) is True
    assert admin.cancel_job("H:test:99") is False
    assert {job.handle: job.ignored for job in admin.show_jobs()} == {handle: True, "H:test:2": False}


def test_functions(gearmand: Gearmand) -> None:
    """A function is created with its whole name, limited, and dropped unless it has workers."""
    admin = Admin(gearmand.address)
    admin.create_function("made")
    assert [row.function for row in admin.status()] == ["made"]
    admin.max_queue("made", 1)
    admin.max_queue("made", 3, 2, 1)
    with raw_worker(gearmand, b"me", b"made"), pytest.raises(CommandRefused, match="still connected workers"):
        admin.drop_function("made")
    wait_until(lambda: served(gearmand) == 0, "the worker is gone")
    admin.drop_function("made")
    assert admin.status() == []
    with pytest.raises(CommandRefused, match="function not found"):
        admin.drop_function("made")


def test_the_server_itself(gearmand: Gearmand) -> None:
    admin, server = Admin(gearmand.address), server_of(gearmand)
    assert admin.getpid() == {server: gearmand.pid}
    assert admin.verbose() == {server: "WARNING"}
    assert admin.version()[server] == gearmand_version()


def test_hundreds_of_functions(gearmand: Gearmand) -> None:
    """All functions are listed, also in the worker's row."""
    names = [b"a-function-with-a-name-of-some-length-%d" % number for number in range(800)]
    with raw_worker(gearmand, b"many", *names):
        admin = Admin(gearmand.address)
        assert {row.function for row in admin.status()} == {name.decode() for name in names}
        (row,) = (row for row in admin.workers() if row.functions)
        assert set(row.functions) == {name.decode() for name in names}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ""),
        (b"a : b", "a : b"),
        (b"with blanks ", "with blanks "),
        (b"tab\there", "tab\there"),
        (b"two\nlines", "two\nlines"),
        ("größe".encode(), "größe"),
        (b"\xff\xfe", "\udcff\udcfe"),
        (b"x" * 60, "x" * 60),
        (b".", "."),
    ],
)
def test_odd_worker_names(gearmand: Gearmand, given: bytes | None, expected: str) -> None:
    """An id can contain nearly anything, and the other rows are still parsed."""
    with raw_worker(gearmand, b"before", b"one"), raw_worker(gearmand, given, b"two", b"one"), ExitStack() as more:
        more.enter_context(raw_worker(gearmand, b"after", b"one"))
        rows = {row.client_id: set(row.functions) for row in Admin(gearmand.address).workers() if row.functions}
        assert rows == {"before": {"one"}, expected: {"one", "two"}, "after": {"one"}}


@pytest.mark.parametrize("name", ["with blank", "two\nlines", "grün", "a : b", "x" * 512])
def test_odd_function_names(gearmand: Gearmand, name: str) -> None:
    client = Client(gearmand.address)
    for function in ("before", name, "then"):
        client.execute_in_background(function, "x")
    assert {(row.function, row.total) for row in Admin(gearmand.address).status()} == {
        ("before", 1),
        (name, 1),
        ("then", 1),
    }


@pytest.mark.parametrize("name", ["", "two words", "two\nlines", "tab\t", "nul\0"])
def test_names_that_cannot_be_sent(name: str) -> None:
    """A name cannot inject a second command: it is refused before a server is asked."""
    for command in (Admin.create_function, Admin.drop_function, Admin.cancel_job):
        with pytest.raises(InvalidArgument):
            command(Admin("127.0.0.1:1"), name)
    with pytest.raises(InvalidArgument):
        Admin("127.0.0.1:1").max_queue("name", -1)
    for limit in (2**31, 10**5000):
        with pytest.raises(InvalidArgument, match="between 0"):
            Admin("127.0.0.1:1").max_queue("name", limit)
    with pytest.raises(InvalidArgument):
        Admin("127.0.0.1:1").max_queue("name", 1, 2)


@pytest.mark.parametrize("limit", [True, 1.5, "1", b"1"])
def test_limits_that_are_not_ints(limit: Any) -> None:
    """gearmand would read "True" as 0, which is no limit."""
    with pytest.raises(TypeError, match="a queue limit must be an int"):
        Admin("127.0.0.1:1").max_queue("name", limit)
    with pytest.raises(TypeError, match="a queue limit must be an int"):
        Admin("127.0.0.1:1").max_queue("name", 1, limit, 1)


def test_several_servers(gearmand: Gearmand) -> None:
    """The rows of all servers; the first error is raised, and gather() returns the other answers."""
    with Gearmand() as second:
        admin = Admin([gearmand.address, second.address])
        admin.create_function("one")
        assert [row.server for row in admin.status()] == [server_of(gearmand), server_of(second)]
        assert list(admin.getpid().values()) == [gearmand.pid, second.pid]
        second.stop()
        with pytest.raises(ConnectionFailed, match=str(second.port)):
            admin.status()
        answers = admin.gather(Admin.status)
        assert len(answers[server_of(gearmand)]) == 1  # type: ignore[arg-type]
        assert isinstance(answers[server_of(second)], ConnectionFailed)


def test_no_servers() -> None:
    with pytest.raises(NoServers):
        Admin(ServerCollection()).status()
