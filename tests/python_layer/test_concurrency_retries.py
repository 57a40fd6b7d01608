"""Jobs that are tried again by a worker that runs several jobs at once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, FunctionHandler, Job, JobCollection, Retry, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import KINDS
from tests.python_layer.workers import running
from tests.support import queued, wait_until


def test_jobs_that_fail_at_the_same_time(gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their threads share the client that submits them again."""
    clients: list[Client] = []
    new_client = Worker._new_retry_client
    barrier, done = threading.Barrier(4), []

    def new_client_slowly(worker: Worker) -> Client:
        clients.append(new_client(worker))
        time.sleep(0.05)
        return clients[-1]

    def fails_once(job: Job) -> Any:
        if job.attempt == 1:
            barrier.wait(20)
            raise Retry(delay=0)
        done.append(job.get_workload())

    monkeypatch.setattr(Worker, "_new_retry_client", new_client_slowly)
    with running(gearmand, [FunctionHandler("f", fails_once)], concurrency=4):
        client = Client(gearmand.address)
        for number in range(4):
            client.execute_in_background("f", number, retries=1)
        wait_until(lambda: sorted(done) == [0, 1, 2, 3], "all are done")
    assert len(clients) == 1


@KINDS
def test_gave_up_takes_a_while(gearmand: Gearmand, kind: str) -> None:
    """Other jobs go on. The job is answered after it, and its events come in the thread of run() as all others."""
    begun, may_end = threading.Event(), threading.Event()
    events: list[tuple[str, str, str]] = []

    def gave_up(job: Job, error: BaseException) -> None:
        begun.set()
        assert may_end.wait(20)
        raise OSError("no letter box")

    def fail(job: Job) -> None:
        raise ValueError("wrong")

    async def fail_in_loop(job: Job) -> None:
        fail(job)

    def note(event: Any) -> None:
        events.append((event.name.rpartition(".")[2], str(event.exception), threading.current_thread().name))

    jobs, dispatcher = JobCollection([FunctionHandler("good", lambda job: "fine")]), EventDispatcher()
    jobs.handler("bad", gave_up=gave_up)(fail if kind == "plain" else fail_in_loop)
    for name in (EventName.FUNCTION_FAILURE, EventName.FUNCTION_GAVE_UP, EventName.WORKER_FAILURE):
        dispatcher.add_listener(name, note)
    client = Client(gearmand.address, timeout=20)
    with running(gearmand, jobs, dispatcher, concurrency=2):
        client.execute_in_background("bad", 1, retries=0)
        assert begun.wait(20)
        assert client.execute_job("good", 1) == "fine"
        assert queued(gearmand, "bad") == 1
        may_end.set()
        wait_until(lambda: not queued(gearmand, "bad"), "it is answered")
    assert [event[:2] for event in events] == [
        ("on_failure", "no letter box"),
        ("on_failure", "wrong"),
        ("gave_up", "wrong"),
    ]
    assert len({thread for *_, thread in events}) == 1
    assert not events[0][-1].startswith("gearman-")
