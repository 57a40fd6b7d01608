"""GearmanJob.setReturn(): how the job ends when its function returns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob, GearmanWarning, GearmanWorker, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import client_of, queued, wait_until, worker_of

SUCCESS, IO_WAIT, SHUTDOWN, ERRNO, LOST_CONNECTION, WORK_ERROR, WORK_DATA = 0, 1, 2, 4, 14, 19, 20
WORK_EXCEPTION, WORK_FAIL, NO_JOBS, PAUSE, TIMEOUT, INVALID_ARGUMENT = 23, 24, 35, 38, 47, 49


def return_what_is_asked(job: GearmanJob, context: Any) -> str:
    """A worker's function that sets the code in its workload."""
    assert job.setReturn(int(job.workload())) is True
    assert job.returnCode() == int(job.workload())
    return "result"


def work_once(worker: GearmanWorker, warns: bool) -> bool:
    """Calls work(), which must warn as PHP does."""
    if not warns:
        return worker.work()
    with pytest.warns(GearmanWarning, match=r"^GearmanWorker::work\(\): "):
        return worker.work()


class TestSetReturn:
    """Codes that PHP treats in different ways."""

    @pytest.mark.parametrize(
        ("code", "client_gets", "work_gives", "warns"),
        [
            (SUCCESS, SUCCESS, True, False),
            (WORK_FAIL, WORK_FAIL, False, False),
            (WORK_EXCEPTION, WORK_FAIL, False, False),
            (IO_WAIT, WORK_FAIL, False, False),
            (TIMEOUT, WORK_FAIL, False, False),
            (NO_JOBS, WORK_FAIL, False, False),
            (ERRNO, WORK_FAIL, False, True),
            (WORK_ERROR, WORK_FAIL, False, True),
            (WORK_DATA, WORK_FAIL, False, True),
            (PAUSE, WORK_FAIL, False, True),
            (INVALID_ARGUMENT, WORK_FAIL, False, True),
            (SHUTDOWN, SUCCESS, False, True),
        ],
    )
    def test_every_kind_of_code(
        self, gearmand: Gearmand, code: int, client_gets: int, work_gives: bool, warns: bool
    ) -> None:
        """The client and work() get what they get in PHP, and the next work() runs the next job."""
        worker = worker_of(gearmand, returning=return_what_is_asked)
        client = client_of(gearmand)
        client.setTimeout(15_000)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"returning", b"%d" % code)
            assert work_once(worker, warns) is work_gives
            assert worker.returnCode() == code
            reply = future.result(20)
            assert reply.rc == client_gets
            assert reply.data == (b"result" if client_gets == SUCCESS else None)
            future = pool.submit(client._submit, JobKind.NORMAL, b"returning", b"0")
            assert worker.work() is True
            assert worker.returnCode() == SUCCESS
            assert future.result(20).data == b"result"

    def test_lost_connection_returns_the_job(self, gearmand: Gearmand) -> None:
        """LOST_CONNECTION sends nothing: the worker closes its connections, the server queues the job again."""
        runs: list[int] = []

        def retry_once(job: GearmanJob, context: Any) -> str:
            runs.append(1)
            if len(runs) == 1:
                job.setReturn(LOST_CONNECTION)
                return "dropped"
            return "second run"

        worker = worker_of(gearmand, returning=retry_once)
        client = client_of(gearmand)
        client.setTimeout(10_000)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"returning", b"x")
            assert worker.work() is True
            worker.setTimeout(1000)
            wait_until(lambda: worker.work() or future.done(), "the job has run again")
            reply = future.result(20)
        assert (reply.rc, reply.data) == (SUCCESS, b"second run")
        assert len(runs) == 2

    def test_a_send_after_it_overwrites_it(self, gearmand: Gearmand) -> None:
        """A later send method overwrites the code."""

        def set_then_send(job: GearmanJob, context: Any) -> str:
            job.setReturn(WORK_FAIL)
            job.sendData("data ")
            return "result"

        worker = worker_of(gearmand, returning=set_then_send)
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"returning", b"x")
            assert worker.work() is True
            assert future.result(20).data == b"data result"

    def test_after_a_send_it_is_the_code_of_work(self, gearmand: Gearmand) -> None:
        """The client gets what was sent, and work() returns False with the code."""

        def finish_then_set(job: GearmanJob, context: Any) -> str:
            job.sendComplete("complete")
            job.setReturn(WORK_FAIL)
            return "result"

        worker = worker_of(gearmand, returning=finish_then_set)
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client._submit, JobKind.NORMAL, b"returning", b"x")
            assert worker.work() is False
            assert worker.returnCode() == WORK_FAIL
            assert future.result(20).data == b"complete"

    def test_it_is_for_one_job(self, gearmand: Gearmand) -> None:
        """The code is for one job. A background job that failed is removed from the server."""
        worker = worker_of(gearmand, returning=return_what_is_asked)
        client = client_of(gearmand)
        for code in (b"24", b"0", b"24", b"0"):
            client.doBackground("returning", code)
        assert [worker.work() for _ in range(4)] == [False, True, False, True]
        wait_until(lambda: queued(gearmand, "returning") == 0, "the jobs are gone")
