"""One of several servers is gone without a word, or stands still: the workers serve the others."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import pytest

from gearman_cffi import EventDispatcher, EventName, Job, Worker
from gearman_cffi.ext import (
    GEARMAN_COULD_NOT_CONNECT,
    GEARMAN_WORKER_NON_BLOCKING,
    GearmanWorker,
)
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import JOB_ASSIGN_ALL, NO_JOB, SlowServer, fake_server, packet
from tests._libgearman.test_idle import events
from tests.python_layer.workers import Running, handlers, running
from tests.support import Child, GoneHost, client_of, frozen, is_served, queued, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
PROMPT = 1.5  # seconds that a job at the other server may take, on a busy machine; else 0.2
KINDS = ["work", "non-blocking work", "grabJob", "Worker"]
kinds = pytest.mark.parametrize("kind", KINDS)


class Served:
    """A worker of one of the KINDS in a thread; it appends the workloads of its function f to `done`."""

    def __init__(self, kind: str, ports: list[int], connect_timeout: float = 5) -> None:
        self.done: list[str] = []
        self.slowness = 0.0  # seconds that each job takes
        self._over = threading.Event()
        if kind == "Worker":
            worker = Worker(
                [f"127.0.0.1:{port}" for port in ports],
                handlers(f=self._handle),
                idle_interval=0.5,
                connect_timeout=connect_timeout,
                signals=(),
            )
            self.stop, target = worker.stop, worker.run
        else:
            mirror = mirror_of(ports, connect_timeout, "options" in kind)
            if kind == "grabJob":
                mirror.register("f")
            else:
                mirror.addFunction("f", lambda job: self._run(job.workload().decode()))
            if "non-blocking" in kind:
                mirror.addOptions(GEARMAN_WORKER_NON_BLOCKING)
                mirror.setTimeout(100)
            self._over_too = mirror.stop if kind.startswith("work") else self._over.set
            self.stop, target = self._stop_mirror, lambda: self._loop(kind, mirror)
        self._thread = threading.Thread(target=target, daemon=True)
        self._thread.start()

    def _stop_mirror(self) -> None:
        self._over.set()
        self._over_too()

    def _handle(self, job: Job) -> None:
        self._run(job.get_workload())

    def _run(self, workload: str) -> None:
        time.sleep(self.slowness)
        self.done.append(workload)

    def _loop(self, kind: str, mirror: GearmanWorker) -> None:
        while not self._over.is_set():
            if kind == "grabJob":
                job = mirror.grabJob()
                if job:
                    self._run(job.workload().decode())
                    job.sendComplete("done")
                else:
                    self._over.wait(0.02)
            elif not mirror.work() and "non-blocking" in kind:
                mirror.wait()

    def end(self) -> None:
        self.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()


def mirror_of(ports: list[int], connect_timeout: float = 5, exceptions: bool = False) -> GearmanWorker:
    """A worker that connects when it works, unless it is to ask for the option "exceptions"."""
    mirror = GearmanWorker()
    mirror._set_connect_timeout(int(connect_timeout * 1000))
    for port in ports:
        mirror.addServer("127.0.0.1", port, setupExceptionHandler=exceptions)
    return mirror


@contextmanager
def served(kind: str, ports: list[int], connect_timeout: float = 5) -> Iterator[Served]:
    worker = Served(kind, ports, connect_timeout)
    try:
        yield worker
    finally:
        worker.end()


@pytest.fixture
def servers() -> Iterator[list[Gearmand]]:
    """Two; a job that is given to a worker a second time fails."""
    with Gearmand(["--job-retries=1"]) as first, Gearmand(["--job-retries=1"]) as second:
        yield [first, second]


def seconds_of(worker: Served, server: Gearmand, workload: str) -> float:
    """How long a job takes."""
    begun = time.monotonic()
    client_of(server).doBackground("f", workload)
    wait_until(lambda: workload in worker.done, "the job is done")
    return time.monotonic() - begun


def submit(server: Gearmand, workload: bytes) -> socket.socket:
    """Sends a job in the background to a server that stands still."""
    connection = socket.create_connection((server.host, server.port))
    body = b"f\0\0" + workload
    connection.sendall(b"\0REQ" + struct.pack(">II", 18, len(body)) + body)
    return connection


@kinds
@pytest.mark.parametrize("order", ["gone, well", "well, gone", "gone, well, gone"])
def test_a_host_that_is_gone(gearmand: Gearmand, kind: str, order: str) -> None:
    """From the beginning, for some tries to connect."""
    with ExitStack() as stack:
        ports = [gearmand.port if one == "well" else stack.enter_context(GoneHost()).port for one in order.split(", ")]
        with served(kind, ports, connect_timeout=0.4) as worker:
            begun = time.monotonic()
            taken = [seconds_of(worker, gearmand, "first")]
            while time.monotonic() - begun < 2:
                taken.append(seconds_of(worker, gearmand, f"{len(taken)}"))
                time.sleep(0.05)
    assert max(taken) < PROMPT


@kinds
@pytest.mark.parametrize("frozen_one", [0, 1])
def test_a_server_that_stands_still(servers: list[Gearmand], kind: str, frozen_one: int) -> None:
    """From the beginning and later. What it assigns when it goes on is done, at the first try."""
    still, well = servers[frozen_one], servers[1 - frozen_one]
    with ExitStack() as stack:
        with frozen(still):
            worker = stack.enter_context(served(kind, [server.port for server in servers]))
            assert seconds_of(worker, well, "begun") < PROMPT
        wait_until(lambda: is_served(still, "f"), "it is served")
        for turn in range(3):
            assert seconds_of(worker, still, f"{turn} before") < PROMPT
            with frozen(still):
                stack.enter_context(submit(still, f"{turn} meanwhile".encode()))
                taken = [seconds_of(worker, well, f"{turn} {number}") for number in range(5)]
            assert max(taken) < PROMPT
            wait_until(lambda: f"{turn} meanwhile" in worker.done, "its job is done")  # noqa: B023
            wait_until(lambda: queued(still, "f") == 0, "it knows that")
    assert len(worker.done) == len(set(worker.done))


@kinds
@pytest.mark.parametrize("slow_one_is_last", [False, True])
def test_a_late_job_comes_first(gearmand: Gearmand, kind: str, slow_one_is_last: bool) -> None:
    """A job that was assigned late does not wait for all the jobs of the other server."""
    slow = SlowServer()
    with fake_server(slow.serve) as port:
        ports = [gearmand.port, port] if slow_one_is_last else [port, gearmand.port]
        with served(kind, ports) as worker:
            seconds_of(worker, gearmand, "first")
            wait_until(slow.is_asked, "the slow server is asked")
            worker.slowness = 0.02
            for number in range(100):
                client_of(gearmand).doBackground("f", f"{number}")
            slow.answer(packet(JOB_ASSIGN_ALL, b"H:fake:1", b"f", b"", b"", b"late"))
            wait_until(lambda: "late" in worker.done, "its job is done")
            assert "99" not in worker.done
            worker.slowness = 0.0
            slow.answer(packet(NO_JOB))


@pytest.mark.parametrize("kind", ["work", "Worker"])
def test_a_server_that_comes_and_goes(servers: list[Gearmand], kind: str) -> None:
    """It stands still, goes on, is killed and started; the jobs of the other one are done at once."""
    restless, well = servers
    over = threading.Event()

    def be_restless() -> None:
        while not over.is_set():
            with frozen(restless):
                over.wait(2)
            over.wait(0.1)
            restless.kill()
            over.wait(0.1)
            restless.start()

    thread = threading.Thread(target=be_restless)
    with served(kind, [restless.port, well.port]) as worker:
        thread.start()
        begun = time.monotonic()
        taken: list[float] = []
        while time.monotonic() - begun < 5:
            taken.append(seconds_of(worker, well, f"{len(taken)}"))
            time.sleep(0.01)
        over.set()
        thread.join()
    assert max(taken) < PROMPT
    assert median(taken) < 0.2


@pytest.mark.parametrize("kind", ["work", "Worker"])
def test_stop(servers: list[Gearmand], kind: str) -> None:
    """The worker ends in two seconds, although a server owes it an answer."""
    worker = Served(kind, [server.port for server in servers])
    wait_until(lambda: all(is_served(server, "f") for server in servers), "both are served")
    with frozen(servers[0]):
        seconds_of(worker, servers[1], "x")
        begun = time.monotonic()
        worker.end()
        assert time.monotonic() - begun < 3


def test_the_idle_interval(servers: list[Gearmand]) -> None:
    """worker.on_no_jobs is dispatched as often as before."""
    dispatcher = EventDispatcher()
    idle: list[float] = []
    dispatcher.add_listener(EventName.NO_JOBS, lambda event: idle.append(time.monotonic()))
    both = ",".join(server.address for server in servers)
    with running(both, handlers(f=lambda job: None), dispatcher, idle_interval=0.2):
        wait_until(lambda: idle, "it is idle")
        with frozen(servers[1]):
            begun = time.monotonic()
            wait_until(lambda: len(idle) > 5, "it is idle")
            assert 0.5 < time.monotonic() - begun < 3


class TestNoServerAnswers:
    """All of them are gone: the worker waits for as long as connecting may take."""

    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize("call", ["work", "grabJob"])
    def test_a_blocking_call(self, count: int, call: str) -> None:
        with ExitStack() as stack:
            worker = mirror_of([stack.enter_context(GoneHost()).port for _ in range(count)], connect_timeout=0.5)
            worker.addFunction("f", lambda job: None)
            begun = time.monotonic()
            assert getattr(worker, call)() is False
            assert worker.returnCode() == GEARMAN_COULD_NOT_CONNECT
            assert 0.4 < time.monotonic() - begun < 3

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_worker(self, count: int) -> None:
        """It reports that once, and stops at once."""
        dispatcher = EventDispatcher()
        failures: list[BaseException] = []
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: failures.append(event.exception))
        with ExitStack() as stack:
            names = [f"127.0.0.1:{stack.enter_context(GoneHost()).port}" for _ in range(count)]
            worker = Worker(names, handlers(f=lambda job: None), dispatcher, connect_timeout=0.3, signals=())
            thread = Running(worker)
            begun = time.monotonic()
            thread.start()
            wait_until(lambda: failures, "it is reported")
            assert 0.2 < time.monotonic() - begun < 2
            time.sleep(1)
            worker.stop()
            begun = time.monotonic()
            thread.await_end()
            assert time.monotonic() - begun < 1
        assert len(failures) == 1
        assert "cannot connect" in str(failures[0])


@pytest.mark.parametrize("kind", ["work", "Worker"])
def test_a_host_that_is_back(gearmand: Gearmand, kind: str) -> None:
    """The worker announces its function there, without a job that wakes it up."""
    with GoneHost() as gone, served(kind, [gearmand.port, gone.port]) as worker:
        assert seconds_of(worker, gearmand, "x") < PROMPT
        assert gone.first_bytes().startswith(b"\0REQ\0\0\0\x01\0\0\0\x01f")


class TestIdle:
    """An idle worker of several servers, one of which is silent: checked with strace."""

    PROGRAM = """
