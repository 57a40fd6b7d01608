"""LocalGearman does what a server, a worker and a client do: each scenario runs in both environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import JsonSerializer, PhpSerializer, PickleSerializer, RawSerializer, Serializer
from gearman_cffi.testing import Gearmand
from tests.testing import scenarios_of_clients as clients
from tests.testing import scenarios_of_jobs as jobs
from tests.testing.local_and_real import Environment, LocalEnvironment, RealEnvironment, events

Scenario = Callable[[Callable[..., Environment]], Environment]

SERIALIZERS: dict[str, Serializer] = {
    "php": PhpSerializer(),
    "dmank": PhpSerializer(dmank_results=True),
    "strict": PhpSerializer(pass_serialized=False, strict=True),
    "json": JsonSerializer(),
    "pickle": PickleSerializer(),
    "raw": RawSerializer(),
}

# LocalGearman takes jobs in the order of gearmand 1.x.
BY_FUNCTION = pytest.mark.needs("gearmand 1")
SCENARIOS: list[Any] = [
    jobs.results,
    jobs.failures,
    jobs.failures_after_parts,
    jobs.updates,
    jobs.methods_of_a_job,
    jobs.listeners_that_raise,
    jobs.a_listener_of_after_run_that_raises,
    clients.arguments,
    clients.many_at_once,
    clients.items_that_are_not_jobs,
    clients.a_stream,
    pytest.param(clients.the_background, marks=BY_FUNCTION),
    clients.the_status_of_a_running_job,
    pytest.param(clients.jobs_with_the_same_key, marks=BY_FUNCTION),
    clients.a_job_that_submits,
    clients.a_worker_that_is_stopped,
    clients.a_handler_that_stops_its_worker,
    clients.empty_workloads,
]


def compare(gearmand: Gearmand, scenario: Scenario, **options: Any) -> None:
    def real(*what: Any, **more: Any) -> Environment:
        return RealEnvironment(gearmand, *what, **{**options, **more})

    def local(*what: Any, **more: Any) -> Environment:
        return LocalEnvironment(*what, **{**options, **more})

    environments = [scenario(real), scenario(local)]
    for environment in environments:
        environment.end()
    with_server, without = environments
    assert with_server.recorded
    assert without.recorded == with_server.recorded
    assert events(without.trace) == events(with_server.trace)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_it_is_the_same(gearmand: Gearmand, scenario: Scenario) -> None:
    """The records of the scenario, and every event of the worker with its attributes."""
    compare(gearmand, scenario)


# Their handlers use the client, in the event loop's thread.
OF_CLIENT_ONLY = (clients.the_status_of_a_running_job, clients.a_job_that_submits)


@pytest.mark.parametrize(
    "scenario",
    [one for one in SCENARIOS if one not in OF_CLIENT_ONLY],
    ids=lambda scenario: scenario.__name__,
)
def test_it_is_the_same_for_an_aio_client(gearmand: Gearmand, scenario: Scenario) -> None:
    compare(gearmand, scenario, is_async=True)


@pytest.mark.parametrize(
    "scenario", [jobs.values, jobs.unreadable_workloads, jobs.results], ids=lambda scenario: scenario.__name__
)
@pytest.mark.parametrize("name", SERIALIZERS)
def test_it_is_the_same_with_each_serializer(gearmand: Gearmand, scenario: Scenario, name: str) -> None:
    compare(gearmand, scenario, serializer=SERIALIZERS[name])
