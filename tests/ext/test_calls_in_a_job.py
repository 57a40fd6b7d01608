"""Calls of a worker's function on its own worker, in addition to those that tests/parity compares with PHP."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest

from gearman_cffi import Admin
from gearman_cffi.ext import ConcurrentUseError, GearmanJob, GearmanWarning, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.support import client_of, is_served, wait_until, worker_of


def names(server: Gearmand, function: str) -> list[str]:
    """Returns the ids of the workers that a server knows for a function."""
    return [row.client_id for row in Admin(server.address).workers() if function in row.functions]


@contextmanager
def working(worker: GearmanWorker) -> Iterator[list[BaseException]]:
    """Runs the worker in a thread while the block runs. Yields what work() raised."""
    raised: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            try:
                worker.work()
            except BaseException as error:
                raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield raised
    finally:
        ended.set()
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


def silent_grab(worker: GearmanWorker) -> GearmanJob | Literal[False]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GearmanWarning)
        return worker.grabJob()


class TestCallsInAJob:
    """A job that changes its worker continues, and the changes take effect afterwards."""

    def run(self, server: Gearmand, does: Callable[[GearmanWorker], object], jobs: int = 1) -> list[object]:
        """Calls a function in each of several jobs. Returns what it returned."""
        did: list[object] = []

        def function(job: GearmanJob, context: Any) -> bytes:
            did.append(does(worker))
            return job.workload()

        worker = worker_of(server, work=function)
        with working(worker) as raised:
            client = client_of(server)
            client.setTimeout(20_000)
            for number in range(jobs):
                assert client.doNormal("work", b"%d" % number) == b"%d" % number
        assert raised == []
        return did

    def test_registering_and_removing_in_each_job(self, gearmand: Gearmand) -> None:
        """Twenty jobs that register a function, remove it and register it again."""

        def does(worker: GearmanWorker) -> tuple[bool, bool, bool]:
            added = worker.addFunction("other", lambda job: b"old")
            return added, worker.unregister("other"), worker.addFunction("other", lambda job: b"new")

        assert self.run(gearmand, does, 20) == [(True, True, True)] * 20

    def test_the_last_function_is_used(self, gearmand: Gearmand) -> None:
        """A function that replaces itself, and another that is registered after all were removed."""
        worker = worker_of(gearmand)
        client = client_of(gearmand)
        client.setTimeout(20_000)

        def first(job: GearmanJob, context: Any) -> bytes:
            assert worker.unregisterAll()
            assert worker.addFunction("work", lambda job: b"second")
            return b"first"

        worker.addFunction("work", first)
        with working(worker) as raised:
            assert [client.doNormal("work", b"x") for _ in range(2)] == [b"first", b"second"]
        assert raised == []

    def test_jobs_that_are_grabbed_in_a_job(self, gearmand: Gearmand) -> None:
        """grabJob() until there is none, twice, where libgearman alone would crash; then the next job."""
        grabbed: list[bytes] = []

        def function(job: GearmanJob, context: Any) -> bytes:
            for _ in range(2):
                while other := silent_grab(worker):
                    grabbed.append(other.workload())
                    assert other.sendComplete(b"")
            return job.workload()

        client = client_of(gearmand)
        for number in range(3):
            client.doLowBackground("work", b"%d" % number)
        client.doHighBackground("work", b"job")
        worker = worker_of(gearmand, work=function)
        worker.setTimeout(20_000)
        assert worker.work()
        assert grabbed == [b"0", b"1", b"2"]
        handle = client.doBackground("work", b"next")
        assert worker.work()
        wait_until(lambda: not client.jobStatus(handle)[0], "the next job is done")

    def test_a_job_that_is_grabbed_after_functions_have_changed(self, gearmand: Gearmand) -> None:
        """The functions are announced after the job; queued jobs can be grabbed before."""
        grabbed: list[bytes] = []

        def function(job: GearmanJob, context: Any) -> bytes:
            assert worker.unregister("other")
            assert worker.addFunction("other", lambda job: b"")
            if other := silent_grab(worker):
                grabbed.append(other.workload())
                assert other.sendComplete(b"")
            return b""

        client = client_of(gearmand)
        worker = worker_of(gearmand, work=function, other=lambda job, _: b"")
        worker.setTimeout(20_000)
        for workload in (b"first", b"second"):
            client.doBackground("work", workload)
        assert worker.work()
        assert grabbed == [b"second"]
        handle = client.doBackground("other", b"x")
        assert worker.work()
        wait_until(lambda: not client.jobStatus(handle)[0], "the function that was registered again runs")

    @pytest.mark.parametrize("call", ["ping", "setId", "unregister", "addServer", "register"])
    def test_a_signal_handler_in_a_wait_is_refused(self, gearmand: Gearmand, call: str) -> None:
        """A signal handler runs in the middle of work(), not in a job."""
        worker = worker_of(gearmand, work=lambda job, _: b"")
        worker.setTimeout(20_000)
        arguments: dict[str, tuple[Any, ...]] = {"addServer": (gearmand.host, gearmand.port)}

        def handler(number: int, frame: object) -> None:
            getattr(worker, call)(*arguments.get(call, ("work",)))

        before = signal.signal(signal.SIGUSR1, handler)
        main = threading.main_thread().ident
        assert main is not None

        def interrupt() -> None:
            wait_until(lambda: is_served(gearmand, "work"), "the worker waits")
            os.kill(os.getpid(), signal.SIGUSR1)

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            with pytest.raises(ConcurrentUseError):
                worker.work()
        finally:
            thread.join()
            signal.signal(signal.SIGUSR1, before)

    def test_work_is_refused(self, gearmand: Gearmand) -> None:
        """work() in a job of the same worker is refused. PHP crashes."""

        def does(worker: GearmanWorker) -> str:
            with pytest.raises(ConcurrentUseError) as caught:
                worker.work()
            return type(caught.value).__name__

        assert self.run(gearmand, does) == ["ConcurrentUseError"]


class TestIdentifier:
    """setId() sets the id at each server, also after reconnecting."""

    @pytest.mark.parametrize("how", ["before connecting", "after connecting", "in a job", "renamed", "removed"])
    def test_servers_that_restart(self, how: str) -> None:
        """Each of two servers has the name again after each restart."""
        wanted = "" if how == "removed" else "named"
        with Gearmand() as one, Gearmand() as two:
            worker = worker_of(one, two, work=lambda job, _: b"%d" % worker.setId("named"))
            worker.setTimeout(200)
            if how != "in a job":
                assert worker.setId("named" if how == "before connecting" else "earlier")
            worker.work()
            if how in ("after connecting", "renamed"):
                assert worker.setId("named")
            if how == "removed":
                worker.removeOptions(2048)  # GEARMAN_WORKER_IDENTIFIER
            with warnings.catch_warnings(), working(worker):
                warnings.simplefilter("ignore")  # of the servers that are gone
                if how == "in a job":
                    assert client_of(one).doNormal("work", b"x") == b"1"
                for server in (one, two, one):
                    server.restart()
                    wait_until(lambda server=server: names(server, "work") == [wanted], f"{server} has the name")  # type: ignore[misc]
                if how != "removed":
                    assert names(one, "work") == names(two, "work") == ["named"]

    def test_a_clone_has_it(self, gearmand: Gearmand) -> None:
        """A clone has the id too, and keeps it over a restart."""
        worker = worker_of(gearmand)
        worker.setId("named")
        copy = worker._clone()
        del worker
        copy.addFunction("work", lambda job: b"")
        copy.setTimeout(200)
        with warnings.catch_warnings(), working(copy):
            warnings.simplefilter("ignore")
            for _ in range(2):
                wait_until(lambda: names(gearmand, "work") == ["named"], "the server has the name")
                gearmand.restart()
