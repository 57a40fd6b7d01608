"""Client: threads that share one. Each call has a connection to itself."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from gearman_cffi import Client, ConnectionFailed, ConnectionLost, Job, JobException, JobTimeout, RawSerializer
from gearman_cffi import connection_pool as pool_module
from gearman_cffi.ext import ForkedUseError, GearmanClient, GearmanJob
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.conftest import double
from tests.python_layer.workers import handlers, running
from tests.support import HOST, Child, connections, is_served, queued, serving, wait_until

THREADS = 16
CALLS = 25  # of each thread
ECHO = """
worker = worker_of(*PORTS, echo=echo)
while True:
    worker.work()
"""


@pytest.fixture
def echoing(gearmand: Gearmand) -> Iterator[Gearmand]:
    """A gearmand with a worker in another process that returns each workload."""
    with Child(ECHO, gearmand.port):
        wait_until(lambda: is_served(gearmand, "echo"), "the worker serves echo")
        yield gearmand


@pytest.fixture
def many_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def in_threads(count: int, call: Callable[[int], Any]) -> list[Any]:
    """What call(number) returns in each of so many threads, which begin together."""
    together = threading.Barrier(count)

    def begin(number: int) -> Any:
        together.wait(20)
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


class Blocking:
    """Runs "block", whose jobs end when they are let go, in as many workers as there are threads of it."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def block(self, job: GearmanJob, context: object) -> bytes:
        assert self.go_on.wait(30)
        return job.workload()


@contextlib.contextmanager
def busy(client: Client, server: Gearmand, count: int) -> Iterator[None]:
    """So many connections of the client are in use during the block."""
    blocking = Blocking()
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(count) as threads:
        stack.callback(blocking.go_on.set)
        for _ in range(count):
            stack.enter_context(serving(server, block=blocking.block))
        answers = [threads.submit(client.execute_job, "block", b"%d" % number) for number in range(count)]
        wait_until(lambda: _running(server, "block") == count, "all are running")
        yield
        blocking.go_on.set()
        assert [answer.result(20) for answer in answers] == [b"%d" % number for number in range(count)]


def _running(server: Gearmand, function: str) -> int:
    for line in server.ask("status").splitlines():
        if line.startswith(f"{function}\t"):
            return int(line.split("\t")[2])
    return 0


