"""Namespaces: programs that share a server, and libgearman's own namespaces as the measure."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import Admin, Client, InvalidArgument, Job, JobTimeout, Priority, Worker, aio
from gearman_cffi._libgearman.native import lib
from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWorker
from gearman_cffi.pool import PoolOptions
from gearman_cffi.pool.target import Target
from gearman_cffi.testing import Gearmand
from tests.cli.programs import run
from tests.python_layer.workers import handlers, running
from tests.support import is_served, queued, wait_until


@pytest.fixture
def served(gearmand: Gearmand) -> Iterator[Gearmand]:
    """Two programs with the same function: one in the namespace "shop.", the other in none."""
    with (
        running(gearmand, handlers(name=lambda job: f"shop {job.get_job_name()}"), namespace="shop."),
        running(gearmand, handlers(name=lambda job: f"none {job.get_job_name()}")),
    ):
        wait_until(lambda: is_served(gearmand, "shop.name") and is_served(gearmand, "name"), "both are connected")
        yield gearmand


def test_apart(served: Gearmand) -> None:
    """Every call of a client reaches the worker of its namespace, whose jobs have the short name."""
    inside = Client(served.address, timeout=20, namespace="shop.")
    outside = Client(served.address, timeout=20)
    assert inside.execute_job("name", 1) == "shop name"
    assert outside.execute_job("name", 1) == "none name"
    assert outside.execute_job("shop.name", 1) == "shop name"
    assert inside.execute_jobs([Job("name")] * 2) == ["shop name"] * 2
    assert [answer for _, answer in inside.stream_jobs([Job("name")])] == ["shop name"]
    assert inside.watch_job("name", 1).result() == "shop name"

    async def program() -> list[Any]:
        async with aio.Client(served.address, timeout=20, namespace="shop.") as client:
            return [await client.execute_job("name", 1), *await client.execute_jobs([Job("name")])]

    assert asyncio.run(program()) == ["shop name"] * 2


def test_in_the_background(gearmand: Gearmand) -> None:
    client = Client(gearmand.address, timeout=20, namespace="shop.")
    client.execute_in_background("name", 1, Priority.HIGH)
    client.execute_in_background("name", 1, delay=1000)
    client.execute_jobs_in_background([Job("name"), Job("name", delay=1000)])
    assert (queued(gearmand, "shop.name"), queued(gearmand, "name")) == (4, 0)


class TestLibgearman:
    """libgearman's own namespaces, which its C API sets: the names at the server are the same."""

    def test_its_client(self, served: Gearmand) -> None:
        client = GearmanClient()
        client.addServer(served.host, served.port)
        lib.gearman_client_set_namespace(client._native.c.st, b"shop.", 5)
        assert client.doNormal("name", "x") == b"shop name"
        assert client.doBackground("other", "x")
        assert queued(served, "shop.other") == 1

    def test_its_worker(self, gearmand: Gearmand) -> None:
        seen: list[Any] = []
        worker = GearmanWorker()
        worker.addServer(gearmand.host, gearmand.port)
        lib.gearman_worker_set_namespace(worker._native.c.st, b"shop.", 5)

        def name(job: GearmanJob, context: object) -> str:
            seen.append(job.functionName())
            return "from C"

        worker.addFunction("name", name)
        thread = threading.Thread(target=worker.work)
        thread.start()
        assert Client(gearmand.address, timeout=20, namespace="shop.").execute_job("name", 1) == "from C"
        thread.join(20)
        assert seen == ["shop.name"]


class TestAdmin:
    def test_lists(self, served: Gearmand) -> None:
        """They have the functions of the namespace, with their short names."""
        inside, outside = Admin(served.address, namespace="shop."), Admin(served.address)
        assert [row.function for row in inside.status()] == ["name"]
        assert [row.function for row in inside.priority_status()] == ["name"]
        assert [row.functions for row in inside.workers()] == [("name",)]
        assert {row.function for row in outside.status()} == {"name", "shop.name"}
        assert len(outside.workers()) == 3
        (answer,) = inside.gather(Admin.status).values()
        assert isinstance(answer, list)
        assert [row.function for row in answer] == ["name"]

    def test_changes(self, gearmand: Gearmand) -> None:
        admin = Admin(gearmand.address, namespace="shop.")
        admin.create_function("name")
        admin.max_queue("name", 1)
        assert [row.function for row in Admin(gearmand.address).status()] == ["shop.name"]
        admin.drop_function("name")
        assert Admin(gearmand.address).status() == []


class TestTheCommand:
    def test_submit_and_views(self, served: Gearmand) -> None:
        assert run(served, "submit", "name", "--namespace=shop.").out == "shop name\n"
        found = json.loads(run(served, "top", "--once", "--json", "--namespace=shop.").out)
        assert [row["function"] for row in found["functions"]] == ["name"]
        rows = json.loads(run(served, "workers", "--json", GEARMAN_CFFI_NAMESPACE="shop.").out)
        assert [row["functions"] for row in rows] == [["name"]]

    def test_the_pool(self) -> None:
        """tests/pool runs one; here its option is checked."""
        with pytest.raises(ValueError, match="a namespace must not be empty"):
            PoolOptions(Target(("m:o",)), namespace="")


class TestRefused:
    @pytest.mark.parametrize("namespace", ["", "a\0b", "x" * 129, "\udcff"])
    def test_names(self, namespace: str) -> None:
        for make in (Client, aio.Client, Worker, Admin):
            with pytest.raises(InvalidArgument, match="a namespace must"):
                make("127.0.0.1:1", namespace=namespace)

    def test_a_long_name(self, client: Client, shared_gearmand: Gearmand) -> None:
        """Namespace and function have 512 bytes together."""
        inside = Client(shared_gearmand.address, timeout=0.1, namespace="x" * 128)
        with pytest.raises(InvalidArgument, match="a function name must have at most 384 bytes in UTF-8, not 385"):
            inside.execute_job("f" * 385, 1)
        with pytest.raises(JobTimeout):
            inside.execute_job("f" * 384, 1)
        worker = Worker(shared_gearmand.address, handlers(**{"f" * 385: lambda job: 1}), namespace="x" * 128)
        with pytest.raises(InvalidArgument, match="a function name with its namespace must have at most 512 bytes"):
            worker.run()
