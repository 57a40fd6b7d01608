"""GearmanException has what PHP's Exception has; tests/parity compares it with PHP."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanException, gearman_client_add_server
from gearman_cffi.testing import Gearmand
from tests.support import client_of, serving

NOWHERE = "no.such.host.invalid"


def add_server(client: GearmanClient) -> None:
    client.addServer(NOWHERE)


def calls(error: GearmanException) -> list[Any]:
    return [call["function"] for call in error.getTrace()]


class TestTrace:
    """getFile(), getLine(), getTrace() and getTraceAsString() of an exception."""

    def test_before_it_is_raised(self) -> None:
        """There is no place yet."""
        error = GearmanException("text", 3)
        assert (error.getFile(), error.getLine(), error.getTrace()) == ("", 0, [])
        assert error.getTraceAsString() == "#0 {main}"

    def test_of_the_programs_own(self) -> None:
        """The place is the line with raise."""
        with pytest.raises(GearmanException) as caught:
            raise GearmanException
        assert caught.value.getFile() == __file__
        assert caught.value.getLine() == sys._getframe().f_lineno - 2
        assert calls(caught.value) == []

    @pytest.mark.parametrize("method", ["enableExceptionHandler", "addServers"])
    def test_of_a_method(self, method: str) -> None:
        """The place is the call of the method; frames of the package are left out."""
        client = GearmanClient()
        client.addServer("127.0.0.1", 1, False)
        with pytest.raises(GearmanException) as caught:
            getattr(client, method)()
        assert caught.value.getFile() == __file__
        assert caught.value.getLine() == sys._getframe().f_lineno - 2
        (call,) = caught.value.getTrace()
        line = caught.value.getLine()
        assert call == {"file": __file__, "line": line, "function": method, "class": "GearmanClient", "type": "->"}
        assert caught.value.getTraceAsString() == f"#0 {__file__}({line}): GearmanClient->{method}()\n#1 {{main}}"

    def test_of_a_function(self) -> None:
        """A procedural function is the call, not the method that it calls."""
        with pytest.raises(GearmanException) as caught:
            gearman_client_add_server(GearmanClient(), "127.0.0.1", 1)
        assert calls(caught.value) == ["gearman_client_add_server"]

    def test_of_a_callback(self, shared_gearmand: Gearmand) -> None:
        """Calls of the program and of the package alternate."""

        def complete(task: object) -> None:
            GearmanClient().enableExceptionHandler()

        client = client_of(shared_gearmand)
        client.setCompleteCallback(complete)
        client.addTask("trace", "w")
        with serving(shared_gearmand, trace=lambda job, context: "end"), pytest.raises(GearmanException) as caught:
            client.runTasks()
        assert calls(caught.value) == ["enableExceptionHandler", "complete", "runTasks"]