@pytest.mark.usefixtures("many_switches")
class TestSixteenThreads:
    """Every answer is that of the call's own job."""

    def test_all_calls_mixed(self, echoing: Gearmand) -> None:
        client = Client(echoing.address, RawSerializer(), timeout=30)
        known = client.execute_in_background("queue", b"x", unique="known")

        def bulk(tag: bytes) -> None:
            wanted = [tag + b"-%d" % number for number in range(30)]
            assert client.execute_jobs([Job("echo", one) for one in wanted]) == wanted

        def background(tag: bytes) -> None:
            handles = client.execute_jobs_in_background([Job("queue", tag)] * 20)
            assert len(set(handles)) == 20

        def stream(tag: bytes) -> None:
            wanted = {tag + b"-%d" % number for number in range(30)}
            assert {answer for _, answer in client.stream_jobs([Job("echo", one) for one in wanted])} == wanted

        def watch(tag: bytes) -> None:
            watched = client.watch_job("echo", tag)
            assert [update.handle for update in watched] == [watched.handle]
            assert watched.result() == tag

        def statuses(tag: bytes) -> None:
            assert client.get_job_status(known).is_known
            assert not client.get_job_status("H:none:1").is_known
            assert client.get_job_status_by_unique("known").is_known
            assert not client.get_job_status_by_unique(tag.decode()).is_known

        def single(tag: bytes) -> None:
            assert client.execute_job("echo", tag) == tag
            assert client.execute_in_background("queue", tag, unique="known") == known

        kinds = [single, bulk, background, stream, watch, statuses]

        def calls(thread: int) -> int:
            for number in range(CALLS):
                tag = b"%d-%s-%d" % (thread, b"x" * 40 * thread, number)
                kinds[(thread + number) % len(kinds)](tag[:60])
                single(tag)
            return CALLS

        assert sum(in_threads(THREADS, calls)) == THREADS * CALLS

    def test_exceptions_of_workers(self, gearmand: Gearmand) -> None:
        """Each call gets its own one, over connections that were opened at any time."""

        def fail(job: Job) -> None:
            raise ValueError(job.get_workload())

        with running(gearmand, handlers(fail=fail)):
            client = Client(gearmand.address, timeout=20)

            def call(thread: int) -> None:
                for number in range(10):
                    with pytest.raises(JobException) as caught:
                        client.execute_job("fail", f"{thread}-{number}")
                    assert caught.value.remote_message == f"{thread}-{number}"

            in_threads(THREADS, call)

    def test_a_server_that_is_restarted(self, gearmand: Gearmand) -> None:
        """Calls raise ConnectionLost or ConnectionFailed meanwhile. Afterwards all connections work."""
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        outcomes: Counter[str] = Counter()
        over = threading.Event()

        def call(thread: int) -> None:
            while not over.is_set():
                try:
                    assert client.execute_in_background("queue", b"x", unique=f"{thread}").startswith("H:")
                    outcomes["accepted"] += 1
                except (ConnectionLost, ConnectionFailed) as error:
                    outcomes[type(error).__name__] += 1

        with ThreadPoolExecutor(THREADS) as threads:
            calls = [threads.submit(call, thread) for thread in range(THREADS)]
            try:
                for _ in range(3):
                    before = outcomes["accepted"]
                    wait_until(lambda before=before: outcomes["accepted"] > before + 100, "calls succeed")  # type: ignore[misc]
                    gearmand.kill()
                    gearmand.start()
            finally:
                over.set()
            for one in calls:
                one.result(20)
        answers = in_threads(THREADS, lambda thread: client.execute_in_background("queue", b"x", unique=f"{thread}"))
        assert len(set(answers)) == THREADS

    def test_close_at_any_time(self, echoing: Gearmand) -> None:
        """Calls that are running continue, and the next ones connect again."""
        client = Client(echoing.address, RawSerializer(), timeout=20)
        before = connections(echoing)

        def call(thread: int) -> None:
            for number in range(CALLS):
                if thread == 0:
                    client.close()
                assert client.execute_job("echo", b"%d-%d" % (thread, number)) == b"%d-%d" % (thread, number)

        in_threads(8, call)
        client.close()
        wait_until(lambda: connections(echoing) == before, "all are closed")


