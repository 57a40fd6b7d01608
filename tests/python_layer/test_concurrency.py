"""Workers that run several jobs at once: plain handlers in threads, coroutines in an event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    ConnectionLost,
    EventDispatcher,
    EventName,
    FunctionHandler,
    Job,
    JobCollection,
    JobException,
    JobNotRunning,
    RawSerializer,
    UpdateKind,
    Worker,
    current_job,
)
from gearman_cffi._worker import concurrent_work, handler_loop
from gearman_cffi._worker.job_source import SourceState
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.subscribers import MaxRuntime, MemoryLimit
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import GRAB_JOB_ALL, JOB_ASSIGN_ALL, NO_JOB, commands, fake_server, packet
from tests.python_layer.workers import Running, Trace, running, running_already
from tests.support import (
    IF_ALLOWED,
    WITHOUT_INTERPOSITION,
    Child,
    client_of,
    connections,
    frozen,
    is_served,
    queued,
    wait_until,
)

NOOP = 6
KINDS = pytest.mark.parametrize("kind", ["plain", "coroutine"])


class Gate:
    """Handlers that wait until the gate is open. most: how many of them have waited at the same time."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.waiting = 0
        self.most = 0
        self.began: list[Any] = []
        self._lock = threading.Lock()

    def _change(self, by: int, job: Job) -> None:
        with self._lock:
            self.waiting += by
            self.most = max(self.most, self.waiting)
            if by > 0:
                self.began.append(job.get_workload())

    def plain(self, job: Job) -> Any:
        self._change(1, job)
        assert self.opened.wait(20)
        self._change(-1, job)
        return job.get_workload()

    async def coroutine(self, job: Job) -> Any:
        self._change(1, job)
        while not self.opened.is_set():
            await asyncio.sleep(0.002)
        self._change(-1, job)
        return job.get_workload()

    def handler(self, kind: str, name: str = "gate", **options: Any) -> FunctionHandler:
        return FunctionHandler(name, getattr(self, kind), **options)


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Makes a call in another thread. The list gets the result, or the exception."""
    results: list[Any] = []

    def target() -> None:
        try:
            results.append(call())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread, results


def submit(server: Gearmand, function: str, count: int) -> tuple[threading.Thread, list[Any]]:
    """Submits jobs with the numbers from 0; the list gets a list of their answers."""
    client = Client(server.address, timeout=30)
    return in_thread(lambda: client.execute_jobs([Job(function, number) for number in range(count)]))


class TestManyAtOnce:
    """Jobs are taken while there is room, and no longer."""

    @KINDS
    def test_as_many_as_there_is_room_for(self, gearmand: Gearmand, kind: str) -> None:
        gate = Gate()
        with running(gearmand, [gate.handler(kind)], concurrency=5):
            thread, results = submit(gearmand, "gate", 12)
            wait_until(lambda: gate.waiting == 5 and queued(gearmand, "gate") == 12, "five jobs run")
            assert [line.split("\t")[2] for line in gearmand.ask("status").splitlines() if "gate" in line] == ["5"]
            gate.opened.set()
            thread.join(20)
        assert results == [list(range(12))]
        assert gate.most == 5

    def test_both_kinds_share_the_room(self, gearmand: Gearmand) -> None:
        gate = Gate()
        with running(gearmand, [gate.handler("plain", "p"), gate.handler("coroutine", "c")], concurrency=4):
            first, second = submit(gearmand, "p", 6), submit(gearmand, "c", 6)
            wait_until(lambda: gate.waiting == 4, "four jobs run")
            gate.opened.set()
            first[0].join(20)
            second[0].join(20)
        assert first[1] == second[1] == [list(range(6))]
        assert gate.most == 4

    def test_a_worker_without_room_leaves_jobs_to_others(self, gearmand: Gearmand) -> None:
        """An idle worker gets the job that a busy one has no room for."""
        gate, other = Gate(), Gate()
        other.opened.set()
        with running(gearmand, [gate.handler("coroutine")], concurrency=2):
            thread, results = submit(gearmand, "gate", 2)
            wait_until(lambda: gate.waiting == 2, "the first worker is full")
            with running(gearmand, [other.handler("plain")], concurrency=2):
                assert Client(gearmand.address, timeout=20).execute_job("gate", "third") == "third"
            gate.opened.set()
            thread.join(20)
        assert results == [[0, 1]]
        assert other.began == ["third"]

    @KINDS
    @pytest.mark.parametrize("functions", [1, 2])
    def test_a_function_with_a_limit(self, gearmand: Gearmand, kind: str, functions: int) -> None:
        """It never runs more jobs than that, and does not keep others from running."""
        limited, free = Gate(), Gate()
        free.opened.set()
        jobs = [limited.handler(kind, f"limited{number}", concurrency=2) for number in range(functions)]
        with running(gearmand, [*jobs, free.handler(kind, "free")], concurrency=8):
            threads = [submit(gearmand, handler.listens_to_job(), 5) for handler in jobs]
            wait_until(lambda: limited.waiting == 2 * functions, "the limited functions are full")
            assert Client(gearmand.address, timeout=20).execute_jobs([Job("free", n) for n in range(20)]) == list(
                range(20)
            )
            assert limited.most == 2 * functions
            limited.opened.set()
            for thread, _ in threads:
                thread.join(20)
        assert [results for _, results in threads] == [[list(range(5))]] * functions
        assert limited.most == 2 * functions

    @pytest.mark.parametrize("sent", ["slow", "pay"])
    def test_room_that_a_limited_function_gives_back(self, gearmand: Gearmand, sent: str) -> None:
        """A function takes it whose jobs wait, not only when the worker looks again after idle_interval."""
        slow, pay = Gate(), Gate()
        jobs = [slow.handler("plain", "slow"), pay.handler("plain", "pay", concurrency=1)]
        client = Client(gearmand.address)
        for number in range(2):
            client.execute_in_background("slow", number)
        with running(gearmand, jobs if sent == "slow" else jobs[::-1], concurrency=2):
            wait_until(lambda: slow.waiting == 2, "both jobs run", seconds=3)
            slow.opened.set()

    def test_a_limit_of_threads(self, gearmand: Gearmand) -> None:
        """Plain handlers together have their limit; one of them has a lower one."""
        plain, alone, coroutines = Gate(), Gate(), Gate()
        jobs = [
            plain.handler("plain", "p"),
            alone.handler("plain", "a", concurrency=1),
            coroutines.handler("coroutine"),
        ]
        with running(gearmand, jobs, concurrency=8, threads=3):
            threads = [submit(gearmand, name, 6) for name in ("p", "a")]
            wait_until(lambda: plain.waiting + alone.waiting == 3, "the threads are busy")
            threads.append(submit(gearmand, "gate", 6))
            wait_until(lambda: coroutines.waiting == 5, "the worker is full")
            assert alone.most <= 1
            for gate in (plain, alone, coroutines):
                gate.opened.set()
            for thread, results in threads:
                thread.join(20)
                assert results == [list(range(6))]

    def test_coroutines_with_concurrency_1(self, gearmand: Gearmand) -> None:
        gate = Gate()
        with running(gearmand, [gate.handler("coroutine")]):
            thread, results = submit(gearmand, "gate", 3)
            wait_until(lambda: gate.waiting == 1, "a job runs")
            gate.opened.set()
            thread.join(20)
        assert results == [[0, 1, 2]]
        assert gate.most == 1

    def test_two_servers(self, gearmand: Gearmand) -> None:
        """Jobs of both run at once."""
        gate = Gate()
        with (
            Gearmand() as second,
            running(f"{gearmand.address},{second.address}", [gate.handler("plain")], concurrency=4),
        ):
            threads = [submit(server, "gate", 4) for server in (gearmand, second)]
            wait_until(lambda: gate.waiting == 4, "four jobs run")
            gate.opened.set()
            for thread, results in threads:
                thread.join(20)
                assert results == [[0, 1, 2, 3]]
        assert gate.most == 4

    def test_a_server_that_stands_still(self, gearmand: Gearmand) -> None:
        """The jobs of the other one run meanwhile."""
        gate = Gate()
        gate.opened.set()
        with (
            Gearmand() as second,
            running(f"{gearmand.address},{second.address}", [gate.handler("plain")], concurrency=4),
        ):
            assert Client(second.address, timeout=20).execute_job("gate", 1) == 1
            with frozen(gearmand):
                submit(second, "gate", 20)[0].join(20)
                assert Client(second.address, timeout=20).execute_job("gate", 2) == 2
            assert Client(gearmand.address, timeout=20).execute_job("gate", 3) == 3

    @KINDS
    def test_large_workloads_and_results(self, gearmand: Gearmand, kind: str) -> None:
        gate = Gate()
        gate.opened.set()
        load = "x" * 3_000_000
        with running(gearmand, [gate.handler(kind)], concurrency=3):
            client = Client(gearmand.address, timeout=30)
            assert client.execute_jobs([Job("gate", f"{number}{load}") for number in range(5)]) == [
                f"{number}{load}" for number in range(5)
            ]

    def test_many_small_ones(self, gearmand: Gearmand) -> None:
        async def double(job: Job) -> Any:
            await asyncio.sleep(0)
            return job.get_workload() * 2

        with running(gearmand, [FunctionHandler("double", double)], concurrency=50):
            assert Client(gearmand.address, timeout=30).execute_jobs([Job("double", n) for n in range(2000)]) == [
                2 * n for n in range(2000)
            ]

    def test_a_namespace(self, gearmand: Gearmand) -> None:
        gate = Gate()
        gate.opened.set()
        jobs = [gate.handler("plain", "p"), gate.handler("coroutine", "c", concurrency=1)]
        with running(gearmand, jobs, concurrency=3, namespace="shop/"):
            client = Client(gearmand.address, timeout=20, namespace="shop/")
            assert client.execute_jobs([Job("p", 1), Job("c", 2)]) == [1, 2]

    def test_set_implementation_is_refused(self, gearmand: Gearmand) -> None:
        worker = Worker(gearmand.address, [Gate().handler("coroutine")])
        worker.set_implementation(GearmanWorker())
        with pytest.raises(ValueError, match="leave concurrency at 1"):
            worker.run()


class TestSending:
    """What a job sends arrives in order, each before its end."""

    @KINDS
    def test_order(self, gearmand: Gearmand, kind: str) -> None:
        def send(job: Job) -> None:
            for number in range(30):
                job.send_status(number, 30)
                job.send_data(f"{job.get_workload()}:{number};")
                job.send_warning(b"w%d" % number)

        async def coroutine(job: Job) -> None:
            send(job)

        jobs = [FunctionHandler("send", send if kind == "plain" else coroutine)]
        with running(gearmand, jobs, concurrency=4):

            def watch(name: str) -> tuple[list[Any], Any]:
                watched = Client(gearmand.address, timeout=20).watch_job("send", name)
                updates = list(watched)
                return updates, watched.result()

            threads = [(name, *in_thread(lambda name=name: watch(name))) for name in "abcd"]  # type: ignore[misc]
            for name, thread, results in threads:
                thread.join(20)
                updates, result = results[0]
                parts = "".join(f"{name}:{number};" for number in range(30)).encode()
                assert b"".join(update.data for update in updates if update.kind is UpdateKind.DATA) == parts, result
                assert [update.numerator for update in updates if update.kind is UpdateKind.STATUS] == list(range(30))
                assert [update.data for update in updates if update.kind is UpdateKind.WARNING] == [
                    b"w%d" % number for number in range(30)
                ]

    @KINDS
    def test_wrong_arguments_and_after_the_end(self, gearmand: Gearmand, kind: str) -> None:
        """They raise in the handler, as with one job at a time."""
        kept: list[Job] = []

        def send(job: Job) -> str:
            kept.append(job)
            with pytest.raises(TypeError):
                job.send_status(1.5, 2)  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                job.send_data(None)  # type: ignore[arg-type]
            return "fine"

        async def coroutine(job: Job) -> str:
            return send(job)

        with running(gearmand, [FunctionHandler("f", send if kind == "plain" else coroutine)], concurrency=2):
            assert Client(gearmand.address, timeout=20).execute_job("f", 1) == "fine"
            with pytest.raises(JobNotRunning):
                kept[0].send_status(1, 2)

    @KINDS
    def test_failures(self, gearmand: Gearmand, kind: str) -> None:
        """An exception fails its own job, and is reported with its traceback."""
        failures: list[Any] = []

        def half(job: Job) -> Any:
            if job.get_workload() % 2:
                raise ValueError(f"odd {job.get_workload()}")
            return job.get_workload() // 2

        async def coroutine(job: Job) -> Any:
            await asyncio.sleep(0)
            return half(job)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.FUNCTION_FAILURE, failures.append)
        jobs = [FunctionHandler("half", half if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=4):
            answers = Client(gearmand.address, timeout=20).execute_jobs(
                [Job("half", number) for number in range(6)], on_error="return"
            )
        assert answers[::2] == [0, 1, 2]
        assert all(isinstance(answer, JobException) for answer in answers[1::2])
        assert sorted(event.exception.args[0] for event in failures) == ["odd 1", "odd 3", "odd 5"]
        assert all(event.exception.__traceback__.tb_next for event in failures)


class TestEventsAndContext:
    """Listeners are called in the thread of run(), and the job's events share its contextvars."""

    @KINDS
    def test_order_and_thread(self, gearmand: Gearmand, kind: str) -> None:
        gate, trace, threads = Gate(), Trace(), set()
        for name in EventName:
            trace.add_listener(name, lambda event: threads.add(threading.get_ident()))
        worker = Worker(gearmand.address, [gate.handler(kind)], trace, concurrency=3, idle_interval=1)
        thread = Running(worker)
        thread.start()
        submitted, results = submit(gearmand, "gate", 3)
        wait_until(lambda: gate.waiting == 3, "three jobs run")
        gate.opened.set()
        submitted.join(20)
        worker.stop()
        thread.await_end()
        assert results == [[0, 1, 2]]
        assert threads == {thread.ident}
        before, after, end = "worker.function.before_execute", "worker.function.after_execute", "worker.after_run"
        names = [name for name in trace.names() if name in (before, after, end)]
        assert names == [before] * 3 + [after, end] * 3
        # What dmank dispatches outside jobs is the same, and waits are dispatched only without a job.
        around = [line.split()[0] for line in trace.lines() if line.split()[0] not in (before, after, end)]
        assert around == [
            "worker.before_run",
            "worker.server_on_connect",
            "worker.server_on_connected",
            "worker.on_before_register_functions",
            "worker.on_after_register_functions",
            "worker.on_before_destroy",
        ]
        first, last = trace.names().index(before), len(trace.names()) - trace.names()[::-1].index(end)
        assert not {"worker.on_no_jobs", "worker.on_work"} & set(trace.names()[first : last - 1]) - {"worker.on_work"}

    @KINDS
    def test_contextvars(self, gearmand: Gearmand, kind: str) -> None:
        """The handler sees what a listener of before_execute has set, and its own job."""
        trace_id: ContextVar[str] = ContextVar("trace_id", default="none")
        ended: dict[str, str] = {}
        gate = threading.Barrier(3)

        def check(job: Job) -> str:
            assert current_job() is job
            return f"{trace_id.get()} {job.get_workload()}"

        def plain(job: Job) -> str:
            gate.wait(20)
            return check(job)

        async def coroutine(job: Job) -> str:
            await asyncio.to_thread(gate.wait, 20)
            assert await asyncio.create_task(asyncio.to_thread(check, job)) == check(job)
            return check(job)

        def start(event: Any) -> None:
            trace_id.set(event.job.handle)

        def end(event: Any) -> None:
            ended[event.job.handle] = trace_id.get()
            assert current_job() is event.job

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, start)
        dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, end)
        jobs = [FunctionHandler("f", plain if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=3):
            answers = Client(gearmand.address, timeout=20).execute_jobs([Job("f", number) for number in range(3)])
        assert sorted(answer.split()[1] for answer in answers) == ["0", "1", "2"]
        assert {answer.split()[0] for answer in answers} == set(ended)
        assert all(handle == seen for handle, seen in ended.items())
        with pytest.raises(JobNotRunning, match="no worker executes a job here"):
            current_job()
        assert trace_id.get() == "none"

    def test_current_job_of_a_worker_with_one_job_at_a_time(self, gearmand: Gearmand) -> None:
        def f(job: Job) -> bool:
            return current_job() is job

        with running(gearmand, [FunctionHandler("f", f)]):
            assert Client(gearmand.address, timeout=20).execute_job("f", 1) is True

    def test_a_listener_that_raises_fails_its_job(self, gearmand: Gearmand) -> None:
        dispatcher = EventDispatcher()
        gate = Gate()
        gate.opened.set()

        def refuse(event: Any) -> None:
            if event.job.get_workload() == 1:
                raise ValueError("not this one")

        dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, refuse)
        with running(gearmand, [gate.handler("plain")], dispatcher, concurrency=2):
            client = Client(gearmand.address, timeout=20)
            with pytest.raises(JobException, match="not this one"):
                client.execute_job("gate", 1)
            assert client.execute_job("gate", 2) == 2
        assert gate.began == [2]

    def test_limits_of_subscribers(self, gearmand: Gearmand) -> None:
        """MaxRuntime and MemoryLimit stop the worker; what runs is finished."""
        for subscriber in (MaxRuntime(0.001), MemoryLimit(1)):
            gate, dispatcher = Gate(), EventDispatcher()
            if isinstance(subscriber, MemoryLimit):
                subscriber._applies = True
                dispatcher.add_listener(EventName.AFTER_RUN, subscriber.on_after_run)
            else:
                dispatcher.add_listener(EventName.AFTER_RUN, subscriber.on_after_run)
            quick = FunctionHandler("quick", lambda job: "ok")
            worker = Worker(gearmand.address, [gate.handler("plain"), quick], dispatcher, concurrency=3)
            thread = Running(worker)
            thread.start()
            submitted, results = submit(gearmand, "gate", 2)
            wait_until(lambda gate=gate: gate.waiting == 2, "two jobs run")  # type: ignore[misc]
            assert Client(gearmand.address, timeout=20).execute_job("quick", 1) == "ok"
            gate.opened.set()
            submitted.join(20)
            thread.await_end()
            assert results == [[0, 1]]


