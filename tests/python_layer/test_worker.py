"""Worker: results, jobs, failures, and the registration of functions."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import (
    Admin,
    Client,
    EventName,
    FunctionHandler,
    InvalidArgument,
    Job,
    JobCollection,
    JobException,
    JobHandlerInterface,
    JobNotRunning,
    JsonSerializer,
    NoServers,
    PhpSerializer,
    PickleSerializer,
    RawSerializer,
    Serializer,
    ServerCollection,
    ServerError,
    UpdateKind,
    Worker,
)
from gearman_cffi.events import WorkerExceptionEvent
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Trace, handlers, running
from tests.support import connections, is_served, shown, wait_until

VALUES = [None, True, False, 0, -7, 1.5, "", "é", "i:5", 's:9:"cut', b"\xff\0", [], [1, ["é", None]], {"a": {7: False}}]


def echo(job: Job) -> Any:
    return job.get_workload()


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


class TestResults:
    def test_values(self, gearmand: Gearmand, client: Client) -> None:
        with running(gearmand, handlers(echo=echo)):
            assert [client.execute_job("echo", value) for value in VALUES] == VALUES

    def test_other_serializers(self, gearmand: Gearmand) -> None:
        for serializer, value in ((JsonSerializer(), {"a": [None]}), (RawSerializer(), b"\0\xff")):
            client = Client(gearmand.address, serializer=serializer, timeout=20)
            with running(gearmand, handlers(echo=echo), serializer=serializer):
                assert client.execute_job("echo", value) == value

    @pytest.mark.parametrize("serializer", [PhpSerializer(), JsonSerializer(), PickleSerializer(), RawSerializer()])
    def test_no_result(self, gearmand: Gearmand, serializer: Serializer) -> None:
        """A handler without a return value succeeds, whatever the serializer."""
        trace = Trace()
        with running(gearmand, handlers(log=lambda job: None), trace, serializer=serializer):
            answer = Client(gearmand.address, serializer=serializer, timeout=20).execute_job("log", "text")
        assert answer == (b"" if isinstance(serializer, RawSerializer) else None)
        assert EventName.FUNCTION_FAILURE not in trace.names()

    @pytest.mark.parametrize(
        ("result", "ours", "dmanks"),
        [
            ("abc", b"abc", b"abc"),
            ("", b"", b""),
            (None, b"N;", b""),
            (False, b"b:0;", b""),
            (True, b"b:1;", b"1"),
            (42, b"i:42;", b"42"),
            (1.5, b"d:1.5;", b"1.5"),
            ({"a": 1}, b'a:1:{s:1:"a";i:1;}', b'a:1:{s:1:"a";i:1;}'),
            ('s:1:"z";', b's:1:"z";', b's:1:"z";'),
            ('s:9:"z', b's:6:"s:9:"z";', b's:6:"s:9:"z";'),
            (b"\xff", b"\xff", b"\xff"),
        ],
        ids=shown,
    )
    def test_on_the_wire(self, result: Any, ours: bytes, dmanks: bytes) -> None:
        """Text is not serialized, as in dmank; with dmank_results other scalars are not either."""
        assert PhpSerializer().serialize_result(result) == ours
        assert PhpSerializer(dmank_results=True).serialize_result(result) == dmanks

    def test_parts(self, gearmand: Gearmand, client: Client) -> None:
        """The answer starts with what send_data() has sent; without a return value that is all."""

        def parts(job: Job) -> Any:
            job.send_data("one ")
            job.send_data(b"two")
            return job.get_workload()

        with running(gearmand, handlers(parts=parts)):
            assert client.execute_job("parts", " three") == "one two three"
            assert client.execute_job("parts", None) == "one two"


class TestTheJob:
    def test_attributes(self, gearmand: Gearmand, client: Client) -> None:
        """The handler gets the unique key, which dmank's worker switches off."""
        with running(gearmand, handlers(look=lambda job: [job.get_job_name(), job.unique, job.handle])):
            name, unique, handle = client.execute_job("look", 1, unique="mine")
            assert (name, unique) == ("look", "mine")
            assert handle.startswith("H:test:")
            assert len(client.execute_job("look", 1)[1]) == 36

    def test_send_status(self, gearmand: Gearmand, client: Client) -> None:
        go_on = threading.Event()

        def slow(job: Job) -> None:
            job.send_status(3, 10)
            go_on.wait(20)

        with running(gearmand, handlers(slow=slow)):
            handle = client.execute_in_background("slow", 1)
            wait_until(lambda: client.get_job_status(handle).fraction == 0.3, "its status is known")
            go_on.set()
            wait_until(lambda: client.get_job_status(handle).is_completed, "it is done")

    def test_sending_after_the_end_of_the_job(self, gearmand: Gearmand, client: Client) -> None:
        kept: list[Job] = []

        def keep(job: Job) -> str:
            kept.append(job)
            return "done"

        with running(gearmand, handlers(keep=keep)):
            assert client.execute_job("keep", "w") == "done"
        (job,) = kept
        assert (job.get_job_name(), job.get_workload(), job.handle[:7]) == ("keep", "w", "H:test:")
        with pytest.raises(JobNotRunning, match="'keep'"):
            job.send_data("x")
        with pytest.raises(JobNotRunning, match="'keep'"):
            job.send_status(1, 2)
        with pytest.raises(JobNotRunning, match="'keep'"):
            job.send_warning("x")

    def test_a_job_of_a_client(self) -> None:
        with pytest.raises(JobNotRunning):
            Job("f", 1).send_status(1, 2)


