"""Client and its servers: what the constructor takes, and servers that are down, die, hang or come back."""

from __future__ import annotations

import os
import threading
import time
import warnings
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    ConnectionFailed,
    GearmanError,
    JobStatus,
    JobTimeout,
    NoServers,
    QueueFull,
    Server,
    ServerCollection,
)
from gearman_cffi.ext import GearmanWarning
from gearman_cffi.testing import Gearmand
from tests.python_layer.conftest import StartWorker, echo
from tests.support import Child, wait_until


class TestServers:
    @pytest.mark.parametrize("kind", ["string", "server", "list", "tuple of strings", "collection"])
    def test_what_the_constructor_takes(self, shared_gearmand: Gearmand, kind: str) -> None:
        server = Server(shared_gearmand.host, shared_gearmand.port)
        servers: dict[str, Any] = {
            "string": str(server),
            "server": server,
            "list": [server],
            "tuple of strings": (str(server),),
            "collection": ServerCollection([server]),
        }
        client = Client(servers[kind], timeout=10)
        assert client.execute_in_background("taken", 1)
        assert repr(client) == f"Client('{server}')"

    def test_the_environment(self, shared_gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEARMAN_SERVERS", shared_gearmand.address)
        assert Client(timeout=10).execute_in_background("from_environment", 1)

    @pytest.mark.parametrize("environment", ["no-such-host.invalid", "[::1]:4730", "127.0.0.1:1"])
    def test_an_explicit_list_is_all_there_is(
        self, shared_gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch, environment: str
    ) -> None:
        """libgearman reads GEARMAN_SERVERS in every constructor; no server of it is added to an explicit list."""
        monkeypatch.setenv("GEARMAN_SERVERS", environment)
        assert Client(shared_gearmand.address, timeout=10).execute_in_background("explicit", 1)
        monkeypatch.setenv("GEARMAN_SERVERS", shared_gearmand.address)
        with pytest.raises(ConnectionFailed):
            Client("127.0.0.1:1", timeout=10).execute_in_background("explicit", 1)

    def test_no_open_file_is_left(self, gearmand: Gearmand) -> None:
        """The error says so, for one job and for many. When files can be opened again, the same client works."""
        program = """
from gearman_cffi import Client, ConnectionFailed, Job
client = Client(f"127.0.0.1:{PORTS[0]}", timeout=10)
def errors():
    try: client.execute_in_background("f", 1)
    except ConnectionFailed as error: yield error
    yield from client.execute_jobs([Job("f", 1)] * 2, on_error="return")
    yield from client.execute_jobs_in_background([Job("f", 1)] * 2, on_error="return")
taken = take_all_files()
seen = list(errors())
for number in taken: os.close(number)
say(len(seen), all(isinstance(error, ConnectionFailed) and "too many open files" in str(error) for error in seen))
say(client.execute_in_background("f", 1).startswith("H:"))
"""
        with Child(program, gearmand.port) as child:
            child.expect("5 True")
            child.expect("True")
            assert child.end() == 0

    def test_nothing_is_connected_before_it_is_needed(self) -> None:
        with Client("127.0.0.1:1"):
            pass

    def test_each_server_is_added_once(self, gearmand: Gearmand) -> None:
        """One connection to each server, also after requests that failed."""
        address = gearmand.address
        with Client(address, timeout=10) as client:
            gearmand.stop()
            for _ in range(3):
                with pytest.raises(ConnectionFailed):
                    client.execute_in_background("once", 1)
            gearmand.start()
            for _ in range(3):
                client.execute_in_background("once", 1)
            # One line is the connection that asks, one is the client's; that of the start is being closed.
            wait_until(lambda: len(gearmand.ask("workers").splitlines()) == 2 + 1, "there is one connection")

    def test_servers_added_later_are_used(self, gearmand: Gearmand, shared_gearmand: Gearmand) -> None:
        servers = ServerCollection(shared_gearmand.address)
        with Client(servers, timeout=10) as client:
            client.execute_in_background("early", 1)
            servers.add(Server(gearmand.host, gearmand.port))
            client.execute_in_background("late", 1)
        assert gearmand.ask("status").startswith("late\t1")

    @pytest.mark.parametrize("order", ["dead,live", "live,dead", "dead,live,dead"])
    def test_dead_servers_beside_a_live_one(self, gearmand: Gearmand, start_worker: StartWorker, order: str) -> None:
        """Every job is done once."""
        done: list[bytes] = []
        start_worker(once=lambda job, context: done.append(job.workload()), servers=gearmand.address)
        with Gearmand() as other:
            dead = other.address
        addresses = order.replace("dead", dead).replace("live", gearmand.address)
        with Client(addresses, timeout=10) as client:
            for number in range(5):
                client.execute_job("once", number)
            assert client.get_job_status(client.execute_in_background("unknown", 1)).is_known
        assert done == [b"i:%d;" % number for number in range(5)]

    def test_two_live_servers(self, gearmand: Gearmand, start_worker: StartWorker) -> None:
        with Gearmand() as other:
            addresses = f"{gearmand.address},{other.address}"
            start_worker(both=echo, servers=addresses)
            with Client(addresses, timeout=10) as client:
                assert [client.execute_job("both", number) for number in range(50)] == list(range(50))

    def test_no_server_is_reachable(self) -> None:
        with Gearmand() as first, Gearmand() as second:
            addresses = f"{first.address},{second.address}"
        with Client(addresses, timeout=10) as client:
            for request in (
                lambda: client.execute_job("f", 1),
                lambda: client.execute_in_background("f", 1),
                lambda: client.get_job_status("H:1"),
            ):
                with pytest.raises(ConnectionFailed) as caught:
                    request()
                assert isinstance(caught.value, ConnectionError)
                assert caught.value.server == addresses
                assert first.address in str(caught.value)
                assert second.address in str(caught.value)

    def test_an_empty_list_of_servers(self) -> None:
        with pytest.raises(NoServers, match="at least one"):
            Client([]).execute_job("f", 1)

    def test_an_unknown_host(self) -> None:
        client = Client("no-such-host.invalid", timeout=10)
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match=r"no-such-host\.invalid:4730"):
                client.execute_job("f", 1)

    def test_an_unknown_host_and_a_live_server(self, shared_gearmand: Gearmand) -> None:
        with Client(f"no-such-host.invalid,{shared_gearmand.address}", timeout=10) as client:
            with pytest.warns(GearmanWarning, match="no-such-host.invalid:4730 is left out"):
                client.execute_in_background("beside", 1)
            assert client.execute_in_background("beside", 1)


