"""Timeouts of a client, of a worker and of one call."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWarning, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import client_of, frozen, queued, serving, wait_until, worker_of

TIMEOUT = 47


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


def take_time(client: GearmanClient, function: str, workload: str) -> float:
    """Returns how long doNormal() takes to fail, in seconds."""
    begin = time.monotonic()
    with pytest.warns(GearmanWarning, match=r"^GearmanClient::doNormal\(\): .*TIMEOUT"):
        assert client.doNormal(function, workload) == b""
    assert client.returnCode() == TIMEOUT
    return time.monotonic() - begin


class TestClient:
    """GearmanClient.setTimeout(), in milliseconds."""

    def test_no_worker(self, gearmand: Gearmand) -> None:
        """After the timeout doNormal() returns b"" with a warning and return code 47. The job stays queued."""
        client = client_of(gearmand)
        client.setTimeout(300)
        assert 0.29 < take_time(client, "slow", "x") < 2
        assert queued(gearmand, "slow") == 1

    def test_the_next_job_gets_its_own_answer(self, gearmand: Gearmand) -> None:
        """The next job of the same client does not get late answers of abandoned jobs."""
        client = client_of(gearmand)
        client.setTimeout(100)
        for number in range(3):
            take_time(client, "late", f"given up {number}")
        client.setTimeout(15_000)
        with serving(gearmand, other=echo) as other:
            assert client.doNormal("other", "1") == b"1"
            with serving(gearmand, late=echo):
                wait_until(lambda: queued(gearmand, "late") == 0, "the late answers are sent")
                for number in range(20):
                    assert client.doNormal("other", f"{number}") == b"%d" % number
                    assert client.doNormal("late", f"new {number}") == b"new %d" % number
                assert client.jobStatus(client.doBackground("late", "x"))[2:] == [0, 0]
                assert client.ping("x") is True
        assert other.raised == []

    def test_a_timeout_of_zero(self, gearmand: Gearmand) -> None:
        """With a timeout of 0 calls that have to wait fail with 47, and the client can be used afterwards."""
        client = client_of(gearmand)
        client.setTimeout(0)
        for _ in range(20):
            assert take_time(client, "never", "x") < 2
        client.setTimeout(-1)
        with serving(gearmand, other=echo):
            assert client.doNormal("other", "x") == b"x"

    def test_an_answer_in_time(self, shared_gearmand: Gearmand) -> None:
        """A timeout that does not expire changes nothing."""
        client = client_of(shared_gearmand)
        client.setTimeout(15_000)
        with serving(shared_gearmand, in_time=echo):
            assert client.doNormal("in_time", "x") == b"x"
            assert client.returnCode() == 0
            assert client.timeout() == 15_000

    @pytest.mark.parametrize("method", ["doBackground", "jobStatus", "ping"])
    def test_a_server_that_does_not_answer(self, gearmand: Gearmand, method: str) -> None:
        """Every call of a client ends after the timeout, and works again when the server does."""
        client = client_of(gearmand)
        arguments = ("background", "x") if method == "doBackground" else ("H:test:1",)
        client.setTimeout(200)
        with frozen(gearmand), pytest.warns(GearmanWarning, match=rf"^GearmanClient::{method}\(\): "):
            result = getattr(client, method)(*arguments)
        assert result in ("", False, [False, False, 0, 0])
        assert client.returnCode() == TIMEOUT
        client.setTimeout(15_000)
        handle = client.doBackground("background", "y")
        assert client.jobStatus(handle) == [True, False, 0, 0]
        assert client.ping("x") is True

    def test_of_one_call(self, gearmand: Gearmand) -> None:
        """The timeout of _submit() bounds the whole call, even if data keeps coming. The client's timeout stays."""

        def trickle(job: GearmanJob, context: Any) -> None:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and queued(gearmand, "release") == 0:
                job.sendData("x")
                time.sleep(0.02)

        client = client_of(gearmand)
        client.setTimeout(5000)
        with serving(gearmand, trickle=trickle, other=echo):
            begin = time.monotonic()
            reply = client._submit(JobKind.NORMAL, b"trickle", b"x", timeout_ms=300)
            assert 0.29 < time.monotonic() - begin < 2
            assert (reply.rc, reply.data) == (TIMEOUT, None)
            assert client.timeout() == 5000
            client.doBackground("release", "x")
            assert client._submit(JobKind.NORMAL, b"other", b"y", timeout_ms=10_000).data == b"y"

    def test_a_connection_that_is_open_stays_open(self, gearmand: Gearmand) -> None:
        """The 5 s that opening a connection may take are over: a large answer, which comes in parts, is not late."""
        large = b"x" * 16_000_000
        client = client_of(gearmand)
        with serving(gearmand, echo=echo):
            begin = time.monotonic()
            assert client.doNormal("echo", "x") == b"x"
            wait_until(lambda: time.monotonic() - begin > 5.2, "the 5 s are over")
            for _ in range(3):
                assert client.doNormal("echo", large) == large
            assert client.ping("x")


