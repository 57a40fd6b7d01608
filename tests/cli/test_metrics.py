"""Prometheus metrics: the subscriber, the processes of a pool, and the exporter of the servers' queues."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gearman_cffi import Admin, Client, EventDispatcher, FunctionHandler, GearmanError, Job, JobCollection
from gearman_cffi.cli.exporter import collect
from gearman_cffi.subscribers.metrics import Metrics
from gearman_cffi.testing import Gearmand
from gearman_cffi.testing._helpers import free_port
from tests.cli.programs import run
from tests.pool.commands import WorkerCommand
from tests.python_layer.workers import handlers, running
from tests.support import INSTALLED, client_of, wait_until

Samples = Mapping[tuple[str, str], float]


def read(text: str, label: str = "function") -> Samples:
    """The values by name and one label."""
    families = text_string_to_metric_families(text)
    return {(one.name, one.labels.get(label, "")): one.value for family in families for one in family.samples}


def scrape(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return read(answer.read().decode())


def test_subscriber(gearmand: Gearmand) -> None:
    """Jobs, failures, durations and idle time are each counted once."""

    def fail(job: Job) -> None:
        raise ValueError

    registry, dispatcher = CollectorRegistry(), EventDispatcher()
    dispatcher.add_subscriber(Metrics(registry))
    client = Client(gearmand.address, timeout=20)
    with running(gearmand, handlers(good=lambda job: 1, bad=fail), dispatcher):
        for _ in range(3):
            client.execute_job("good", 1)
        with pytest.raises(GearmanError):
            client.execute_job("bad", 1)
    found = read(generate_latest(registry).decode())
    assert found["gearman_worker_jobs_total", "good"] == 3
    assert found["gearman_worker_jobs_total", "bad"] == 1
    assert found["gearman_worker_failures_total", "bad"] == 1
    assert ("gearman_worker_failures_total", "good") not in found
    assert found["gearman_worker_job_duration_seconds_count", "good"] == 3
    assert 0 < found["gearman_worker_idle_seconds_total", ""] < 60


def test_subscriber_with_retries(gearmand: Gearmand) -> None:
    """A job that is submitted again is counted each time, and is a failure after its last attempt only."""
    registry, dispatcher, jobs = CollectorRegistry(), EventDispatcher(), JobCollection()
    dispatcher.add_subscriber(Metrics(registry))
    gave_up = threading.Event()

    @jobs.handler("bad", backoff=0, gave_up=lambda *_: gave_up.set())
    def fail(job: Job) -> None:
        raise ValueError

    with running(gearmand, jobs, dispatcher):
        Client(gearmand.address, timeout=20).execute_in_background("bad", 1, retries=2)
        assert gave_up.wait(20)
    found = read(generate_latest(registry).decode())
    assert found["gearman_worker_jobs_total", "bad"] == 3
    assert found["gearman_worker_job_duration_seconds_count", "bad"] == 3
    assert found["gearman_worker_failures_total", "bad"] == 1


def test_subscriber_with_many_jobs_at_once(gearmand: Gearmand) -> None:
    """Each job's own time counts, and time counts as idle only while no job runs."""

    async def wait(job: Job) -> None:
        await asyncio.sleep(job.get_workload())
        if job.get_workload() == 0:
            raise ValueError

    registry, dispatcher = CollectorRegistry(), EventDispatcher()
    dispatcher.add_subscriber(Metrics(registry))
    client = Client(gearmand.address, timeout=20)
    with running(gearmand, [FunctionHandler("wait", wait)], dispatcher, concurrency=10):
        client.execute_jobs([Job("wait", seconds) for seconds in (0.3, 0.2, 0.2, 0)], on_error="return")
    found = read(generate_latest(registry).decode())
    assert found["gearman_worker_jobs_total", "wait"] == 4
    assert found["gearman_worker_failures_total", "wait"] == 1
    assert found["gearman_worker_job_duration_seconds_count", "wait"] == 4
    assert found["gearman_worker_job_duration_seconds_sum", "wait"] >= 0.7
    assert found["gearman_worker_idle_seconds_total", ""] < 5


def test_pool(gearmand: Gearmand, tmp_path: Path) -> None:
    """The metrics of all processes are added up, including ended ones, and the number of files does not grow."""
    port = free_port("127.0.0.1")
    options = ["-p2", "--max-jobs=5", "--splay=0", f"--metrics-port={port}"]
    with WorkerCommand(tmp_path, gearmand, *options, TMPDIR=str(tmp_path)) as command:
        command.await_ready()
        client = Client(gearmand.address, timeout=20)
        pids = {client.execute_job("pid", 1) for _ in range(60)}
        assert len(pids) >= 10
        wait_until(lambda: scrape(port).get(("gearman_worker_jobs_total", "pid")) == 60, "all jobs are counted")
        (directory,) = tmp_path.glob("gearman-cffi-metrics-*")
        assert len(list(directory.glob("counter_*"))) <= 4
        command.send(signal.SIGTERM)
        assert command.end() == 0
        assert not directory.exists()


def test_exporter(gearmand: Gearmand) -> None:
    """The names are those of bakins/gearman-exporter. A server that does not answer is down; the others are listed."""
    Client(gearmand.address).execute_in_background("mail", "x")
    servers = f"{gearmand.address},127.0.0.1:1"
    program = [sys.executable, "-m", "gearman_cffi", "exporter", "--port=0", "-s", servers]
    environment = {**os.environ, "PYTHONPATH": str(INSTALLED)}
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environment) as exporter:
        try:
            assert exporter.stderr is not None
            port = int(exporter.stderr.readline().rpartition(":")[2].partition("/")[0])
            found = scrape(port)
            assert found["gearman_status_total", "mail"] == 1
            assert found["gearman_status_running", "mail"] == 0
            assert found["gearman_status_workers", "mail"] == 0
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
                up = read(answer.read().decode(), "server")
            assert up["gearman_up", gearmand.address] == 1
            assert up["gearman_up", "127.0.0.1:1"] == 0
            exporter.terminate()
            assert exporter.wait(20) == 0
        finally:
            exporter.kill()


def test_exporter_and_names_that_are_not_utf8(gearmand: Gearmand) -> None:
    """Each function has a series of its own: Prometheus keeps one of several that have the same labels."""
    names = [b"f\xfc", b"f\xfd", b"f?", b"f\xc3\xbc"]
    for name in names:
        client_of(gearmand).doBackground(name, b"x")
    total = next(one for one in collect(Admin(gearmand.address)) if one.name == "gearman_status_total")
    labels = [sample.labels["function"] for sample in total.samples]
    assert sorted(labels) == sorted([r"f\udcfc", r"f\udcfd", "f?", "f\xfc"])


def test_address_in_use(gearmand: Gearmand, tmp_path: Path) -> None:
    """The error message contains the address."""
    said = f"cannot listen on 127.0.0.1:{gearmand.port}: Address already in use"
    ended = run(gearmand, "exporter", f"--port={gearmand.port}")
    assert (ended.code, said in ended.err) == (1, True)
    with WorkerCommand(tmp_path, gearmand, f"--metrics-port={gearmand.port}") as command:
        assert command.end() == 1
        assert said in command.log
