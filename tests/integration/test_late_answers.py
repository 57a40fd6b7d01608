"""A server rejects a late answer, and has assigned the next job meanwhile: that one is run at its first try."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, GearmanError, Job, JobCollection
from gearman_cffi.ext import GEARMAN_IO_WAIT, GEARMAN_SUCCESS, GEARMAN_WORKER_NON_BLOCKING, GearmanJob, GearmanWorker
from gearman_cffi.ext import GEARMAN_UNEXPECTED_PACKET as REJECTED
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import client_of, queued, wait_until, worker_of

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
LIMIT = 1  # in milliseconds, for gearmand 1.1.20


@pytest.fixture
def server() -> Iterator[Gearmand]:
    """One that runs each job once at most."""
    with Gearmand(["--job-retries=1"]) as server:
        yield server


def submit_both(server: Gearmand) -> Callable[[], tuple[int, bytes]]:
    """Submits a job that will be late and then one that has to be run. Returns what gives its code and result."""
    late, innocent = client_of(server), client_of(server)
    late.doBackground("late", "x")
    answers: list[tuple[int, bytes]] = []

    def wait() -> None:
        result = innocent.doNormal("innocent", "x")
        answers.append((innocent.returnCode(), result))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()

    def answer() -> tuple[int, bytes]:
        thread.join(20)
        return answers[0]

    return answer


def is_over(server: Gearmand) -> None:
    """Waits until the server has given the late job up, and has the other one."""
    wait_until(lambda: queued(server, "late") == 0, "the time is over")
    wait_until(lambda: queued(server, "innocent") == 1, "the other job is there")


@pytest.mark.parametrize("non_blocking", [False, True])
def test_work(server: Gearmand, non_blocking: bool) -> None:
    """work() reports the rejection once, and runs the other job."""
    runs: list[bytes] = []

    def late(job: GearmanJob) -> bytes:
        runs.append(b"late")
        is_over(server)
        return b"too late"

    def innocent(job: GearmanJob) -> bytes:
        runs.append(b"innocent")
        return b"done"

    worker = worker_of(server)
    worker.addFunction("late", late, None, LIMIT)
    worker.addFunction("innocent", innocent)
    if non_blocking:
        worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    answer = submit_both(server)
    codes = []
    while len(runs) < 2 or REJECTED not in codes:
        worker.work()
        codes.append(worker.returnCode())
        if codes[-1] == GEARMAN_IO_WAIT:
            worker.wait()
    assert answer() == (GEARMAN_SUCCESS, b"done")
    assert runs == [b"late", b"innocent"]
    assert codes.count(REJECTED) == 1
    assert codes.count(GEARMAN_SUCCESS) == 2


@pytest.mark.parametrize("non_blocking", [False, True])
def test_grab_job(server: Gearmand, non_blocking: bool) -> None:
    """grabJob() reports the rejection once, and brings the other job."""
    worker = worker_of(server)
    worker.register("late", LIMIT)
    worker.register("innocent")
    if non_blocking:
        worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
    codes: list[int] = []
    answer = submit_both(server)
    job = grab(worker, codes)
    is_over(server)
    job.sendComplete("too late")
    job = grab(worker, codes)
    assert job.functionName() == "innocent"
    job.sendComplete("done")
    assert answer() == (GEARMAN_SUCCESS, b"done")
    while REJECTED not in codes:
        worker.grabJob()
        codes.append(worker.returnCode())
        if codes[-1] == GEARMAN_IO_WAIT:
            worker.wait()
    assert codes.count(REJECTED) == 1


def grab(worker: GearmanWorker, codes: list[int]) -> GearmanJob:
    """Grabs until there is a job."""
    while True:
        job = worker.grabJob()
        codes.append(worker.returnCode())
        if job and codes[-1] == GEARMAN_SUCCESS:
            return job
        if codes[-1] == GEARMAN_IO_WAIT:
            worker.wait()


def test_a_worker(server: Gearmand) -> None:
    """A Worker dispatches the rejection as a failure, and runs the other job."""
    failures: list[object] = []
    runs: list[str] = []
    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: failures.append(event.exception))
    jobs = JobCollection()

    @jobs.handler("late", time_limit=1)
    def late(job: Job) -> str:
        runs.append("late")
        is_over(server)
        return "too late"

    @jobs.handler("innocent")
    def innocent(job: Job) -> str:
        runs.append("innocent")
        return "done"

    client = Client(server.address, timeout=20)
    with running(server, jobs, dispatcher):
        client.execute_in_background("late", 1)
        wait_until(lambda: runs, "the job is running")
        assert client.execute_job("innocent", 1) == "done"
        wait_until(lambda: failures, "the rejection is dispatched")
    assert runs == ["late", "innocent"]
    assert len(failures) == 1
    assert isinstance(failures[0], GearmanError)
    assert "longer than its time limit" in str(failures[0])
