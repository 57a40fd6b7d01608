"""Wrong input to GearmanClient gives the documented result or a clear error, and never hangs or crashes."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanException, GearmanWarning
from gearman_cffi.messages import short_repr
from gearman_cffi.testing import Gearmand
from tests.support import HOST, client_of, serving, shown

FOREGROUND = ["doNormal", "doHigh", "doLow"]
BACKGROUND = ["doBackground", "doHighBackground", "doLowBackground"]
LONG = "5" + "a" * 300
SUBMITTING = FOREGROUND + BACKGROUND
UNKNOWN_HOST = "no.such.host.invalid"
NOTHING_KNOWN = [False, False, 0, 0]


def neutral(method: str) -> bytes | str:
    """Returns what PHP returns if a submission failed: an empty result or an empty handle."""
    return b"" if method in FOREGROUND else ""


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, but nothing listens."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


@pytest.fixture
def client(shared_gearmand: Gearmand) -> GearmanClient:
    """A client with a timeout, for jobs without a worker."""
    client = client_of(shared_gearmand)
    client.setTimeout(5000)
    return client


class TestTypes:
    """A wrong type raises TypeError with the name of the parameter, before anything is sent."""

    @pytest.mark.parametrize("method", SUBMITTING)
    @pytest.mark.parametrize("wrong", [None, ["f"], {}, ("f",), 1j, object(), str], ids=shown)
    def test_function(self, client: GearmanClient, method: str, wrong: Any) -> None:
        """A function's name is str, bytes, a number or an object with a text of its own."""
        with pytest.raises(TypeError, match=r"function must be str, bytes or a number, not \w+"):
            getattr(client, method)(wrong, "workload")

    @pytest.mark.parametrize("method", SUBMITTING)
    @pytest.mark.parametrize("wrong", [None, ["x"], {}, object(), 1j], ids=shown)
    def test_workload(self, client: GearmanClient, method: str, wrong: Any) -> None:
        """A workload is bytes, str or a number."""
        with pytest.raises(TypeError, match=r"workload must be bytes, str or a number, not \w+"):
            getattr(client, method)("function", wrong)

    @pytest.mark.parametrize("method", SUBMITTING)
    def test_unique(self, client: GearmanClient, method: str) -> None:
        """A unique key is a name or None."""
        with pytest.raises(TypeError, match="unique must be str, bytes or a number, not list"):
            getattr(client, method)("function", "workload", [5])

    @pytest.mark.parametrize("method", SUBMITTING)
    def test_the_first_wrong_argument_is_named(self, client: GearmanClient, method: str) -> None:
        """Of several wrong arguments the error names the first one, as PHP does."""
        for given, named in ((([], [], []), "function"), (("f", [], []), "workload"), (("f", "w", []), "unique")):
            with pytest.raises(TypeError, match=f"^{named} must be"):
                getattr(client, method)(*given)

    @pytest.mark.parametrize("method", BACKGROUND)
    def test_wrong_arguments_keep_the_handle(self, client: GearmanClient, method: str) -> None:
        """doJobHandle() is that of the last submission, and wrong arguments are none."""
        handle = getattr(client, method)("unserved", "workload")
        wrong: list[list[Any]] = [[[], "w"], ["f", []], ["f", "w", []], ["a\0b", "w"]]
        for given in wrong:
            with pytest.raises((TypeError, ValueError)):
                getattr(client, method)(*given)
            assert client.doJobHandle() == handle != ""

    @pytest.mark.parametrize(
        ("call", "parameter"),
        [
            (lambda client: client.jobStatus(None), "job_handle must be str, bytes or a number, not NoneType"),
            (lambda client: client.jobStatus({}), "job_handle must be str, bytes or a number, not dict"),
            (lambda client: client.addServer([HOST], 4730), "host must be str, bytes or a number, not list"),
            (lambda client: client.addServer(HOST, "4730x"), "port must be an integer, not '4730x'"),
            (lambda client: client.addServer(HOST, b""), "port must be an integer, not b''"),
            (lambda client: client.addServer(HOST, 4730.5), "port must be an integer, not 4730.5"),
            (lambda client: client.addServer(HOST, None), "port must be an integer, not NoneType"),
            (lambda client: client.addServers(["localhost"]), "servers must be str, bytes or a number, not list"),
            (lambda client: client.setTimeout("0x5"), "timeout must be an integer, not '0x5'"),
            (lambda client: client.setTimeout(0.5), "timeout must be an integer, not 0.5"),
            (lambda client: client.setTimeout(LONG), f"timeout must be an integer, not {short_repr(LONG)}"),
            (lambda client: client.setTimeout(None), "timeout must be an integer, not NoneType"),
            (lambda client: client.setOptions("two"), "option must be an integer, not 'two'"),
            (lambda client: client.ping(None), "workload must be bytes, str or a number, not NoneType"),
        ],
    )
    def test_the_other_calls(self, client: GearmanClient, call: Callable[[Any], Any], parameter: str) -> None:
        """Each error names the parameter and the type of the value."""
        with pytest.raises(TypeError, match=f"^{re.escape(parameter)}$"):
            call(client)

    @pytest.mark.parametrize(
        "method", [*SUBMITTING, "jobStatus", "ping", "setTimeout", "returnCode", "error", "timeout"]
    )
    def test_the_number_of_arguments(self, client: GearmanClient, method: str) -> None:
        """Too many arguments raise TypeError, as everywhere in Python."""
        with pytest.raises(TypeError):
            getattr(client, method)("a", "b", "c", "d")


