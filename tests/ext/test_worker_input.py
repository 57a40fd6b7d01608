"""Wrong input to GearmanWorker gives the documented result or a clear error, and never hangs or crashes."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gearman_cffi.ext import GearmanException, GearmanJob, GearmanWarning, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.support import HOST, client_of, is_served, serving, shown, wait_until, worker_of

UNKNOWN_HOST = "no.such.host.invalid"


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, but nothing listens."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


class TestTypes:
    """A wrong type raises TypeError with the name of the parameter."""

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (lambda worker: worker.addServer([HOST], 4730), "host must be str, bytes or a number, not list"),
            (lambda worker: worker.addServer(HOST, "4730 x"), "port must be an integer, not '4730 x'"),
            (lambda worker: worker.addServers({}), "servers must be str, bytes or a number, not dict"),
            (lambda worker: worker.addFunction([5], echo), "function_name must be str, bytes or a number, not list"),
            (
                lambda worker: worker.addFunction(None, echo),
                "function_name must be str, bytes or a number, not NoneType",
            ),
            (lambda worker: worker.addFunction("f", echo, None, "5s"), "timeout must be an integer, not '5s'"),
            (lambda worker: worker.setTimeout(""), "timeout must be an integer, not ''"),
            (lambda worker: worker.setTimeout(None), "timeout must be an integer, not NoneType"),
            (lambda worker: worker.setOptions(None), "option must be an integer, not NoneType"),
            (lambda worker: worker.ping(None), "data must be bytes, str or a number, not NoneType"),
        ],
    )
    def test_every_call(self, call: Callable[[Any], Any], text: str) -> None:
        """Each error names the parameter and the type of the value."""
        with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
            call(GearmanWorker())

    @pytest.mark.parametrize("method", ["work", "returnCode", "error", "timeout", "getErrno", "options"])
    def test_the_number_of_arguments(self, method: str) -> None:
        """Too many arguments raise TypeError, as everywhere in Python."""
        with pytest.raises(TypeError):
            getattr(GearmanWorker(), method)("a", "b")

    @pytest.mark.parametrize(("function", "shown"), [(None, ""), (5, "5"), ("echo", "echo"), ([1], ".*")], ids=shown)
    def test_a_function_that_cannot_be_called(self, function: Any, shown: str) -> None:
        """addFunction() returns False with PHP's warning, which shows the value. Nothing is registered."""
        worker = GearmanWorker()
        text = rf"^GearmanWorker::addFunction\(\): Function '{shown}' is not a valid callback$"
        with pytest.warns(GearmanWarning, match=text):
            assert worker.addFunction("f", function) is False
        assert worker.returnCode() == 0


class TestNames:
    """Function names and hosts that are too long, empty or not text."""

    def test_nul_bytes_are_refused(self) -> None:
        """A NUL byte in a function's name, a host or a list of servers raises ValueError."""
        worker = GearmanWorker()
        with pytest.raises(ValueError, match=r"function_name must not contain NUL bytes: 'cut\\x00tail'"):
            worker.addFunction("cut\0tail", echo)
        with pytest.raises(ValueError, match="host must not contain NUL bytes"):
            worker.addServer("\0")
        with pytest.raises(ValueError, match="servers must not contain NUL bytes"):
            worker.addServers(b"localhost\0")

    @pytest.mark.parametrize("name", ["", "f" * 513, b"f" * 100_000], ids=["empty", "513", "100000"])
    def test_a_function_name_that_libgearman_refuses(self, name: str | bytes) -> None:
        """An empty name, or one of more than 512 bytes, gives False, PHP's warning and return code 49."""
        worker = GearmanWorker()
        with pytest.warns(GearmanWarning, match=r"^GearmanWorker::addFunction\(\): Unable to add function to Gearman"):
            assert worker.addFunction(name, echo) is False
        assert worker.returnCode() == 49
        assert worker.addFunction("f", echo) is True
        assert worker.returnCode() == 0

    def test_a_function_name_of_512_bytes(self, shared_gearmand: Gearmand) -> None:
        """The longest name, and names with spaces and any letters, work."""
        names = ["w" * 512, "with blanks\tand ümläuts", "~!@#$%^&*()"]
        with serving(shared_gearmand, **dict.fromkeys(names, echo)):
            client = client_of(shared_gearmand)
            assert [client.doNormal(name, name) for name in names] == [name.encode() for name in names]


class TestNumbers:
    """Numbers out of range raise ValueError."""

    @pytest.mark.parametrize("port", [-1, 65536, 2**64])
    def test_port(self, port: int) -> None:
        """A port is between 0 and 65535."""
        with pytest.raises(ValueError, match=rf"^port must be between 0 and 65535, not {port}$"):
            GearmanWorker().addServer(HOST, port)

    @pytest.mark.parametrize("timeout", [2**31, -(2**31) - 1, 2**64])
    def test_timeout(self, timeout: int) -> None:
        """A worker's timeout has 32 bits with a sign."""
        worker = GearmanWorker()
        with pytest.raises(ValueError, match=rf"^timeout must be between .*, not {timeout}$"):
            worker.setTimeout(timeout)
        assert worker.timeout() == -1

    @pytest.mark.parametrize("timeout", [-1, 2**32])
    def test_timeout_of_a_function(self, timeout: int) -> None:
        """A function's timeout has 32 bits without a sign."""
        with pytest.raises(ValueError, match=rf"^timeout must be between 0 and 4294967295, not {timeout}$"):
            GearmanWorker().addFunction("f", echo, None, timeout)


