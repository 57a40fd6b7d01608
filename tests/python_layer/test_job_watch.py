"""Watching a job while it runs, and the status by unique key."""

from __future__ import annotations

import signal
import threading

import pytest

from gearman_cffi import Client, InvalidArgument, Job, JobException, JobStatus, JobTimeout, JobUpdate, UpdateKind
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import frozen, wait_until


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


def tell(job: Job) -> str:
    job.send_status(1, 4)
    job.send_data("part ")
    job.send_warning("careful")
    job.send_status(2, 4)
    return "end"


class TestWatching:
    def test_an_iterator(self, gearmand: Gearmand, client: Client) -> None:
        with running(gearmand, handlers(tell=tell)):
            watch = client.watch_job("tell", 1)
            updates = list(watch)
            assert watch.result() == watch.result() == "part end"
        assert [update.kind.value for update in updates] == ["created", "status", "data", "warning", "status"]
        assert [update.fraction for update in updates if update.kind is UpdateKind.STATUS] == [0.25, 0.5]
        assert [update.data for update in updates] == [b"", b"", b"part ", b"careful", b""]
        assert {update.handle for update in updates} == {watch.handle}

    def test_an_interruption(self, gearmand: Gearmand, client: Client) -> None:
        """If a signal handler raises, the job continues, and the caller can wait for its answer again."""
        watch = client.watch_job("tell", 1)

        def rings(number: int, frame: object) -> None:
            raise InterruptedError

        before = signal.signal(signal.SIGALRM, rings)
        try:
            for wait in (watch.result, lambda: list(watch)):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(InterruptedError):
                    wait()
        finally:
            signal.signal(signal.SIGALRM, before)
        with running(gearmand, handlers(tell=tell)):
            assert watch.result() == "part end"

    def test_a_callback(self, gearmand: Gearmand, client: Client) -> None:
        updates: list[JobUpdate] = []
        with running(gearmand, handlers(tell=tell)):
            assert client.execute_job("tell", 1, on_update=updates.append) == "part end"
        assert len(updates) == 5

    def test_updates_come_while_the_job_runs(self, gearmand: Gearmand, client: Client) -> None:
        """The job of this test continues when its status has arrived."""
        seen = threading.Event()

        def slow(job: Job) -> str:
            job.send_status(1, 2)
            return "seen" if seen.wait(20) else "not seen"

        with running(gearmand, handlers(slow=slow)):
            watch = client.watch_job("slow", 1)
            for update in watch:
                if update.kind is UpdateKind.STATUS:
                    seen.set()
            assert watch.result() == "seen"

    def test_an_exception_of_the_callback_is_raised(self, gearmand: Gearmand, client: Client) -> None:
        def refuse(update: JobUpdate) -> None:
            raise LookupError("enough")

        with running(gearmand, handlers(tell=tell)):
            with pytest.raises(LookupError):
                client.execute_job("tell", 1, on_update=refuse)
            assert client.execute_job("tell", 1) == "part end"

    def test_a_job_that_fails(self, gearmand: Gearmand, client: Client) -> None:
        def fail(job: Job) -> None:
            raise ValueError("no good")

        with running(gearmand, handlers(fail=fail)):
            watch = client.watch_job("fail", 1)
            assert [update.kind for update in watch] == [UpdateKind.CREATED]
        for _ in range(2):
            with pytest.raises(JobException, match="no good"):
                watch.result()

    def test_arguments_and_timeout(self, gearmand: Gearmand, client: Client) -> None:
        with pytest.raises(InvalidArgument):
            client.watch_job("", 1)
        with pytest.raises(JobTimeout, match="nobody"):
            client.watch_job("nobody", 1, timeout=0.05).result()


class TestStatusByUniqueKey:
    def test_the_status_of_a_job_until_it_is_done(self, gearmand: Gearmand, client: Client) -> None:
        go_on = threading.Event()

        def slow(job: Job) -> None:
            job.send_status(3, 10)
            go_on.wait(20)

        client.execute_in_background("slow", 1, unique="mine")
        assert client.get_job_status_by_unique("mine") == JobStatus(True, False, 0, 0)
        with running(gearmand, handlers(slow=slow)):
            wait_until(lambda: client.get_job_status_by_unique("mine").fraction == 0.3, "its status is known")
            go_on.set()
            wait_until(lambda: client.get_job_status_by_unique("mine").is_completed, "it is done")
        assert client.execute_in_background("slow", 1).startswith("H:test:")

    def test_failures(self, gearmand: Gearmand, client: Client) -> None:
        assert client.get_job_status_by_unique("never") == JobStatus()
        with pytest.raises(InvalidArgument):
            client.get_job_status_by_unique("x" * 64)
        gearmand.stop()
        with pytest.raises(ConnectionError):
            client.get_job_status_by_unique("mine")


def test_a_status_request_has_a_timeout(gearmand: Gearmand, client: Client) -> None:
    """It is that of the call: the next call has the client's again."""
    handle = client.execute_in_background("later", 1, unique="mine")
    with frozen(gearmand):
        with pytest.raises(JobTimeout):
            client.get_job_status(handle, timeout=0.05)
        with pytest.raises(JobTimeout):
            client.get_job_status_by_unique("mine", timeout=0.05)
    assert client.get_job_status(handle).is_known
    assert client.get_job_status_by_unique("mine").is_known