class TestNames:
    """Names that are too long, empty or not text."""

    @pytest.mark.parametrize("method", SUBMITTING)
    def test_nul_bytes_are_refused(self, client: GearmanClient, method: str) -> None:
        """A NUL byte in a name raises ValueError with the name. PHP cuts the name there."""
        with pytest.raises(ValueError, match=r"function must not contain NUL bytes: 'cut\\x00tail'"):
            getattr(client, method)("cut\0tail", "workload")
        with pytest.raises(ValueError, match="unique must not contain NUL bytes"):
            getattr(client, method)("function", "workload", b"\0")

    def test_nul_bytes_in_the_other_names(self, client: GearmanClient) -> None:
        """Handles, hosts and lists of servers raise it too."""
        for call, parameter in (
            (client.jobStatus, "job_handle"),
            (client.addServer, "host"),
            (client.addServers, "servers"),
        ):
            with pytest.raises(ValueError, match=f"{parameter} must not contain NUL bytes"):
                call("a\0b")

    @pytest.mark.parametrize("method", SUBMITTING)
    @pytest.mark.parametrize("name", ["", "f" * 513, b"f" * 100_000], ids=["empty", "513", "100000"])
    def test_a_function_name_that_libgearman_refuses(
        self, client: GearmanClient, method: str, name: str | bytes
    ) -> None:
        """An empty name, or one of more than 512 bytes, gives the neutral result, a warning and return code 49."""
        with pytest.warns(GearmanWarning, match=rf"^GearmanClient::{method}\(\): .*function"):
            assert getattr(client, method)(name, "workload") == neutral(method)
        assert client.returnCode() == 49

    @pytest.mark.parametrize("method", SUBMITTING)
    @pytest.mark.parametrize("key", ["u" * 65, "ü" * 33, b"u" * 100_000], ids=["65", "66 in UTF-8", "100000"])
    def test_a_unique_key_that_libgearman_refuses(self, client: GearmanClient, method: str, key: str | bytes) -> None:
        """A unique key of more than 64 bytes gives the neutral result, a warning and return code 49."""
        with pytest.warns(GearmanWarning, match=rf"^GearmanClient::{method}\(\): .*unique"):
            assert getattr(client, method)("function", "workload", key) == neutral(method)
        assert client.returnCode() == 49

    def test_the_longest_names(self, client: GearmanClient, shared_gearmand: Gearmand) -> None:
        """Names of 512 bytes and unique keys of 64 bytes work; the worker sees 63 bytes of the key, as in PHP."""
        with serving(shared_gearmand, **{"f" * 512: lambda job, _: f"{len(job.functionName())} {len(job.unique())}"}):
            assert client.doNormal("f" * 512, "workload", "u" * 64) == b"512 63"

    @pytest.mark.parametrize("size", [64, 65, 1000, 100_000])
    def test_a_handle_that_no_job_has(self, client: GearmanClient, size: int) -> None:
        """A handle of 64 bytes, for which libgearman would wait for ever, gives a warning and return code 49."""
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::jobStatus\(\): .*at most 63 bytes"):
            assert client.jobStatus("h" * size) == NOTHING_KNOWN
        assert client.returnCode() == 49
        assert "at most 63 bytes" in str(client.error())

    @pytest.mark.parametrize("handle", ["", "nonsense", "H:other:1", "h" * 63, b"\xff\xfe"], ids=shown)
    def test_a_handle_that_is_unknown(self, client: GearmanClient, handle: str | bytes) -> None:
        """An unknown job is not a failure: return code 0 and no warning."""
        assert client.jobStatus(handle) == NOTHING_KNOWN
        assert client.returnCode() == 0