class TestStopping:
    """A graceful stop waits for all jobs; a job that ends its process does not take others with it."""

    @KINDS
    def test_stop_while_busy(self, gearmand: Gearmand, kind: str) -> None:
        gate = Gate()
        worker = Worker(gearmand.address, [gate.handler(kind)], concurrency=3)
        thread = Running(worker)
        thread.start()
        submitted, results = submit(gearmand, "gate", 3)
        wait_until(lambda: gate.waiting == 3, "three jobs run")
        late, _ = submit(gearmand, "gate", 1)
        worker.stop()
        wait_until(lambda: queued(gearmand, "gate") == 4, "the last job is queued")
        assert thread.is_alive()
        gate.opened.set()
        submitted.join(20)
        thread.await_end()
        assert results == [[0, 1, 2]]
        assert gate.began == [0, 1, 2] or sorted(gate.began) == [0, 1, 2]
        assert queued(gearmand, "gate") == 1
        with running_already(worker):  # it can run again
            late.join(20)

    @KINDS
    @pytest.mark.parametrize("exits", [SystemExit, KeyboardInterrupt])
    def test_a_job_that_ends_the_process(self, gearmand: Gearmand, kind: str, exits: type[BaseException]) -> None:
        """The others are answered first. Its own job goes to another worker."""
        gate = Gate()

        def leave(job: Job) -> None:
            raise exits(7)

        async def leave_coroutine(job: Job) -> None:
            raise exits(7)

        handlers = [gate.handler(kind), FunctionHandler("leave", leave if kind == "plain" else leave_coroutine)]
        thread = Running(Worker(gearmand.address, handlers, concurrency=4))
        thread.start()
        submitted, results = submit(gearmand, "gate", 2)
        wait_until(lambda: gate.waiting == 2, "two jobs run")
        left, left_results = submit(gearmand, "leave", 1)
        wait_until(lambda: queued(gearmand, "leave") == 1, "the third job is there")
        late = Client(gearmand.address).execute_in_background("gate", "late")
        assert late
        assert thread.is_alive()
        gate.opened.set()
        submitted.join(20)
        assert results == [[0, 1]]
        with pytest.raises(exits):
            thread.await_end()
        other = Gate()
        other.opened.set()
        with running(gearmand, [FunctionHandler("leave", lambda job: "stayed"), other.handler(kind)]):
            left.join(20)
            wait_until(lambda: "late" in gate.began + other.began, "the late job is done")
        assert left_results == [["stayed"]]

    def test_system_exit_in_a_task_of_a_coroutine(self, gearmand: Gearmand) -> None:
        """asyncio ends the loop; the worker ends, and the others are answered."""
        gate = Gate()

        async def leave(job: Job) -> None:
            async def exit_now() -> None:
                raise SystemExit(7)

            await asyncio.create_task(exit_now())

        thread = Running(
            Worker(gearmand.address, [gate.handler("coroutine"), FunctionHandler("leave", leave)], concurrency=4)
        )
        thread.start()
        submitted, results = submit(gearmand, "gate", 1)
        wait_until(lambda: gate.waiting == 1, "a job runs")
        Client(gearmand.address).execute_in_background("leave", 1)
        wait_until(lambda: not is_served(gearmand, "leave") or queued(gearmand, "leave") == 1, "the other one is there")
        gate.opened.set()
        submitted.join(20)
        assert results == [[0]]
        with pytest.raises(SystemExit):
            thread.await_end()

    def test_exit_seconds(self, gearmand: Gearmand, monkeypatch: pytest.MonkeyPatch) -> None:
        """A job that does not end keeps the process for a limited time."""
        monkeypatch.setattr("gearman_cffi.worker.EXIT_SECONDS", 0.2)
        gate = Gate()

        def leave(job: Job) -> None:
            raise SystemExit(7)

        thread = Running(
            Worker(gearmand.address, [gate.handler("plain"), FunctionHandler("leave", leave)], concurrency=4)
        )
        thread.start()
        client = Client(gearmand.address)
        client.execute_in_background("gate", 1)
        wait_until(lambda: gate.waiting == 1, "a job runs")
        client.execute_in_background("leave", 1)
        with pytest.raises(SystemExit):
            thread.await_end()
        wait_until(lambda: not is_served(gearmand, "gate"), "the worker is disconnected")
        assert queued(gearmand, "gate") == 1
        gate.opened.set()

    def test_no_thread_stays(self, gearmand: Gearmand) -> None:
        gate = Gate()
        gate.opened.set()
        before = set(threading.enumerate())
        with running(gearmand, [gate.handler("plain", "p"), gate.handler("coroutine", "c")], concurrency=4):
            client = Client(gearmand.address, timeout=20)
            client.execute_jobs([Job(name, 1) for name in "pcpcpcpc"])
        assert set(threading.enumerate()) <= before

    def test_tasks_that_a_coroutine_leaves_behind_are_cancelled(self, gearmand: Gearmand) -> None:
        cancelled = threading.Event()
        tasks = set()

        async def wait_for_ever() -> None:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async def leaves_a_task(job: Job) -> None:
            tasks.add(asyncio.create_task(wait_for_ever()))
            await asyncio.sleep(0)

        with running(gearmand, [FunctionHandler("f", leaves_a_task)], concurrency=2):
            Client(gearmand.address, timeout=20).execute_job("f", 1)
        assert cancelled.is_set()


