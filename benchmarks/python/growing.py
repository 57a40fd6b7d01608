"""growing WORK PORT JOBS WARMUP SIZE COUNT: runs JOBS jobs with COUNT connections or functions in one process.

clients, layer-clients: COUNT clients submit in turn. workers: COUNT workers take the jobs of a queue in turn.
functions, layer-functions: a worker with COUNT functions takes jobs of each from a queue. WARMUP is not used: each
connection does a job before it is measured.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

from benchmarks.python.common import FUNCTION, Meter, await_go, check, memory, say_ready
from gearman_cffi import Client, Job, JobCollection, Worker
from gearman_cffi.ext import GearmanClient, GearmanWorker
from gearman_cffi.serializers import RawSerializer

HOST = "127.0.0.1"
# So many workers register the functions whose memory is measured: those of a single one take less than a page.
WORKERS = 50
CALL = 100  # jobs

# Runs the jobs and returns the latency of each in ns if it knows them; and the bytes for each connection or function.
Prepared = tuple[Callable[[], list[int]], float]


def growth(count: int, do: Callable[[], object]) -> float:
    """Calls do() and returns how much memory it has taken, divided by count."""
    gc.collect()
    before = memory("VmRSS")
    do()
    gc.collect()
    return (memory("VmRSS") - before) / count


def in_turn(calls: list[Callable[[], object]], jobs: int) -> list[int]:
    """Calls them in turn. Returns the latency of each call in ns."""
    latencies = []
    for number in range(jobs):
        began = time.perf_counter_ns()
        check(calls[number % len(calls)](), "a job")
        latencies.append(time.perf_counter_ns() - began)
    return latencies


def connections(count: int, jobs: int, connect: Callable[[], Callable[[], object]]) -> Prepared:
    """Opens connections, each of which does a job. What the first one loads counts for none."""
    calls = [connect()]

    def open_the_others() -> None:
        calls.extend(connect() for _ in range(count - 1))
        in_turn(calls, count)

    check(calls[0](), "the first job")
    each = growth(count - 1, open_the_others)
    return lambda: in_turn(calls, jobs), each


def clients(port: int, jobs: int, payload: bytes, count: int) -> Prepared:
    """Clients of the mirror."""

    def connect() -> Callable[[], object]:
        client = GearmanClient()
        client.addServer(HOST, port)
        return lambda: client.doNormal(FUNCTION, payload) == payload

    return connections(count, jobs, connect)


def layer_clients(port: int, jobs: int, payload: bytes, count: int) -> Prepared:
    """Clients of the Python layer."""

    def connect() -> Callable[[], object]:
        client = Client(f"{HOST}:{port}", RawSerializer())
        return lambda: client.execute_job(FUNCTION, payload) == payload

    return connections(count, jobs, connect)


def workers(port: int, jobs: int, payload: bytes, count: int) -> Prepared:
    """Workers of the mirror."""

    def connect() -> Callable[[], object]:
        worker = new_worker(port)
        worker.addFunction(FUNCTION, lambda job: job.workload())
        return worker.work

    fill(port, payload, [FUNCTION], jobs + count + 1)
    return connections(count, jobs, connect)


def functions(port: int, jobs: int, payload: bytes, count: int) -> Prepared:
    """A worker of the mirror."""
    names = names_of(count)
    worker = new_worker(port)

    def register(workers: list[GearmanWorker]) -> None:
        for worker in workers:
            for name in names:
                worker.addFunction(name, lambda job: job.workload())

    others = [new_worker(port) for _ in range(WORKERS)]
    each = growth(count * WORKERS, lambda: register(others))
    register([worker])
    fill(port, payload, names, jobs + 1)
    check(worker.work(), "the first job")
    return lambda: in_turn([worker.work], jobs), each


def layer_functions(port: int, jobs: int, payload: bytes, count: int) -> Prepared:
    """A worker of the Python layer."""
    names = names_of(count)
    left = jobs

    def answer(job: Job) -> object:
        nonlocal left
        left -= 1
        if not left:
            worker.stop()
        return job.get_workload()

    def new(names: list[str]) -> Worker:
        handlers = JobCollection()
        for name in names:
            handlers.handler(name)(answer)
        return Worker(f"{HOST}:{port}", handlers, serializer=RawSerializer())

    def run() -> list[int]:
        worker.run()
        return []

    others = [new(names[:1])]  # what the first one loads counts for none
    with_one = growth(WORKERS, lambda: others.extend(new(names[:1]) for _ in range(WORKERS)))
    with_all = growth(WORKERS, lambda: others.extend(new(names) for _ in range(WORKERS)))
    worker = new(names)
    fill(port, payload, names, jobs)
    return run, (with_all - with_one) / (count - 1)


def names_of(count: int) -> list[str]:
    """The names of so many functions."""
    return [f"{FUNCTION}-{number}" for number in range(count)]


def new_worker(port: int) -> GearmanWorker:
    """A worker of the mirror."""
    worker = GearmanWorker()
    worker.addServer(HOST, port)
    return worker


def fill(port: int, payload: bytes, names: list[str], jobs: int) -> None:
    """Submits jobs, to each function in turn, in calls so small that they leave no memory to use again."""
    with Client(f"{HOST}:{port}", RawSerializer()) as client:
        for first in range(0, jobs, CALL):
            numbers = range(first, min(first + CALL, jobs))
            client.execute_jobs_in_background(Job(names[number % len(names)], payload) for number in numbers)


WORKS: dict[str, Callable[[int, int, bytes, int], Prepared]] = {
    "clients": clients,
    "layer-clients": layer_clients,
    "workers": workers,
    "functions": functions,
    "layer-functions": layer_functions,
}


def main(arguments: list[str]) -> None:
    """Runs a work."""
    port, jobs, _, size, count = map(int, arguments[1:6])
    run, each = WORKS[arguments[0]](port, jobs, b"x" * size, count)
    meter = Meter()
    say_ready()
    await_go()
    meter.begin()
    meter.latencies = run()
    meter.finish()
    meter.report(jobs, each=each)


if __name__ == "__main__":
    main(sys.argv[1:])
