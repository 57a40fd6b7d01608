"""The submission of the next attempt of a job: servers that do not answer, errors, and a job timeout meanwhile."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    ConnectionLost,
    EventDispatcher,
    EventName,
    Job,
    JobCollection,
    Server,
    ServerCollection,
    Worker,
)
from gearman_cffi._worker.running_job import RunningJob
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server
from tests.python_layer.workers import running, running_already
from tests.support import HOST, queued, wait_until

JOB_CREATED = b"\0RES\0\0\0\x08"


class Proxy:
    """Forwards to a gearmand. on_created: called when it has taken a job, before the client learns it.

    It returns whether the client is to learn it; or raises OSError, which closes the connection.
    """

    def __init__(self, server: Gearmand, on_created: Callable[[], bool]) -> None:
        self._port = server.port
        self._on_created = on_created

    def serve(self, connection: socket.socket, number: int) -> None:
        with socket.create_connection((HOST, self._port)) as server:
            while True:
                for one in select.select([connection, server], [], [], 20)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    if one is connection:
                        server.sendall(data)
                    elif not data.startswith(JOB_CREATED) or self._on_created():
                        connection.sendall(data)


@contextmanager
def proxy(server: Gearmand, on_created: Callable[[], bool]) -> Iterator[str]:
    """Yields the address of a proxy."""
    with fake_server(Proxy(server, on_created).serve) as port:
        yield f"{HOST}:{port}"


class Seen(EventDispatcher):
    """Records the events of jobs, with the attempt and the exception."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[str, int, str]] = []
        self.errors: list[BaseException] = []
        for name in (EventName.FUNCTION_RETRY, EventName.FUNCTION_FAILURE, EventName.FUNCTION_GAVE_UP):
            self.add_listener(name, self.on_event)

    def on_event(self, event: Any) -> None:
        self.events.append((event.name.rpartition(".")[2], event.job.attempt, str(event.exception)))
        self.errors.append(event.exception)


class Attempts:
    """A handler, plain or a coroutine, that succeeds in its second attempt. made: its attempts, by number."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def plain(self, job: Job) -> str:
        self.made.append(job.attempt)
        if job.attempt == 1:
            raise OSError("disk is full")
        return "done"

    async def coroutine(self, job: Job) -> str:
        return self.plain(job)

    def collection(self, kind: str, **options: Any) -> JobCollection:
        jobs = JobCollection()
        jobs.handler("flaky", **options)(getattr(self, kind))
        return jobs


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker waits for 0.3 s, not 10, until a server has taken a job."""
    monkeypatch.setattr("gearman_cffi.worker._RETRY_TIMEOUT", 0.3)


def submit(server: Gearmand) -> None:
    Client(server.address, timeout=20).execute_in_background("flaky", 1, retries=3)