class TestNumbers:
    """Numbers out of range raise ValueError. PHP cuts them to another number."""

    @pytest.mark.parametrize("port", [-1, 65536, 2**31, 2**64, -(2**64)])
    def test_port(self, client: GearmanClient, port: int) -> None:
        """A port is between 0 and 65535."""
        with pytest.raises(ValueError, match=rf"^port must be between 0 and 65535, not {port}$"):
            client.addServer(HOST, port)

    @pytest.mark.parametrize("timeout", [2**31, -(2**31) - 1, 2**32 + 7, 2**64])
    def test_timeout(self, client: GearmanClient, timeout: int) -> None:
        """A timeout has 32 bits with a sign. After an error the timeout stays as it was."""
        with pytest.raises(ValueError, match=rf"^timeout must be between .*, not {timeout}$"):
            client.setTimeout(timeout)
        assert client.timeout() == 5000

    @pytest.mark.parametrize("timeout", [2**31 - 1, -(2**31), 0, -1, True])
    def test_the_ends_of_the_range(self, client: GearmanClient, timeout: int) -> None:
        """Timeouts in range are set, and returned by timeout()."""
        assert client.setTimeout(timeout) is True
        assert client.timeout() == timeout


class TestServers:
    """Servers that cannot be reached."""

    def test_no_server(self) -> None:
        """Every call that needs a server fails at once, with a warning and return code 13 (NO_SERVERS)."""
        client = GearmanClient()
        for method in SUBMITTING:
            with pytest.warns(GearmanWarning, match=rf"^GearmanClient::{method}\(\): .*no servers provided"):
                assert getattr(client, method)("function", "workload") == neutral(method)
            assert client.returnCode() == 13
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::jobStatus\(\): .*NO_SERVERS"):
            assert client.jobStatus("H:test:1") == NOTHING_KNOWN
        assert client.returnCode() == 13
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::ping\(\): .*NO_SERVERS"):
            assert client.ping("x") is False
        assert client.returnCode() == 13
        with pytest.raises(GearmanException, match=r"^Failed to set exception option"):
            client.enableExceptionHandler()

    def test_an_unreachable_server(self, dead_port: int) -> None:
        """The calls fail with return code 26 (COULD_NOT_CONNECT), and the client stays usable."""
        client = GearmanClient()
        assert client.addServer(HOST, dead_port, False) is True
        for method in SUBMITTING:
            with pytest.warns(GearmanWarning, match=rf"^GearmanClient::{method}\(\): .*{HOST}:{dead_port}"):
                assert getattr(client, method)("function", "workload") == neutral(method)
            assert client.returnCode() == 26
            assert f"{HOST}:{dead_port}" in str(client.error())
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::jobStatus\(\): .*COULD_NOT_CONNECT"):
            assert client.jobStatus("H:test:1") == NOTHING_KNOWN
        assert client.returnCode() == 26
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::ping\(\): .*COULD_NOT_CONNECT"):
            assert client.ping("x") is False

    @pytest.mark.parametrize("method", ["addServer", "addServers"])
    def test_an_unreachable_server_when_adding(self, dead_port: int, method: str) -> None:
        """Asking for exceptions raises. The return code stays 0, error() has the reason, and the server stays added."""
        client = GearmanClient()
        arguments: tuple[Any, ...] = (HOST, dead_port) if method == "addServer" else (f"{HOST}:{dead_port}",)
        with pytest.raises(GearmanException, match=r"^Failed to set exception option"):
            getattr(client, method)(*arguments)
        assert client.returnCode() == 0
        assert f"{HOST}:{dead_port}" in str(client.error())
        with pytest.warns(GearmanWarning):
            client.doNormal("function", "workload")
        assert client.returnCode() == 26

    @pytest.mark.parametrize("handler", [True, False])
    def test_an_unknown_host(self, handler: bool) -> None:
        """addServer() returns False with a warning and return code 12 (GETADDRINFO), and does not add the server."""
        client = GearmanClient()
        with pytest.warns(GearmanWarning, match=rf"^GearmanClient::addServer\(\): {UNKNOWN_HOST}:4730 getaddrinfo"):
            assert client.addServer(UNKNOWN_HOST, 4730, handler) is False
        assert client.returnCode() == 12
        with pytest.warns(GearmanWarning, match=r"^GearmanClient::addServers\(\): "):
            assert client.addServers(f"{UNKNOWN_HOST}:4730", handler) is False
        with pytest.warns(GearmanWarning):
            client.doNormal("function", "workload")
        assert client.returnCode() == 13
