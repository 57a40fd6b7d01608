"""The tree of exceptions, and the exception for each return code."""

from __future__ import annotations

import pickle

import pytest

from gearman_cffi import (
    ConnectionFailed,
    ConnectionLost,
    GearmanError,
    GearmanException,
    InvalidArgument,
    InvalidJob,
    JobError,
    JobException,
    JobFailed,
    JobTimeout,
    NoFunctionGiven,
    NoServers,
    QueueFull,
    SerializerError,
    ServerError,
    UnsupportedValue,
    ext,
)
from gearman_cffi.error_mapping import failure
from gearman_cffi.exceptions import split_exception_text

ALL = [
    ConnectionFailed,
    ConnectionLost,
    GearmanError,
    InvalidArgument,
    InvalidJob,
    JobError,
    JobException,
    JobFailed,
    JobTimeout,
    NoFunctionGiven,
    NoServers,
    QueueFull,
    SerializerError,
    ServerError,
    UnsupportedValue,
]


@pytest.mark.parametrize("kind", ALL)
class TestEachException:
    def test_it_is_in_the_tree(self, kind: type[GearmanError]) -> None:
        assert issubclass(kind, GearmanError)
        assert issubclass(kind, ext.GearmanException)
        assert GearmanException is ext.GearmanException

    def test_it_has_a_return_code(self, kind: type[GearmanError]) -> None:
        assert kind("text").return_code > 0
        assert kind("text", return_code=5).return_code == 5

    def test_it_can_be_pickled(self, kind: type[GearmanError]) -> None:
        error = kind("text", return_code=5, function="f", handle="H:1", server="h:1")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert str(again) == "text"
        assert vars(again) == vars(error)

    def test_phps_accessors(self, kind: type[GearmanError]) -> None:
        assert kind("text").getMessage() == "text"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ConnectionFailed, ConnectionError),
        (ConnectionLost, ConnectionError),
        (NoServers, ConnectionError),
        (JobTimeout, TimeoutError),
        (InvalidArgument, ValueError),
        (SerializerError, ValueError),
        (UnsupportedValue, TypeError),
    ],
)
def test_second_bases(kind: type[Exception], builtin: type[Exception]) -> None:
    with pytest.raises(builtin, match="text"):
        raise kind("text")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (ext.GEARMAN_NO_SERVERS, NoServers),
        (ext.GEARMAN_COULD_NOT_CONNECT, ConnectionFailed),
        (ext.GEARMAN_GETADDRINFO, ConnectionFailed),
        (ext.GEARMAN_LOST_CONNECTION, ConnectionLost),
        (ext.GEARMAN_TIMEOUT, JobTimeout),
        (ext.GEARMAN_WORK_FAIL, JobFailed),
        (ext.GEARMAN_WORK_EXCEPTION, JobException),
        (ext.GEARMAN_QUEUE_ERROR, QueueFull),
        (ext.GEARMAN_JOB_QUEUE_FULL, QueueFull),
        (ext.GEARMAN_SERVER_ERROR, ServerError),
        (49, InvalidArgument),
        (ext.GEARMAN_UNEXPECTED_PACKET, GearmanError),
        (9999, GearmanError),
    ],
)
def test_from_a_return_code(code: int, kind: type[GearmanError]) -> None:
    error = failure(code, server="h:1", function="resize {x}", handle="H:7", exception=b"ValueError: bad")
    assert type(error) is kind
    assert (error.return_code, error.function, error.handle, error.server) == (code, "resize {x}", "H:7", "h:1")
    assert "resize {x}" in str(error)
    assert "H:7" in str(error)


def test_libgearmans_text_is_shown_without_its_place_in_the_source() -> None:
    text = "flush(GEARMAN_COULD_NOT_CONNECT) Connection failed -> libgearman/connection.cc:724: pid(1)"
    error = failure(26, server="h:1", function="f", detail=text)
    assert "Connection failed; GEARMAN_COULD_NOT_CONNECT]" in str(error)
    assert "connection.cc" not in str(error)


def test_a_timeout_does_not_show_libgearmans_text() -> None:
    """libgearman says "no servers were available" whenever a wait times out."""
    text = "gearman_wait(GEARMAN_TIMEOUT) timeout reached, 1 servers were poll(), no servers were available, pipe:false"
    error = failure(47, server="h:1", function="f", handle="H:7", detail=f"{text} -> libgearman/universal.cc:346")
    assert str(error).startswith("no answer to job H:7 (f) from h:1 within the timeout")
    assert str(error).endswith("[GEARMAN_TIMEOUT]")


def test_a_status_request_is_named() -> None:
    error = failure(47, server="h:1", handle="H:7")
    assert "status request for handle 'H:7'" in str(error)
    assert "worker" not in str(error)
    assert error.function is None


def test_the_text_of_a_job_that_failed() -> None:
    error = failure(23, server="h:1", function="thumb.flaky", handle="H:vm:48", exception=b"OSError: disk is full")
    assert str(error) == "job H:vm:48 (thumb.flaky) failed: OSError: disk is full"
    assert (error.server, error.function, error.handle) == ("h:1", "thumb.flaky", "H:vm:48")


def test_control_characters_of_a_server_are_escaped() -> None:
    error = failure(24, server="h:1", function="f", handle="H:\x1b[31m\n1", detail="\x1b]0;title\x07")
    assert str(error).isprintable()
    assert "H:\\x1b[31m\\n1" in str(error)
    assert error.handle == "H:\x1b[31m\n1"


def test_many_servers_are_not_all_listed() -> None:
    servers = ",".join(f"10.0.0.{number}:4730" for number in range(200))
    error = failure(26, server=servers, function="f")
    assert "10.0.0.0:4730,10.0.0.1:4730" in str(error)
    assert "and 186 more" in str(error)
    assert len(str(error)) < 500
    assert error.server == servers


class TestRemoteExceptions:
    @pytest.mark.parametrize(
        ("data", "kind", "message"),
        [
            (b"ValueError: bad", "ValueError", "bad"),
            (b"pkg.mod.Error_1: a: b\nc", "pkg.mod.Error_1", "a: b\nc"),
            (b"App\\Failure: x", "App\\Failure", "x"),
            (b"ValueError: ", "ValueError", ""),
            (b"ValueError", None, "ValueError"),
            (b"it went wrong: badly", None, "it went wrong: badly"),
            (b"", None, ""),
            (b"\xff", None, "\ufffd"),
        ],
    )
    def test_type_and_message(self, data: bytes, kind: str | None, message: str) -> None:
        assert split_exception_text(data) == (kind, message)
        error = failure(23, server="h:1", function="f", exception=data)
        assert isinstance(error, JobException)
        assert (error.remote_type, error.remote_message, error.remote_data) == (kind, message, data)

    def test_without_a_text(self) -> None:
        assert "sent no text" in str(failure(23, server="h:1", function="f", exception=None))
