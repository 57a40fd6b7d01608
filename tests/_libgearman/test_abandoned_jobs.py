"""Jobs that are abandoned before the server acknowledges them: later calls of the client get their own answers."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanJob, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import client_of, frozen, queued, serving, wait_until

MIB = 1024 * 1024
SUCCESS, LOST_CONNECTION, TIMEOUT = 0, 14, 47
KINDS = [JobKind.LOW, JobKind.NORMAL, JobKind.HIGH]
KINDS += [JobKind.LOW_BACKGROUND, JobKind.BACKGROUND, JobKind.HIGH_BACKGROUND]


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


def assert_answers_are_its_own(client: GearmanClient, server: Gearmand) -> None:
    """Jobs of every kind get their own answers."""
    client.setTimeout(15_000)
    with serving(server, echo=echo, abandoned=echo):
        for number in range(30):
            own = b"%d" % number * (1 + number * 1000)
            assert client.doNormal("echo", own) == own
        handles = [client.doBackground("echo", f"{number}") for number in range(5)]
        assert len(set(handles)) == 5
        assert "" not in handles
        for handle in handles:
            wait_until(lambda handle=handle: client.jobStatus(handle) == [False, False, 0, 0], "it is done")  # type: ignore[misc]
        assert client.doNormal("abandoned", "own") == b"own"
        assert client.ping("x") is True
        wait_until(lambda: queued(server, "abandoned") == 0, "the abandoned job is done")


class TestAbandonedJobs:
    """gearmand is stopped while jobs are submitted and time out. Then it continues."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("count", [1, 5])
    def test_before_it_is_acknowledged(self, gearmand: Gearmand, kind: int, count: int) -> None:
        """One or several jobs of every priority, in the foreground and the background."""
        client = client_of(gearmand)
        with frozen(gearmand):
            for _ in range(count):
                reply = client._submit(kind, b"abandoned", b"not mine", timeout_ms=60)
                assert (reply.rc, reply.data, reply.handle) == (TIMEOUT, None, "")
        assert_answers_are_its_own(client, gearmand)

    @pytest.mark.parametrize("count", [1, 4])
    @pytest.mark.parametrize("size", [4 * MIB, 16 * MIB])
    def test_half_sent(self, gearmand: Gearmand, size: int, count: int) -> None:
        """The sockets have taken part of a workload, once or several times: no crash, and later jobs are fine."""
        client = client_of(gearmand)
        workload = random.Random(size).randbytes(size)
        with frozen(gearmand):
            for _ in range(count):
                reply = client._submit(JobKind.NORMAL, b"abandoned", workload, timeout_ms=100)
                assert (reply.rc, reply.data) == (TIMEOUT, None)
        del workload
        assert_answers_are_its_own(client, gearmand)

    def test_a_client_that_is_dropped_while_it_sends(self, gearmand: Gearmand) -> None:
        """Dropping the client does not wait, and the server and other clients are not affected."""
        client = client_of(gearmand)
        with frozen(gearmand):
            assert client._submit(JobKind.NORMAL, b"abandoned", bytes(16 * MIB), timeout_ms=100).rc == TIMEOUT
            begin = time.monotonic()
            del client
            assert time.monotonic() - begin < 1
        assert_answers_are_its_own(client_of(gearmand), gearmand)

    def test_a_status_request(self, gearmand: Gearmand) -> None:
        """The late answer to an abandoned jobStatus() is not taken for that of the next one."""
        client = client_of(gearmand)
        handle = client.doBackground("queued", "x")
        client.setTimeout(100)
        with frozen(gearmand):
            for name in (handle, "H:test:999", handle):
                with pytest.warns(match="jobStatus"):
                    assert client.jobStatus(name) == [False, False, 0, 0]
                assert client.returnCode() == TIMEOUT
        client.setTimeout(15_000)
        for _ in range(5):
            assert client.jobStatus("H:test:999") == [False, False, 0, 0]
            assert client.jobStatus(handle) == [True, False, 0, 0]
        assert_answers_are_its_own(client, gearmand)

    def test_the_server_is_killed_after_it(self, gearmand: Gearmand) -> None:
        """Abandoned jobs are lost with their connection. The client works with the next server process."""
        client = client_of(gearmand)
        with frozen(gearmand):
            assert client._submit(JobKind.NORMAL, b"abandoned", b"x", timeout_ms=60).rc == TIMEOUT
            assert client._submit(JobKind.NORMAL, b"abandoned", bytes(16 * MIB), timeout_ms=60).rc == TIMEOUT
            gearmand.kill()
        gearmand.start()
        assert client._submit(JobKind.BACKGROUND, b"first", b"x", timeout_ms=5000).rc in (SUCCESS, LOST_CONNECTION)
        assert client._submit(JobKind.BACKGROUND, b"second", b"x", timeout_ms=5000).rc == SUCCESS
        assert_answers_are_its_own(client, gearmand)
