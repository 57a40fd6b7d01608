"""gearmand dies and is restarted while programs work and wait."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionLost, EventDispatcher, EventName, Job, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running, running_already
from tests.support import queued, wait_until

JOBS = 200


def test_a_waiting_client_and_a_working_worker(gearmand: Gearmand) -> None:
    """The client gets a clear error, the worker finishes its job and serves again."""
    at_work, go_on = threading.Event(), threading.Event()
    caught: list[BaseException] = []

    def slow(job: Job) -> str:
        at_work.set()
        assert go_on.wait(20)
        return "done"

    def wait_for_it() -> None:
        with pytest.raises(ConnectionLost) as error:
            Client(gearmand.address, timeout=20).execute_job("slow", 1)
        caught.append(error.value)

    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
    with running(gearmand, handlers(slow=slow), dispatcher):
        waiting = threading.Thread(target=wait_for_it, daemon=True)
        waiting.start()
        assert at_work.wait(20)
        gearmand.kill()
        waiting.join(20)
        assert "job H:test:1 (slow)" in str(caught[0])
        assert gearmand.address in str(caught[0])
        gearmand.start()
        go_on.set()
        assert Client(gearmand.address, timeout=20).execute_job("slow", 2) == "done"


def test_jobs_in_a_persistent_queue_are_all_done(tmp_path: Path) -> None:
    """gearmand is killed twice during the work: every job is done at least once."""
    options = ["--queue-type=libsqlite3", f"--libsqlite3-db={tmp_path}/queue.sqlite"]
    done: list[int] = []
    enough, go_on = threading.Event(), threading.Event()

    def job(job: Job) -> None:
        done.append(job.get_workload())
        if len(done) in (JOBS // 4, JOBS // 2):
            enough.set()
            assert go_on.wait(20)
            go_on.clear()

    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
    with Gearmand(options) as server:
        jobs = [Job("keep", number) for number in range(JOBS)]
        assert len(Client(server.address, timeout=20).execute_jobs_in_background(jobs)) == JOBS
        assert queued(server, "keep") == JOBS
        with running(server, handlers(keep=job), dispatcher):
            for _ in range(2):
                assert enough.wait(20)
                enough.clear()
                server.kill()
                go_on.set()
                server.start()
            wait_until(lambda: set(done) == set(range(JOBS)), "all jobs are done")
            wait_until(lambda: queued(server, "keep") == 0, "the queue is empty")
    assert len(done) <= JOBS + 20


def test_a_worker_that_dies_loses_no_job(gearmand: Gearmand) -> None:
    """Another worker gets the job that a worker did not answer; here it is the same program, restarted."""
    tries: list[Any] = []

    def die_first(job: Job) -> str:
        tries.append(job.handle)
        if len(tries) == 1:
            raise SystemExit
        return "done"

    answers: list[Any] = []
    client = threading.Thread(
        target=lambda: answers.append(Client(gearmand.address, timeout=20).execute_job("die", 1)), daemon=True
    )
    client.start()
    worker = Worker(gearmand.address, handlers(die=die_first), signals=())
    with pytest.raises(SystemExit):
        worker.run()
    assert len(tries) == 1
    with running_already(worker):
        client.join(20)
    assert answers == ["done"]
    assert tries == [tries[0]] * 2