class Over(Exception): pass
def end(number, frame): raise Over
signal.signal(signal.SIGALRM, end)
worker = GearmanWorker()
worker._set_connect_timeout(60_000)
for port in PORTS: worker.addServer("127.0.0.1", port, setupExceptionHandler=False)
worker.addFunction("f", lambda job: say("done"))
say("begun")
worker.work()
signal.setitimer(signal.ITIMER_REAL, 2)
try: worker.work()
except Over: say("over")
"""

    @pytest.mark.parametrize("is_gone", [False, True])
    def test_no_system_calls(self, servers: list[Gearmand], tmp_path: Path, is_gone: bool) -> None:
        """It does not wake up."""
        still, well = servers
        trace = tmp_path / "trace"
        under = ["strace", "-f", "-qq", "-ttt", "-o", str(trace)]
        with frozen(still), GoneHost() as gone:
            ports = [gone.port if is_gone else still.port, well.port]
            with Child(self.PROGRAM, *ports, under=under) as child:
                child.expect("begun")
                client_of(well).doBackground("f", "x")
                child.expect("done")
                child.expect("over")
                assert child.end() == 0, child.errors()
        seen = list(events(trace))
        over = next(at for at, text in seen if "SIGALRM" in text and "---" in text)
        busy = [text for at, text in seen if over - 1.3 < at < over]
        assert busy == []


@pytest.mark.parametrize("kind", ["work with options", "non-blocking work with options"])
def test_a_server_that_does_not_answer_an_option(servers: list[Gearmand], kind: str) -> None:
    """A mirror worker asks for the option "exceptions" over each new connection."""
    still, well = servers
    with served(kind, [server.port for server in servers]) as worker:
        taken = [seconds_of(worker, well, "first")]
        still.kill()
        taken.append(seconds_of(worker, well, "second"))
        still.start()
        with frozen(still):
            for number in range(100):
                taken.append(seconds_of(worker, well, f"{number}"))
                time.sleep(0.02)
        wait_until(lambda: is_served(still, "f") or not seconds_of(worker, well, f"{time.time()}"), "it is served")
        seconds_of(worker, still, "last")
    assert max(taken) < PROMPT
