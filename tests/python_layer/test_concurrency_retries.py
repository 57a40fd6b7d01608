"""Jobs that are tried again by a worker that runs several jobs at once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from gearman_cffi import Client, FunctionHandler, Job, Retry, Worker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import wait_until


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
