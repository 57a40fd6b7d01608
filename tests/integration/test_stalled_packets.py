"""One of several servers stops within a packet, or sends packets without end: the workers serve the others."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import (
    GRAB_JOB_ALL,
    JOB_ASSIGN_ALL,
    NO_JOB,
    SlowServer,
    commands,
    fake_server,
    packet,
)
from tests.integration.test_silent_servers import PROMPT, kinds, seconds_of, served
from tests.support import wait_until

pytestmark = pytest.mark.filterwarnings("ignore::gearman_cffi.ext.GearmanWarning")
NOOP = packet(6)
JOB = packet(JOB_ASSIGN_ALL, b"H:fake:1", b"f", b"", b"", b"y" * 50_000)
CONNECT = 0.6  # seconds
orders = pytest.mark.parametrize("bad_one_is_last", [False, True])


def answering(send: Callable[[socket.socket], object]) -> Callable[[socket.socket, int], None]:
    """What a server serves that answers its first request for a job so, and later ones with NO_JOB."""
    asked: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        for command in commands(connection):
            if command == GRAB_JOB_ALL:
                asked.append(number)
                if len(asked) == 1:
                    send(connection)
                else:
                    connection.sendall(packet(NO_JOB))

    return serve


def drip(connection: socket.socket) -> None:
    for byte in JOB:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


BEGINNINGS: dict[str, Callable[[socket.socket], object]] = {
    "a part of the head": lambda connection: connection.sendall(JOB[:5]),
    "the head": lambda connection: connection.sendall(JOB[:12]),
    "a part of the job": lambda connection: connection.sendall(JOB[:20_000]),
    "an older answer": lambda connection: connection.sendall(packet(NO_JOB) + JOB[:60]),
    "a drip": drip,
}


@kinds
@orders
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_packet_that_does_not_go_on(gearmand: Gearmand, kind: str, bad_one_is_last: bool, beginning: str) -> None:
    """It holds the worker up for as long as connecting may take, once. The server is asked again later."""
    with fake_server(answering(BEGINNINGS[beginning])) as port:
        ports = [gearmand.port, port] if bad_one_is_last else [port, gearmand.port]
        with served(kind, ports, connect_timeout=CONNECT) as worker:
            taken = [seconds_of(worker, gearmand, "first"), seconds_of(worker, gearmand, "second")]
            time.sleep(CONNECT)
            taken += [seconds_of(worker, gearmand, f"{number}") for number in range(5)]
    assert max(taken) < CONNECT + PROMPT


@kinds
def test_a_late_answer_that_does_not_go_on(gearmand: Gearmand, kind: str) -> None:
    """The worker has turned to the other server meanwhile."""
    slow = SlowServer()
    with fake_server(slow.serve) as port, served(kind, [gearmand.port, port], connect_timeout=CONNECT) as worker:
        taken = [seconds_of(worker, gearmand, "first")]
        wait_until(slow.is_asked, "the slow server is asked")
        time.sleep(0.5)
        slow.answer(JOB[:20_000])
        taken += [seconds_of(worker, gearmand, f"{number}") for number in range(5)]
        slow.answer(packet(NO_JOB))
    assert max(taken) < CONNECT + PROMPT


@kinds
def test_a_job_over_a_slow_line(gearmand: Gearmand, kind: str) -> None:
    """A packet may take longer than connecting, as long as it goes on."""

    def send_slowly(connection: socket.socket) -> None:
        for begin in range(0, len(JOB), 5_000):
            connection.sendall(JOB[begin : begin + 5_000])
            time.sleep(CONNECT / 3)

    with fake_server(answering(send_slowly)) as port, served(kind, [gearmand.port, port], CONNECT) as worker:
        wait_until(lambda: "y" * 50_000 in worker.done, "the job is done")


@kinds
@orders
@pytest.mark.parametrize("pause", [0, 0.01])
def test_a_server_that_only_wakes_the_worker_up(
    gearmand: Gearmand, kind: str, bad_one_is_last: bool, pause: float
) -> None:
    """NOOP is no answer: the worker turns to the other server as if nothing came."""

    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(NOOP if pause else NOOP * 1000)
            time.sleep(pause)

    with fake_server(answering(flood)) as port:
        ports = [gearmand.port, port] if bad_one_is_last else [port, gearmand.port]
        with served(kind, ports) as worker:
            taken = [seconds_of(worker, gearmand, f"{number}") for number in range(4)]
    assert min(taken) < 0.8
    assert max(taken) < PROMPT
