"""Workloads that no packet can carry, and bulk calls of large ones. bytes(n) takes no memory until it is written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import Client, InvalidArgument, Job, RawSerializer
from gearman_cffi.ext import GearmanClient
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of

MOST = 0xFFFFFFFF - 8192
JOBS = [Job("later", b"1"), Job("later", bytes(MOST + 1)), Job("later", b"3")]

pytestmark = pytest.mark.needs("Python with 64 bits")


class TestTooLarge:
    """A size has 32 bits in a packet's head; a part of it would have the server wait for the wrong number of bytes."""

    @pytest.mark.parametrize("call", ["doNormal", "doBackground", "addTask"])
    def test_the_mirror(self, gearmand: Gearmand, call: str) -> None:
        client: GearmanClient = client_of(gearmand)
        with pytest.raises(ValueError, match=f"has {MOST + 1} bytes; a packet of Gearman carries at most {MOST}"):
            getattr(client, call)("f", bytes(MOST + 1))
        assert client.doBackground("f", b"1")

    @pytest.mark.parametrize(
        "submit",
        [
            lambda client: client.execute_job("later", bytes(MOST + 1)),
            lambda client: client.execute_in_background("later", bytes(MOST + 1)),
            lambda client: client.execute_jobs(JOBS[1:2]),
            lambda client: client.execute_jobs_in_background(JOBS),
        ],
        ids=["foreground", "background", "bulk", "bulk in the background"],
    )
    def test_the_python_layer(self, gearmand: Gearmand, submit: Callable[[Client], Any]) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        with pytest.raises(InvalidArgument, match=f"cannot be sent .* carries at most {MOST} bytes"):
            submit(client)
        assert client.execute_in_background("later", b"1")

    def test_the_others_go_out(self, gearmand: Gearmand) -> None:
        client = Client(gearmand.address, RawSerializer(), timeout=20)
        first, second, third = client.execute_jobs_in_background(JOBS, on_error="return")
        assert isinstance(second, InvalidArgument)
        for handle in (first, third):
            assert isinstance(handle, str)
            assert client.get_job_status(handle).is_known


def test_windows_are_bounded_by_size_too(gearmand: Gearmand) -> None:
    """A hundred jobs of 1 MiB in one call: some of them are on their way at a time, and in memory."""
    program = """
from gearman_cffi import Client, Job, RawSerializer
def memory(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) // 1024
client = Client(f"127.0.0.1:{PORTS[0]}", RawSerializer(), timeout=60)
client.execute_jobs_in_background([Job("f", b"x")])
before = memory("VmRSS")
handles = client.execute_jobs_in_background(Job("f", bytes(1 << 20)) for _ in range(100))
say(len(set(handles)), memory("VmHWM") - before)
"""
    with Child(program, gearmand.port) as child:
        count, mib = map(int, child.line(60).split())
        assert child.end() == 0, child.errors()
    assert count == 100
    assert mib < 50