class Losing:
    """For a Proxy: loses the first answers. closes: by the end of the connection; otherwise by silence."""

    def __init__(self, answers: int, closes: bool) -> None:
        self.lost = 0
        self._answers = answers
        self._closes = closes

    def __call__(self) -> bool:
        self.lost += 1
        if self.lost > self._answers:
            return True
        if self._closes:
            raise OSError
        return False


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
class TestNoAnswer:
    # After a lost connection a client submits the job once more by itself.
    @pytest.mark.parametrize(("answers", "closes"), [(1, False), (2, True)], ids=["silence", "lost connections"])
    def test_the_server_has_the_attempt(self, gearmand: Gearmand, kind: str, answers: int, closes: bool) -> None:
        """The worker submits it again, and the server joins both: it is made once."""
        attempts, losing = Attempts(), Losing(answers, closes)
        with proxy(gearmand, losing) as address, running(address, attempts.collection(kind, backoff=0)):
            submit(gearmand)
            wait_until(lambda: attempts.made and not queued(gearmand, "flaky"), "it is done")
        assert losing.lost > answers
        assert attempts.made == [1, 2]

    def test_for_too_long(self, gearmand: Gearmand, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then the worker makes the attempt itself. So may another one: twice, but not never."""
        monkeypatch.setattr("gearman_cffi._worker.retrier.MAX_WAIT", 0.1)
        attempts, losing = Attempts(), Losing(1, closes=False)
        with proxy(gearmand, losing) as address, running(address, attempts.collection(kind, backoff=0)):
            submit(gearmand)
            wait_until(lambda: attempts.made and not queued(gearmand, "flaky"), "it is done")
        assert attempts.made == [1, 2, 2]

    def test_the_worker_is_stopped(self, gearmand: Gearmand, kind: str) -> None:
        """The attempt that has failed stays with the server, beside the next one."""
        attempts, losing = Attempts(), Losing(99, closes=False)
        with proxy(gearmand, losing) as address, running(address, attempts.collection(kind, backoff=0)):
            submit(gearmand)
            wait_until(lambda: losing.lost, "the next attempt was submitted")
        assert attempts.made == [1]
        assert queued(gearmand, "flaky") == 2
        with running(gearmand, attempts.collection(kind, backoff=0)):
            wait_until(lambda: not queued(gearmand, "flaky"), "both are done")
        assert attempts.made.count(1) == 2
        assert 2 in attempts.made


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
@pytest.mark.parametrize("error", [OSError("no more memory"), ValueError("no such host"), RuntimeError("?")], ids=repr)
def test_the_submission_raises(
    gearmand: Gearmand, kind: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is: the worker makes the attempt itself."""

    class Servers(ServerCollection):
        def get_servers(self) -> list[Server]:
            if attempts.made:
                raise error
            return super().get_servers()

    attempts, seen = Attempts(), Seen()
    worker = Worker(Servers([gearmand.address]), attempts.collection(kind, backoff=0), seen)
    with running_already(worker):
        submit(gearmand)
        wait_until(lambda: attempts.made and not queued(gearmand, "flaky"), "it is done")
    assert attempts.made == [1, 2]
    assert seen.events == [("on_retry", 1, "disk is full")]
    assert f"could not be submitted again: {type(error).__name__}: {error}" in caplog.text


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
@pytest.mark.parametrize("delays", [[], [-1.0]], ids=["it raises", "negative"])
def test_the_backoff_is_wrong(
    gearmand: Gearmand,
    kind: str,
    delays: list[float],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log says so, and the next attempt comes after the default backoff."""
    monkeypatch.setattr("random.uniform", lambda least, most: 0.0)  # less a random part: all of it
    attempts, seen = Attempts(), Seen()
    client = Client(gearmand.address, timeout=20)
    with running(gearmand, attempts.collection(kind, backoff=lambda attempt: delays[attempt - 1]), seen):
        assert client.execute_job("flaky", 1, retries=3) == "done"
    assert attempts.made == [1, 2]
    assert seen.events == [("on_retry", 1, "disk is full")]
    assert "the backoff of job H:test:1 (flaky) raised an exception; the default is used instead" in caplog.text
    assert ("InvalidArgument" if delays else "IndexError") in caplog.text


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
@pytest.mark.parametrize("is_foreground", [False, True], ids=["background", "foreground"])
def test_the_connection_of_the_job_is_lost(gearmand: Gearmand, kind: str, is_foreground: bool) -> None:
    """The server gives the job to a worker again: what the handler raises is no attempt that has failed."""
    connections: list[socket.socket] = []
    made: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        connections.append(connection)
        Proxy(gearmand, lambda: True).serve(connection, number)

    def plain(job: Job) -> str:
        made.append(job.attempt)
        if len(made) == 1:
            for connection in connections:
                connection.shutdown(socket.SHUT_RDWR)
            while True:
                job.send_status(1, 2)
                time.sleep(0.005)
        return "done"

    async def coroutine(job: Job) -> str:
        return plain(job)

    jobs, seen, client = JobCollection(), Seen(), Client(gearmand.address, timeout=20)
    jobs.handler("flaky", backoff=0)(plain if kind == "plain" else coroutine)
    with fake_server(serve) as port, running(f"{HOST}:{port}", jobs, seen, idle_interval=0.1):
        if is_foreground:
            assert client.execute_job("flaky", 1, retries=3) == "done"
        else:
            submit(gearmand)
            wait_until(lambda: made and not queued(gearmand, "flaky"), "it is done")
    assert made == [1, 1]
    assert [name for name, *_ in seen.events] == ["on_failure"]
    assert isinstance(seen.errors[0], ConnectionLost)


def test_the_job_timeout_of_a_coroutine(gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes while the attempt is submitted. A job that the server has again does not fail as well."""
    submitted, cancelled, seen = threading.Event(), threading.Event(), Seen()
    cancel = RunningJob.cancel

    def noted_cancel(*arguments: Any) -> None:
        cancel(*arguments)
        cancelled.set()

    def on_created() -> bool:
        submitted.set()
        return cancelled.wait(20)

    monkeypatch.setattr(RunningJob, "cancel", noted_cancel)
    attempts = Attempts()
    with proxy(gearmand, on_created) as address:
        worker = Worker(address, attempts.collection("coroutine", backoff=0), seen)
        worker._set_time_limits(lambda function: None if submitted.is_set() else 1.0, None)
        with running_already(worker):
            submit(gearmand)
            wait_until(lambda: attempts.made and not queued(gearmand, "flaky"), "it is done")
    assert cancelled.is_set()
    assert attempts.made == [1, 2]
    assert seen.events == [("on_retry", 1, "disk is full")]
