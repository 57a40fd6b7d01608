"""Many jobs at once."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    InvalidArgument,
    Job,
    JobException,
    JobFailed,
    JobStatus,
    JobTimeout,
    JsonSerializer,
    Priority,
    RawSerializer,
    SerializerError,
    UnsupportedValue,
)
from gearman_cffi.ext import GEARMAN_CLIENT_UNBUFFERED_RESULT, GearmanClient, GearmanJob
from gearman_cffi.testing import Gearmand
from tests.python_layer.conftest import StartWorker
from tests.python_layer.workers import handlers, running
from tests.support import connections, queued, wait_until


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


class TestExecuteJobs:
    def test_answers_in_the_order_of_the_jobs(self, served: Gearmand, client: Client) -> None:
        """dmank's come in the order of completion, which is backwards with one worker."""
        numbers = list(range(1000))
        assert client.execute_jobs([Job("double", n) for n in numbers]) == [2 * n for n in numbers]
        assert client.execute_jobs(Job("double", n) for n in "ab") == ["aa", "bb"]
        assert client.execute_jobs([]) == []

    def test_they_are_done_in_the_order_of_the_jobs(self, gearmand: Gearmand, client: Client) -> None:
        """libgearman 1.x submits the task that was added last first."""
        done: list[int] = []
        with running(gearmand, handlers(note=lambda job: done.append(job.get_workload()))):
            client.execute_jobs([Job("note", n) for n in range(450)])
        assert done == list(range(450))

    def test_failures_in_their_places(self, served: Gearmand, client: Client) -> None:
        jobs = [Job("double", 1), Job("double", "raise"), Job("double", object()), Job("", 1), Job("double", 3)]
        first, raised, unsupported, nameless, last = client.execute_jobs(jobs, on_error="return")
        assert (first, last) == (2, 6)
        assert isinstance(raised, JobException)
        assert (raised.remote_type, raised.remote_message) == ("ValueError", "no double")
        assert str(raised.handle).startswith("H:test:")
        assert raised.function == "double"
        assert isinstance(unsupported, UnsupportedValue)
        assert isinstance(nameless, InvalidArgument)

    def test_the_first_failure_is_raised(self, served: Gearmand, client: Client) -> None:
        """The first in the order of the jobs, when all jobs have ended."""
        with pytest.raises(JobException, match="no double"):
            client.execute_jobs([Job("double", 1), Job("double", "raise"), Job("", 1)])
        with pytest.raises(ValueError, match="on_error"):
            client.execute_jobs([], on_error="ignore")  # type: ignore[arg-type]

    def test_jobs_that_fail_without_a_reason(
        self, gearmand: Gearmand, client: Client, start_worker: StartWorker
    ) -> None:
        def fail(job: GearmanJob, context: object) -> None:
            job.sendFail()

        start_worker(fail=fail, broken=lambda job, context: b"a:1:{", servers=gearmand.address)
        failed, broken = client.execute_jobs([Job("fail", 1), Job("broken", 1)], on_error="return")
        assert isinstance(failed, JobFailed)
        assert isinstance(broken, SerializerError)

    def test_priorities(self, gearmand: Gearmand, client: Client) -> None:
        """The call's priority is for jobs without one of their own."""
        done: list[str] = []
        jobs = [Job("note", "low", priority=Priority.LOW), Job("note", "normal"), Job("note", "high", priority=2)]
        client.execute_jobs_in_background(jobs)
        client.execute_jobs_in_background([Job("note", "high again")], Priority.HIGH)
        with running(gearmand, handlers(note=lambda job: done.append(job.get_workload()))):
            wait_until(lambda: len(done) == 4, "all are done")
        assert done == ["high", "high again", "normal", "low"]

    def test_unique_keys_and_serializer(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, JsonSerializer(), timeout=20)
        look = handlers(look=lambda job: [job.unique, job.get_workload()])
        with running(gearmand, look, serializer=JsonSerializer()):
            assert client.execute_jobs([Job("look", {"a": 1}, unique="mine")]) == [["mine", {"a": 1}]]

    def test_empty_workloads(self, gearmand: Gearmand) -> None:
        """addTask() refuses them in PHP and in libgearman."""
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        size = handlers(size=lambda job: str(len(job.get_workload())))
        with running(gearmand, size, serializer=RawSerializer()):
            jobs = [Job("size", b"xx"), Job("size", b""), Job("size", b"x")]
            assert client.execute_jobs(jobs) == [b"2", b"0", b"1"]
            assert client.execute_jobs_in_background([Job("size", "")])[0].startswith("H:test:")
            assert client.watch_job("size", b"").result() == b"0"

    def test_the_answer_includes_parts_sent_before(self, gearmand: Gearmand, client: Client) -> None:
        def parts(job: Job) -> str:
            job.send_data("one ")
            return "two"

        with running(gearmand, handlers(parts=parts)):
            assert client.execute_jobs([Job("parts", 1)] * 2) == ["one two"] * 2

    def test_the_client_may_be_used_meanwhile(self, served: Gearmand, client: Client) -> None:
        for job, answer in client.stream_jobs(Job("double", n) for n in range(5)):
            assert client.execute_job("double", answer) == 4 * job.get_workload()

    def test_connections_are_closed(self, served: Gearmand, client: Client) -> None:
        assert client.execute_job("double", 1) == 2
        gc.disable()
        try:
            for _ in range(3):
                client.execute_jobs([Job("double", 1)])
                next(client.stream_jobs([Job("double", 1), Job("double", 2)]))
                next(client.watch_job("double", 1))
            wait_until(lambda: connections(served) == 2, "only the connections of the worker and the client are left")
        finally:
            gc.enable()


