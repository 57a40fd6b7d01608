"""A server accepts a request and ends before it answers: the client must not claim that it was not accepted."""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from gearman_cffi import Client, ConnectionFailed, ConnectionLost, Job, JobStatus, RawSerializer
from gearman_cffi.testing import Gearmand
from tests.support import queued

OPTION_RES = 27
Call = Callable[[Client], object]

SUBMISSIONS: dict[str, Call] = {
    "execute_job": lambda client: client.execute_job("f", b"x"),
    "execute_job with updates": lambda client: client.execute_job("f", b"x", on_update=print),
    "execute_in_background": lambda client: client.execute_in_background("f", b"x"),
    "execute_in_background with a key": lambda client: client.execute_in_background("f", b"x", unique="key"),
    "execute_jobs": lambda client: client.execute_jobs([Job("f", b"x")]),
    "execute_jobs_in_background": lambda client: client.execute_jobs_in_background([Job("f", b"x")]),
}
QUESTIONS: dict[str, Call] = {
    "get_job_status": lambda client: client.get_job_status("H:test:1"),
    "get_job_status_by_unique": lambda client: client.get_job_status_by_unique("key"),
}


class LosingProxy:
    """Forwards to a gearmand. Instead of its first answer the client gets the end of the connection.

    leaves: the proxy then refuses connections, as a server does that is gone. Otherwise it forwards all that follows.
    """

    def __init__(self, server: Gearmand, leaves: bool) -> None:
        self._server = server
        self._leaves = leaves
        self._has_lost_one = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):  # a proxy that leaves has closed it
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                client = self._listener.accept()[0]
                self._threads.append(threading.Thread(target=self._forward, args=(client,)))
                self._threads[-1].start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection((self._server.host, self._server.port)) as server:
            while True:
                ready = select.select([client, server], [], [], 20)[0]
                if client in ready:
                    data = client.recv(65536)
                    if not data:
                        return
                    server.sendall(data)
                if server in ready:
                    head = server.recv(12, socket.MSG_WAITALL)
                    if not head:
                        return
                    kind, size = struct.unpack(">4xII", head)
                    body = server.recv(size, socket.MSG_WAITALL) if size else b""
                    if kind != OPTION_RES and not self._has_lost_one:
                        self._has_lost_one = True
                        if self._leaves:
                            self._listener.shutdown(socket.SHUT_RDWR)
                            self._listener.close()
                        return
                    client.sendall(head + body)


@contextmanager
def losing_proxy(server: Gearmand, leaves: bool) -> Iterator[LosingProxy]:
    proxy = LosingProxy(server, leaves)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_the_server_has_taken_the_job_and_is_gone(gearmand: Gearmand, name: str) -> None:
    """The second attempt cannot connect; that says nothing about the first one."""
    with losing_proxy(gearmand, leaves=True) as proxy, Client(proxy.address, RawSerializer(), timeout=10) as client:
        with pytest.raises(ConnectionLost, match="may have been accepted") as caught:
            SUBMISSIONS[name](client)
        assert caught.value.function == "f"
        assert queued(gearmand, "f") == 1


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_status_request_is_lost_and_the_server_is_gone(gearmand: Gearmand, name: str) -> None:
    with losing_proxy(gearmand, leaves=True) as proxy, Client(proxy.address, timeout=10) as client:
        with pytest.raises(ConnectionLost, match="ask again"):
            QUESTIONS[name](client)
        with pytest.raises(ConnectionFailed):  # a call that was never connected
            QUESTIONS[name](client)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_status_request_is_repeated(gearmand: Gearmand, name: str) -> None:
    with losing_proxy(gearmand, leaves=False) as proxy, Client(proxy.address, timeout=10) as client:
        assert QUESTIONS[name](client) == JobStatus()


def test_the_first_attempt_has_filled_the_queue(gearmand: Gearmand) -> None:
    """The second attempt is refused, because the job of the first one fills the queue. That is not "not accepted"."""
    with Client(gearmand.address, timeout=10) as other:
        other.execute_in_background("f", "first", unique="first")
    gearmand.ask("maxqueue f 2")
    with losing_proxy(gearmand, leaves=False) as proxy, Client(proxy.address, timeout=10) as client:
        with pytest.raises(ConnectionLost, match="may have been accepted"):
            client.execute_in_background("f", "second")
        assert queued(gearmand, "f") == 2


def test_a_submission_with_a_key_is_repeated(gearmand: Gearmand) -> None:
    """The server has it once, whatever the first attempt did."""
    with losing_proxy(gearmand, leaves=False) as proxy, Client(proxy.address, timeout=10) as client:
        assert client.execute_in_background("f", "x", unique="key").startswith("H:test:")
        assert queued(gearmand, "f") == 1
