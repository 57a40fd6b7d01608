"""GearmanJob, inside a worker's function and outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi.ext import ConcurrentUseError, GearmanJob, GearmanWarning, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import client_of, queued, serving, wait_until, worker_of

QUIET_SENDS: list[Callable[[GearmanJob], bool]] = [lambda job: job.sendData("x"), lambda job: job.sendWarning("x")]
LOUD_SENDS: list[Callable[[GearmanJob], bool]] = [
    lambda job: job.sendStatus(1, 2),
    lambda job: job.sendComplete("x"),
    lambda job: job.sendException("x"),
    lambda job: job.sendFail(),
]


def run(server: Gearmand, function: Callable[[GearmanJob], Any], workload: str = "workload") -> Any:
    """Runs one background job in a worker in this thread. Returns what the function returned."""
    returned: list[Any] = []
    worker = worker_of(server, job_inside=lambda job, _: returned.append(function(job)))
    handle = client_of(server).doBackground("job_inside", workload, "the unique key")
    assert worker.work() is True
    assert handle
    wait_until(lambda: not queued(server, "job_inside"), "the server has the answer: the next job has the same key")
    return returned[0]


def assert_shell(job: GearmanJob) -> None:
    """Checks that a job is empty as in PHP: it returns neutral values and sends nothing."""
    assert (job.handle(), job.functionName(), job.unique()) == (False, False, False)
    assert (job.workload(), job.workloadSize()) == (b"", 0)


class TestInside:
    """A job inside its function."""

    def test_what_it_has(self, shared_gearmand: Gearmand) -> None:
        """The job has its handle, function, unique key, workload, the size of that, and return code 0."""
        handle, *others = run(
            shared_gearmand,
            lambda job: (
                job.handle(),
                job.functionName(),
                job.unique(),
                job.workload(),
                job.workloadSize(),
                job.returnCode(),
            ),
        )
        assert handle.startswith("H:test:")
        assert others == ["job_inside", "the unique key", b"workload", 8, 0]

    def test_without_a_unique_key_it_has_a_uuid(self, shared_gearmand: Gearmand) -> None:
        """The generated unique key is a UUID of version 4 as PHP's, a new one for each job."""
        with serving(shared_gearmand, job_unique=lambda job, _: job.unique()):
            client = client_of(shared_gearmand)
            keys = [client.doNormal("job_unique", "x").decode() for _ in range(40)]
        assert len(set(keys)) == 40
        for key in keys:
            assert len(key) == 36
            assert key[14] == "4"
            assert key[19] in "89ab"

    def test_the_status_reaches_the_client(self, shared_gearmand: Gearmand) -> None:
        """jobStatus() returns the numbers that were sent last, as 32 bits without a sign."""
        client = client_of(shared_gearmand)
        seen: list[list[bool | int]] = []

        def work(job: GearmanJob) -> None:
            handle = str(job.handle())
            seen.append(client.jobStatus(handle))
            for numerator, denominator in [(3, 10), (-1, 10), (2**32 - 1, 0), (0, -(2**31))]:
                expected = [True, True, numerator & 0xFFFFFFFF, denominator & 0xFFFFFFFF]
                assert job.sendStatus(numerator, denominator) is True
                wait_until(lambda expected=expected: client.jobStatus(handle) == expected, f"status {expected}")  # type: ignore[misc]
                seen.append(expected)

        run(shared_gearmand, work)
        assert seen[0] == [True, True, 0, 0]
        assert len(seen) == 5

    def test_wrong_input(self, shared_gearmand: Gearmand) -> None:
        """Wrong input raises TypeError or ValueError with the parameter's name, before anything is sent."""

        def work(job: GearmanJob) -> None:
            anything: Any = job
            refused: list[tuple[Callable[[], Any], str]] = [
                (lambda: anything.sendData(None), "data must be bytes, str or a number, not NoneType"),
                (lambda: anything.sendWarning([]), "warning must be bytes, str or a number, not list"),
                (lambda: anything.sendComplete({}), "result must be bytes, str or a number, not dict"),
                (lambda: anything.sendException(()), "exception must be bytes, str or a number, not tuple"),
                (lambda: anything.sendStatus("1x", 2), "numerator must be an integer, not '1x'"),
                (lambda: anything.sendStatus(1, 2.5), "denominator must be an integer, not 2.5"),
                (lambda: anything.setReturn("fail"), "gearman_return_t must be an integer, not 'fail'"),
                (lambda: anything.sendFail(1), "positional argument"),
            ]
            for call, text in refused:
                with pytest.raises(TypeError, match=text):
                    call()
            for numbers in ((2**32, 0), (0, -(2**31) - 1)):
                with pytest.raises(ValueError, match="must be between"):
                    anything.sendStatus(*numbers)

        run(shared_gearmand, work)

    @pytest.mark.parametrize("code", [-1, 54, 9999])
    def test_a_return_code_that_is_none(self, shared_gearmand: Gearmand, code: int) -> None:
        """setReturn() refuses a number that is not a return code with PHP's warning, and the job succeeds."""

        def work(job: GearmanJob) -> bool:
            with pytest.warns(GearmanWarning, match=rf"^GearmanJob::setReturn\(\): Invalid gearman_return_t: {code}$"):
                return job.setReturn(code)

        assert run(shared_gearmand, work) is False

    def test_from_another_thread(self, shared_gearmand: Gearmand) -> None:
        """Sending from another thread than the worker's raises, and the job continues."""
        caught: list[BaseException] = []

        def send(job: GearmanJob) -> None:
            try:
                job.sendData("x")
            except ConcurrentUseError as error:
                caught.append(error)

        def work(job: GearmanJob, context: Any) -> str:
            thread = threading.Thread(target=send, args=(job,))
            thread.start()
            thread.join()
            return "result"

        with serving(shared_gearmand, job_threads=work):
            assert client_of(shared_gearmand).doNormal("job_threads", "x") == b"result"
        assert "thread" in str(caught[0])