class TestLostServers:
    """gearmand dies with jobs running: their results are dropped, and no other job gets them."""

    @KINDS
    def test_killed_with_many_running(self, gearmand: Gearmand, kind: str) -> None:
        """After the restart the handles begin again: a late result must not answer a new job of the same name."""
        old, new = Gate(), Gate()
        failures: list[Any] = []
        gates = {"old": old, "new": new}

        def plain(job: Job) -> Any:
            return gates[job.get_workload()].plain(job)

        async def coroutine(job: Job) -> Any:
            return await gates[job.get_workload()].coroutine(job)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, failures.append)
        jobs = [FunctionHandler("f", plain if kind == "plain" else coroutine)]
        with running(gearmand, jobs, dispatcher, concurrency=20):
            Client(gearmand.address).execute_jobs_in_background([Job("f", "old")] * 10)
            wait_until(lambda: old.waiting == 10, "ten jobs run")
            gearmand.kill()
            gearmand.start()
            again, answers = in_thread(lambda: Client(gearmand.address, timeout=20).execute_jobs([Job("f", "new")] * 5))
            wait_until(lambda: new.waiting == 5, "five others run, with the same handles")
            old.opened.set()
            wait_until(
                lambda: sum(isinstance(event.exception, ConnectionLost) for event in failures) >= 10, "they are dropped"
            )
            assert answers == []
            new.opened.set()
            again.join(20)
            assert answers == [["new"] * 5]
        texts = [str(event.exception) for event in failures if isinstance(event.exception, ConnectionLost)]
        assert all(text.startswith("dropped the result of job H:test:") for text in texts)

    @KINDS
    def test_sending_over_a_lost_connection(self, gearmand: Gearmand, kind: str) -> None:
        """It raises ConnectionLost: in a thread at once, in a coroutine with a later packet."""
        gate, raised = Gate(), []

        def send_until_it_raises(job: Job) -> bool:
            try:
                job.send_status(1, 2)
            except ConnectionLost as error:
                raised.append(error)
                return True
            return False

        def plain(job: Job) -> None:
            gate.plain(job)
            assert send_until_it_raises(job)

        async def coroutine(job: Job) -> None:
            await gate.coroutine(job)
            while not send_until_it_raises(job):
                await asyncio.sleep(0.002)

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with running(
            gearmand, [FunctionHandler("f", plain if kind == "plain" else coroutine)], dispatcher, concurrency=2
        ):
            Client(gearmand.address).execute_in_background("f", 1)
            wait_until(lambda: gate.waiting == 1, "the job runs")
            gearmand.kill()
            gearmand.start()
            wait_until(lambda: is_served(gearmand, "f"), "the worker is back")
            gate.opened.set()
            wait_until(lambda: raised, "it has raised")
            assert "H:test:1" in str(raised[0])

    def test_a_result_finds_the_connection_lost_while_a_job_is_asked_for(self, gearmand: Gearmand) -> None:
        """libgearman would go on to receive the answer into a job that it has freed (Q15)."""
        gate = Gate()
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        dispatcher.add_listener(EventName.FUNCTION_AFTER_EXECUTE, lambda event: gearmand.kill())
        with running(gearmand, [gate.handler("plain")], dispatcher, concurrency=2, idle_interval=0.05) as worker:
            Client(gearmand.address).execute_in_background("gate", 1)
            wait_until(lambda: gate.waiting == 1, "the job runs")
            gearmand.pause()
            assert worker._concurrent_work is not None
            (source,) = worker._concurrent_work._sources
            wait_until(lambda: source.state is SourceState.ASKING, "the worker has asked, in vain")
            gate.opened.set()
            wait_until(lambda: not gearmand.running, "the server is killed")
            dispatcher.remove_listener(
                EventName.FUNCTION_AFTER_EXECUTE, dispatcher.get_listeners(EventName.FUNCTION_AFTER_EXECUTE)[0]
            )
            gearmand.start()
            assert Client(gearmand.address, timeout=20).execute_job("gate", 2) == 2

    def test_killed_again_and_again(self, gearmand: Gearmand) -> None:
        """Every answer that a client gets is that of its own job."""
        over = threading.Event()
        wrong: list[Any] = []
        answered = Counter[str]()

        async def echo(job: Job) -> Any:
            await asyncio.sleep(0.01)
            return job.get_workload()

        def call(name: str) -> None:
            client = Client(gearmand.address, timeout=10)
            number = 0
            while not over.is_set():
                number += 1
                try:
                    answer = client.execute_job("echo", f"{name}{number}")
                except Exception:
                    time.sleep(0.005)
                    continue
                answered[name] += 1
                if answer != f"{name}{number}":
                    wrong.append((f"{name}{number}", answer))

        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, lambda event: None)
        with running(gearmand, [FunctionHandler("echo", echo)], dispatcher, concurrency=20):
            threads = [threading.Thread(target=call, args=(name,), daemon=True) for name in "abcdefgh"]
            for thread in threads:
                thread.start()
            for _ in range(3):
                before = answered.copy()
                wait_until(lambda before=before: all(answered[n] > before[n] for n in "abcdefgh"), "all get answers")  # type: ignore[misc]
                gearmand.kill()
                gearmand.start()
            over.set()
            for thread in threads:
                thread.join(20)
        assert wrong == []

    def test_a_worker_that_starts_before_its_server(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        """It reports that once, though it has connections for a limited function too, and that the server is back."""
        gate = Gate()
        gate.opened.set()
        gearmand.kill()
        jobs = [gate.handler("plain", "p"), gate.handler("coroutine", "c", concurrency=1)]
        with caplog.at_level(logging.INFO, "gearman_cffi.worker"), running(gearmand, jobs, concurrency=3):
            wait_until(lambda: "cannot connect" in caplog.text, "it is reported")
            gearmand.start()
            client = Client(gearmand.address, timeout=20)
            assert client.execute_job("p", 1) == client.execute_job("c", 1) == 1
            wait_until(lambda: "again" in caplog.text, "that is reported too")
        assert caplog.text.count("cannot connect") == 1


@IF_ALLOWED
def test_without_interposition(gearmand: Gearmand) -> None:
    """It is refused with a sentence, while one job at a time works."""
    program = """
    from gearman_cffi import FunctionHandler, Worker
    from gearman_cffi.ext import MissingCapabilityError
    try: Worker(f"127.0.0.1:{PORTS[0]}", [FunctionHandler("f", print)], concurrency=2).run()
    except MissingCapabilityError as error: say(error)
    """
    with Child(program, gearmand.port, **WITHOUT_INTERPOSITION) as child:
        assert "leave concurrency at 1, or unset GEARMAN_CFFI_NO_INTERPOSE" in child.line()


class TestServersThatAreNoGearmand:
    """What a server sends may come in any pieces, and may be wrong."""

    @staticmethod
    def run_jobs(answers: list[list[bytes]], dispatcher: EventDispatcher) -> list[Any]:
        """Runs a worker whose server answers each request for a job with the pieces. Returns the workloads."""
        seen: list[Any] = []
        left = iter(answers)

        def serve(connection: socket.socket, number: int) -> None:
            for command in commands(connection):
                if command == GRAB_JOB_ALL:
                    for piece in next(left, [packet(NO_JOB)]):
                        connection.sendall(piece)
                        time.sleep(0.01)  # so that it comes alone

        async def f(job: Job) -> None:
            seen.append(job.get_workload())

        jobs = [FunctionHandler("f", f)]
        options = {"concurrency": 3, "serializer": RawSerializer()}
        with fake_server(serve) as port, running(f"127.0.0.1:{port}", jobs, dispatcher, **options):
            wait_until(lambda: len(seen) == 2, "both jobs are done")
        return seen

    @pytest.mark.parametrize(
        "sizes", [(1,) * 40, (5, 3, 4, 1), (7, 1), (8,), (11,), (12,), (13,), (12, 4, 30)], ids=str
    )
    def test_pieces(self, sizes: tuple[int, ...]) -> None:
        stream = packet(NOOP) + packet(JOB_ASSIGN_ALL, b"H:1", b"f", b"u", b"", b"first")
        pieces = []
        for size in sizes:
            pieces.append(stream[:size])
            stream = stream[size:]
        second = packet(JOB_ASSIGN_ALL, b"H:2", b"f", b"u", b"", b"x" * 100_000)
        answers = [[*pieces, stream], [packet(NOOP) + packet(NOOP) + second]]
        assert self.run_jobs(answers, EventDispatcher()) == [b"first", b"x" * 100_000]

    def test_a_job_of_another_function(self) -> None:
        """It is reported, and the worker goes on."""
        failures: list[Any] = []
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.WORKER_FAILURE, failures.append)
        wrong, *right = ([packet(JOB_ASSIGN_ALL, b"H:1", name, b"u", b"", b"load")] for name in (b"other", b"f", b"f"))
        assert self.run_jobs([wrong, *right], dispatcher) == [b"load", b"load"]
        assert "assigned a job of the function 'other'" in str(failures[0].exception)


