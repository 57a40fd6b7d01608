"""TLS is refused, whatever libgearman has: nothing that was to be encrypted is sent in plain text."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from gearman_cffi.ext import (
    GearmanClient,
    GearmanWorker,
    MissingCapabilityError,
    gearman_client_set_ssl,
    gearman_worker_set_ssl,
)
from tests.support import HOST

Kind = type[GearmanClient | GearmanWorker]
BOTH = pytest.mark.parametrize("kind", [GearmanClient, GearmanWorker])
TLS_OPTION = {GearmanClient: 256, GearmanWorker: 1024}
CALLS: dict[str, Callable[[GearmanClient | GearmanWorker], object]] = {
    "setSSL()": lambda who: who.setSSL(),
    "setSSL(True)": lambda who: who.setSSL(True),
    "setSSL() with files": lambda who: who.setSSL(True, "ca.pem", "certificate.pem", "key.pem"),
    "setSSL(1)": lambda who: who.setSSL(1),  # type: ignore[arg-type]
    "a procedural function": lambda who: (
        gearman_client_set_ssl(who) if isinstance(who, GearmanClient) else gearman_worker_set_ssl(who)
    ),
    "addOptions()": lambda who: who.addOptions(TLS_OPTION[type(who)]),
    "setOptions()": lambda who: who.setOptions(who.options() | TLS_OPTION[type(who)]),
}


@BOTH
@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_it_is_refused(kind: Kind, call: Callable[[GearmanClient | GearmanWorker], object]) -> None:
    """The error names the reason and the remedy; nothing connects, and the object works as before."""
    with socket.create_server((HOST, 0)) as listener:
        listener.setblocking(False)
        who = kind()
        who.addServer(HOST, listener.getsockname()[1], False)
        options = who.options()
        with pytest.raises(
            MissingCapabilityError, match=r"cannot encrypt safely: .*\. Use a tunnel .* 'How to encrypt'"
        ):
            call(who)
        assert who.options() == options
        with pytest.raises(BlockingIOError):
            listener.accept()


@BOTH
def test_no_tls(kind: Kind) -> None:
    """setSSL(False) changes nothing, and options can be removed."""
    assert kind().setSSL(False, "ca.pem", "certificate.pem", "key.pem") is True
    assert kind().removeOptions(TLS_OPTION[kind]) is True


@BOTH
def test_arguments_that_are_no_names(kind: Kind) -> None:
    """As in the extension."""
    with pytest.raises(TypeError, match="ca_file"):
        kind().setSSL(False, object())  # type: ignore[arg-type]