class TestOutside:
    """A GearmanJob that a program created, or that it uses after the function has returned."""

    def made_by_hand(self, server: Gearmand) -> GearmanJob:
        return GearmanJob()

    def ended(self, server: Gearmand) -> GearmanJob:
        job: GearmanJob = run(server, lambda job: job)
        return job

    @pytest.mark.parametrize("make", [made_by_hand, ended])
    def test_it_is_empty(self, shared_gearmand: Gearmand, make: Callable[..., GearmanJob]) -> None:
        """Reading returns False, b"" and 0. Sending fails with return code 49 and a warning, except for data."""
        job = make(self, shared_gearmand)
        assert_shell(job)
        assert job.returnCode() == 0
        assert job.setReturn(24) is True
        assert job.returnCode() == 24
        for send in LOUD_SENDS:
            with pytest.warns(GearmanWarning, match=r"^GearmanJob::send\w+\(\): "):
                assert send(job) is False
            assert job.returnCode() == 49

    def test_a_created_job_sends_no_data_silently(self) -> None:
        """sendData() and sendWarning() of a created job return False without a warning, as in PHP."""
        for send in QUIET_SENDS:
            assert send(GearmanJob()) is False

    def test_an_ended_job_sends_no_data(self, shared_gearmand: Gearmand) -> None:
        """sendData() and sendWarning() of a job that has ended return False with a warning."""
        job = self.ended(shared_gearmand)
        for send in QUIET_SENDS:
            with pytest.warns(GearmanWarning, match=r"^GearmanJob::send\w+\(\): "):
                assert send(job) is False

    def test_after_the_next_job(self, shared_gearmand: Gearmand) -> None:
        """A job that has ended does not become the next job."""
        old: list[GearmanJob] = []

        def work(job: GearmanJob, context: Any) -> bytes:
            if old:
                assert_shell(old[0])
                with pytest.warns(GearmanWarning):
                    assert old[0].sendComplete("wrong") is False
            old.append(job)
            return job.workload()

        with serving(shared_gearmand, job_kept=work) as worker:
            client = client_of(shared_gearmand)
            results = [client._submit(JobKind.NORMAL, b"job_kept", b"%d" % number).data for number in range(5)]
        assert worker.raised == []
        assert results == [b"0", b"1", b"2", b"3", b"4"]
