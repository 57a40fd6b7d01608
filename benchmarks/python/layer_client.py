"""layer_client WORK PORT JOBS WARMUP SIZE CALLS SERIALIZER: submits jobs through gearman_cffi.Client.

The bulk works share the jobs among CALLS calls.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.python.common import FUNCTION, Meter, await_go, check, say_ready
from benchmarks.python.serializers import value_of
from gearman_cffi import Client, Job
from gearman_cffi.serializers.by_name import BY_NAME


def echo(client: Client, first: int, jobs: int, value: object) -> list[int]:
    """Foreground jobs, one after the other; returns the latency of each in ns."""
    latencies = []
    for number in range(first, first + jobs):
        began = time.perf_counter_ns()
        answer = client.execute_job(FUNCTION, value, unique=f"bench-{number}")
        if answer != value:
            check(False, "execute_job")
        latencies.append(time.perf_counter_ns() - began)
    return latencies


def background(client: Client, first: int, jobs: int, value: object) -> None:
    """Background jobs, one after the other."""
    for number in range(first, first + jobs):
        client.execute_in_background(FUNCTION, value, unique=f"bench-{number}")


def new_jobs(first: int, jobs: int, value: object) -> Iterator[Job]:
    """Jobs, each with a unique key, from a generator."""
    return (Job(FUNCTION, value, f"bench-{number}") for number in range(first, first + jobs))


def bulk(client: Client, first: int, jobs: int, value: object) -> None:
    """Background jobs in one call."""
    handles = client.execute_jobs_in_background(new_jobs(first, jobs, value))
    check(len(handles) == jobs, "counting the handles")


def batch(client: Client, first: int, jobs: int, value: object) -> None:
    """Foreground jobs in one call."""
    answers = client.execute_jobs(new_jobs(first, jobs, value))
    check(len(answers) == jobs and answers[-1] == value, "execute_jobs")


def stream(client: Client, first: int, jobs: int, value: object) -> None:
    """Foreground jobs as a stream, without keeping the answers."""
    count = 0
    for _, answer in client.stream_jobs(new_jobs(first, jobs, value)):
        count += answer == value
    check(count == jobs, "stream_jobs")


WORKS: dict[str, Callable[[Client, int, int, object], list[int] | None]] = {
    "echo": echo,
    "background": background,
    "bulk": bulk,
    "batch": batch,
    "stream": stream,
}


def main(arguments: list[str]) -> None:
    """Runs a work."""
    run = WORKS[arguments[0]]
    port, jobs, warmup, size, calls = map(int, arguments[1:6])
    calls = max(1, calls)
    value = value_of(arguments[6], size)
    client = Client(f"127.0.0.1:{port}", BY_NAME[arguments[6]]())
    if warmup:
        run(client, 0, warmup, value)
    meter = Meter()
    say_ready()
    await_go()
    meter.begin()
    for call in range(calls):
        meter.latencies += run(client, warmup + call * (jobs // calls), jobs // calls, value) or []
    meter.finish()
    meter.report(jobs // calls * calls)


if __name__ == "__main__":
    main(sys.argv[1:])
