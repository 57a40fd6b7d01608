"""How a worker is stopped and started again."""

from __future__ import annotations

from typing import Any

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, ServerCollection, Worker
from gearman_cffi.ext import GEARMAN_WORKER_NON_BLOCKING, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import Running, Trace, handlers, running
from tests.support import client_of, connections, is_served, queued, wait_until


def echo(job: Job) -> Any:
    return job.get_workload()


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


class TestStop:
    def test_between_two_jobs(self, gearmand: Gearmand, client: Client) -> None:
        """The worker starts no other job, as dmank's, and leaves no job assigned."""
        done: list[Any] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.AFTER_RUN, lambda event: event.worker.destroy_worker())
        for number in range(3):
            client.execute_in_background("f", number)
        worker = Worker(gearmand.address, handlers(f=lambda job: done.append(job.get_workload())), dispatcher)
        for count in (1, 2, 3):
            worker.run()
            assert len(done) == count
            wait_until(lambda: queued(gearmand, "f") == 3 - len(done), "the others are queued")
        assert sorted(done) == [0, 1, 2]

    def test_from_inside_a_job(self, gearmand: Gearmand, client: Client) -> None:
        """That job is answered, and its after_run is dispatched."""
        trace = Trace()

        def last(job: Job) -> str:
            worker.destroy_worker()
            return "answered"

        worker = Worker(gearmand.address, handlers(last=last), trace)
        thread = Running(worker)
        thread.start()
        assert client.execute_job("last", 1) == "answered"
        thread.await_end()
        assert trace.names()[-1] == EventName.AFTER_RUN
        assert trace.names().count(EventName.BEFORE_DESTROY) == 1

    def test_from_another_thread_and_once_more(self, gearmand: Gearmand, client: Client) -> None:
        worker = Worker(gearmand.address, handlers(f=echo), idle_interval=60)
        for _ in range(3):
            thread = Running(worker)
            thread.start()
            assert client.execute_job("f", "x") == "x"
            worker.destroy_worker()
            thread.await_end()
            wait_until(lambda: not is_served(gearmand, "f"), "the worker is gone")

    def test_before_it_runs(self, gearmand: Gearmand) -> None:
        """An early stop is not lost, and does not affect the next run."""
        trace = Trace()
        trace.add_listener(EventName.NO_JOBS, lambda event: event.worker.stop())
        worker = Worker(gearmand.address, handlers(f=echo), trace)
        worker.destroy_worker()
        worker.run()
        assert trace.lines()[0] == "worker.on_before_destroy WorkerEvent"
        assert trace.lines()[-1] == "worker.on_after_register_functions RegisterFunctionEvent"
        trace.events.clear()
        worker.run()
        assert trace.lines()[-1] == "worker.on_before_destroy WorkerEvent"

    def test_without_a_server(self, gearmand: Gearmand) -> None:
        gearmand.stop()
        trace = Trace()
        thread = Running(Worker(gearmand.address, handlers(f=echo), trace))
        thread.start()
        wait_until(lambda: EventName.WORKER_FAILURE in trace.names(), "it waits for a server")
        thread.worker.stop()
        thread.await_end()

    def test_one_run_at_a_time(self, gearmand: Gearmand) -> None:
        with running(gearmand, handlers(f=echo)) as worker:
            wait_until(lambda: is_served(gearmand, "f"), "it works")
            with pytest.raises(RuntimeError, match="already running"):
                worker.run()

    def test_an_idle_worker_sends_nothing(self, gearmand: Gearmand) -> None:
        """dmank's worker asks for jobs thousands of times a second."""
        trace = Trace()
        with running(gearmand, handlers(f=echo), trace, idle_interval=60) as worker:
            wait_until(lambda: EventName.NO_JOBS in trace.names(), "it is idle")
            assert trace.names().count(EventName.NO_JOBS) == 1
            assert worker.servers == ServerCollection(gearmand.address)


class TestImplementation:
    def test_a_blocking_worker_ends_after_its_timeout(self, gearmand: Gearmand, client: Client) -> None:
        """As in dmank: run() adds the servers, keeps the options and ends after GEARMAN_TIMEOUT."""
        given = GearmanWorker()
        given.setTimeout(100)
        trace = Trace()
        worker = Worker(gearmand.address, handlers(f=echo), trace)
        worker.set_implementation(given)
        client.execute_in_background("f", 1)
        for _ in range(2):
            worker.run()
        assert trace.names().count(EventName.AFTER_RUN) == 1
        assert EventName.BEFORE_DESTROY not in trace.names()
        assert not given.options() & GEARMAN_WORKER_NON_BLOCKING
        assert connections(gearmand) <= 2

    def test_a_blocking_worker_can_be_stopped(self, gearmand: Gearmand) -> None:
        given = GearmanWorker()
        given.addServer(gearmand.host, gearmand.port)
        worker = Worker(ServerCollection(), handlers(f=echo))
        worker.set_implementation(given)
        thread = Running(worker)
        thread.start()
        assert client_of(gearmand).doNormal("f", "x") == b"x"
        worker.stop()
        thread.await_end()
