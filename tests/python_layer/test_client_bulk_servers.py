"""Many jobs at once, and what becomes of them when time or a server is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionFailed, ConnectionLost, Job, JobTimeout
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import queued, wait_until


def double(job: Job) -> Any:
    value = job.get_workload()
    return value * 2


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


@pytest.fixture
def served(gearmand: Gearmand) -> Iterator[Gearmand]:
    with running(gearmand, handlers(double=double)):
        yield gearmand


class TestTimeoutsAndServers:
    def test_a_timeout_of_the_call(self, served: Gearmand, client: Client) -> None:
        done, late = client.execute_jobs([Job("double", 1), Job("nobody", 1)], on_error="return", timeout=0.3)
        assert done == 2
        assert isinstance(late, JobTimeout)
        assert late.function == "nobody"
        with pytest.raises(JobTimeout):
            client.execute_jobs([Job("nobody", 1)], timeout=0.05)

    def test_no_server(self, gearmand: Gearmand, client: Client) -> None:
        gearmand.stop()
        errors = client.execute_jobs([Job("double", 1)] * 3, on_error="return")
        assert [type(error) for error in errors] == [ConnectionFailed] * 3
        with pytest.raises(ConnectionFailed, match="double"):
            client.watch_job("double", 1).result()

    def test_another_server_stands_in(self, served: Gearmand) -> None:
        with Gearmand() as other:
            address = other.address
        client = Client(f"{served.address},{address}", timeout=20)
        assert client.execute_jobs([Job("double", n) for n in range(3)]) == [0, 2, 4]

    def test_a_server_that_goes_away(self, gearmand: Gearmand, client: Client) -> None:
        """A clear error for each job that is not answered, and not a hang."""
        results: list[Any] = []
        jobs = [Job("nobody", n) for n in range(3)]
        thread = threading.Thread(
            target=lambda: results.extend(client.execute_jobs(jobs, on_error="return")), daemon=True
        )
        thread.start()
        wait_until(lambda: queued(gearmand, "nobody") == 3, "they are queued")
        gearmand.kill()
        thread.join(20)
        assert [type(error) for error in results] == [ConnectionLost] * 3
        gearmand.start()
        assert len(client.execute_jobs_in_background(jobs)) == 3
