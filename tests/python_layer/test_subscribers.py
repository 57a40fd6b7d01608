"""The subscribers: what they log, and when they stop a worker."""

from __future__ import annotations

import logging
import mmap
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, FunctionHandler, Job, NoFunctionGiven, Worker
from gearman_cffi.events import WorkerEvent
from gearman_cffi.subscribers import LoggingSubscriber, MaxRuntime, MemoryLimit, memory_limit
from gearman_cffi.subscribers.levels import NOTICE
from gearman_cffi.subscribers.memory_limit import resident_bytes, to_bytes
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers
from tests.support import shown

NOISE = {"I`m idling.", "Got no jobs to do."}


class Lines(logging.Handler):
    """Collects (level, message) of a logger."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.logger = logging.Logger("test", logging.DEBUG)
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def lines(self) -> list[str]:
        lines = [f"{record.levelname.lower()}: {record.getMessage()}" for record in self.records]
        return [line for line in lines if line.partition(": ")[2] not in NOISE]


@pytest.fixture
def log() -> Lines:
    return Lines()


def run(
    server: Gearmand, dispatcher: EventDispatcher, *more: FunctionHandler, after: str = "worker.on_no_jobs"
) -> None:
    """Runs a worker until it has executed a job, or is idle."""
    dispatcher.add_listener(after, lambda event: event.worker.destroy_worker(), -1000)
    Worker(server.address, [*handlers(job=lambda job: "r"), *more], dispatcher, idle_interval=0.05).run()


def with_subscriber(subscriber: Any) -> EventDispatcher:
    dispatcher = EventDispatcher()
    dispatcher.add_subscriber(subscriber)
    return dispatcher


class TestLogging:
    def test_a_good_job(self, gearmand: Gearmand, log: Lines) -> None:
        Client(gearmand.address, timeout=20).execute_in_background("job", 1)
        run(gearmand, with_subscriber(LoggingSubscriber(log.logger)))
        assert log.lines() == [
            "info: Starting Worker",
            "debug: I got 1 jobs",
            "debug: Added 1 jobs to the Worker",
            "info: Im starting working on job job",
            "info: I successfully finished my work on job job",
            "info: Finished work.",
            "notice: Destroying worker.",
        ]
        assert {record.getMessage() for record in log.records} >= NOISE
        assert [record.levelno for record in log.records][-1] == NOTICE

    def test_a_logger_aware_handler(self, gearmand: Gearmand, log: Lines) -> None:
        class Aware(FunctionHandler):
            def set_logger(self, logger: logging.Logger) -> None:
                self.logger = logger

        aware = Aware("aware", lambda job: aware.logger.info("it got it"))
        Client(gearmand.address, timeout=20).execute_in_background("aware", 1)
        run(gearmand, with_subscriber(LoggingSubscriber(log.logger)), aware)
        assert log.lines()[3:7] == [
            "info: Im starting working on job aware",
            "debug: Setting Logger to Job",
            "info: it got it",
            "info: I successfully finished my work on job aware",
        ]

    def test_a_job_that_fails(self, gearmand: Gearmand, log: Lines) -> None:
        def fail(job: Job) -> None:
            raise RuntimeError("bad thing")

        Client(gearmand.address, timeout=20).execute_in_background("fail", 1)
        run(gearmand, with_subscriber(LoggingSubscriber(log.logger)), FunctionHandler("fail", fail))
        assert log.lines()[4:] == [
            "critical: Something unexpected happened in job fail... Message bad thing , Trace:",
            "info: Finished work.",
            "notice: Destroying worker.",
        ]
        (record,) = (record for record in log.records if record.levelno == logging.CRITICAL)
        assert "in fail" in logging.Formatter().format(record)

    def test_no_handlers(self, gearmand: Gearmand, log: Lines) -> None:
        with pytest.raises(NoFunctionGiven):
            Worker(gearmand.address, [], with_subscriber(LoggingSubscriber(log.logger))).run()
        assert log.lines() == ["info: Starting Worker", "debug: I got 0 jobs"]

    def test_no_server(self, gearmand: Gearmand, log: Lines) -> None:
        gearmand.stop()
        run(gearmand, with_subscriber(LoggingSubscriber(log.logger)), after=EventName.WORKER_FAILURE)
        assert log.lines()[3].startswith('critical: Something unexpected happened. Message was "cannot connect to')
        assert len(log.lines()) == 5
        assert all(record.exc_info is None for record in log.records)

    def test_priorities_are_dmanks(self) -> None:
        assert {given[1] for given in LoggingSubscriber().get_subscribed_events().values()} == {10}


class TestMaxRuntime:
    @pytest.mark.parametrize("limit", ["-1 second", "+0 seconds", 0, timedelta(0)], ids=shown)
    def test_it_stops_the_worker_after_its_job(self, gearmand: Gearmand, log: Lines, limit: Any) -> None:
        Client(gearmand.address, timeout=20).execute_in_background("job", 1)
        dispatcher = with_subscriber(MaxRuntime(limit, log.logger))
        Worker(gearmand.address, handlers(job=lambda job: 1), dispatcher).run()
        first, second = log.lines()
        assert first == f"notice: If the max runtime of {limit} is exceeded, i will stop the worker."
        assert second.startswith("notice: Max Runtime exceeded. Started at ")
        assert second.endswith(f". Maxruntime is {limit}")

    def test_it_stops_an_idle_worker(self, gearmand: Gearmand) -> None:
        dispatcher = with_subscriber(MaxRuntime(0.2))
        Worker(gearmand.address, handlers(job=lambda job: 1), dispatcher, idle_interval=0.05).run()

    def test_it_does_nothing_before_the_time_is_over(self, gearmand: Gearmand, log: Lines) -> None:
        run(gearmand, with_subscriber(MaxRuntime(logger=log.logger)))
        assert log.lines() == ["notice: If the max runtime of +2 hours is exceeded, i will stop the worker."]

    @pytest.mark.parametrize("limit", ["garbage", "", "5"])
    def test_invalid_limits(self, limit: str) -> None:
        """They raise; dmank ends the worker after its first job, with a warning."""
        with pytest.raises(ValueError, match="invalid duration"):
            MaxRuntime(limit)


class TestMemoryLimit:
    def test_a_worker_that_uses_too_much_memory(
        self, gearmand: Gearmand, log: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        used = 50 * 1024 * 1024
        monkeypatch.setattr(memory_limit, "resident_bytes", lambda: used)

        def grow(job: Job) -> None:
            nonlocal used
            used = 110 * 1024 * 1024

        Client(gearmand.address, timeout=20).execute_in_background("grow", 1)
        dispatcher = with_subscriber(MemoryLimit("128M", log.logger))
        Worker(gearmand.address, handlers(grow=grow), dispatcher).run()
        assert log.lines() == [
            "notice: i will stop the worker when the memory limit of 128M is exceeded.",
            "notice: Memory limit almost exceeded. Max limit is 128M, used 110.00M so far.",
        ]

    def test_a_limit_below_what_is_used_at_the_start(self, gearmand: Gearmand, log: Lines) -> None:
        """It would stop the worker after one job. It is not applied, and one warning says so."""
        dispatcher = with_subscriber(MemoryLimit("1M", log.logger))
        client = Client(gearmand.address, timeout=20)
        for _ in range(2):
            for number in range(3):
                client.execute_in_background("job", number)
            run(gearmand, dispatcher)
            assert gearmand.ask("status").splitlines()[0].split("\t")[1] == "0"
        (line,) = log.lines()
        assert line.startswith("warning: the memory limit of 1M is not applied: the worker uses ")

    @pytest.mark.parametrize("limit", [-1, "-1"])
    def test_none(self, log: Lines, limit: Any) -> None:
        subscriber = MemoryLimit(limit, log.logger)
        event = WorkerEvent(EventName.AFTER_RUN, None)  # type: ignore[arg-type]
        subscriber.on_before_run(event)
        subscriber.on_after_run(event)
        assert log.lines() == []

    @pytest.mark.parametrize(
        ("limit", "size"),
        [("1K", 1024), ("1k", 1024), (" 1M ", 1 << 20), ("1.5g", 3 << 29), (100, 100), ("8000000000", 8_000_000_000)],
    )
    def test_sizes(self, limit: Any, size: int) -> None:
        assert to_bytes(limit) == size

    @pytest.mark.parametrize("limit", ["abc", "", "5T", 0, "0", "-2", -5, "1e3", "M"])
    def test_invalid_limits(self, limit: Any) -> None:
        with pytest.raises(ValueError, match="invalid memory limit"):
            MemoryLimit(limit)

    @pytest.mark.parametrize("limit", [None, True, 1.5])
    def test_wrong_types(self, limit: Any) -> None:
        with pytest.raises(TypeError):
            MemoryLimit(limit)

    def test_resident_bytes(self) -> None:
        block = mmap.mmap(-1, 64 << 20)  # bytes may be in memory that the process had and freed
        before = resident_bytes()
        block[:: mmap.PAGESIZE] = b"x" * (len(block) // mmap.PAGESIZE)
        with_block = resident_bytes()
        assert with_block > before + (32 << 20)
        block.close()
        assert resident_bytes() < with_block - (32 << 20)
