"""Signals during every call that can block: Ctrl-C ends it within 100 ms, and other handlers run within 100 ms."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from gearman_cffi.testing import Gearmand
from tests._libgearman.blocking import CALLS, DEFINITIONS, NOT_IN_SLICES, silent_host
from tests.support import IF_ALLOWED, WITHOUT_INTERPOSITION, Child, frozen

LIMIT = 0.1
TRIES = 3


@dataclass(frozen=True)
class Mode:
    """How libgearman's waits are interrupted, and the calls for which that works."""

    environment: dict[str, str]
    calls: list[str]


MODES = [
    pytest.param(Mode({}, list(CALLS)), id="poll"),
    pytest.param(
        Mode(WITHOUT_INTERPOSITION, [name for name in CALLS if name not in NOT_IN_SLICES]),
        id="slices",
        marks=IF_ALLOWED,
    ),
]

# Each call is made on objects of its own, and made again if the test asks for it.
PROGRAM = (
    "\n"
    + DEFINITIONS
    + """
signal.signal(signal.SIGUSR1, lambda number, frame: say("handled", time.monotonic()))
made = {name: make(TIMEOUT, CONNECTS) for name in NAMES}
say("made")
sys.stdin.readline()
for name in NAMES:
    call, again = CALLS[name], True
    while again:
        say(name)
        try:
            say("returned", call(*made[name]))
        except KeyboardInterrupt:
            say("interrupted", time.monotonic())
        again = sys.stdin.readline() == "again\\n"
say("done")
sys.stdin.readline()
for name, (client, worker) in made.items():
    client.setTimeout(15000), worker.setTimeout(15000)
    client.removeOptions(GEARMAN_CLIENT_NON_BLOCKING), worker.removeOptions(GEARMAN_WORKER_NON_BLOCKING)
    say(name, client.ping("x"), worker.ping("x"), client.doBackground("f", "x") != "", worker.work())
"""
)


def answered(child: Child, number: signal.Signals, word: str) -> float:
    """Sends a signal and returns how many seconds later the program says the word."""
    child.await_blocked(0.002)
    begin = time.monotonic()
    child.send(number)
    said, at = child.line().split(" ", 1)
    assert said == word, (said, at)
    return float(at) - begin


def program(timeout: int, connects: bool, mode: Mode) -> str:
    """PROGRAM for the calls of a mode."""
    return f"TIMEOUT, CONNECTS, NAMES = {timeout}, {connects}, {mode.calls}" + PROGRAM


def interrupt_all(child: Child, mode: Mode) -> None:
    """Sends both signals during every call. One of three tries must be quick, because the machine may be busy."""
    child.go_on()
    for name in mode.calls:
        slow = []
        for _ in range(TRIES):
            child.expect(name)
            times = answered(child, signal.SIGUSR1, "handled"), answered(child, signal.SIGINT, "interrupted")
            assert max(times) < 2, (name, times)
            if max(times) < LIMIT:
                break
            slow.append(times)
            child.write("again\n")
        else:
            pytest.fail(f"{name}: {slow}")
        child.write("next\n")
    child.expect("done")


@contextmanager
def two() -> Iterator[tuple[Gearmand, Gearmand]]:
    with Gearmand() as first, Gearmand() as second:
        yield first, second


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("timeout", [-1, 20_000], ids=["no timeout", "a timeout"])
class TestEveryCall:
    """SIGINT raises KeyboardInterrupt within 100 ms; a handler of another signal runs within 100 ms."""

    @pytest.mark.parametrize("servers", [1, 2])
    def test_connected(self, timeout: int, servers: int, mode: Mode) -> None:
        """The server is stopped; with two servers, the one that gets the jobs is.

        When it continues, every object that was interrupted works as before.
        """
        with two() as (still, other), ExitStack() as stack:
            ports = [still.port] if servers == 1 else [other.port, still.port]
            child = stack.enter_context(Child(program(timeout, True, mode), *ports, **mode.environment))
            child.expect("made")
            with frozen(still):
                interrupt_all(child, mode)
            child.go_on()
            for name in mode.calls:
                child.expect(f"{name} True True True True")
            assert child.end() == 0, child.errors()
            assert child.errors() == ""

    @pytest.mark.parametrize("hosts", [1, 2])
    def test_connecting(self, timeout: int, hosts: int, mode: Mode) -> None:
        """The hosts neither accept nor refuse the connection."""
        with ExitStack() as stack:
            ports = [stack.enter_context(silent_host()) for _ in range(hosts)]
            child = stack.enter_context(Child(program(timeout, False, mode), *ports, **mode.environment))
            child.expect("made")
            interrupt_all(child, mode)
            child.send(signal.SIGKILL)
