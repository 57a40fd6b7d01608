"""Workers that run several jobs at once: plain handlers in threads, coroutines in an event loop."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gearman_cffi import Client, FunctionHandler, Job, JobCollection, Worker
from gearman_cffi.ext import GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.python_layer.gates import KINDS, Gate, submit
from tests.python_layer.workers import running
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
