"""GEARMAN_CLIENT_UNBUFFERED_RESULT: data is read in parts. libgearman itself crashes when an exception comes so."""

from __future__ import annotations

import pytest

from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_CLIENT_UNBUFFERED_RESULT,
    GEARMAN_PAUSE,
    GearmanClient,
    GearmanTask,
)
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, serving

INTERPOSED = [{}, {"GEARMAN_CFFI_NO_INTERPOSE": "1"}]


def unbuffered(server: Gearmand) -> GearmanClient:
    """A client that reads in parts."""
    client = client_of(server)
    client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    return client


class TestExceptions:
    """A worker's function raises."""

    @pytest.mark.parametrize("environment", INTERPOSED, ids=["poll", "slices"])
    @pytest.mark.parametrize("asked", [True, False], ids=["exceptions", "failures"])
    def test_the_client_lives(self, gearmand: Gearmand, environment: dict[str, str], asked: bool) -> None:
        """What has come is shown in parts, and the next job is answered."""
        program = f"""
client = GearmanClient()
client.addServer("127.0.0.1", *PORTS, {asked})
client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
say(client.doNormal("fails", "x"), client.returnCode() == (GEARMAN_WORK_EXCEPTION if {asked} else GEARMAN_WORK_FAIL))
def exception(task): say("exception", task.data(), task.recvData(15), len(task.recvData(10**6)[1]))
if {asked}: client.setExceptionCallback(exception)
client.setFailCallback(lambda task: say("failure", task.data()))
client.addTask("fails", "x")
say(client.runTasks(), client.doNormal("echo", "alive"))
"""

        def fails(job: object, context: object) -> None:
            raise ValueError("too much" * 10_000)

        with (
            serving(gearmand, fails=fails, echo=lambda job, _: job.workload()) as worker,
            Child(program, gearmand.port, **environment) as child,
        ):
            child.expect("b'' True")
            child.expect("exception False [15, b'ValueError: too'] 79997" if asked else "failure b''")
            child.expect("True b'alive'")
            assert child.end() == 0, child.errors()
        assert [type(error) for error in worker.raised] == [ValueError, ValueError]


class TestParts:
    """recvData()."""

    def test_it_goes_on_where_it_was(self, gearmand: Gearmand) -> None:
        """Parts in the callback, the rest after it has paused the run, and more when the packet is shown again."""
        client, parts = unbuffered(gearmand), []

        def complete(task: GearmanTask) -> int | None:
            assert task.data() is False
            assert task.dataSize() == 10
            parts.append(task.recvData(3))
            return GEARMAN_PAUSE if len(parts) == 1 else None

        client.setCompleteCallback(complete)
        with serving(gearmand, f=lambda job, _: "0123456789"):
            task = client.addTask("f", "x")
            assert isinstance(task, GearmanTask)
            assert client.runTasks()
            parts.append(task.recvData(3))
            assert client.runTasks()
        assert parts == [[3, b"012"], [3, b"345"], [3, b"678"]]
        assert task.recvData(1) in ([0, b""], False)  # it is over

    def test_what_is_left_unread_is_skipped(self, gearmand: Gearmand) -> None:
        """Of each packet by itself."""
        client, parts = unbuffered(gearmand), []
        client.setDataCallback(lambda task: parts.append(task.recvData(2)))
        client.setCompleteCallback(lambda task: parts.append(task.recvData(9)))

        def sends(job: object, context: object) -> str:
            for data in ("first", "second"):
                job.sendData(data)  # type: ignore[attr-defined]
            return "end"

        with serving(gearmand, f=sends):
            client.addTask("f", "x")
            assert client.runTasks()
            assert client.doNormal("f", "x") == b"firstsecondend"
        assert parts == [[2, b"fi"], [2, b"se"], [3, b"end"]]


class TestOption:
    """The bit itself."""

    def test_it_is_kept_beside_the_others(self, gearmand: Gearmand) -> None:
        """In a copy too."""
        client = unbuffered(gearmand)
        buffered = client_of(gearmand).options()
        client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
        with pytest.deprecated_call():
            copied = client.clone()
        both = GEARMAN_CLIENT_UNBUFFERED_RESULT | GEARMAN_CLIENT_NON_BLOCKING
        assert client.options() == copied.options() == buffered | both
        client.removeOptions(GEARMAN_CLIENT_NON_BLOCKING)
        assert client.options() == buffered | GEARMAN_CLIENT_UNBUFFERED_RESULT
        client.removeOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
        assert client.options() == buffered
        client.setOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
        assert client.options() & both == GEARMAN_CLIENT_UNBUFFERED_RESULT
        client.setOptions(buffered)
        assert client.options() == buffered
