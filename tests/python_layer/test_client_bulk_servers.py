"""Bulk calls with timeouts, lost servers, and slow callers."""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi import Client, ConnectionFailed, ConnectionLost, Job, JobTimeout, RawSerializer
from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet
from tests.support import queued, serving, wait_until

JOB_CREATED, OPTION_REQ, OPTION_RES = 8, 26, 27  # packets


def echo(job: GearmanJob, context: object) -> bytes:
    return job.workload()


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


class TestTimeoutsAndServers:
    def test_a_timeout_of_the_call(self, served: Gearmand, client: Client) -> None:
        done, late = client.execute_jobs([Job("double", 1), Job("nobody", 1)], on_error="return", timeout=0.3)
        assert done == 2
        assert isinstance(late, JobTimeout)
        assert late.function == "nobody"
        with pytest.raises(JobTimeout):
            client.execute_jobs([Job("nobody", 1)], timeout=0.05)

    def test_no_server(self, gearmand: Gearmand, client: Client) -> None:
        gearmand.stop()
        errors = client.execute_jobs([Job("double", 1)] * 3, on_error="return")
        assert [type(error) for error in errors] == [ConnectionFailed] * 3
        with pytest.raises(ConnectionFailed, match="double"):
            client.watch_job("double", 1).result()

    def test_a_server_that_is_down(self, served: Gearmand) -> None:
        with Gearmand() as other:
            address = other.address
        client = Client(f"{served.address},{address}", timeout=20)
        assert client.execute_jobs([Job("double", n) for n in range(3)]) == [0, 2, 4]

    def test_a_server_that_goes_away(self, gearmand: Gearmand, client: Client) -> None:
        """Each job without an answer gets an error, and the call does not hang."""
        results: list[Any] = []
        jobs = [Job("nobody", n) for n in range(3)]
        thread = threading.Thread(
            target=lambda: results.extend(client.execute_jobs(jobs, on_error="return")), daemon=True
        )
        thread.start()
        wait_until(lambda: queued(gearmand, "nobody") == 3, "they are queued")
        gearmand.kill()
        thread.join(20)
        assert [type(error) for error in results] == [ConnectionLost] * 3
        gearmand.start()
        assert len(client.execute_jobs_in_background(jobs)) == 3


def test_answers_while_a_server_comes_back() -> None:
    """Each job gets its own answer, whenever in a call the server comes back."""
    with Gearmand() as first, Gearmand() as second, serving(first, echo=echo), serving(second, echo=echo):
        client = Client(f"{first.address},{second.address}", RawSerializer(), timeout=20)
        wrong: list[object] = []
        for milliseconds in range(40):
            first.stop()
            back = threading.Timer(milliseconds / 1000, first.start)
            back.start()
            rounds = 2  # calls that begin when the server is up
            while rounds := rounds - (not back.is_alive()):
                answers = client.execute_jobs([Job("echo", f"{n}") for n in range(250)], on_error="return")
                wrong += [(n, one) for n, one in enumerate(answers) if one != b"%d" % n]
            back.join()
            assert wrong == []


class TestSlowCallers:
    def test_a_slow_consumer(self, served: Gearmand, client: Client) -> None:
        """Answers that came in time count, even if the consumer takes them later."""
        answers: list[Any] = []
        for job, answer in client.stream_jobs((Job("double", n) for n in range(300)), in_flight=100, timeout=1.5):
            if not answers:
                time.sleep(2)
            answers.append((job.get_workload() * 2, answer))
        assert len(answers) == 300
        assert [pair for pair in answers if pair[0] != pair[1]] == []

    def test_one_late_job_among_others(self, served: Gearmand, client: Client) -> None:
        """It ends while the others continue."""
        names = itertools.chain(["nobody"], itertools.repeat("double"))
        jobs = (Job(name, 1) for name in names)
        for job, answer in client.stream_jobs(jobs, in_flight=20, timeout=1):
            if job.get_job_name() == "nobody":
                assert isinstance(answer, JobTimeout)
                break
            assert answer == 2

    def test_a_slow_producer(self, served: Gearmand, client: Client) -> None:
        """Jobs are submitted, and answers yielded, before the last job is produced."""
        seen: list[Any] = []

        def jobs() -> Iterator[Job]:
            for number in range(5):
                yield Job("double", number)
                time.sleep(0.05)
            seen.append("the last was taken")

        for _, answer in client.stream_jobs(jobs(), in_flight=50, timeout=5):
            seen.append(answer)
        assert seen.index(0) < seen.index("the last was taken")
        assert set(seen) == {0, 2, 4, 6, 8, "the last was taken"}

    def test_a_slow_producer_in_the_background(self, gearmand: Gearmand, client: Client) -> None:
        """Jobs are submitted before the last job is produced."""
        submitted = []

        def jobs() -> Iterator[Job]:
            for number in range(5):
                yield Job("later", number)
                time.sleep(0.05)
            submitted.append(queued(gearmand, "later"))

        assert len(client.execute_jobs_in_background(jobs())) == 5
        assert submitted[0] > 0

    def test_taken_jobs_are_submitted_before_more_are_taken(self) -> None:
        """The server has work while the caller produces more. It answers when 1000 jobs, the most, are outstanding."""
        answering = threading.Event()
        received: list[bytes] = []

        def serve(connection: socket.socket, number: int) -> None:
            connection.settimeout(20)
            packets = connection.makefile("rb")
            while header := packets.read(12):
                _, kind, size = struct.unpack(">4sII", header)
                workload = packets.read(size)
                if kind == OPTION_REQ:
                    connection.sendall(packet(OPTION_RES, b"exceptions"))
                    continue
                answering.wait(10)
                received.append(workload)
                connection.sendall(packet(JOB_CREATED, b"H:fake:%d" % len(received)))

        def jobs() -> Iterator[Job]:
            for number in range(1001):
                if number == 999:
                    answering.set()
                if number == 1000:
                    wait_until(lambda: len(received) > 200, "more than the first slice was submitted", 5)
                yield Job("later", number)

        with fake_server(serve) as port, Client(f"127.0.0.1:{port}", timeout=20) as client:
            assert len(client.execute_jobs_in_background(jobs())) == 1001
        assert len(received) == 1001

    def test_jobs_are_not_submitted_after_the_timeout(self, gearmand: Gearmand, client: Client) -> None:
        """The first 200 are outstanding when the time is over. The others fail without being sent."""
        results = client.execute_jobs([Job("nobody", n) for n in range(1000)], on_error="return", timeout=0.3)
        assert {type(result) for result in results} == {JobTimeout}
        assert len(results) == 1000
        assert queued(gearmand, "nobody") == 200
        assert client.execute_in_background("nobody", 1).endswith(":201")
