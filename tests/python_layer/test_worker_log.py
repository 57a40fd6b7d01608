"""What a worker without listeners logs."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobException
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running


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
