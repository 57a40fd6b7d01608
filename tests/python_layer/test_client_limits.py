"""Client: timeouts and wrong arguments."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import (
    Admin,
    Client,
    ConnectionFailed,
    ConnectionLost,
    FunctionHandler,
    InvalidArgument,
    Job,
    JobCollection,
    JobNotRunning,
    JobTimeout,
    SerializerError,
    Server,
)
from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWarning
from gearman_cffi.testing import Gearmand
from tests.python_layer.conftest import StartWorker, echo
from tests.support import frozen, queued


class TestTimeouts:
    @pytest.mark.parametrize("timeout", [0.1, timedelta(milliseconds=100)])
    def test_of_a_call(self, client: Client, timeout: Any) -> None:
        began = time.monotonic()
        with pytest.raises(JobTimeout, match=r"job H:test:\d+ \(nobody\) .* within the timeout"):
            client.execute_job("nobody", 1, timeout=timeout)
        assert 0.09 < time.monotonic() - began < 5
        assert client.execute_in_background("nobody", 1)

    def test_of_the_call_that_connects(self, gearmand: Gearmand) -> None:
        """If the server accepts and does not answer, the call's timeout counts, not the client's."""
        with frozen(gearmand):
            for call in ("execute_job", "execute_in_background"):
                client = Client(gearmand.address, timeout=30)
                began = time.monotonic()
                with pytest.raises(JobTimeout):
                    getattr(client, call)("nobody", 1, timeout=0.1)
                assert time.monotonic() - began < 5

    def test_a_longer_timeout_than_the_client_s(self, gearmand: Gearmand, start_worker: StartWorker) -> None:
        """The call's timeout counts."""

        def late(job: GearmanJob, context: object) -> bytes:
            time.sleep(0.3)  # the duration of the job
            return b"i:1;"

        start_worker(gearmand.address, late=late)
        assert Client(gearmand.address, timeout=0.1).execute_job("late", 1, timeout=20) == 1

    @pytest.mark.parametrize("was_connected", [True, False])
    def test_a_server_that_hung_and_is_restarted(self, gearmand: Gearmand, was_connected: bool) -> None:
        """No job that the server takes later is reported as not taken."""
        client, mirror = Client(gearmand.address, timeout=0.1), GearmanClient()
        mirror.addServer("127.0.0.1", gearmand.port, False)
        submits: list[Callable[[], object]] = [
            lambda: client.execute_in_background("f", 1, timeout=timeout),
            lambda: mirror.doBackground("f", "x"),
        ]
        timeout = 20.0
        for submit in submits if was_connected else ():
            assert submit()
        mirror.setTimeout(100)
        timeout = 0.1
        with frozen(gearmand):
            for submit in submits:
                with pytest.raises((JobTimeout, GearmanWarning)):
                    submit()
            gearmand.kill()
        gearmand.start()
        mirror.setTimeout(20_000)
        timeout = 20.0
        failed = 0
        for submit in submits * 4:
            try:
                submit()
            except (ConnectionLost, ConnectionFailed, GearmanWarning):
                failed += 1
        assert failed <= 2  # one for each client, when it finds that the old connection is lost
        assert queued(gearmand, "f") == 8 - failed

    @pytest.mark.parametrize("submit", ["execute_job", "execute_in_background"])
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_status_request_that_opens_the_connection(
        self, gearmand: Gearmand, start_worker: StartWorker, submit: str, times: int
    ) -> None:
        """libgearman counts one that cannot be sent as an answered job. The next jobs still get their handles."""
        start_worker(gearmand.address, echo=lambda job, _: job.workload())
        client = Client(gearmand.address, timeout=20)
        with frozen(gearmand):
            for _ in range(times):
                with pytest.raises(JobTimeout):
                    client.get_job_status("H:x:1", timeout=0.1)
        for _ in range(3):
            assert getattr(client, submit)("echo", 1)

    def test_it_bounds_the_whole_call(self, client: Client, start_worker: StartWorker) -> None:
        """The call times out also if a worker keeps sending something."""
        over = threading.Event()

        def chatter(job: GearmanJob, context: object) -> None:
            step = 0
            while not over.wait(0.02) and step < 500:
                step += 1
                job.sendStatus(step, 500)

        start_worker(chatter=chatter)
        began = time.monotonic()
        with pytest.raises(JobTimeout):
            client.execute_job("chatter", 1, timeout=0.3)
        over.set()
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize("timeout", [0, -1, float("nan")])
    def test_invalid_timeouts(self, client: Client, timeout: float) -> None:
        with pytest.raises(ValueError, match="timeout must be above 0"):
            client.execute_job("f", 1, timeout=timeout)
        with pytest.raises(ValueError, match="timeout must be above 0"):
            Client("h", timeout=timeout)


