"""Client: servers that do not accept a connection, or accept it and do not answer."""

from __future__ import annotations

import itertools
import select
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionFailed, Job, JobTimeout, RawSerializer
from gearman_cffi.ext import GearmanClient, GearmanException, GearmanWarning, ReturnCode
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet
from tests.cli.programs import run
from tests.python_layer.conftest import double
from tests.python_layer.workers import handlers, running
from tests.support import HOST, frozen, queued, wait_until

CONNECT = 0.3
# How much longer a call may take on a busy machine.
LATE = 1.0

Call = Callable[[Client], object]
CALLS: dict[str, Call] = {
    "execute_job": lambda client: client.execute_job("double", b"x"),
    "execute_job with updates": lambda client: client.execute_job("double", b"x", on_update=print),
    "watch_job": lambda client: client.watch_job("double", b"x").result(),
    "execute_in_background": lambda client: client.execute_in_background("nobody", b"x"),
    "execute_jobs": lambda client: client.execute_jobs([Job("double", b"x")] * 4),
    "execute_jobs_in_background": lambda client: client.execute_jobs_in_background([Job("nobody", b"x")] * 4),
    "stream_jobs": lambda client: [raised(answer) for _, answer in client.stream_jobs([Job("double", b"x")] * 4)],
    "get_job_status": lambda client: client.get_job_status("H:x:1"),
    "get_job_status_by_unique": lambda client: client.get_job_status_by_unique("key"),
}


def raised(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


@contextmanager
def dropping() -> Iterator[str]:
    """The address of a host that drops packets: a socket whose backlog is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(8):
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        yield f"{HOST}:{listener.getsockname()[1]}"


@contextmanager
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and answers nothing."""
    with socket.create_server((HOST, 0)) as listener:
        yield f"{HOST}:{listener.getsockname()[1]}"


@contextmanager
def dripping() -> Iterator[str]:
    """The address of a server that begins to answer the first question, and does not end."""

    def serve(connection: socket.socket, number: int) -> None:
        for byte in itertools.chain(packet(27, bytes(1000)), itertools.repeat(0)):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with fake_server(serve) as port:
        yield f"{HOST}:{port}"


UNWELL: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "dropping": dropping,
    "silent": silent,
    "dripping": dripping,
}


