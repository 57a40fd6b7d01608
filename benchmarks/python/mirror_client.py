"""mirror_client WORK PORT JOBS WARMUP SIZE [WINDOW or THREADS]: submits jobs through gearman_cffi.ext."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from benchmarks.python.common import FUNCTION, Meter, await_go, check, say_ready
from gearman_cffi.ext import GearmanClient, GearmanTask


def connected(port: int) -> GearmanClient:
    """Returns a client of the server."""
    client = GearmanClient()
    client.addServer("127.0.0.1", port)
    return client


def echo(client: GearmanClient, first: int, jobs: int, payload: bytes, window: int) -> list[int]:
    """Foreground jobs, one after the other; returns the latency of each in ns."""
    latencies = []
    size = len(payload)
    for number in range(first, first + jobs):
        began = time.perf_counter_ns()
        answer = client.doNormal(FUNCTION, payload, f"bench-{number}")
        if len(answer) != size:
            check(False, "doNormal")
        latencies.append(time.perf_counter_ns() - began)
    return latencies


def background(client: GearmanClient, first: int, jobs: int, payload: bytes, window: int) -> None:
    """Background jobs with a unique key."""
    for number in range(first, first + jobs):
        if not client.doBackground(FUNCTION, payload, f"bench-{number}"):
            check(False, "doBackground")


def background_no_key(client: GearmanClient, first: int, jobs: int, payload: bytes, window: int) -> None:
    """Background jobs without a unique key."""
    for _ in range(jobs):
        if not client.doBackground(FUNCTION, payload):
            check(False, "doBackground")


def batch(client: GearmanClient, first: int, jobs: int, payload: bytes, window: int) -> None:
    """Foreground jobs in one runTasks(), with a complete callback."""
    answered = 0

    def on_complete(task: GearmanTask) -> None:
        nonlocal answered
        answered += len(task.data() or b"")

    client.setCompleteCallback(on_complete)
    for number in range(first, first + jobs):
        client.addTask(FUNCTION, payload, None, f"bench-{number}")
    check(client.runTasks(), "runTasks")
    check(answered == len(payload) * jobs, "counting the answers")


def bulk(client: GearmanClient, first: int, jobs: int, payload: bytes, window: int) -> None:
    """Background jobs in windows; keeps the handles."""
    handles = []

    def on_created(task: GearmanTask) -> None:
        handles.append(task.jobHandle())

    client.setCreatedCallback(on_created)
    for start in range(first, first + jobs, window):
        for number in range(start, min(start + window, first + jobs)):
            client.addTaskBackground(FUNCTION, payload, None, f"bench-{number}")
        check(client.runTasks(), "runTasks")
    check(len(handles) == jobs, "counting the handles")


WORKS: dict[str, Callable[[GearmanClient, int, int, bytes, int], list[int] | None]] = {
    "echo": echo,
    "background": background,
    "background-no-key": background_no_key,
    "batch": batch,
    "bulk": bulk,
}


def run_threads(work: str, port: int, jobs: int, warmup: int, payload: bytes, count: int) -> None:
    """Shares the jobs among threads, each with its own client."""
    gate = threading.Barrier(count + 1)

    def in_thread(number: int) -> None:
        client, first = connected(port), number * (jobs + warmup)
        WORKS[work](client, first, warmup // count, payload, 0)
        gate.wait()
        gate.wait()
        WORKS[work](client, first + warmup // count, jobs // count, payload, 0)

    threads = [threading.Thread(target=in_thread, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    gate.wait()
    meter = Meter()
    say_ready()
    await_go()
    meter.begin()
    gate.wait()
    for thread in threads:
        thread.join()
    meter.finish()
    meter.report(jobs // count * count)


def main(arguments: list[str]) -> None:
    """Runs a work."""
    work = arguments[0]
    port, jobs, warmup, size, extra = map(int, [*arguments[1:], "0"][:5])
    if work.startswith("threads-"):
        run_threads(work.removeprefix("threads-"), port, jobs, warmup, b"x" * size, extra)
        return
    client = connected(port)
    if warmup:
        WORKS[work](client, 0, warmup, b"warm-up", extra)
    meter = Meter()
    say_ready()
    await_go()
    meter.begin()
    meter.latencies = WORKS[work](client, warmup, jobs, b"x" * size, extra) or []
    meter.finish()
    meter.report(jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