class TestWrongArguments:
    @pytest.mark.parametrize("function", ["", "a\0b", "x" * 513, "é" * 257, "\ud800"])
    def test_function_names(self, client: Client, function: str) -> None:
        for call in (client.execute_job, client.execute_in_background):
            with pytest.raises(InvalidArgument, match="a function name"):
                call(function, 1)

    @pytest.mark.parametrize("function", [None, 5, b"f"])
    def test_function_names_of_another_type(self, client: Client, function: Any) -> None:
        with pytest.raises(TypeError, match="a function name must be a str"):
            client.execute_job(function, 1)

    @pytest.mark.parametrize("unique", ["", "a\0b", "x" * 64])
    def test_unique_keys(self, client: Client, unique: str) -> None:
        with pytest.raises(InvalidArgument, match="a unique key"):
            client.execute_in_background("f", 1, unique=unique)

    def test_the_longest_names(self, client: Client, start_worker: StartWorker) -> None:
        start_worker(**{"f" * 512: echo})
        assert client.execute_job("f" * 512, "x", unique="u" * 63) == "x"

    @pytest.mark.parametrize("handle", ["", "a\0b", "x" * 64])
    def test_handles(self, client: Client, handle: str) -> None:
        with pytest.raises(InvalidArgument, match="a job handle"):
            client.get_job_status(handle)

    def test_priorities(self, client: Client) -> None:
        with pytest.raises(InvalidArgument, match="priority must be"):
            client.execute_job("f", 1, priority=3)

    @pytest.mark.parametrize(
        "huge", [[0] * 10_000, "x" * 10_000, {"k" * 10_000: [[0] * 1000] * 1000}, b"x" * 10_000], ids=type
    )
    def test_messages_are_short(self, client: Client, huge: Any) -> None:
        """Messages that show a value do not grow with it."""
        wrong: list[Callable[[], object]] = [
            lambda: client.execute_job("f", 1, priority=huge),
            lambda: client.execute_in_background("f", 1, priority=huge),
            lambda: client.execute_jobs([], priority=huge),
            lambda: list(client.stream_jobs([], priority=huge)),
            lambda: client.execute_jobs([Job("f", 1, priority=huge)]),
            lambda: client.execute_jobs_in_background([Job("f", 1, priority=huge)]),
            lambda: client.execute_jobs([], on_error=huge),
            lambda: client.execute_job(huge, 1),
            lambda: client.execute_job("\0" + str(huge), 1),
            lambda: client.execute_job("f", 1, unique=huge),
            lambda: client.execute_job("f", 1, timeout=huge),
            lambda: client.get_job_status(huge),
            lambda: client.get_job_status_by_unique(huge),
            lambda: Client(serializer=huge),
            lambda: Client(huge),
            lambda: Client(f"h:{huge}"),
            lambda: Client(f"{huge},,"),
            lambda: Server(huge),
            lambda: Server("h", huge),
            lambda: FunctionHandler("f", huge),
            lambda: FunctionHandler(huge, lambda: None),  # type: ignore[arg-type, misc]
            lambda: JobCollection(huge),
            lambda: Job(huge).send_data(b""),
            lambda: Admin(client._servers).drop_function(f"{huge} "),
            lambda: GearmanClient().doBackground(f"f\0{huge}", "x"),
        ]
        for call in wrong:
            with pytest.raises((TypeError, ValueError, JobNotRunning)) as caught:
                call()
            assert len(str(caught.value)) < 400

    def test_a_timeout_of_many_digits(self, client: Client) -> None:
        with pytest.raises(ValueError, match="timeout must be at most"):
            client.execute_job("f", 1, timeout=10**5000)

    def test_workloads(self, client: Client) -> None:
        with pytest.raises(SerializerError, match="object"):
            client.execute_job("f", object())

    def test_servers(self) -> None:
        with pytest.raises(ValueError, match="'h:x': port must be a number"):
            Client("h:x")
        with pytest.raises(TypeError, match="expected a Server"):
            Client([5])  # type: ignore[list-item]
