"""GEARMAN_CLIENT_UNBUFFERED_RESULT: data is read in parts. libgearman alone crashes at an exception (Q13)."""

from __future__ import annotations

import pytest

from gearman_cffi.ext import (
    GEARMAN_CLIENT_NON_BLOCKING,
    GEARMAN_CLIENT_UNBUFFERED_RESULT,
    GEARMAN_PAUSE,
    GEARMAN_WORK_EXCEPTION,
    GearmanClient,
    GearmanJob,
    GearmanTask,
)
from gearman_cffi.testing import Gearmand
from tests.support import IF_ALLOWED, WITHOUT_INTERPOSITION, Child, client_of, serving


def unbuffered(server: Gearmand) -> GearmanClient:
    """A client that reads data in parts."""
    client = client_of(server)
    client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
    return client


class TestExceptions:
    """A worker's function raises."""

    @pytest.mark.parametrize(
        ("asked", "environment"),
        [
            pytest.param(True, {}, id="exceptions, poll"),
            pytest.param(True, WITHOUT_INTERPOSITION, id="exceptions, slices", marks=IF_ALLOWED),
            pytest.param(False, {}, id="failures, poll"),
        ],
    )
    def test_no_crash(self, gearmand: Gearmand, asked: bool, environment: dict[str, str]) -> None:
        """The data is read in parts, and the next job is answered."""
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
            child.expect("exception False [15, b'too muchtoo muc'] 79985" if asked else "failure b''")
            child.expect("True b'alive'")
            assert child.end() == 0, child.errors()
        assert [type(error) for error in worker.raised] == [ValueError, ValueError]


class TestParts:
    """recvData()."""

    def test_it_continues_after_a_pause(self, gearmand: Gearmand) -> None:
        """Parts in the callback, the rest after it has paused the run, and more when the packet is delivered again."""
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
        assert task.recvData(1) in ([0, b""], False)  # the task has ended

    @pytest.mark.parametrize("parts", [True, False], ids=["unbuffered", "buffered"])
    def test_an_option_that_is_requested_meanwhile(self, gearmand: Gearmand, parts: bool) -> None:
        """The paused packet is kept, and later connections have the option."""
        client = GearmanClient()
        client.addServer("127.0.0.1", gearmand.port, False)
        seen: list[object] = []
        if parts:
            client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)

        def data(task: GearmanTask) -> int | None:
            seen.append(task.recvData(9) if parts else task.data())
            return GEARMAN_PAUSE if len(seen) == 1 else None

        def sends(job: GearmanJob, context: object) -> str:
            job.sendData("0123456789")
            return "end"

        def fails(job: GearmanJob, context: object) -> None:
            job.sendException("E: text")

        client.setDataCallback(data)
        with serving(gearmand, f=sends, fails=fails):
            task = client.addTask("f", "x")
            assert isinstance(task, GearmanTask)
            assert client.runTasks()
            assert client.enableExceptionHandler()
            assert (task.recvData(9) if parts else task.data()) == ([1, b"9"] if parts else b"0123456789")
            assert client.runTasks()
            client.doNormal("fails", "x")
        assert seen == [[9, b"012345678"], [0, b""]] if parts else [b"0123456789"] * 2
        assert client.returnCode() == GEARMAN_WORK_EXCEPTION

    def test_what_is_left_unread_is_skipped(self, gearmand: Gearmand) -> None:
        """Unread data of a packet does not reach the next one."""
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
    """The bit of the option."""

    def test_it_is_kept_beside_the_others(self, gearmand: Gearmand) -> None:
        """In a clone too."""
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
