"""Gearmand: it starts, answers, and always ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gearman_cffi.testing import Gearmand, GearmandError, GearmandNotFound
from tests.support import wait_until


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def has_ipv6_loopback() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


class TestLife:
    def test_it_answers_when_start_returns(self) -> None:
        server = Gearmand().start()
        try:
            assert server.ask("version").startswith("OK ")
            assert server.ask("getpid").split() == ["OK", str(server.pid)]
        finally:
            server.stop()

    def test_the_block_ends_it(self) -> None:
        with Gearmand() as server:
            pid, port = server.pid, server.port
            assert server.running
        assert not server.running
        assert not is_running(pid)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)

    def test_the_block_ends_it_if_it_raises(self) -> None:
        server = Gearmand().start()
        pid = server.pid
        with pytest.raises(ZeroDivisionError), server:
            raise ZeroDivisionError
        assert not is_running(pid)

    def test_it_listens_on_the_loopback_address_only(self) -> None:
        with Gearmand() as server:
            assert server.address == f"127.0.0.1:{server.port}"
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.2", server.port), timeout=5)

    def test_ipv6(self) -> None:
        """It listens on ::1; on a machine without IPv6 the error says why it cannot."""
        server = Gearmand(host="::1")
        if not has_ipv6_loopback():
            with pytest.raises(GearmandError, match="cannot listen on ::1"):
                server.start()
            return
        with server:
            assert server.address == f"[::1]:{server.port}"
            assert server.ask("version").startswith("OK ")

    def test_stop_may_be_called_at_any_time(self) -> None:
        server = Gearmand()
        server.stop()
        server.start()
        server.stop()
        server.stop()
        assert not server.running

    def test_start_twice_is_refused(self) -> None:
        with Gearmand() as server, pytest.raises(GearmandError, match="is running already"):
            server.start()

    def test_methods_that_need_a_running_server(self) -> None:
        server = Gearmand()
        for use in (lambda: server.pid, server.pause, server.resume, server.kill):
            with pytest.raises(GearmandError, match=r"call start\(\)"):
                use()
        with pytest.raises(GearmandError, match=r"call start\(\)"):
            _ = server.port

    def test_restart_keeps_the_port(self) -> None:
        with Gearmand() as server:
            pid, port = server.pid, server.port
            server.restart()
            assert server.port == port
            assert server.pid != pid
            assert server.ask("version").startswith("OK ")

    def test_restart_while_a_client_keeps_connecting(self) -> None:
        """A client that keeps trying to connect must not be connected to itself and use up the port."""
        with Gearmand() as server, ThreadPoolExecutor(1) as pool:
            server.kill()
            until = time.monotonic() + 0.3

            def hammer() -> int:
                tries = 0
                while time.monotonic() < until:
                    with contextlib.suppress(OSError):
                        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
                    tries += 1
                return tries

            tries = pool.submit(hammer)
            assert tries.result()
            server.start()
            assert server.ask("version").startswith("OK ")

    def test_kill_then_start(self) -> None:
        with Gearmand() as server:
            pid = server.pid
            server.kill()
            assert not server.running
            assert not is_running(pid)
            server.start()
            assert server.ask("version").startswith("OK ")

    def test_a_paused_server_accepts_connections_and_does_not_answer(self) -> None:
        with Gearmand() as server:
            server.pause()
            with pytest.raises(TimeoutError):
                server.ask("version", timeout=0.2)
            server.resume()
            assert server.ask("version").startswith("OK ")

    def test_a_paused_server_can_be_stopped(self) -> None:
        with Gearmand() as server:
            pid = server.pid
            server.pause()
        assert not is_running(pid)

    def test_a_gearmand_that_died_is_not_running(self) -> None:
        with Gearmand() as server:
            os.kill(server.pid, signal.SIGKILL)
            wait_until(lambda: not server.running, "its end is noticed")
            server.start()
            assert server.ask("version").startswith("OK ")

    def test_many_at_once_from_threads(self) -> None:
        servers = [Gearmand() for _ in range(8)]
        try:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(Gearmand.start, servers))
            assert len({server.port for server in servers}) == 8
            assert all(server.ask("version").startswith("OK ") for server in servers)
        finally:
            for server in servers:
                server.stop()

    def test_it_outlives_the_thread_that_started_it(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            server = pool.submit(Gearmand().start).result()
        with server:
            assert server.ask("version").startswith("OK ")


class TestOptions:
    def test_arguments_reach_gearmand(self) -> None:
        with Gearmand(["--round-robin", "--job-handle-prefix=H:mine"], verbose="INFO", threads=1) as server:
            assert f"Listening on 127.0.0.1:{server.port}" in server.log

    def test_a_fixed_port(self) -> None:
        with Gearmand() as first:
            port = first.port
        with Gearmand(port=port) as server:
            assert server.port == port

    def test_a_persistent_queue_survives_a_restart(self, tmp_path: Path) -> None:
        queue = ["--queue-type=libsqlite3", f"--libsqlite3-db={tmp_path / 'queue.db'}"]
        submit = b"\0REQ\x00\x00\x00\x12\x00\x00\x00\x0ework\0unique\0abc"
        with Gearmand(queue) as server:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                connection.sendall(submit)
                assert connection.recv(12).startswith(b"\0RES\x00\x00\x00\x08")
            server.restart()
            assert server.ask("status").split() == ["work", "1", "0", "0", "."]


class TestFailures:
    def test_without_gearmand_the_error_names_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEARMAND", "no-such-gearmand")
        with pytest.raises(GearmandNotFound) as caught:
            Gearmand().start()
        for name in ("no-such-gearmand", "gearman-job-server", "Debian", "Fedora", "Alpine", "Homebrew"):
            assert name in str(caught.value)

    def test_a_program_that_is_not_gearmand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEARMAND", "true")
        with pytest.raises(GearmandError, match="ended with exit code 0"):
            Gearmand().start()

    def test_the_error_shows_gearmands_output(self) -> None:
        with pytest.raises(GearmandError, match=r"exit code 1[^0-9](.|\n)*--nonsense"):
            Gearmand(["--nonsense"]).start()

    def test_a_queue_that_cannot_be_opened(self, tmp_path: Path) -> None:
        queue = ["--queue-type=libsqlite3", f"--libsqlite3-db={tmp_path}/no/such/folder/queue.db"]
        with pytest.raises(GearmandError, match="unable to open database file"):
            Gearmand(queue).start()

    def test_a_fixed_port_that_a_gearmand_has(self) -> None:
        with Gearmand() as first, pytest.raises(GearmandError, match="another program answers there"):
            Gearmand(port=first.port).start()

    def test_a_fixed_port_that_a_silent_program_has(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as occupant:
            port = occupant.getsockname()[1]
            server = Gearmand(port=port, start_timeout=0.5)
            with pytest.raises(GearmandError, match=r"does not answer within 0\.5 s"):
                server.start()
            assert not server.running

    def test_an_address_of_another_machine(self) -> None:
        with pytest.raises(GearmandError, match=r"cannot listen on 192\.0\.2\.1"):
            Gearmand(host="192.0.2.1").start()

    def test_another_port_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If another program takes the port between free_port() and gearmand's bind()."""
        with Gearmand() as other:
            offers = iter([other.port])
            find_one = sys.modules[Gearmand.__module__].free_port
            monkeypatch.setattr(
                sys.modules[Gearmand.__module__], "free_port", lambda host: next(offers, None) or find_one(host)
            )
            with Gearmand() as server:
                assert server.port != other.port
                assert server.ask("version").startswith("OK ")
