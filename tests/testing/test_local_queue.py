"""LocalGearman: its queue, the start and end of its worker, and what it does not need."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from gearman_cffi import (
    EventName,
    Job,
    JobException,
    JobTimeout,
    JsonSerializer,
    Priority,
    RawSerializer,
    Worker,
)
from gearman_cffi.testing import LocalGearman
from tests.python_layer.workers import Trace, handlers
from tests.support import ROOT


def double(job: Job) -> Any:
    return job.get_workload() * 2


def fail(job: Job) -> None:
    job.send_data("part")
    raise ValueError("no good")


class TestTheQueue:
    def test_queued_jobs_can_be_inspected(self) -> None:
        """For testing code that submits jobs for other programs."""
        local = LocalGearman()
        handle = local.client.execute_in_background("mail", {"to": "a"}, Priority.HIGH, unique="key")
        (job,) = local.waiting
        assert (job.function, job.workload, job.priority, job.unique) == ("mail", {"to": "a"}, Priority.HIGH, "key")
        assert (job.handle, job.is_background) == (handle, True)
        assert local.client.get_job_status(handle).is_known

    def test_work_runs_queued_jobs(self) -> None:
        local = LocalGearman(handlers(double=double, fail=fail))
        client = local.client
        client.execute_jobs_in_background([Job("double", 1), Job("fail", 2), Job("nope", 3)])
        doubled, failed = local.work()
        assert (doubled.function, doubled.workload, doubled.result, doubled.error) == ("double", 1, 2, None)
        assert isinstance(failed.error, JobException)
        assert isinstance(failed.error.__cause__, ValueError)
        assert (failed.result, [update.data for update in failed.updates]) == (None, [b"part"])
        assert [job.function for job in local.waiting] == ["nope"]
        assert local.work() == []
        assert [job.handle for job in local.done] == [doubled.handle, failed.handle]
        assert repr(local) == "<LocalGearman 1 waiting, 2 done>"

    def test_work_runs_what_jobs_submit(self) -> None:
        def count_down(job: Job) -> None:
            if job.get_workload():
                local.client.execute_in_background("count_down", job.get_workload() - 1)

        local = LocalGearman(handlers(count_down=count_down))
        local.client.execute_in_background("count_down", 3)
        assert [job.workload for job in local.work()] == [3, 2, 1, 0]

    def test_values_that_cannot_be_read(self) -> None:
        """The workload is shown as bytes, the result as the client's error."""
        local = LocalGearman(handlers(raw=lambda job: 1), serializer=JsonSerializer())
        local.new_client(RawSerializer()).execute_in_background("raw", "no json")
        assert local.waiting[0].workload == b"no json"
        assert local.work()[0].result == 1


class TestTheWorker:
    def test_it_starts_with_the_first_job(self) -> None:
        """Handlers that are added before it are used, and listeners get all events."""
        trace = Trace()
        jobs = handlers()
        local = LocalGearman(jobs, trace)
        jobs.handler("late")(double)
        assert trace.events == []
        assert local.client.execute_job("late", 1) == 2
        assert isinstance(local.worker, Worker)
        assert {event.worker for event in trace.events if hasattr(event, "worker")} == {local.worker}
        assert trace.lines()[0] == "worker.before_run WorkerEvent"

    @pytest.mark.parametrize("how", ["close", "stop", "destroy"])
    def test_no_job_is_run_after_its_end(self, how: str) -> None:
        trace = Trace()
        local = LocalGearman(handlers(double=double), trace)
        with local:
            local.client.execute_job("double", 1)
            if how == "stop":
                trace.add_listener(EventName.AFTER_RUN, lambda event: event.worker.stop())
                local.client.execute_job("double", 1)
            elif how == "destroy":
                trace.add_listener(EventName.AFTER_RUN, lambda event: event.worker.destroy_worker())
                local.client.execute_job("double", 1)
            else:
                local.close()
            assert trace.names()[-1] == "worker.on_before_destroy"
            with pytest.raises(JobTimeout, match="the worker of the LocalGearman was stopped"):
                local.client.execute_job("double", 1)
            assert local.work() == []
        assert trace.names().count("worker.on_before_destroy") == 1

    def test_closed_before_it_started(self) -> None:
        trace = Trace()
        with LocalGearman(handlers(double=double), trace):
            pass
        assert trace.events == []

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_a_request_to_exit_is_raised(self, kind: type[BaseException]) -> None:
        """The worker ends, and the job is not answered."""

        def end(job: Job) -> None:
            raise kind("enough")

        trace = Trace()
        local = LocalGearman(handlers(end=end, outer=lambda job: local.client.execute_job("end", 1)), trace)
        with pytest.raises(kind):
            local.client.execute_job("outer", 1)
        assert [job.function for job in local.waiting] == ["outer", "end"]
        assert "worker.after_run" not in trace.names()
        with pytest.raises(JobTimeout):
            local.client.execute_job("end", 1)
        local.close()

    @pytest.mark.parametrize("kind", [GeneratorExit, asyncio.CancelledError, pytest.fail.Exception])
    def test_another_base_exception_fails_its_job(self, kind: type[BaseException]) -> None:
        """As with a server: the client raises, with the exception as the cause, and the worker continues."""

        def end(job: Job) -> None:
            raise kind("enough")

        local = LocalGearman(handlers(end=end, double=double))
        with pytest.raises(JobException) as raised:
            local.client.execute_job("end", 1)
        assert (raised.value.remote_type, raised.value.remote_message) == (kind.__qualname__, "enough")
        assert type(raised.value.__cause__) is kind
        assert local.client.execute_job("double", 2) == 4
        assert local.waiting == []

    def test_an_exception_of_a_listener_of_the_start_is_raised(self) -> None:
        """As run() raises it."""
        trace = Trace()
        trace.add_listener(EventName.BEFORE_RUN, lambda event: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            LocalGearman(handlers(double=double), trace).client.execute_job("double", 1)

    def test_failures_without_a_listener_are_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        local = LocalGearman(handlers(fail=fail))
        local.client.execute_in_background("fail", 1)
        local.work()
        assert "job H:local:1 (fail) failed" in caplog.text


def test_it_needs_neither_server_nor_pytest_nor_network() -> None:
    program = """
import os, socket, sys
os.environ["GEARMAN_SERVERS"], os.environ["PATH"] = "no.such.host.invalid:1", ""
def refuse(*_): raise AssertionError("a socket was made")
socket.socket = refuse
from gearman_cffi import JobCollection
from gearman_cffi.testing import LocalGearman
jobs = JobCollection()
jobs.handler("double")(lambda job: job.get_workload() * 2)
with LocalGearman(jobs) as local:
    assert local.client.execute_job("double", 2) == 4
    assert local.client.execute_jobs([]) == []
assert "pytest" not in sys.modules
print("done")
"""
    done = subprocess.run(
        ["strace", "-f", "-e", "trace=socket,connect", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=50,
    )
    assert done.stdout == "done\n", done.stderr
    assert "socket(" not in done.stderr