class TestFailures:
    def test_the_client_gets_the_exception(self, gearmand: Gearmand, client: Client) -> None:
        class OddError(Exception):
            pass

        def fail(job: Job) -> None:
            raise OddError("no good: é")

        with running(gearmand, handlers(fail=fail)):
            for _ in range(2):
                with pytest.raises(JobException) as caught:
                    client.execute_job("fail", 1)
                assert caught.value.remote_type is not None
                assert caught.value.remote_type.endswith("OddError")
                assert caught.value.remote_message == "no good: é"
                assert str(caught.value.handle).startswith("H:test:")

    def test_a_result_that_cannot_be_serialized(self, gearmand: Gearmand, client: Client) -> None:
        with running(gearmand, handlers(bad=lambda job: {1, 2}, good=echo)):
            with pytest.raises(JobException, match="UnsupportedValue"):
                client.execute_job("bad", 1)
            assert client.execute_job("good", 1) == 1

    @pytest.mark.parametrize(
        "payload",
        [
            b's:9:"cut',
            b"a:1:{i:0;" * 1_000_000,
            b"a:999999999:{",
            b's:99999999999999999999:"x";',
            b'O:8:"Nothing":1:{s:1:"x";R:1;}',
            b"a:2:{i:0;i:1;i:1;R:1;}",
        ],
        ids=["cut", "deep", "many", "long", "recursive object", "reference"],
    )
    def test_hostile_payloads(self, gearmand: Gearmand, client: Client, payload: bytes) -> None:
        """The job fails quickly with a clear error, and the worker continues."""
        raw = Client(gearmand.address, RawSerializer(), timeout=20)
        with running(gearmand, handlers(echo=echo)):
            with pytest.raises(JobException) as caught:
                raw.execute_job("echo", payload)
            assert caught.value.remote_type == "SerializerError"
            assert len(caught.value.remote_message) < 500
            assert client.execute_job("echo", "fine") == "fine"

    def test_objects_of_unknown_classes_are_records(self, gearmand: Gearmand) -> None:
        seen: list[Any] = []
        raw = Client(gearmand.address, RawSerializer(), timeout=20)
        with running(gearmand, handlers(look=lambda job: seen.append(job.get_workload()))):
            raw.execute_job("look", b'O:10:"ArrayAcces":1:{s:1:"x";i:5;}')
        assert seen[0].class_name == "ArrayAcces"
        assert seen[0].properties == {"x": 5}


