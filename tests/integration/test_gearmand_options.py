"""The documentation of gearmand's options --job-retries, --exceptions and --round-robin is true."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Sequence

import pytest

from gearman_cffi import Client, Priority
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running
from tests.support import gearmand_says, priorities_come_first, wait_until

CAN_DO, GRAB_JOB, JOB_ASSIGN = 1, 9, 11


def packet(kind: int, data: bytes = b"") -> bytes:
    return b"\0REQ" + struct.pack(">II", kind, len(data)) + data


def is_taken_and_lost(server: Gearmand, function: bytes) -> bool:
    """Whether a worker that dies at once got a job."""
    with socket.create_connection((server.host, server.port), 20) as connection:
        connection.sendall(packet(CAN_DO, function) + packet(GRAB_JOB))
        kind = struct.unpack(">I", connection.recv(12, socket.MSG_WAITALL)[4:8])[0]
    return bool(kind == JOB_ASSIGN)


# Later than 2.0.0, 0 means that a job is not given out again.
RUNS_FOR_0 = 1 if "Use 0 to disable retries" in gearmand_says("--help") else None


@pytest.mark.parametrize(
    ("options", "runs"),
    [((), None), (("--job-retries=0",), RUNS_FOR_0), (("--job-retries=1",), 1), (("--job-retries=3",), 3)],
)
def test_job_retries(options: Sequence[str], runs: int | None) -> None:
    """How often gearmand gives a job to workers that die. None means without a limit."""
    with Gearmand(options) as server, Client(server.address, timeout=20) as client:
        handle = client.execute_in_background("f", "x")
        for _ in range(runs or 10):
            assert is_taken_and_lost(server, b"f")
            wait_until(lambda: not client.get_job_status(handle).is_running, "the server has noticed")
        assert client.get_job_status(handle).is_known == (runs is None)


def test_exceptions_for_the_gearman_tool() -> None:
    """With --exceptions a client that has not asked for a worker's exception gets it."""

    def fail(job: object) -> None:
        raise ValueError("no good")

    with Gearmand(["--exceptions"]) as server, running(server, handlers(fail=fail)):
        tool = ["gearman", "-h", server.host, "-p", str(server.port), "-f", "fail", "x"]
        done = subprocess.run(tool, capture_output=True, text=True, timeout=20, check=False)
        assert "ValueError: no good" in done.stderr


@pytest.mark.parametrize(
    ("options", "order"), [((), "one one one two two two"), (("--round-robin",), "one two one two one two")]
)
def test_functions_before_priorities(options: Sequence[str], order: str) -> None:
    """gearmand 1.x goes through the functions in the order of registration or in turn, 2.0 by the jobs' priorities."""
    seen: list[str] = []
    with Gearmand(options) as server:
        client = Client(server.address)
        for _ in range(3):
            client.execute_in_background("one", "x", Priority.LOW)
            client.execute_in_background("two", "x", Priority.HIGH)
        with running(server, handlers(one=lambda job: seen.append("one"), two=lambda job: seen.append("two"))):
            wait_until(lambda: len(seen) == 6, "all jobs are done")
    assert seen == (["two"] * 3 + ["one"] * 3 if priorities_come_first() else order.split())