class TestStreamJobs:
    def test_jobs_are_taken_when_there_is_room(self, served: Gearmand, client: Client) -> None:
        taken = itertools.count()
        last = 0

        def endless() -> Iterator[Job]:
            nonlocal last
            for last in taken:
                yield Job("double", last)

        stream = client.stream_jobs(endless(), in_flight=5)
        answers = {job.get_workload(): answer for job, answer in itertools.islice(stream, 100)}
        assert len(answers) == 100
        assert all(answer == 2 * number for number, answer in answers.items())
        assert last < 100 + 10

    def test_failures_come_as_answers(self, served: Gearmand, client: Client) -> None:
        jobs = [Job("double", "raise"), Job("double", "a"), Job("", 1), Job("nobody", 1)]
        answers = {id(job): answer for job, answer in client.stream_jobs(jobs, timeout=1)}
        results = [answers[id(job)] for job in jobs]
        assert results[1] == "aa"
        assert [type(result) for result in results if result != "aa"] == [JobException, InvalidArgument, JobTimeout]

    def test_a_late_job_does_not_block_the_next(self, served: Gearmand, client: Client) -> None:
        jobs = [Job("nobody", 1), *(Job("double", n) for n in range(10))]
        answers = [answer for _, answer in client.stream_jobs(jobs, in_flight=1, timeout=1)]
        assert isinstance(answers[0], JobTimeout)
        assert answers[1:] == [2 * n for n in range(10)]

    def test_arguments(self, client: Client) -> None:
        with pytest.raises(ValueError, match="in_flight"):
            client.stream_jobs([], in_flight=0)
        with pytest.raises(InvalidArgument, match="priority"):
            client.stream_jobs([], priority=7)


class TestInBackground:
    def test_handles_in_the_order_of_the_jobs(self, gearmand: Gearmand, client: Client) -> None:
        handles = client.execute_jobs_in_background([Job("later", n) for n in range(500)])
        assert len(set(handles)) == 500
        assert client.get_job_status(handles[0]) == JobStatus(True, False, 0, 0)
        assert queued(gearmand, "later") == 500
        done: list[int] = []
        with running(gearmand, handlers(later=lambda job: done.append(job.get_workload()))):
            wait_until(lambda: len(done) == 500, "all are done")
        assert done == list(range(500))

    def test_failures(self, gearmand: Gearmand, client: Client) -> None:
        good, bad = client.execute_jobs_in_background([Job("later", 1), Job("later", object())], on_error="return")
        assert isinstance(good, str)
        assert client.get_job_status(good).is_known
        assert isinstance(bad, UnsupportedValue)


@pytest.mark.parametrize("name", [None, 1, b"later"])
@pytest.mark.parametrize("call", ["execute_jobs", "execute_jobs_in_background"])
def test_a_name_of_a_wrong_type(served: Gearmand, call: str, name: Any) -> None:
    """Also in the first job."""
    with pytest.raises(TypeError, match="a function name must be a str, not"):
        getattr(Client(served.address, timeout=20), call)([Job(name, 1)])


def test_with_a_given_implementation(served: Gearmand) -> None:
    """Bulk calls do not touch its tasks and callbacks."""
    given = GearmanClient()
    client = Client(served.address, timeout=20)
    client.set_implementation(given)
    seen: list[object] = []
    given.setCompleteCallback(lambda task: seen.append(task.data()))
    assert client.execute_jobs([Job("double", 1)]) == [2]
    given.addTask("double", b"i:4;")
    assert given.runTasks()
    assert seen == [b"i:8;"]


def test_with_an_unbuffered_implementation(served: Gearmand) -> None:
    """The option is for the callbacks of the user's own client."""
    given = GearmanClient()
    given.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    client = Client(served.address, timeout=20)
    client.set_implementation(given)
    assert client.execute_jobs([Job("double", 1)]) == [2]
    assert client.execute_job("double", 2) == 4
