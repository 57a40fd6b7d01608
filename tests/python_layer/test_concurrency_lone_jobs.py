"""Jobs that run alone in a worker that runs several jobs at once: for the pool, after deaths of its processes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gearman_cffi import Client, FunctionHandler, Job, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running_already
from tests.support import queued, wait_until


class Gates:
    """A handler that waits until the gate of its job is open. begun: the jobs, each with those that ran already."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, ...]] = []
        self.running: list[str] = []
        self.gates: dict[str, threading.Event] = defaultdict(threading.Event)

    def work(self, job: Job) -> None:
        name = job.get_workload()
        self.begun.append((name, *self.running))
        self.running.append(name)
        assert self.gates[name].wait(20)
        self.running.remove(name)

    def await_begun(self, *names: str) -> None:
        wait_until(lambda: {name for name, *_ in self.begun} == set(names), f"{names} have begun")


@pytest.fixture
def gates() -> Gates:
    return Gates()


@contextmanager
def worker_of(server: Gearmand, gates: Gates) -> Iterator[Worker]:
    worker = Worker(server.address, [FunctionHandler("work", gates.work)], concurrency=4, idle_interval=0.1)
    worker._set_lone_jobs(lambda handler, job: str(job.get_workload()).startswith("alone"))
    with running_already(worker):
        yield worker


@pytest.fixture
def submit(gearmand: Gearmand, gates: Gates) -> Callable[[str], None]:
    """Submits a job, and waits until a worker has it."""
    client = Client(gearmand.address, timeout=20)

    def submit_one(name: str) -> None:
        handle = client.execute_in_background("work", name)
        wait_until(lambda: client.get_job_status(handle).is_running, f"{name} is taken")

    return submit_one


def test_it_waits_for_the_others_and_they_wait_for_it(
    gearmand: Gearmand, gates: Gates, submit: Callable[[str], None]
) -> None:
    with worker_of(gearmand, gates):
        for name in ("a", "b", "alone"):
            submit(name)
        Client(gearmand.address).execute_jobs_in_background([Job("work", name) for name in ("alone too", "c", "d")])
        gates.gates["a"].set()
        wait_until(lambda: gates.running == ["b"], "one is done")
        gates.gates["b"].set()
        gates.await_begun("a", "b", "alone")
        gates.gates["alone"].set()
        gates.await_begun("a", "b", "alone", "alone too")
        gates.gates["alone too"].set()
        gates.await_begun("a", "b", "alone", "alone too", "c", "d")
        for name in "cd":
            gates.gates[name].set()
        wait_until(lambda: not queued(gearmand, "work"), "all are done")
    assert gates.begun[2:4] == [("alone",), ("alone too",)]


def test_the_worker_is_stopped_while_it_waits(
    gearmand: Gearmand, gates: Gates, submit: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """It goes to another worker."""
    with worker_of(gearmand, gates) as worker:
        submit("a")
        submit("alone")
        worker.stop()
        wait_until(lambda: "goes back to the server" in caplog.text, "it is left to others")
        gates.gates["a"].set()
    assert gates.begun == [("a",)]
    wait_until(lambda: queued(gearmand, "work") == 1, "the server has read the answer of the other one")
    gates.gates["alone"].set()
    with worker_of(gearmand, gates):
        wait_until(lambda: not queued(gearmand, "work"), "it is done")
    assert gates.begun == [("a",), ("alone",)]
