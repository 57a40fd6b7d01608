"""ping() and options while other packets are still to arrive on the connection (Q12)."""

from __future__ import annotations

import signal

import pytest

from gearman_cffi.ext import GearmanClient, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, frozen, is_served, queued, serving, wait_until, worker_of

TIMEOUT = 47
ASK = {
    "ping": lambda made, server: made.ping("x"),
    "enableExceptionHandler": lambda made, server: made.enableExceptionHandler(),
    "addServer": lambda made, server: made.addServer(server.host, server.port),
}


def assert_works(client: GearmanClient, server: Gearmand) -> None:
    """Jobs of every kind get handles, answers and a status."""
    client.setTimeout(15_000)
    with serving(server, other=lambda job, _: job.workload()):
        for number in range(5):
            assert client.doNormal("other", f"{number}") == b"%d" % number
            assert client.jobStatus(client.doBackground("nobody", "x")) == [True, False, 0, 0]


@pytest.mark.parametrize("ask", ASK)
class TestClient:
    """The answers are not mixed up with those of jobs."""

    def test_a_job_that_was_given_up(self, gearmand: Gearmand, ask: str) -> None:
        """The job was not acknowledged: JOB_CREATED arrives with the answer. The job stays queued."""
        client = client_of(gearmand)
        with frozen(gearmand):
            assert client._submit(JobKind.NORMAL, b"late", b"x", timeout_ms=50).rc == TIMEOUT
        assert ASK[ask](client, gearmand) is True
        assert_works(client, gearmand)
        assert queued(gearmand, "late") == 1

    def test_a_result_that_comes_late(self, gearmand: Gearmand, ask: str) -> None:
        """It is there already when the query is sent."""
        client = client_of(gearmand)
        assert client._submit(JobKind.NORMAL, b"late", b"x", timeout_ms=50).rc == TIMEOUT
        with serving(gearmand, late=lambda job, _: job.workload()):
            wait_until(lambda: queued(gearmand, "late") == 0, "the result is sent")
        assert ASK[ask](client, gearmand) is True
        assert_works(client, gearmand)

    def test_running_tasks(self, gearmand: Gearmand, ask: str) -> None:
        """A run that was interrupted continues afterwards, and every result arrives."""
        client = client_of(gearmand)
        seen: list[bytes | bool] = []
        client.setCompleteCallback(lambda task: seen.append(task.data()))
        for number in range(3):
            client.addTask("late", f"{number}")
        client.setTimeout(50)
        with pytest.warns(match="runTasks"):
            assert client.runTasks() is False
        client.setTimeout(15_000)
        with serving(gearmand, late=lambda job, _: job.workload()):
            wait_until(lambda: queued(gearmand, "late") == 0, "the results are sent")
            assert ASK[ask](client, gearmand) is True
            assert client.runTasks() is True
        assert sorted(seen) == [b"0", b"1", b"2"]
        assert_works(client, gearmand)

    def test_exceptions_are_still_asked_for(self, gearmand: Gearmand, ask: str) -> None:
        """A client that asks for them after it has abandoned a job gets their texts."""

        def fail(job: object, context: object) -> None:
            raise ValueError("text")

        client = GearmanClient()
        client.addServer(gearmand.host, gearmand.port, False)
        assert client._submit(JobKind.NORMAL, b"late", b"x", timeout_ms=50).rc == TIMEOUT
        assert ASK[ask](client, gearmand) is True
        with serving(gearmand, failing=fail):
            reply = client._submit(JobKind.NORMAL, b"failing", b"x", timeout_ms=15_000)
        assert reply.exception == (None if ask == "ping" else b"text")


@pytest.mark.parametrize("ask", ASK)
class TestWorker:
    """The server may be sending a job, or waking the worker up, at that moment."""

    def test_a_job_for_an_interrupted_worker(self, gearmand: Gearmand, ask: str) -> None:
        """work() was interrupted after it had requested a job. The next work() runs the job."""
        worker = worker_of(gearmand, waiting=lambda job, _: job.workload())
        client_of(gearmand).doBackground("waiting", "x")
        worker.setTimeout(50)
        with frozen(gearmand):
            assert worker.work() is False
        worker.setTimeout(15_000)
        assert ASK[ask](worker, gearmand) is True
        assert worker.work() is True
        wait_until(lambda: queued(gearmand, "waiting") == 0, "it is done")

    def test_a_worker_that_is_woken_up(self, gearmand: Gearmand, ask: str) -> None:
        """A job arrived while the worker was not waiting."""
        worker = worker_of(gearmand, waiting=lambda job, _: job.workload())
        worker.setTimeout(50)
        assert worker.work() is False
        assert is_served(gearmand, "waiting")
        client_of(gearmand).doBackground("waiting", "x")
        worker.setTimeout(15_000)
        assert ASK[ask](worker, gearmand) is True
        assert worker.work() is True


def test_interrupted_at_any_point(gearmand: Gearmand) -> None:
    """A handler that raises at any moment, even in short calls, never leaves a client or worker marked as in use."""
    program = """
import random
random.seed(1)
class Stop(Exception): pass
def handle(number, frame): raise Stop
signal.signal(signal.SIGALRM, handle)
client, worker = client_of(*PORTS), worker_of(*PORTS)
stopped = 0
while stopped < 4000:
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 3e-4))
        while True:
            client.timeout(), client.jobStatus("H:test:99"), worker.addFunction("f", echo), worker.unregister("f")
    except Stop: stopped += 1
say(client.ping("x"), client.doBackground("f", "x") != "", worker.addFunction("f", echo), worker.work())
"""
    with Child(program, gearmand.port) as child:
        child.expect("True True True True")
        assert child.end() == 0, child.errors()


def test_interrupted_queries(gearmand: Gearmand) -> None:
    """SIGINT during a ping does not affect running tasks."""
    program = """
client, seen = client_of(*PORTS), []
client.setCompleteCallback(lambda task: seen.append(task.data()))
client.addTask("late", "x")
client.setTimeout(50)
client.runTasks()
client.setTimeout(-1)
say("ready")
sys.stdin.readline()
try: client.ping("x")
except KeyboardInterrupt: say("interrupted")
sys.stdin.readline()
say(client.runTasks(), seen)
"""
    with Child(program, gearmand.port) as child:
        child.expect("ready")
        with frozen(gearmand):
            child.go_on()
            child.await_blocked()
            child.send(signal.SIGINT)
            child.expect("interrupted")
        with serving(gearmand, late=lambda job, _: job.workload()):
            child.go_on()
            child.expect("True [b'x']")
        assert child.end() == 0, child.errors()
