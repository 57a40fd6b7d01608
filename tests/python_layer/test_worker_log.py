"""The log of a worker without listeners."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobException, JobLogFilter, RawSerializer
from gearman_cffi.testing import Gearmand
from tests._libgearman.fake_servers import fake_server, packet
from tests.python_layer.workers import handlers, running
from tests.support import wait_until


def fail(job: Job) -> None:
    raise RuntimeError("handler broke")


def raising(text: str) -> Callable[[object], None]:
    def listener(event: object) -> None:
        raise RuntimeError(text)

    return listener


class TestWithoutListeners:
    def test_failures_are_logged(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        """The log has the job, the exception and the traceback."""
        caplog.set_level(logging.INFO, "gearman_cffi")
        with running(gearmand, handlers(bad=fail)), pytest.raises(JobException):
            Client(gearmand.address, timeout=20).execute_job("bad", 1)
        (record,) = caplog.records
        assert record.name == "gearman_cffi.worker"
        assert record.getMessage().endswith("(bad) failed")
        assert "RuntimeError: handler broke" in caplog.text
        assert "in fail" in caplog.text

    @pytest.mark.parametrize("handle", [b"H:\x1b[31m\x07", b"H:1\r\nERROR another line", b"H:\xff\x9b31m"])
    def test_texts_of_the_server_are_escaped(self, caplog: pytest.LogCaptureFixture, handle: bytes) -> None:
        """A handle with control characters or line ends stays on one line."""

        def assign(connection: socket.socket, number: int) -> None:
            connection.settimeout(10)
            connection.recv(4096)
            connection.sendall(packet(40, handle, b"bad", b"", b"", b"workload"))  # JOB_ASSIGN_ALL
            while connection.recv(4096):
                pass

        with fake_server(assign) as port:
            with running(f"127.0.0.1:{port}", handlers(bad=fail), serializer=RawSerializer()):
                wait_until(lambda: caplog.records, "the job has failed")
            message = caplog.records[0].getMessage()
            caplog.clear()  # the traceback keeps the connection open
        assert message.endswith("(bad) failed")
        assert message.isprintable()

    def test_a_listener_of_worker_failure_that_raises_is_logged(
        self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture
    ) -> None:
        dispatcher = EventDispatcher()
        dispatcher.add_listener(EventName.AFTER_RUN, raising("first"))
        dispatcher.add_listener(EventName.WORKER_FAILURE, raising("second"))
        with running(gearmand, handlers(job=lambda job: 1), dispatcher):
            client = Client(gearmand.address, timeout=20)
            assert [client.execute_job("job", 1), client.execute_job("job", 1)] == [1, 1]
        assert "first" in caplog.text
        assert "a listener of worker.on_failure raised" in caplog.text

    def test_events_are_not_created(self, gearmand: Gearmand) -> None:
        """A dispatcher needs two methods, and gets no events without listeners."""

        class NoListeners:
            def has_listeners(self, event_name: str) -> bool:
                return False

            def dispatch(self, event_name: str, event: object) -> object:
                raise AssertionError("there are no listeners")

        with running(gearmand, handlers(job=lambda job: 1), NoListeners()):  # type: ignore[arg-type]
            assert Client(gearmand.address, timeout=20).execute_job("job", 1) == 1


def test_filter(gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
    """Lines of a handler carry its job; other lines carry none."""
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(job_filter := JobLogFilter())
    try:
        logging.info("outside")
        with running(gearmand, handlers(job=lambda job: logging.info("inside"))):
            handle = Client(gearmand.address, timeout=20).execute_in_background("job", 1, unique="key")
            wait_until(lambda: len(caplog.records) == 2, "the job is done")
    finally:
        caplog.handler.removeFilter(job_filter)
    names = ("function", "handle", "unique", "attempt")
    values = [tuple(getattr(record, f"gearman_{name}") for name in names) for record in caplog.records]
    assert values == [("", "", "", 0), ("job", handle, "key", 1)]
