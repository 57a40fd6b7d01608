"""Client: jobs, answers, priorities and status, against real servers and real workers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    ConnectionLost,
    Job,
    JobException,
    JobFailed,
    JobStatus,
    JsonSerializer,
    PhpSerializer,
    PickleSerializer,
    Priority,
    RawSerializer,
    Serializer,
    SerializerError,
)
from gearman_cffi.ext import GEARMAN_WORK_EXCEPTION, GearmanClient, GearmanJob
from gearman_cffi.testing import Gearmand
from tests.python_layer.conftest import StartWorker, echo
from tests.support import shown, wait_until


class TestExecuteJob:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            False,
            0,
            5,
            1.5,
            "",
            "hello",
            "é",
            b"\xff\0",
            [],
            [1, ["é", None]],
            {"a": {"b": [1.5]}, 7: False},
        ],
        ids=shown,
    )
    def test_values_are_sent_and_returned(self, client: Client, start_worker: StartWorker, value: Any) -> None:
        start_worker(echo_value=echo)
        assert client.execute_job("echo_value", value) == value

    @pytest.mark.parametrize(
        ("serializer", "value"),
        [
            (RawSerializer(), bytes(range(256))),
            (RawSerializer(), b""),
            (JsonSerializer(), {"é": [1, None]}),
            (PickleSerializer(), {1, (2, 3)}),
            (PhpSerializer(pass_serialized=False, strict=True), "i:5;"),
        ],
        ids=shown,
    )
    def test_other_serializers(
        self, shared_gearmand: Gearmand, start_worker: StartWorker, serializer: Serializer, value: Any
    ) -> None:
        start_worker(echo_other=echo)
        with Client(shared_gearmand.address, serializer=serializer, timeout=10) as client:
            assert client.execute_job("echo_other", value) == value

    def test_bytes_on_the_wire(self, client: Client, start_worker: StartWorker) -> None:
        """PHP's serialize format; a string that is serialized already is sent unchanged."""
        seen: list[bytes] = []
        start_worker(look=lambda job, context: seen.append(job.workload()))
        client.execute_job("look", "foo")
        client.execute_job("look", "i:5;")
        client.execute_job("look", [1])
        assert seen == [b's:3:"foo";', b"i:5;", b"a:1:{i:0;i:1;}"]

    def test_an_answer_that_is_not_serialized(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(plain=lambda job, context: b"plain", nothing=lambda job, context: None)
        assert client.execute_job("plain", 1) == "plain"
        assert client.execute_job("nothing", 1) == ""

    def test_an_answer_that_cannot_be_read(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(broken=lambda job, context: b'a:9:{i:0;s:5:"x')
        with pytest.raises(SerializerError, match="serialize format"):
            client.execute_job("broken", 1)

    def test_unique_keys_reach_the_worker(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(unique_key=lambda job, context: job.unique())
        assert client.execute_job("unique_key", 1, unique="mine") == "mine"
        assert len(client.execute_job("unique_key", 1)) == 36

    def test_a_function_that_raises(self, client: Client, start_worker: StartWorker) -> None:
        def fail(job: GearmanJob, context: object) -> None:
            raise ValueError("no good: é")

        start_worker(raises=fail)
        with pytest.raises(JobException, match="no good") as caught:
            client.execute_job("raises", 1)
        error = caught.value
        assert (error.remote_type, error.remote_message) == (None, "no good: é")  # as from a worker in PHP
        assert error.return_code == GEARMAN_WORK_EXCEPTION
        assert error.function == "raises"
        assert error.handle is not None
        assert error.handle.startswith("H:test:")
        assert error.server == str(client._servers)

    def test_a_function_that_fails(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(fails=lambda job, context: job.sendFail())
        with pytest.raises(JobFailed, match=r"job H:test:\d+ \(fails\) failed: the worker gave no reason"):
            client.execute_job("fails", 1)

    def test_the_client_is_usable_after_failures(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(fails_once=lambda job, context: job.sendFail(), fine=echo)
        for _ in range(3):
            with pytest.raises(JobFailed):
                client.execute_job("fails_once", 1)
            assert client.execute_job("fine", "x") == "x"


class TestPriorities:
    def test_high_before_normal_before_low(self, gearmand: Gearmand, start_worker: StartWorker) -> None:
        done: list[bytes] = []
        with Client(gearmand.address, serializer=RawSerializer(), timeout=10) as client:
            client.execute_in_background("queue", "low", Priority.LOW)
            client.execute_in_background("queue", "normal")
            client.execute_in_background("queue", "high", Priority.HIGH)
            start_worker(queue=lambda job, context: done.append(job.workload()), servers=gearmand.address)
            wait_until(lambda: len(done) == 3, "three jobs are done")
        assert done == [b"high", b"normal", b"low"]

    def test_the_default_is_normal(self, gearmand: Gearmand) -> None:
        """In every call that submits, as in PHP's doBackground() and in the command."""
        with Client(gearmand.address, serializer=RawSerializer(), timeout=10) as client:
            client.execute_in_background("one", "x")
            client.execute_jobs_in_background([Job("many", "x")])
            streamed = client.stream_jobs([Job("streamed", "x")])
            watch = Client(gearmand.address).watch_job("watched", "x")
            threads = [
                threading.Thread(target=self.call_in_vain, args=(call,), daemon=True)
                for call in (
                    lambda: Client(gearmand.address).execute_job("waited", "x"),
                    lambda: Client(gearmand.address).execute_jobs([Job("jobs", "x")]),
                    lambda: next(streamed),
                    watch.result,
                )
            ]
            for thread in threads:
                thread.start()
            expected = ["jobs\t0\t1\t0\t0", "many\t0\t1\t0\t0", "one\t0\t1\t0\t0", "streamed\t0\t1\t0\t0"]
            expected += ["waited\t0\t1\t0\t0", "watched\t0\t1\t0\t0"]
            wait_until(
                lambda: sorted(gearmand.ask("prioritystatus").splitlines()) == [".", *expected],
                "all are queued as normal",
            )
            gearmand.kill()
            for thread in threads:
                thread.join(20)

    @staticmethod
    def call_in_vain(call: Callable[[], object]) -> None:
        with suppress(ConnectionLost):
            call()

    def test_in_the_foreground(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(any_priority=echo)
        for priority in (*Priority, 0, 1, 2):
            assert client.execute_job("any_priority", "x", priority) == "x"


class TestBackgroundAndStatus:
    def test_the_status_of_a_job_until_it_is_done(self, client: Client, start_worker: StartWorker) -> None:
        go_on = threading.Event()

        def slow(job: GearmanJob, context: object) -> None:
            job.sendStatus(3, 10)
            go_on.wait(10)

        handle = client.execute_in_background("slow", "x")
        assert handle.startswith("H:test:")
        assert client.get_job_status(handle) == JobStatus(True, False, 0, 0)
        start_worker(slow=slow)
        wait_until(lambda: client.get_job_status(handle) == JobStatus(True, True, 3, 10), "it is running")
        go_on.set()
        wait_until(lambda: client.get_job_status(handle).is_completed, "it is done")

    def test_an_unknown_handle(self, client: Client) -> None:
        assert client.get_job_status("H:nobody:1") == JobStatus()

    def test_equal_unique_keys_are_one_job(self, client: Client) -> None:
        first = client.execute_in_background("never_done", 1, unique="one")
        assert client.execute_in_background("never_done", 2, unique="one") == first
        assert client.execute_in_background("never_done", 2) != first


class TestSetImplementation:
    def test_set_implementation(self, shared_gearmand: Gearmand, start_worker: StartWorker) -> None:
        """The given GearmanClient is used, and gets the servers in the first call."""
        start_worker(given=echo)
        given = GearmanClient()
        client = Client(shared_gearmand.address, timeout=10)
        client.set_implementation(given)
        assert client.execute_job("given", "x") == "x"
        assert given.ping("x")
        assert given.timeout() == 10_000

    def test_an_implementation_with_servers_of_its_own(
        self, shared_gearmand: Gearmand, start_worker: StartWorker
    ) -> None:
        start_worker(own=echo)
        given = GearmanClient()
        given.addServer(shared_gearmand.host, shared_gearmand.port)
        client = Client([], timeout=10)
        client.set_implementation(given)
        assert client.execute_job("own", "x") == "x"
