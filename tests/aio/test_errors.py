"""Client and aio.Client raise the same exceptions, with the same texts."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gearman_cffi import Client, Job, Priority, aio
from gearman_cffi.ext import GearmanJob
from gearman_cffi.serializers import JsonSerializer
from gearman_cffi.testing import Gearmand
from tests.support import serving


def fail(job: GearmanJob, _: Any) -> None:
    job.sendFail()


def refuse(job: GearmanJob, _: Any) -> None:
    job.sendException(b"ValueError: no")


@pytest.fixture(scope="module")
def server() -> Iterator[Gearmand]:
    """A server with a worker, and a full queue."""
    functions: Any = {"fail": fail, "refuse": refuse, "no_json": lambda *_: b"{", "echo": lambda job, _: job.workload()}
    with Gearmand() as server, serving(server, **functions):
        with Client(server.address) as client:
            client.execute_in_background("full", 1)
        server.ask("maxqueue full 1")
        yield server


@pytest.fixture(scope="module")
def nobody() -> str:
    """An address on which no server listens."""
    with Gearmand() as server:
        return server.address


Call = Callable[[Any], Any]
CALLS: dict[str, Call] = {
    "empty name": lambda client: client.execute_job("", 1),
    "name with NUL": lambda client: client.execute_job("a\0b", 1),
    "long name": lambda client: client.execute_job("a" * 513, 1),
    "name of another type": lambda client: client.execute_job(b"f", 1),
    "surrogates": lambda client: client.execute_job("\ud800", 1),
    "long key": lambda client: client.execute_job("echo", 1, unique="k" * 64),
    "empty key": lambda client: client.execute_in_background("echo", 1, unique=""),
    "priority": lambda client: client.execute_job("echo", 1, 5),
    "timeout zero": lambda client: client.execute_job("echo", 1, timeout=0),
    "timeout of another type": lambda client: client.execute_job("echo", 1, timeout="1"),
    "no JSON": lambda client: client.execute_job("echo", {1, 2}),
    "worker fails": lambda client: client.execute_job("fail", 1),
    "worker raises": lambda client: client.execute_job("refuse", 1, Priority.HIGH),
    "result is no JSON": lambda client: client.execute_job("no_json", 1),
    "nobody works": lambda client: client.execute_job("none", 1, timeout=0.3),
    "full queue": lambda client: client.execute_in_background("full", 1),
    "full queue, waiting": lambda client: client.execute_job("full", 1),
    "long handle": lambda client: client.get_job_status("H" * 64),
    "empty handle": lambda client: client.get_job_status(""),
    "long key of a status": lambda client: client.get_job_status_by_unique("k" * 64),
    "jobs: not iterable": lambda client: client.execute_jobs(1),
    "jobs: not a job": lambda client: client.execute_jobs([Job("echo", 1), "job"]),
    "jobs: on_error": lambda client: client.execute_jobs([], on_error="no"),
    "jobs: priority": lambda client: client.execute_jobs([Job("echo", 1)], 9),
    "jobs: one fails": lambda client: client.execute_jobs([Job("echo", 1), Job("fail", 1), Job("refuse", 1)]),
    "jobs: name": lambda client: client.execute_jobs([Job("", 1)]),
    "jobs: timeout": lambda client: client.execute_jobs([Job("none", 1)], timeout=0.3),
    "background: not a job": lambda client: client.execute_jobs_in_background([Job("b", 1), 7]),
    "background: full": lambda client: client.execute_jobs_in_background([Job("full", 1)]),
    "background: name": lambda client: client.execute_jobs_in_background([Job("b", 1), Job("", 1)]),
    "stream: in_flight": lambda client: client.stream_jobs([], in_flight=0),
    "stream: not iterable": lambda client: client.stream_jobs(3),
    "stream: not a job": lambda client: client.stream_jobs([Job("echo", 1), None]),
    "watch: name": lambda client: client.watch_job("", 1),
    "watch: fails": lambda client: client.watch_job("refuse", 1).result(),
    "watch: timeout": lambda client: client.watch_job("none", 1, timeout=1).result(),
}


def outcome_of(call: Call, client: Client) -> Any:
    answer = call(client)
    return list(answer) if inspect.isgenerator(answer) else answer


async def awaited(call: Call, client: aio.Client) -> Any:
    answer = call(client)
    return [one async for one in answer] if inspect.isasyncgen(answer) else await answer


def shown(error: BaseException) -> tuple[Any, ...]:
    """All that a caller sees of it, without the numbers of handles."""
    details = {
        name: getattr(error, name, None) for name in ("return_code", "function", "server", "index", "remote_data")
    }
    has_handle = getattr(error, "handle", None) is not None
    text = re.sub(r" pid\(\d+\)", "", re.sub(r"H:[^ ]*:\d+", "H", str(error)))
    return type(error), text, details, has_handle


def both(call: Call, servers: Any) -> tuple[Any, Any]:
    """What both clients raise."""
    raised: list[Any] = []
    try:
        with Client(servers, JsonSerializer()) as client:
            raised.append(outcome_of(call, client))
    except Exception as error:
        raised.append(shown(error))

    async def main() -> None:
        async with aio.Client(servers, JsonSerializer()) as client:
            try:
                raised.append(await awaited(call, client))
            except Exception as error:
                raised.append(shown(error))

    asyncio.run(main())
    return raised[0], raised[1]


@pytest.mark.parametrize("name", CALLS)
def test_the_same_exception(server: Gearmand, name: str) -> None:
    of_client, of_aio = both(CALLS[name], server.address)
    assert isinstance(of_client, tuple)
    assert of_aio == of_client


@pytest.mark.parametrize("name", ["worker fails", "full queue", "jobs: one fails", "watch: fails", "background: full"])
@pytest.mark.parametrize("servers", ["nobody", "none", "unknown"])
def test_the_same_exception_without_a_server(nobody: str, servers: str, name: str) -> None:
    of_client, of_aio = both(CALLS[name], {"nobody": nobody, "none": [], "unknown": "no-such-host.invalid"}[servers])
    assert isinstance(of_client, tuple)
    assert of_aio == of_client


@pytest.mark.parametrize("servers", ["a:b", "x,,y", 5, [None]])
def test_the_same_exception_of_servers(servers: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as of_client:
        Client(servers)
    with pytest.raises((TypeError, ValueError)) as of_aio:
        aio.Client(servers)
    assert shown(of_aio.value) == shown(of_client.value)