@pytest.fixture
def well(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A gearmand with a worker that doubles."""
    with running(gearmand, handlers(double=double), serializer=RawSerializer()):
        yield gearmand


@contextmanager
def taking(shortest: float, longest: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert shortest - 0.01 <= time.monotonic() - began < longest + LATE


@pytest.mark.parametrize("unwell", UNWELL)
@pytest.mark.parametrize("is_last", [True, False], ids=["well,unwell", "unwell,well"])
class TestOneOfTwoServers:
    @pytest.mark.parametrize("call", CALLS)
    def test_the_next_one_is_used(self, well: Gearmand, unwell: str, is_last: bool, call: str) -> None:
        """Within the time for connecting. The next calls do not wait for it again."""
        with UNWELL[unwell]() as address:
            servers = [well.address, address] if is_last else [address, well.address]
            client = Client(servers, RawSerializer(), connect_timeout=CONNECT)
            with taking(0, CONNECT):
                CALLS[call](client)
            with taking(0, CONNECT):
                CALLS[call](client)
            began = time.monotonic()
            for _ in range(20):
                CALLS[call](client)
            assert time.monotonic() - began < 20 * CONNECT / 2

    @pytest.mark.parametrize("call", CALLS)
    def test_the_timeout_is_shared(self, well: Gearmand, unwell: str, is_last: bool, call: str) -> None:
        """Each server gets half of it, if that is less than the time for connecting."""
        with UNWELL[unwell]() as address:
            servers = [well.address, address] if is_last else [address, well.address]
            client = Client(servers, RawSerializer(), timeout=2 * CONNECT + LATE)
            with taking(0, CONNECT + LATE / 2):
                CALLS[call](client)


@pytest.mark.parametrize("unwell", UNWELL)
@pytest.mark.parametrize("call", CALLS)
class TestNoServer:
    def test_the_only_one(self, unwell: str, call: str) -> None:
        with UNWELL[unwell]() as address:
            client = Client(address, RawSerializer(), connect_timeout=CONNECT)
            for _ in range(2):
                with taking(CONNECT, CONNECT), pytest.raises(ConnectionFailed):
                    CALLS[call](client)

    def test_all_of_two(self, unwell: str, call: str) -> None:
        with UNWELL[unwell]() as one, UNWELL[unwell]() as other:
            client = Client([one, other], RawSerializer(), connect_timeout=CONNECT)
            for _ in range(2):
                with taking(CONNECT, 2 * CONNECT), pytest.raises(ConnectionFailed):
                    CALLS[call](client)

    def test_the_timeout_of_the_call(self, unwell: str, call: str) -> None:
        with UNWELL[unwell]() as one, UNWELL[unwell]() as other:
            client = Client([one, other], RawSerializer(), timeout=CONNECT)
            with taking(CONNECT / 2, CONNECT), pytest.raises((ConnectionFailed, JobTimeout)):
                CALLS[call](client)


class TestConnectTimeout:
    @pytest.mark.parametrize("connect_timeout", [CONNECT, timedelta(seconds=CONNECT)])
    def test_its_types(self, connect_timeout: Any) -> None:
        with dropping() as address, taking(CONNECT, CONNECT), pytest.raises(ConnectionFailed):
            Client(address, connect_timeout=connect_timeout).execute_job("f", 1)

    def test_none_is_no_limit(self) -> None:
        with dropping() as address, taking(CONNECT, CONNECT), pytest.raises(JobTimeout):
            Client(address, connect_timeout=None).execute_job("f", 1, timeout=CONNECT)

    @pytest.mark.parametrize("wrong", [0, -1, float("nan"), 10**9])
    def test_wrong_values(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="connect_timeout must be"):
            Client("127.0.0.1", connect_timeout=wrong)

    @pytest.mark.parametrize("unwell", UNWELL)
    def test_a_client_that_was_supplied(self, well: Gearmand, unwell: str) -> None:
        with UNWELL[unwell]() as address:
            client = Client([well.address, address], RawSerializer(), connect_timeout=CONNECT)
            client.set_implementation(GearmanClient())
            with taking(CONNECT, 3 * CONNECT):
                assert client.execute_job("double", b"x") == b"xx"

    def test_of_the_command(self, well: Gearmand) -> None:
        with dropping() as address, taking(CONNECT, CONNECT + 2):
            command = ["submit", "double", "x", "--serializer", "raw", "--connect-timeout", str(CONNECT)]
            assert run(f"{well.address},{address}", *command).out == "xx"


class TestServersThatAreLeftOut:
    @pytest.fixture
    def other(self) -> Iterator[Gearmand]:
        with Gearmand() as server:
            yield server

    def test_it_is_tried_if_no_other_one_is_there(self, gearmand: Gearmand, other: Gearmand) -> None:
        client = Client([other.address, gearmand.address], connect_timeout=CONNECT)
        with frozen(gearmand):
            client.execute_in_background("f", 1)
        assert queued(other, "f") == 1
        client.execute_in_background("f", 1)
        assert queued(other, "f") == 2
        other.kill()
        with taking(0, 0.1):
            client.execute_in_background("f", 1)
        assert queued(gearmand, "f") == 1

    @pytest.mark.parametrize("call", ["execute_job", "execute_in_background", "execute_jobs", "stream_jobs"])
    def test_a_job_that_is_not_acknowledged(self, gearmand: Gearmand, other: Gearmand, call: str) -> None:
        """It is never submitted to another server too, where it would run twice. The next call prefers that one."""
        client = Client([other.address, gearmand.address], RawSerializer(), timeout=CONNECT)
        calls: dict[str, Callable[[], object]] = {
            "execute_job": lambda: client.execute_job("f", b"x"),
            "execute_in_background": lambda: client.execute_in_background("f", b"x"),
            "execute_jobs": lambda: client.execute_jobs([Job("f", b"x")]),
            "stream_jobs": lambda: [raised(answer) for _, answer in client.stream_jobs([Job("f", b"x")])],
        }
        client.execute_in_background("connects", b"x")
        assert queued(gearmand, "connects") == 1
        with frozen(gearmand):
            with taking(0, CONNECT), pytest.raises((JobTimeout, ConnectionFailed)):
                calls[call]()
            with taking(0, CONNECT):
                client.execute_in_background("next", b"x", timeout=20)
        assert queued(other, "next") == 1
        if call == "execute_in_background":
            wait_until(lambda: queued(gearmand, "f") == 1, "the server has taken it")
        assert queued(gearmand, "f") + queued(other, "f") <= 1

    def test_a_stream_beside_a_server_that_hangs_later(self, well: Gearmand, other: Gearmand) -> None:
        """Only the jobs that it has are lost."""
        client = Client([well.address, other.address], RawSerializer())
        with running(other, handlers(double=double), serializer=RawSerializer()):
            client.execute_jobs([Job("double", b"x")] * 10)
            jobs = (Job("double", b"%d" % number) for number in itertools.count())
            lost, done = 0, 0
            with ExitStack() as stack:
                for _, answer in client.stream_jobs(jobs, in_flight=8, timeout=0.5):
                    done += not isinstance(answer, Exception)
                    lost += isinstance(answer, JobTimeout)
                    if done == 100 and not lost:
                        stack.enter_context(frozen(other))
                        done += 1
                    if done > 2000:
                        break
            assert lost <= 8


class DyingProxy:
    """In front of a server. After die() nothing goes over the connections that there are."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._is_dead = threading.Event()

    def serve(self, connection: socket.socket, number: int) -> None:
        is_dead = self._is_dead
        with socket.create_connection((HOST, self._behind)) as server:
            while not is_dead.is_set():
                for one in select.select([connection, server], [], [], 0.02)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    (server if one is connection else connection).sendall(data)
            while connection.recv(65536):
                pass

    def die(self) -> None:
        self._is_dead.set()
        self._is_dead = threading.Event()


class TestTheOnlyServer:
    """It is gone behind a proxy, and TCP does not notice; over a new connection it answers."""

    @pytest.mark.parametrize("call", CALLS)
    def test_a_connection_that_is_dead(self, well: Gearmand, call: str) -> None:
        """One call is lost, and the next one opens another connection."""
        proxy = DyingProxy(well.port)
        with fake_server(proxy.serve) as port:
            client = Client(f"{HOST}:{port}", RawSerializer(), timeout=CONNECT)
            CALLS[call](client)
            proxy.die()
            with suppress(JobTimeout):
                CALLS[call](client)
            for _ in range(3):
                CALLS[call](client)

    @pytest.mark.parametrize("call", ["doNormal", "doBackground"])
    def test_with_the_mirror(self, well: Gearmand, call: str) -> None:
        proxy = DyingProxy(well.port)
        client = GearmanClient()
        client.setTimeout(300)
        with fake_server(proxy.serve) as port:
            client.addServer(HOST, port, False)
            assert getattr(client, call)("double", "x")
            proxy.die()
            with pytest.warns(match=call):
                getattr(client, call)("double", "x")
            assert client.returnCode() == ReturnCode.TIMEOUT
            for _ in range(3):
                assert getattr(client, call)("double", "x")

    def test_a_slow_worker(self, gearmand: Gearmand) -> None:
        """A server that has named the job is not silent: the job is done though its caller has given up."""
        client = Client(gearmand.address, RawSerializer(), timeout=CONNECT)
        with pytest.raises(JobTimeout):
            client.execute_job("double", b"x")
        client.execute_in_background("other", b"x")
        assert queued(gearmand, "double") == 1


class TestTheMirror:
    """A fixed time, where PHP stands for minutes."""

    @pytest.mark.parametrize("unwell", ["dropping", "silent"])
    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize("call", ["doNormal", "doBackground", "runTasks"])
    def test_a_timeout_that_is_shorter(self, well: Gearmand, unwell: str, count: int, call: str) -> None:
        """It ends the call, and the next one leaves the server out."""
        client = GearmanClient()
        client.setTimeout(300)
        client.addServer(well.host, well.port, False)
        with ExitStack() as stack, warnings.catch_warnings():
            warnings.simplefilter("ignore", GearmanWarning)
            for _ in range(count):
                client.addServer(HOST, int(stack.enter_context(UNWELL[unwell]()).partition(":")[2]), False)
            codes = []
            for _ in range(2 * count + 2):
                if call == "runTasks":
                    client.addTask("double", "x")
                    client.runTasks()
                else:
                    getattr(client, call)("double", "x")
                codes.append(client.returnCode())
        assert codes[-1] == ReturnCode.SUCCESS
        assert codes.count(ReturnCode.SUCCESS) >= len(codes) - 2 * count

    @pytest.mark.parametrize("unwell", UNWELL)
    def test_the_next_server(self, well: Gearmand, unwell: str) -> None:
        client = GearmanClient()
        client._set_connect_timeout(300)
        client.addServer(well.host, well.port)
        with UNWELL[unwell]() as address:
            with taking(0.3, 0.3), pytest.raises(GearmanException, match="Failed to set exception option"):
                client.addServer(HOST, int(address.partition(":")[2]))
            for _ in range(3):
                assert client.doNormal("double", "x") == b"xx"

    def test_a_timeout_of_its_own(self) -> None:
        """As in PHP, whose code it is."""
        client = GearmanClient()
        client.setTimeout(100)
        with dropping() as address:
            client.addServer(HOST, int(address.partition(":")[2]), False)
            with taking(0.1, 0.1), pytest.warns(match="doNormal"):
                client.doNormal("f", "x")
        assert client.returnCode() == ReturnCode.TIMEOUT

    def test_no_server(self) -> None:
        client = GearmanClient()
        client._set_connect_timeout(300)
        with dropping() as address:
            client.addServer(HOST, int(address.partition(":")[2]), False)
            with taking(0.3, 0.3), pytest.warns(match="doBackground"):
                client.doBackground("f", "x")
        assert client.returnCode() == ReturnCode.COULD_NOT_CONNECT