class TestConnections:
    def test_one_thread_has_one(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, timeout=20)
        for number in range(10):
            client.execute_in_background("queue", number)
            client.get_job_status("H:none:1")
        assert connections(gearmand) == 1

    def test_no_more_than_calls_at_a_time(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=30)
        with busy(client, gearmand, 3):
            assert connections(gearmand) == 3 + 3
            client.execute_in_background("queue", b"x")
            assert connections(gearmand) == 3 + 3 + 1
        wait_until(lambda: connections(gearmand) == 4, "the workers have gone")
        for _ in range(10):
            client.execute_in_background("queue", b"x")
        assert connections(gearmand) == 4

    def test_idle_ones_are_closed(self, gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        """In a later call. The last one stays open, whatever its age."""
        monkeypatch.setattr(pool_module, "IDLE_SECONDS", 0.05)
        client = Client(gearmand.address, RawSerializer(), timeout=30)
        with busy(client, gearmand, 4):
            pass

        def is_one() -> bool:
            client.execute_in_background("queue", b"x")
            return connections(gearmand) == 1

        wait_until(is_one, "the others are closed")
        monkeypatch.setattr(pool_module, "IDLE_SECONDS", 0)
        before = own_sockets()
        client.execute_in_background("queue", b"x")
        assert own_sockets() == before

    def test_those_that_are_used_stay_open(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=30)
        with busy(client, gearmand, 4):
            pass
        wait_until(lambda: connections(gearmand) == 4, "the workers have gone")
        client.execute_in_background("queue", b"x")
        assert connections(gearmand) == 4

    def test_a_client_that_is_dropped(self, gearmand: Gearmand) -> None:
        """Its connections are closed at once, without the garbage collector."""
        client = Client(gearmand.address, RawSerializer(), timeout=30)
        with busy(client, gearmand, 4):
            pass
        wait_until(lambda: connections(gearmand) == 4, "the workers have gone")
        gc.disable()
        try:
            reference = weakref.ref(client)
            del client
            assert reference() is None
            wait_until(lambda: connections(gearmand) == 0, "they are closed")
        finally:
            gc.enable()

    def test_a_block(self, gearmand: Gearmand) -> None:
        with Client(gearmand.address, RawSerializer(), timeout=30) as client, busy(client, gearmand, 2):
            pass
        wait_until(lambda: connections(gearmand) == 0, "they are closed")

    def test_a_server_that_is_added_later(self, gearmand: Gearmand) -> None:
        """All connections get it."""
        with Gearmand() as other:
            client = Client(gearmand.address, RawSerializer(), timeout=30)
            with busy(client, gearmand, 3):
                pass
            client._servers.add(type(next(iter(client._servers)))(HOST, other.port))
            in_threads(3, lambda number: client.execute_in_background("later", b"x"))
            assert queued(other, "later") == 3

    def test_a_server_that_is_left_out(self, gearmand: Gearmand) -> None:
        """By the connections of all threads, also by those that are opened later."""
        with Gearmand() as frozen_one:
            client = Client([gearmand.address, frozen_one.address], RawSerializer(), timeout=30, connect_timeout=0.5)
            frozen_one.pause()
            try:
                client.execute_in_background("queue", b"x")
                with busy(client, gearmand, 4):
                    began = time.monotonic()
                    for number in range(10):
                        client.execute_in_background("queue", b"%d" % number)
                        client.execute_jobs_in_background([Job("queue", b"x")])
                    assert time.monotonic() - began < 0.5
            finally:
                frozen_one.resume()


def own_sockets() -> set[str]:
    """The sockets of this process."""
    with os.scandir("/proc/self/fd") as files:
        links = [os.readlink(file.path) for file in files if os.path.lexists(file.path)]
    return {link for link in links if link.startswith("socket:")}


class TestTheLimit:
    @pytest.mark.parametrize("count", [1, 2])
    def test_a_call_waits_for_a_free_connection(self, gearmand: Gearmand, count: int) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=30, max_connections=count)
        with ThreadPoolExecutor(8) as threads:
            with busy(client, gearmand, count):
                waiting = [threads.submit(client.execute_in_background, "queue", b"x") for _ in range(8)]
                with pytest.raises(JobTimeout, match=rf"max_connections={count}\); nothing was submitted"):
                    client.execute_in_background("late", b"x", timeout=0.1)
                assert not any(one.done() for one in waiting)
                assert queued(gearmand, "late") == 0
            assert len({one.result(20) for one in waiting}) == 8
        wait_until(lambda: connections(gearmand) == count, "the workers have gone")

    @pytest.mark.parametrize("timeout", [0.1, 1.3])
    def test_the_timeout(self, gearmand: Gearmand, timeout: float) -> None:
        client = Client(gearmand.address, RawSerializer(), max_connections=1)
        with busy(client, gearmand, 1):
            for call in (
                lambda: client.execute_job("f", b"x", timeout=timeout),
                lambda: client.get_job_status("H:none:1", timeout=timeout),
                lambda: client.get_job_status_by_unique("key", timeout=timeout),
            ):
                began = time.monotonic()
                with pytest.raises(JobTimeout, match="other threads have used all connections") as caught:
                    call()
                assert timeout - 0.01 <= time.monotonic() - began < timeout + 1
                assert caught.value.server == gearmand.address
        assert client.execute_in_background("queue", b"x")

    def test_bulk_calls_do_not_wait(self, echoing: Gearmand) -> None:
        """They have connections of their own, also iterators that stay open."""
        client = Client(echoing.address, RawSerializer(), timeout=10, max_connections=1)
        with busy(client, echoing, 1):
            stream = client.stream_jobs([Job("echo", b"%d" % number) for number in range(1000)], in_flight=4)
            next(stream)
            watches = [client.watch_job("echo", b"%d" % number) for number in range(5)]
            assert [watch.result() for watch in watches] == [b"%d" % number for number in range(5)]
            assert client.execute_jobs([Job("echo", b"y")]) == [b"y"]
            assert len(client.execute_jobs_in_background([Job("queue", b"y")] * 3)) == 3
            assert client.execute_job("echo", b"z", on_update=lambda update: None) == b"z"
            assert sum(1 for _ in stream) == 999

    def test_it_is_fair(self, echoing: Gearmand) -> None:
        """Threads that call again and again do not keep the others waiting."""
        client = Client(echoing.address, RawSerializer(), timeout=30, max_connections=2)
        counts = in_threads(8, lambda number: self._calls_until(client, number, time.monotonic() + 1))
        assert min(counts) * 4 > max(counts), counts

    def _calls_until(self, client: Client, number: int, end: float) -> int:
        count = 0
        while time.monotonic() < end:
            count += 1
            assert client.execute_job("echo", b"%d-%d" % (number, count)) == b"%d-%d" % (number, count)
        return count

    @pytest.mark.parametrize("wrong", [0, -1])
    def test_wrong_values(self, wrong: int) -> None:
        with pytest.raises(ValueError, match=f"max_connections must be at least 1, not {wrong}"):
            Client(HOST, max_connections=wrong)

    def test_an_exception_during_the_wait(self, gearmand: Gearmand) -> None:
        """A signal handler raises. The connection is not lost, and the place in the row is free."""
        client = Client(gearmand.address, RawSerializer(), timeout=30, max_connections=1)

        def interrupt(number: int, frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            with busy(client, gearmand, 1):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(KeyboardInterrupt):
                    client.execute_in_background("queue", b"x")
        finally:
            signal.signal(signal.SIGALRM, before)
        assert client.execute_in_background("queue", b"x", timeout=5)

    def test_a_signal_handler_that_submits(self, gearmand: Gearmand) -> None:
        """During a call it has another connection."""
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        handles: list[str] = []

        def submit(number: int, frame: FrameType | None) -> None:
            handles.append(client.execute_in_background("queue", b"x"))
            blocking.go_on.set()

        blocking = Blocking()
        before = signal.signal(signal.SIGALRM, submit)
        try:
            with serving(gearmand, block=blocking.block):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                assert client.execute_job("block", b"x") == b"x"
        finally:
            signal.signal(signal.SIGALRM, before)
        assert len(handles) == 1


class TestForks:
    def test_while_all_connections_are_in_use(self, gearmand: Gearmand) -> None:
        """A child has connections of its own, whatever the parent's threads are doing; they lose none."""
        client = Client(gearmand.address, RawSerializer(), timeout=20, max_connections=2)
        with busy(client, gearmand, 2):
            in_child(lambda: [client.execute_in_background("child", b"x") for _ in range(3)])
        assert queued(gearmand, "child") == 3
        in_threads(2, lambda number: client.execute_in_background("parent", b"x"))
        assert queued(gearmand, "parent") == 2

    @pytest.mark.usefixtures("many_switches")
    def test_while_threads_call(self, echoing: Gearmand) -> None:
        """At any moment, also when they open connections and wait for them."""
        client = Client(echoing.address, RawSerializer(), timeout=20, max_connections=3)
        over = threading.Event()

        def call(thread: int) -> None:
            number = 0
            while not over.is_set():
                number += 1
                tag = b"%d-%d" % (thread, number)
                if number % 5 == 0 and thread == 0:
                    client.close()
                assert client.execute_job("echo", tag) == tag

        with ThreadPoolExecutor(6) as threads:
            calls = [threads.submit(call, thread) for thread in range(6)]
            try:
                for number in range(20):
                    in_child(lambda number=number: client.execute_in_background("child", b"x", unique=f"{number}"))  # type: ignore[misc]
            finally:
                over.set()
            for one in calls:
                one.result(20)
        assert queued(echoing, "child") == 20

    def test_a_call_that_waits(self, gearmand: Gearmand) -> None:
        """A signal handler forks: in the child the call ends, because nothing will release a connection there."""
        client = Client(gearmand.address, RawSerializer(), timeout=20, max_connections=1)
        parent, children = os.getpid(), []

        def fork(number: int, frame: FrameType | None) -> None:
            children.append(os.fork())

        before = signal.signal(signal.SIGALRM, fork)
        try:
            with busy(client, gearmand, 1):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises((JobTimeout, ForkedUseError)) as caught:
                    client.execute_in_background("queue", b"x", timeout=3)
                if os.getpid() != parent:
                    fine = caught.type is ForkedUseError and client.execute_in_background("child", b"x")
                    os._exit(0 if fine else 1)
                assert caught.type is JobTimeout
        finally:
            if os.getpid() != parent:
                os._exit(2)
            signal.signal(signal.SIGALRM, before)
        assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
        assert queued(gearmand, "child") == 1


def in_child(call: Callable[[], object]) -> None:
    """Runs call() in a forked child, and fails if it raises there."""
    child = os.fork()
    if not child:  # pragma: no cover: another process
        signal.alarm(20)
        code = 1
        try:
            call()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class TestSuppliedClients:
    @pytest.mark.usefixtures("many_switches")
    def test_other_threads_use_copies(self, echoing: Gearmand) -> None:
        given = GearmanClient()
        client = Client(echoing.address, RawSerializer(), timeout=20)
        client.set_implementation(given)

        def call(thread: int) -> None:
            for number in range(CALLS):
                tag = b"%d-%d" % (thread, number)
                assert client.execute_job("echo", tag) == tag
                assert client.execute_jobs([Job("echo", tag)]) == [tag]

        in_threads(8, call)
        assert given.ping("x")
        assert given.timeout() == 20_000

    def test_servers_of_its_own(self, echoing: Gearmand) -> None:
        given = GearmanClient()
        given.addServer(echoing.host, echoing.port)
        client = Client([], RawSerializer(), timeout=20)
        client.set_implementation(given)
        assert in_threads(8, lambda number: client.execute_job("echo", b"%d" % number)) == [
            b"%d" % number for number in range(8)
        ]

    def test_a_server_that_cannot_be_reached_at_first(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        client.set_implementation(GearmanClient())
        gearmand.kill()
        with pytest.raises(ConnectionFailed):
            client.execute_in_background("queue", b"x")
        gearmand.start()
        assert client.execute_in_background("queue", b"x")
        assert client._servers is not None
        assert len(set(in_threads(4, lambda number: client.execute_in_background("queue", b"x")))) == 4


def test_without_a_server() -> None:
    """LocalGearman's client may be shared too. Its jobs are run one after the other."""

    def fail(job: Job) -> None:
        raise ValueError(job.get_workload())

    local = LocalGearman(handlers(double=double, fail=fail))

    def call(thread: int) -> None:
        for number in range(20):
            assert local.client.execute_job("double", f"{thread}-{number} ") == f"{thread}-{number} " * 2
            with pytest.raises(JobException) as caught:
                local.client.execute_job("fail", f"{thread}-{number}")
            assert str(caught.value.__cause__) == f"{thread}-{number}"
            assert local.client.execute_jobs([Job("double", thread)]) == [thread * 2]

    in_threads(8, call)


# ------------------------------------------------------------------------------- a web server


class ThreadingWSGIServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True
    request_queue_size = 128


class QuietHandler(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def web_server(application: Callable[..., Any]) -> Iterator[int]:
    server = make_server(HOST, 0, application, ThreadingWSGIServer, QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def test_a_client_of_a_module_in_a_web_server(echoing: Gearmand) -> None:
    """Requests at once: each has the answer to its own job, and none is an error."""
    client = Client(echoing.address, timeout=20, max_connections=4)  # as at the top of a module

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        answer = client.execute_job("echo", path)
        handle = client.execute_in_background("queue", path)
        known = client.get_job_status(handle).is_known
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps([answer, known]).encode()]

    def get(thread: int) -> None:
        for number in range(10):
            http = HTTPConnection(HOST, port, timeout=20)
            http.request("GET", f"/{thread}/{number}")
            response = http.getresponse()
            assert (response.status, json.loads(response.read())) == (200, [f"/{thread}/{number}", True])
            http.close()

    with web_server(application) as port:
        in_threads(THREADS, get)
    assert connections(echoing) <= 4 + 1
