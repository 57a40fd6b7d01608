"""Retries in a fleet with clients and workers in PHP."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

from gearman_cffi import Client, Job, JobCollection
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import is_served, queued, wait_until

pytestmark = pytest.mark.php

CLIENT = """
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int)$argv[1]);
$client->setTimeout(20000);
$client->doBackground('flaky', serialize('unmarked'), 'k1');
$client->doBackground('flaky', serialize('marked'), 'k2~try1/3');
@$client->doNormal('flaky', serialize('waiting'), 'k3');
echo $client->returnCode() === GEARMAN_SUCCESS ? 'succeeded' : 'failed';
"""
WORKER = """
$worker = new GearmanWorker();
$worker->addServer('127.0.0.1', (int)$argv[1]);
$worker->addFunction('flaky', function ($job) use ($argv) {
    file_put_contents($argv[2], $job->unique() . ' ' . unserialize($job->workload()) . "\\n", FILE_APPEND);
});
while (@$worker->work());
"""


def test_a_client_in_php(gearmand: Gearmand) -> None:
    """Its jobs are tried again if they are marked, or if the handler opts in; a call that waits gets the failure."""
    calls: list[tuple[Any, int, int | None, str | None]] = []
    jobs = JobCollection()

    @jobs.handler("flaky", retries=1, backoff=0)
    def flaky(job: Job) -> None:
        calls.append((job.get_workload(), job.attempt, job.last_attempt, job.unique))
        if job.attempt == 1:
            raise OSError("not at once")

    with running(gearmand, jobs):
        php = ["php", "-r", CLIENT, "--", str(gearmand.port)]
        done = subprocess.run(php, capture_output=True, text=True, check=True, timeout=40)
        wait_until(lambda: len(calls) == 6 and not queued(gearmand, "flaky"), "all are done in their second attempts")
    assert done.stdout == "failed"
    assert {call for call in calls if call[1] == 2} == {
        ("unmarked", 2, 2, "k1"),
        ("marked", 2, 3, "k2"),
        ("waiting", 2, 2, "k3"),
    }


def test_a_worker_in_php(gearmand: Gearmand, tmp_path: Any) -> None:
    """It serves the attempts as any job, and sees the mark in their keys."""
    jobs = JobCollection()

    @jobs.handler("flaky", backoff=0)
    def flaky(job: Job) -> None:
        time.sleep(0.1)  # 98 attempts must not be over before PHP has begun
        raise OSError("only PHP can do it")

    client = Client(gearmand.address, timeout=20)
    with running(gearmand, jobs):
        client.execute_in_background("flaky", "é", unique="k", retries=98)
        log = tmp_path / "log"
        worker = subprocess.Popen(["php", "-r", WORKER, "--", str(gearmand.port), str(log)])
        try:
            wait_until(lambda: is_served(gearmand, "flaky") and not queued(gearmand, "flaky"), "PHP has done it")
        finally:
            worker.kill()
            worker.wait()
    key, workload = log.read_text().split()
    assert key.startswith("k~try")
    assert key.endswith("/99")
    assert workload == "é"
