"""Several servers, and servers that stop and start."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanException, GearmanJob, GearmanWarning, GearmanWorker, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, connections, is_served, queued, serving, wait_until, worker_of

LOST_CONNECTION, COULD_NOT_CONNECT, TIMEOUT = 14, 26, 47


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


@pytest.fixture
def second() -> Iterator[Gearmand]:
    """A second server."""
    with Gearmand() as server:
        yield server


@pytest.fixture
def dead() -> Gearmand:
    """A server that was stopped."""
    server = Gearmand().start()
    server.stop()
    return server


class TestEnvironment:
    """The environment variable GEARMAN_SERVERS."""

    def test_it_names_the_servers(self, gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client and a worker work without addServer()."""
        monkeypatch.setenv("GEARMAN_SERVERS", gearmand.address)
        worker = worker_of(from_environment=echo)
        client = GearmanClient()
        assert client.doBackground("from_environment", "x")
        assert worker.work() is True
        monkeypatch.delenv("GEARMAN_SERVERS")
        with pytest.warns(GearmanWarning):
            GearmanClient().doBackground("from_environment", "x")

    def test_its_servers_stay_after_a_failure(
        self, gearmand: Gearmand, dead: Gearmand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its servers are tried again, like servers that were added."""
        monkeypatch.setenv("GEARMAN_SERVERS", f"{gearmand.address},{dead.address}")
        client = GearmanClient()
        for number in range(3):
            assert client.doBackground("from_environment", "x"), f"call {number}"
        assert queued(gearmand, "from_environment") == 3

    @pytest.mark.parametrize("make", [GearmanClient, GearmanWorker])
    def test_an_unknown_host(self, monkeypatch: pytest.MonkeyPatch, make: type[GearmanClient | GearmanWorker]) -> None:
        """The constructor raises the exception that PHP throws, with the variable in its cause."""
        monkeypatch.setenv("GEARMAN_SERVERS", "no.such.host.invalid:4730")
        with pytest.raises(GearmanException, match=r"^Memory allocation failure") as caught:
            make()
        assert "GEARMAN_SERVERS" in str(caught.value.getPrevious())

    def test_no_open_file_is_left(self) -> None:
        """Without file descriptors the constructor of a worker raises PHP's exception, with the reason in its cause."""
        program = """
taken = take_all_files()
try: GearmanWorker()
except GearmanException as error: say(error, error.getPrevious())
for number in taken: os.close(number)
say(GearmanWorker().returnCode())
"""
        with Child(program) as child:
            child.expect("Memory allocation failure libgearman could not create a worker: Too many open files")
            child.expect("0")
            assert child.end() == 0


class TestDeadServers:
    """One of two servers is down."""

    @pytest.mark.parametrize("dead_first", [True, False])
    def test_a_client_uses_another_server(self, gearmand: Gearmand, dead: Gearmand, dead_first: bool) -> None:
        """Each job goes to the running server, once, and is answered, in either order of the servers."""
        client = GearmanClient()
        for server in (dead, gearmand) if dead_first else (gearmand, dead):
            client.addServer(server.host, server.port, False)
        for number in range(5):
            assert client.doBackground("left", f"{number}"), f"call {number}"
            assert client.returnCode() == 0
        assert queued(gearmand, "left") == 5
        with serving(gearmand, live=echo):
            for number in range(5):
                assert client.doNormal("live", f"{number}") == b"%d" % number

    @pytest.mark.parametrize("dead_first", [True, False])
    def test_a_worker_serves_the_running_server(self, gearmand: Gearmand, dead: Gearmand, dead_first: bool) -> None:
        """A worker runs the jobs of the running server."""
        worker = worker_of(live=echo)
        for server in (dead, gearmand) if dead_first else (gearmand, dead):
            worker.addServer(server.host, server.port, False)
        client = client_of(gearmand)
        for number in range(5):
            client.doBackground("live", f"{number}")
            assert worker.work() is True
        wait_until(lambda: queued(gearmand, "live") == 0, "all jobs are done")

    def test_a_server_that_was_down(self, gearmand: Gearmand, second: Gearmand) -> None:
        """While the last server is down the first one gets the jobs. After a restart the last one gets them again."""
        client = client_of(gearmand, second)
        client.doBackground("moving", "x")
        second.stop()
        for _ in range(2):
            if not submits(client):
                assert client.returnCode() == LOST_CONNECTION
        assert queued(gearmand, "moving") >= 1
        second.start()
        before = queued(gearmand, "moving")
        wait_until(lambda: submits(client) and queued(second, "moving") > 0, "the second gets a job again")
        assert queued(gearmand, "moving") >= before

    def test_a_worker_serves_both(self, gearmand: Gearmand, second: Gearmand) -> None:
        """A worker serves both servers, also after one was restarted while the worker was idle."""
        with serving(gearmand, second, both=echo):
            for server in (gearmand, second):
                assert client_of(server).doNormal("both", server.address) == server.address.encode()
            gearmand.restart()
            assert client_of(second).doNormal("both", "x") == b"x"
            wait_until(lambda: is_served(gearmand, "both"), "the worker is back")
            assert client_of(gearmand).doNormal("both", "y") == b"y"


def submits(client: GearmanClient, function: str = "moving") -> bool:
    """Returns whether a background job was queued, and ignores warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GearmanWarning)
        return client.doBackground(function, "x") != ""


class TestLostConnections:
    """A server stops."""

    def test_during_a_job(self, gearmand: Gearmand) -> None:
        """doNormal() gives b"", a warning and return code 14, then 26 while the server is down; then it works again."""
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"lost", b"x")
            wait_until(lambda: queued(gearmand, "lost"), "the job is queued")
            gearmand.kill()
            assert future.result(20).rc == LOST_CONNECTION
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::doNormal\(\): "):
            assert client.doNormal("lost", "x") == b""
        assert client.returnCode() == COULD_NOT_CONNECT
        gearmand.start()
        with serving(gearmand, lost=echo):
            assert client.doNormal("lost", "again") == b"again"
            assert client.returnCode() == 0

    def test_between_two_calls(self, gearmand: Gearmand) -> None:
        """After a restart at most one call fails, with 14. The next one works."""
        client = client_of(gearmand)
        assert client.doBackground("between", "x")
        gearmand.restart()
        if not submits(client, "between"):
            assert client.returnCode() == LOST_CONNECTION
        assert client.doBackground("between", "x")
        assert queued(gearmand, "between") >= 1

    def test_an_idle_server_is_restarted_while_a_job_waits_on_the_other(
        self, gearmand: Gearmand, second: Gearmand
    ) -> None:
        """The loss of an idle connection does not affect a job on another one."""
        release = threading.Event()

        def wait(job: GearmanJob, context: Any) -> bytes:
            assert release.wait(20)
            return job.workload()

        client = client_of(gearmand, second)
        assert connections(gearmand) == 1
        with serving(second, waiting=wait), ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"waiting", b"x")
            wait_until(lambda: queued(second, "waiting"), "the job runs")
            gearmand.restart()
            assert not future.done()
            release.set()
            assert future.result(20).data == b"x"
            assert client.doNormal("waiting", "y") == b"y"

    def test_a_worker_s_server(self, gearmand: Gearmand) -> None:
        """work() of an idle worker ends after its timeout, as in PHP. The worker serves a restarted server."""
        worker = worker_of(gearmand, served=echo)
        worker.setTimeout(1500)
        ended: list[int] = []

        def work() -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GearmanWarning)
                ended.append(worker.work() or worker.returnCode())

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        wait_until(lambda: is_served(gearmand, "served"), "the worker waits")
        gearmand.kill()
        thread.join(20)
        assert ended
        assert ended[0] == TIMEOUT
        gearmand.start()
        client_of(gearmand).doBackground("served", "x")
        wait_until(lambda: worker.work() is True, "the worker is back")

    def test_a_worker_s_server_comes_back_in_time(self, gearmand: Gearmand) -> None:
        """A restart within the timeout of work() does not end work()."""
        worker = worker_of(gearmand, served=echo)
        worker.setTimeout(15_000)
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(worker.work)
            wait_until(lambda: is_served(gearmand, "served"), "the worker waits")
            gearmand.kill()
            gearmand.start()
            client_of(gearmand).doBackground("served", "x")
            assert working.result(20) is True