class TestBrokenConnections:
    def test_a_restart_between_two_calls_is_not_noticed(self, gearmand: Gearmand) -> None:
        with Client(gearmand.address, timeout=10) as client:
            client.execute_in_background("again", 1)
            gearmand.restart()
            handle = client.execute_in_background("again", 1)
            gearmand.restart()
            assert client.get_job_status(handle) == JobStatus()

    def test_the_server_dies_during_a_job(self, gearmand: Gearmand) -> None:
        with Client(gearmand.address, timeout=30) as client:
            killer = threading.Thread(target=self.kill_when_queued, args=(gearmand, "dying"))
            killer.start()
            with pytest.raises(ConnectionError, match="dying") as caught:
                client.execute_job("dying", 1)
            killer.join()
            assert isinstance(caught.value, GearmanError)
            gearmand.start()
            assert client.execute_in_background("alive", 1)

    @staticmethod
    def kill_when_queued(server: Gearmand, function: str) -> None:
        wait_until(lambda: server.ask("status").startswith(f"{function}\t1"), "the job is queued")
        server.kill()

    def test_a_server_that_hangs(self, gearmand: Gearmand) -> None:
        """It accepts connections and does not answer: every request times out."""
        gearmand.pause()
        with Client(gearmand.address, timeout=0.2) as client:
            began = time.monotonic()
            for request in (
                lambda: client.execute_job("f", 1),
                lambda: client.execute_in_background("f", 1),
                lambda: client.get_job_status("H:test:1"),
            ):
                with pytest.raises(JobTimeout):
                    request()
            assert time.monotonic() - began < 5

    def test_close_and_use_again(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, timeout=10)
        client.execute_in_background("f", 1)
        client.close()
        wait_until(lambda: len(gearmand.ask("workers").splitlines()) == 2, "it is disconnected")
        assert client.execute_in_background("f", 1)

    def test_close_while_a_call_adds_the_servers(self, shared_gearmand: Gearmand) -> None:
        """A call whose Client another thread closes continues, and the next call has servers too."""

        class Servers(ServerCollection):
            def get_servers(self) -> list[Server]:
                thread = threading.Thread(target=client.close)
                thread.start()
                thread.join()
                return super().get_servers()

        client = Client(Servers([shared_gearmand.address]), timeout=20)
        for number in range(2):
            assert client.execute_in_background("f", number)

    def test_a_forked_child_has_a_connection_of_its_own(self, gearmand: Gearmand) -> None:
        with Client(gearmand.address, timeout=10) as client:
            client.execute_in_background("parent", 1)
            child = os.fork()
            if not child:  # pragma: no cover: another process
                client.execute_in_background("child", 1)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            client.execute_in_background("parent", 1)
        lines = gearmand.ask("status").splitlines()
        assert sorted(lines) == [".", "child\t1\t0\t0", "parent\t2\t0\t0"]

    def test_a_full_queue(self, gearmand: Gearmand) -> None:
        with Client(gearmand.address, timeout=10) as client:
            client.execute_in_background("full", 1)
            gearmand.ask("maxqueue full 1")  # only for functions that the server knows
            with pytest.raises(QueueFull, match=r"(?s)function 'full'.*Job queue is full"):
                client.execute_in_background("full", 1)
            assert client.execute_in_background("other", 1)


def test_failures_raise_and_do_not_warn() -> None:
    with Gearmand() as server:
        address = server.address
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with Client(address, timeout=5) as client:
            for request in (lambda: client.execute_job("f", 1), lambda: client.get_job_status("H:1")):
                with pytest.raises(ConnectionFailed):
                    request()
    assert seen == []
