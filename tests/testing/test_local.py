"""LocalGearman: calls, and what differs from a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    Job,
    JobException,
    JobTimeout,
    JobUpdate,
    JsonSerializer,
    RawSerializer,
    SerializerError,
    UpdateKind,
)
from gearman_cffi.ext import GEARMAN_TIMEOUT
from gearman_cffi.testing import LocalGearman
from tests.python_layer.workers import handlers


def double(job: Job) -> Any:
    return job.get_workload() * 2


def fail(job: Job) -> None:
    job.send_data("part")
    raise ValueError("no good")


class TestCalls:
    def test_the_handlers_exception_is_the_cause_of_the_clients(self) -> None:
        client = LocalGearman(handlers(fail=fail)).client
        calls: list[Callable[[], object]] = [
            lambda: client.execute_job("fail", 1),
            lambda: client.execute_jobs([Job("fail", 1)]),
            lambda: client.watch_job("fail", 1).result(),
        ]
        for call in calls:
            with pytest.raises(JobException, match="no good") as caught:
                call()
            assert isinstance(caught.value.__cause__, ValueError)
            assert caught.value.__cause__.__traceback__ is not None

    def test_it_runs_in_the_callers_thread(self) -> None:
        local = LocalGearman(handlers(where=lambda job: threading.get_ident()))
        assert local.client.execute_job("where", 1) == threading.get_ident()

    def test_a_function_that_no_handler_listens_to(self) -> None:
        """Every call fails at once; the message names the handlers that there are."""
        local = LocalGearman(handlers(double=double, fail=fail))
        client = local.client
        calls: list[Callable[[], object]] = [
            lambda: client.execute_job("nope", 1),
            lambda: client.execute_jobs([Job("double", 1), Job("nope", 1)]),
            lambda: client.watch_job("nope", 1).result(),
        ]
        for call in calls:
            with pytest.raises(JobTimeout, match="listens to 'nope', only to 'double', 'fail'") as caught:
                call()
            assert caught.value.return_code == GEARMAN_TIMEOUT
            assert caught.value.function == "nope"
        answers = [answer for _, answer in client.stream_jobs([Job("nope"), Job("double", 1)])]
        assert answers[0] == 2
        assert isinstance(answers[1], JobTimeout)

    def test_without_handlers(self) -> None:
        local = LocalGearman()
        with pytest.raises(JobTimeout, match="only to nothing"):
            local.client.execute_job("nope", 1)
        assert local.client.execute_in_background("nope", 1) == "H:local:2"
        assert local.work() == []

    def test_a_job_that_calls_another(self) -> None:
        """With a server, a second worker would be needed."""
        local = LocalGearman(handlers(double=double, outer=lambda job: local.client.execute_job("double", 4)))
        assert local.client.execute_job("outer", 1) == 8
        assert [job.function for job in local.done] == ["double", "outer"]

    def test_a_job_that_waits_for_itself(self) -> None:
        def again(job: Job) -> Any:
            return local.client.execute_job("again", 1, unique="same")

        local = LocalGearman(handlers(again=again))
        with pytest.raises(JobException) as caught:
            local.client.execute_job("again", 1, unique="same")
        assert caught.value.remote_type == "JobTimeout"
        assert "its own handler waits for it" in str(caught.value)

    def test_waiting_clients_of_one_key_all_get_the_answer(self) -> None:
        local = LocalGearman(handlers(double=double))
        assert local.client.execute_jobs([Job("double", number, unique="one") for number in (1, 2, 3)]) == [2, 2, 2]
        assert len(local.done) == 1

    def test_updates_come_before_the_call_returns(self) -> None:
        updates: list[JobUpdate] = []
        local = LocalGearman(handlers(tell=lambda job: job.send_status(1, 2)))
        local.client.execute_job("tell", 1, on_update=updates.append)
        assert [update.kind for update in updates] == [UpdateKind.CREATED, UpdateKind.STATUS]
        watch = local.client.watch_job("tell", 1)
        assert next(watch).kind is UpdateKind.CREATED
        assert local.client.get_job_status(watch.handle).is_known

    @pytest.mark.parametrize("call", ["execute_jobs", "execute_jobs_in_background", "stream_jobs"])
    def test_bulk_calls_have_no_timeout(self, call: str) -> None:
        """A breakpoint in a handler, for instance, fails no job."""
        local = LocalGearman(handlers(slow=lambda job: time.sleep(0.002)))
        jobs = (Job("slow", number) for number in range(300))
        assert len(list(getattr(local.client, call)(jobs, timeout=0.001))) == 300
        assert len(local.done) + len(local.waiting) == 300
        with pytest.raises(ValueError, match="-1"):
            getattr(local.client, call)([], timeout=-1)

    def test_a_stream_that_is_closed_early(self) -> None:
        """Jobs that have not started are dropped, as gearmand drops the jobs of a connection that is closed."""
        local = LocalGearman(handlers(double=double))
        stream = local.client.stream_jobs([Job("double", number) for number in range(5)], in_flight=3)
        job, answer = next(stream)
        assert (job.get_workload(), answer) == (0, 0)
        stream.close()  # type: ignore[attr-defined]
        assert local.waiting == []
        assert len(local.done) == 1

    def test_a_client_can_be_closed_and_used_again(self) -> None:
        """The code under test may do so. local.client is always the same object."""
        local = LocalGearman(handlers(double=double))
        with local.client as client:
            assert client.execute_job("double", 1) == 2
        assert isinstance(client, Client)
        assert local.client is client
        assert client.execute_job("double", 2) == 4

    def test_clients_with_serializers_of_their_own(self) -> None:
        local = LocalGearman(handlers(double=double), serializer=JsonSerializer())
        assert local.client.execute_job("double", [1]) == [1, 1]
        assert local.new_client(RawSerializer()).execute_job("double", "[1]") == b"[1,1]"
        with pytest.raises(SerializerError):
            local.client.execute_job("double", b"no json")

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_a_serializer_that_returns_other_types_of_bytes(self, kind: Callable[[bytes], Any]) -> None:
        class AnyBytes(RawSerializer):
            def serialize(self, value: Any) -> Any:
                return kind(value)

        local = LocalGearman(handlers(double=lambda job: bytes(job.get_workload()) * 2), serializer=AnyBytes())
        assert local.client.execute_job("double", b"abc") == b"abcabc"
        local.client.execute_in_background("double", b"x")
        assert [bytes(done.result) for done in local.work()] == [b"xx"]

    def test_from_several_threads(self) -> None:
        """Jobs are run one after the other, as by one worker."""
        busy = threading.Lock()

        def alone(job: Job) -> Any:
            assert busy.acquire(blocking=False)
            busy.release()
            return job.get_workload()

        local = LocalGearman(handlers(alone=alone))
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(local.new_client().execute_job("alone", n)))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == list(range(8))