class TestNothingToWorkWith:
    """work() without servers or functions returns False at once, with a warning and a return code."""

    def test_no_server(self) -> None:
        """Without a server the return code is 13 (NO_SERVERS)."""
        worker = worker_of(echo=echo)
        with pytest.warns(GearmanWarning, match=r"^GearmanWorker::work\(\): "):
            assert worker.work() is False
        assert worker.returnCode() == 13

    def test_no_function(self, shared_gearmand: Gearmand) -> None:
        """Without a function it is 34 (NO_REGISTERED_FUNCTIONS)."""
        worker = worker_of(shared_gearmand)
        with pytest.warns(GearmanWarning, match=r"^GearmanWorker::work\(\): .*no functions have been registered"):
            assert worker.work() is False
        assert worker.returnCode() == 34

    @pytest.mark.parametrize("timeout", [None, 5000])
    def test_an_unreachable_server(self, dead_port: int, timeout: int | None) -> None:
        """With a dead server it is 26 (COULD_NOT_CONNECT), also with a timeout, every time."""
        worker = worker_of(echo=echo)
        assert worker.addServer(HOST, dead_port, False) is True
        if timeout is not None:
            worker.setTimeout(timeout)
        for _ in range(3):
            with pytest.warns(GearmanWarning, match=rf"^GearmanWorker::work\(\): .*{HOST}:{dead_port}"):
                assert worker.work() is False
            assert worker.returnCode() == 26
        with pytest.warns(GearmanWarning, match=r"^GearmanWorker::ping\(\): .*COULD_NOT_CONNECT"):
            assert worker.ping("x") is False

    def test_an_unreachable_server_when_adding(self, dead_port: int) -> None:
        """Asking for exceptions raises. The return code stays 0 and the server stays added."""
        worker = worker_of(echo=echo)
        with pytest.raises(GearmanException, match=r"^Failed to set exception option"):
            worker.addServer(HOST, dead_port)
        assert worker.returnCode() == 0
        assert f"{HOST}:{dead_port}" in str(worker.error())
        with pytest.warns(GearmanWarning):
            worker.work()
        assert worker.returnCode() == 26

    def test_an_unknown_host(self) -> None:
        """addServer() returns False with a warning and return code 12 (GETADDRINFO), and does not add the server."""
        worker = worker_of(echo=echo)
        with pytest.warns(GearmanWarning, match=rf"^GearmanWorker::addServer\(\): {UNKNOWN_HOST}:4730 getaddrinfo"):
            assert worker.addServer(UNKNOWN_HOST, 4730) is False
        assert worker.returnCode() == 12
        with pytest.warns(GearmanWarning, match=r"^GearmanWorker::addServers\(\): "):
            assert worker.addServers(f"{UNKNOWN_HOST}:4730") is False
        with pytest.warns(GearmanWarning):
            worker.work()
        assert worker.returnCode() == 13


class TestRegistering:
    """Functions that are registered again, and the arguments of functions."""

    def test_a_later_function_of_the_same_name_replaces_the_first(self, gearmand: Gearmand) -> None:
        """A function replaces the one of the same name, before and between calls of work(), with any timeout."""
        worker = worker_of(gearmand, f=lambda job, _: "first")
        client = client_of(gearmand)
        for number, timeout in enumerate([0, 0, 60_000, 0]):
            worker.addFunction("f", lambda job, context: context, f"number {number}", timeout)
            handle = client.doBackground("f", "x")
            client.doBackground("f", "y")
            assert client.jobStatus(handle)[0] is True
            assert worker.work() is True
            assert worker.work() is True
            assert client.jobStatus(handle)[0] is False

    def test_what_a_function_is_called_with(self, shared_gearmand: Gearmand) -> None:
        """A function gets two arguments: the job and the context itself, None if none was given."""
        seen: list[Any] = []
        context = object()
        worker = worker_of(shared_gearmand)
        worker.addFunction("called_with", lambda *arguments: seen.append(arguments), context)
        worker.addFunction("called_without", lambda *arguments: seen.append(arguments))
        client = client_of(shared_gearmand)
        client.doBackground("called_with", "x")
        client.doBackground("called_without", "x")
        assert [worker.work(), worker.work()] == [True, True]
        contexts = {len(arguments): arguments[1] for arguments in seen}
        assert [isinstance(arguments[0], GearmanJob) for arguments in seen] == [True, True]
        assert {arguments[1] for arguments in seen} == {context, None}
        assert list(contexts) == [2]

    def test_functions_are_announced_with_work(self, gearmand: Gearmand) -> None:
        """The next work() announces a function to the server, and then gets its jobs."""
        worker = worker_of(gearmand, early=echo)
        client_of(gearmand).doBackground("early", "x")
        assert not is_served(gearmand, "early")
        assert worker.work() is True
        wait_until(lambda: is_served(gearmand, "early"), "the function is announced")