class TestRegistration:
    def test_handlers_of_all_kinds(self, gearmand: Gearmand, client: Client) -> None:
        class Handler(JobHandlerInterface):
            def execute(self, job: Job) -> str:
                return "an object"

            def listens_to_job(self) -> str:
                return "a.class"

        jobs = JobCollection([Handler()])

        @jobs.handler("decorated")
        def decorated(job: Job) -> str:
            return "decorated"

        with running(gearmand, jobs):
            assert client.execute_job("a.class", 1) == "an object"
            assert client.execute_job("decorated", 1) == "decorated"

    def test_a_time_limit(self, gearmand: Gearmand, client: Client) -> None:
        """The server gives a job that takes too long to another worker; the late answer does no harm."""
        first, second = threading.Event(), threading.Event()

        def slow(job: Job) -> str:
            if first.is_set():
                second.set()
                return "second"
            first.set()
            assert second.wait(20)
            return "first"

        jobs = JobCollection([FunctionHandler("slow", slow, time_limit=timedelta(seconds=1))])
        trace, other = Trace(), Trace()
        with running(gearmand, jobs, trace), running(gearmand, jobs, other):
            assert client.execute_job("slow", 1) == "second"
            wait_until(lambda: EventName.WORKER_FAILURE in trace.names() + other.names(), "the late answer is reported")
            assert client.execute_job("slow", 2) == "second"
        failures = [event for event in trace.events + other.events if isinstance(event, WorkerExceptionEvent)]
        assert [type(failure.exception) for failure in failures] == [ServerError]

    @pytest.mark.parametrize("limit", [0, 0.5, -1, float("nan"), timedelta(milliseconds=999)])
    def test_invalid_time_limits(self, gearmand: Gearmand, limit: Any) -> None:
        """run() reports one that was set after the handler was added."""
        handler = FunctionHandler("f", echo)
        worker = Worker(gearmand.address, [handler])
        handler.time_limit = limit
        with pytest.raises(ValueError, match="time_limit"):
            worker.run()

    @pytest.mark.parametrize(
        ("numbers", "error"),
        [
            ((-1, 100), InvalidArgument),
            ((1, -100), InvalidArgument),
            ((5 * 2**30, 2**33), InvalidArgument),
            ((1, 2**32), InvalidArgument),
            ((12.5, 100), TypeError),
            ((1, 2.0), TypeError),
            (("1", 2), TypeError),
            ((None, 2), TypeError),
        ],
    )
    def test_invalid_progress(
        self, gearmand: Gearmand, client: Client, numbers: tuple[Any, Any], error: type[Exception]
    ) -> None:
        """send_status() raises; no client gets a wrong status."""

        def step(job: Job) -> str:
            with pytest.raises(error, match=r"(numerator|denominator) of send_status\(\) must be"):
                job.send_status(*numbers)
            job.send_status(2**32 - 1, 2**32 - 1)
            return "done"

        with running(gearmand, handlers(step=step)):
            watch = client.watch_job("step", 1)
            seen = [(update.numerator, update.denominator) for update in watch if update.kind is UpdateKind.STATUS]
            assert (seen, watch.result()) == ([(2**32 - 1, 2**32 - 1)], "done")

    def test_without_servers(self) -> None:
        with pytest.raises(NoServers):
            Worker(ServerCollection(), handlers(f=echo)).run()

    def test_the_environment_is_ignored(self, gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        """libgearman would add the servers of GEARMAN_SERVERS."""
        with Gearmand() as other:
            monkeypatch.setenv("GEARMAN_SERVERS", other.address)
            with running(gearmand, handlers(f=echo)):
                wait_until(lambda: is_served(gearmand, "f"), "it works")
                assert connections(other) == 0
            assert Worker().servers == ServerCollection(other.address)


class TestClientId:
    def test_the_server_lists_it(self, gearmand: Gearmand) -> None:
        with running(gearmand, handlers(f=echo), client_id="pod-7"):
            wait_until(lambda: is_served(gearmand, "f"), "the function is registered")
            assert "pod-7" in [worker.client_id for worker in Admin(gearmand.address).workers()]

    @pytest.mark.parametrize("client_id", ["", "two words", "x" * 255, "ü", "a\n", "\0"])
    def test_an_invalid_one(self, client_id: str) -> None:
        with pytest.raises(InvalidArgument, match="invalid client id"):
            Worker("127.0.0.1", client_id=client_id)