class TestBlockedLoop:
    """A handler that blocks the event loop is named in the log."""

    @pytest.fixture(autouse=True)
    def _shortly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handler_loop, "MAX_BLOCKED_SECONDS", 0.2)
        monkeypatch.setattr(concurrent_work, "CHECK_SECONDS", 0.2)

    @pytest.mark.parametrize("in_task", [False, True])
    def test_it_is_named(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture, in_task: bool) -> None:
        opened = threading.Event()

        async def block() -> None:
            opened.wait(20)

        async def blocks(job: Job) -> None:
            await (asyncio.create_task(block()) if in_task else block())

        with running(gearmand, [FunctionHandler("blocks", blocks)], concurrency=3):
            client = Client(gearmand.address, timeout=20)
            thread, results = in_thread(lambda: client.execute_job("blocks", 1))
            wait_until(lambda: "blocks the event loop" in caplog.text, "it is reported")
            opened.set()
            thread.join(20)
        assert results == [None]
        assert caplog.text.count("blocks the event loop") == 1
        assert "H:test:1 (blocks)" in caplog.text
        assert "in wait)" in caplog.text

    def test_other_handlers_are_not(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        async def waits(job: Job) -> None:
            await asyncio.sleep(0.7)

        with running(gearmand, [FunctionHandler("waits", waits)], concurrency=3):
            Client(gearmand.address, timeout=20).execute_job("waits", 1)
        assert "blocks the event loop" not in caplog.text


class TestCost:
    """Connections and wake-ups."""

    def test_connections(self, gearmand: Gearmand) -> None:
        """One for all functions, and one for each that has a limit."""
        gate = Gate()
        jobs = JobCollection([gate.handler("plain", "a"), gate.handler("plain", "b"), gate.handler("coroutine", "c")])
        before = connections(gearmand)
        with running(gearmand, jobs, concurrency=50):
            wait_until(lambda: is_served(gearmand, "c"), "the worker is there")
            assert connections(gearmand) == before + 1
        jobs.add(gate.handler("plain", "d", concurrency=1))
        with running(gearmand, jobs, concurrency=50):
            wait_until(lambda: is_served(gearmand, "c") and is_served(gearmand, "d"), "the worker is there")
            assert connections(gearmand) == before + 2

    def test_an_answer_is_sent_though_the_worker_is_full(self, gearmand: Gearmand) -> None:
        """A worker without room waits for its jobs only, however many servers call."""
        gate = Gate()
        with running(gearmand, [gate.handler("plain")], concurrency=1 + 1):
            thread, results = submit(gearmand, "gate", 2)
            wait_until(lambda: gate.waiting == 2, "the worker is full")
            client = client_of(gearmand)
            client.doBackground("gate", b"i:7;")
            used = time.process_time()
            time.sleep(0.2)
            assert time.process_time() - used < 0.1
            gate.opened.set()
            thread.join(20)
        assert results == [[0, 1]]
