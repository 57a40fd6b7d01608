"""Bulk calls with items that are not jobs, and with iterables that raise."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import Client, InvalidJob, Job, JobStatus, SerializerError, UnsupportedValue
from gearman_cffi.bulk.foreground_lane import ForegroundLane
from gearman_cffi.ext import GearmanJob
from gearman_cffi.serializers import PhpSerializer, RawSerializer, Serializer
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import in_thread
from tests.support import queued, serving, wait_until

CALLS = ["execute_jobs", "execute_jobs_in_background", "stream_jobs"]

NOT_JOBS = {
    "None": None,
    "str": "double",
    "bytes": b"double",
    "int": 1,
    "tuple": ("double", 1),
    "dict": {"double": 1},
    "list": ["double"],
    "object": object(),
    "class": Job,
    "only a name": types.SimpleNamespace(get_job_name=lambda: "double"),
    "only a workload": types.SimpleNamespace(get_workload=lambda: 1),
}


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


def numbers(count: int, *then: Any) -> list[Any]:
    """That many jobs, and then other items."""
    return [*(Job("double", n) for n in range(count)), *then]


def raising(jobs: list[Any], error: BaseException) -> Iterator[Any]:
    yield from jobs
    raise error


def exhaust(client: Client, call: str, jobs: Any) -> Any:
    """The call's answers; a stream's in the order of its jobs."""
    if call != "stream_jobs":
        return getattr(client, call)(jobs)
    return [answer for _, answer in sorted(client.stream_jobs(jobs), key=lambda pair: pair[0].get_workload())]


class TestItemsThatAreNotJobs:
    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("kind", NOT_JOBS)
    def test_the_error_names_the_item_and_its_index(
        self, served: Gearmand, client: Client, call: str, kind: str
    ) -> None:
        item = NOT_JOBS[kind]
        for index in (0, 2):
            text = rf"^jobs\[{index}\]: expected a Job, not {type(item).__name__}: "
            jobs = numbers(index, item, Job("double", 5))
            for given in (jobs, iter(jobs)):
                with pytest.raises(TypeError, match=text) as caught:
                    exhaust(client, call, given)
                assert isinstance(caught.value, InvalidJob)
                assert (caught.value.index, caught.value.item) == (index, item)

    @pytest.mark.parametrize("call", CALLS)
    def test_a_long_item_makes_a_short_message(self, client: Client, call: str) -> None:
        with pytest.raises(InvalidJob) as caught:
            exhaust(client, call, [["x" * 10_000] * 10_000])
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize("call", CALLS)
    def test_on_error_does_not_put_it_into_a_place(self, served: Gearmand, client: Client, call: str) -> None:
        if call != "stream_jobs":
            with pytest.raises(InvalidJob, match=r"jobs\[1\]"):
                getattr(client, call)(numbers(1, None), on_error="return")

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize("jobs", [5, None, Job("double", 1)])
    def test_something_that_is_not_iterable(self, client: Client, call: str, jobs: Any) -> None:
        """stream_jobs() raises in the call too, not at the first answer."""
        with pytest.raises(TypeError, match=f"jobs must be an iterable of Job objects, not {type(jobs).__name__}"):
            getattr(client, call)(jobs)

    @pytest.mark.parametrize("call", CALLS)
    def test_a_dict_and_a_str_are_iterables_of_other_things(self, client: Client, call: str) -> None:
        for jobs in ({"double": 3}, "double"):
            with pytest.raises(InvalidJob, match=r"jobs\[0\]: expected a Job, not str: '"):
                exhaust(client, call, jobs)

    @pytest.mark.parametrize("call", CALLS)
    def test_objects_with_the_methods_of_a_job(self, served: Gearmand, client: Client, call: str) -> None:
        class Special(Job):
            pass

        class Other:
            def get_job_name(self) -> str:
                return "double"

            def get_workload(self) -> int:
                return 3

        results = exhaust(client, call, [Special("double", 2), Other()])
        assert len(results) == 2
        if call != "execute_jobs_in_background":
            assert results == [4, 6]


class TestTheJobsBefore:
    def test_execute_jobs_submits_nothing(self, gearmand: Gearmand, client: Client) -> None:
        with pytest.raises(InvalidJob) as caught:
            client.execute_jobs(iter(numbers(1000, None)))
        assert caught.value.results == []
        assert queued(gearmand, "double") == 0

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 501, 1300])
    def test_in_background_they_are_submitted_and_no_handle_is_lost(
        self, gearmand: Gearmand, client: Client, count: int
    ) -> None:
        jobs = iter(numbers(count, "no job", Job("double", "never taken")))
        with pytest.raises(InvalidJob, match=rf"jobs\[{count}\]") as caught:
            client.execute_jobs_in_background(jobs)
        handles = caught.value.results
        assert len(set(handles)) == count
        assert queued(gearmand, "double") == count
        for handle in handles[:: count // 5 + 1]:
            assert client.get_job_status(str(handle)) == JobStatus(True, False, 0, 0)
        assert next(jobs).get_workload() == "never taken"

    @pytest.mark.parametrize("on_error", ["raise", "return"])
    def test_in_background_the_errors_of_others_are_in_their_places(
        self, gearmand: Gearmand, client: Client, on_error: Any
    ) -> None:
        with pytest.raises(InvalidJob, match=r"jobs\[3\]") as caught:
            client.execute_jobs_in_background(
                [Job("double", 1), Job("double", object()), Job("double", 2), None],  # type: ignore[list-item]
                on_error=on_error,
            )
        first, failed, last = caught.value.results
        assert isinstance(failed, UnsupportedValue)
        assert client.get_job_status(str(first)).is_known
        assert client.get_job_status(str(last)).is_known

    @pytest.mark.parametrize("count", [0, 1, 199, 200, 450])
    @pytest.mark.parametrize("in_flight", [1, 200])
    def test_a_stream_yields_their_answers_first(
        self, served: Gearmand, client: Client, count: int, in_flight: int
    ) -> None:
        jobs = iter(numbers(count, "no job", Job("double", "never taken")))
        pairs: list[tuple[Any, Any]] = []
        with pytest.raises(InvalidJob, match=rf"jobs\[{count}\]") as caught:
            pairs.extend(client.stream_jobs(jobs, in_flight=in_flight))
        assert {job.get_workload(): answer for job, answer in pairs} == {n: 2 * n for n in range(count)}
        assert caught.value.results == []
        assert next(jobs).get_workload() == "never taken"

    def test_with_several_servers(self) -> None:
        with Gearmand() as one, Gearmand() as two, Gearmand() as three:
            servers = [one, two, three]
            client = Client(",".join(server.address for server in servers), timeout=20)
            with pytest.raises(InvalidJob) as caught:
                client.execute_jobs_in_background(numbers(2000, None))
            assert len(caught.value.results) == 2000
            assert sum(queued(server, "double") for server in servers) == 2000


class TestOtherFailures:
    @pytest.mark.parametrize("call", CALLS)
    def test_an_iterable_that_raises(self, served: Gearmand, client: Client, call: str) -> None:
        """Its own exception is raised, when the jobs before it are done."""
        error = LookupError("no more jobs")
        results: list[Any] = []
        with pytest.raises(LookupError) as caught:
            results.extend(getattr(client, call)(raising(numbers(300), error)))
        assert caught.value is error
        if call == "stream_jobs":
            assert sorted(answer for _, answer in results) == [2 * n for n in range(300)]

    def test_an_iterable_that_raises_in_background(self, gearmand: Gearmand, client: Client) -> None:
        with pytest.raises(LookupError):
            client.execute_jobs_in_background(raising(numbers(730), LookupError()))
        assert queued(gearmand, "double") == 730

    @pytest.mark.parametrize("call", CALLS)
    def test_an_iterable_that_is_interrupted(self, gearmand: Gearmand, client: Client, call: str) -> None:
        """KeyboardInterrupt does not wait for answers: no worker gives any here."""
        with pytest.raises(KeyboardInterrupt):
            exhaust(client, call, raising(numbers(3), KeyboardInterrupt()))

    @pytest.mark.parametrize("name", [1, b"double", ["double"]])
    @pytest.mark.parametrize("call", CALLS)
    def test_a_job_with_a_name_of_a_wrong_type(self, served: Gearmand, client: Client, call: str, name: Any) -> None:
        for job, what in ((Job(name, 1), "function name"), (Job("double", 1, unique=name), "unique key")):
            with pytest.raises(InvalidJob, match=rf"jobs\[2\]: a {what} must be a str, not {type(name).__name__}"):
                exhaust(client, call, numbers(2, job))

    @pytest.mark.parametrize("call", CALLS)
    def test_a_serializer_that_raises_its_own_error(self, served: Gearmand, call: str) -> None:
        class Broken(PhpSerializer):
            def serialize(self, value: Any) -> bytes:
                if value == 2:
                    raise ZeroDivisionError("of the serializer")
                return super().serialize(value)

        serializer: Serializer = Broken()
        client = Client(served.address, serializer, timeout=20)
        with pytest.raises(ZeroDivisionError, match="of the serializer"):
            exhaust(client, call, numbers(4))

    @pytest.mark.parametrize("call", CALLS)
    def test_errors_of_single_jobs_stay_in_their_places(self, served: Gearmand, client: Client, call: str) -> None:
        """A value that cannot be serialized is not a reason to stop."""
        jobs = [Job("double", 1), Job("double", object()), Job("double", 2)]
        if call == "stream_jobs":
            answers = {id(job): answer for job, answer in client.stream_jobs(jobs)}
            results = [answers[id(job)] for job in jobs]
        else:
            results = getattr(client, call)(jobs, on_error="return")
        assert [isinstance(result, SerializerError) for result in results] == [False, True, False]


@pytest.mark.parametrize("call", ["execute_jobs", "stream_jobs"])
def test_parts_of_the_same_job(gearmand: Gearmand, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the jobs with one unique key gets all parts of the result, once."""
    created: list[Any] = []
    on_created = ForegroundLane._on_created

    def note_created(lane: ForegroundLane, task: Any, job: Any) -> None:
        on_created(lane, task, job)
        created.append(job)

    monkeypatch.setattr(ForegroundLane, "_on_created", note_created)
    client = Client(gearmand.address, RawSerializer(), timeout=20)
    jobs = [Job("parts", b"x", unique="k") for _ in range(3)]
    thread, results = in_thread(lambda: list(getattr(client, call)(jobs)))
    wait_until(lambda: len(created) == 3, "the server has them")
    assert queued(gearmand, "parts") == 1

    def parts(job: GearmanJob, context: object) -> bytes:
        for part in (b"a", b"b", b"c"):
            job.sendData(part)
        return b"d"

    with serving(gearmand, parts=parts):
        thread.join(20)
    answers = results[0] if call == "execute_jobs" else [answer for _, answer in results[0]]
    assert answers == [b"abcd"] * 3