class TestWorker:
    """GearmanWorker.setTimeout(), in milliseconds."""

    def test_an_idle_worker(self, shared_gearmand: Gearmand) -> None:
        """work() returns False after the timeout, with return code 47 and without a warning, every time."""
        worker = worker_of(shared_gearmand, worker_timeout=echo)
        worker.setTimeout(200)
        for _ in range(3):
            begin = time.monotonic()
            assert worker.work() is False
            assert 0.19 < time.monotonic() - begin < 2
            assert worker.returnCode() == TIMEOUT

    def test_a_job_after_a_timeout(self, shared_gearmand: Gearmand) -> None:
        """The worker runs jobs that come after a timeout."""
        worker = worker_of(shared_gearmand, worker_timeout=echo)
        worker.setTimeout(50)
        client = client_of(shared_gearmand)
        for _ in range(3):
            assert worker.work() is False
            handle = client.doBackground("worker_timeout", "x")
            worker.setTimeout(15_000)
            assert worker.work() is True
            assert worker.returnCode() == 0
            worker.setTimeout(50)
            wait_until(lambda handle=handle: not client.jobStatus(handle)[0], "the job is done")  # type: ignore[misc]

    def test_a_job_takes_as_long_as_it_takes(self, gearmand: Gearmand) -> None:
        """The timeout bounds the wait for a job, but not the job itself."""

        def slow(job: GearmanJob, context: Any) -> None:
            begin = time.monotonic()
            wait_until(lambda: time.monotonic() - begin > 0.3, "more than the timeout is over")

        worker = worker_of(gearmand, slow=slow)
        client_of(gearmand).doBackground("slow", "x")
        worker.setTimeout(100)
        assert worker.work() is True

    def test_a_server_that_does_not_answer(self, gearmand: Gearmand) -> None:
        """work() ends after the timeout, and the worker serves the server when it answers again."""
        worker = worker_of(gearmand, silent=echo)
        worker.setTimeout(200)
        with frozen(gearmand):
            assert worker.work() is False
        assert worker.returnCode() == TIMEOUT
        worker.setTimeout(15_000)
        client_of(gearmand).doBackground("silent", "x")
        assert worker.work() is True


class TestTimeLimits:
    """With a timeout of addFunction() the server gives a job that takes longer to another worker."""

    def test_a_late_answer(self, gearmand: Gearmand) -> None:
        """The server refuses the late answer, which work() reports. The worker keeps its id and runs the job again."""
        runs: list[bytes] = []

        def slow(job: GearmanJob) -> bytes:
            runs.append(job.workload())
            if len(runs) == 1:
                wait_until(lambda: running(gearmand, "slow") == 0, "the time is over")
            return b"done"

        worker = worker_of(gearmand)
        worker.setId("the-slow-one")
        worker.addFunction("slow", slow, None, 1)
        client_of(gearmand).doBackground("slow", "x")
        assert worker.work() is True  # what is done is sent; the refusal comes after it
        with pytest.warns(GearmanWarning, match="UNEXPECTED_PACKET"):
            assert worker.work() is False
        assert worker.work() is True
        assert runs == [b"x", b"x"]
        wait_until(lambda: queued(gearmand, "slow") == 0, "it is done")
        assert "the-slow-one" in gearmand.ask("workers")


def running(gearmand: Gearmand, function: str) -> int:
    """Returns how many jobs of a function are running."""
    lines = [line.split("\t") for line in gearmand.ask("status").splitlines()]
    return sum(int(line[2]) for line in lines if line[0] == function)
