"""LoggingSubscriber: logs the events of a worker."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

from gearman_cffi.events import (
    ConnectToServerEvent,
    EventName,
    FunctionEvent,
    FunctionFailureEvent,
    RegisterFunctionEvent,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.exceptions import ConnectionFailed
from gearman_cffi.subscribers.levels import NOTICE, register_notice_level

Logger: TypeAlias = "logging.Logger | logging.LoggerAdapter[Any]"
PRIORITY = 10


@runtime_checkable
class LoggerAware(Protocol):
    """A handler with this method gets the logger before each job.

    Example:
            class Resize(JobHandlerInterface):
                def listens_to_job(self):
                    return "resize"

                def set_logger(self, logger):
                    self.logger = logger

                def execute(self, job):
                    self.logger.debug("resizing %s", job.get_workload())
    """

    def set_logger(self, logger: Logger) -> None:
        """Called with the logger.

        Args:
            logger: The logger.

        Example:
                def set_logger(self, logger):
                    self.logger = logger
        """
        ...


class LoggingSubscriber:
    """Logs the events of a worker with the messages and levels of dmank's Monolog ("notice" is level 25).

    A failure is logged with its traceback. Other than dmank's, this class also logs, at level info, that servers are
    back after none could be reached.

    Args:
        logger: By default "gearman_cffi".

    Example:
            dispatcher.add_subscriber(LoggingSubscriber(logging.getLogger("shop.worker")))
    """

    def __init__(self, logger: Logger | None = None) -> None:
        register_notice_level()
        self._logger: Logger = logging.getLogger("gearman_cffi") if logger is None else logger
        self._was_lost = False

    def get_subscribed_events(self) -> Mapping[str, tuple[str, int]]:
        """Names the listeners.

        Returns:
            The listeners for all events but worker.on_work, with priority 10.

        Example:
                class FailuresOnly(LoggingSubscriber):
                    def get_subscribed_events(self):
                        return {EventName.FUNCTION_FAILURE: "on_function_failure"}

                dispatcher.add_subscriber(FailuresOnly())
        """
        return {
            EventName.BEFORE_RUN: ("on_before_run", PRIORITY),
            EventName.CONNECTED_TO_SERVER: ("on_connected_to_server", PRIORITY),
            EventName.BEFORE_REGISTER_FUNCTIONS: ("on_before_register_functions", PRIORITY),
            EventName.AFTER_REGISTER_FUNCTIONS: ("on_after_register_functions", PRIORITY),
            EventName.FUNCTION_BEFORE_EXECUTE: ("on_function_before_execute", PRIORITY),
            EventName.FUNCTION_AFTER_EXECUTE: ("on_function_after_execute", PRIORITY),
            EventName.FUNCTION_FAILURE: ("on_function_failure", PRIORITY),
            EventName.AFTER_RUN: ("on_after_run", PRIORITY),
            EventName.IO_WAIT: ("on_io_wait", PRIORITY),
            EventName.NO_JOBS: ("on_no_jobs", PRIORITY),
            EventName.BEFORE_DESTROY: ("on_before_destroy", PRIORITY),
            EventName.WORKER_FAILURE: ("on_worker_failure", PRIORITY),
        }

    def on_before_run(self, event: WorkerEvent) -> None:
        """Logs that the worker starts.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_before_run(self, event):
                        logger.info("starting a worker for %s", event.worker.servers)
        """
        self._logger.info("Starting Worker")

    def on_connected_to_server(self, event: ConnectToServerEvent) -> None:
        """Logs that servers are back, if none could be reached before.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_connected_to_server(self, event):
                        logger.info("connected to %s", event.servers)  # also the first time
        """
        if self._was_lost:
            self._was_lost = False
            self._logger.info("Connected to %s again", event.servers)

    def on_before_register_functions(self, event: RegisterFunctionEvent) -> None:
        """Logs how many handlers there are.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_before_register_functions(self, event):
                        logger.debug("%d handlers", len(event.jobs))
        """
        self._logger.debug("I got %d jobs", len(event.jobs))

    def on_after_register_functions(self, event: RegisterFunctionEvent) -> None:
        """Logs how many handlers were registered.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_after_register_functions(self, event):
                        logger.info("functions: %s", ", ".join(event.jobs.get_jobs()))
        """
        self._logger.debug("Added %d jobs to the Worker", len(event.jobs))

    def on_function_before_execute(self, event: FunctionEvent) -> None:
        """Logs that a job starts. A LoggerAware handler gets the logger.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_function_before_execute(self, event):
                        if event.job.get_job_name() != "ping":
                            super().on_function_before_execute(event)
        """
        self._logger.info("Im starting working on job %s", event.job.get_job_name())
        set_logger = self._logger_setter(event.job_handler)
        if set_logger is not None:
            self._logger.debug("Setting Logger to Job")
            set_logger(self._logger)

    def _logger_setter(self, handler: object) -> Callable[[Logger], object] | None:
        return getattr(handler, "set_logger", None)

    def on_function_after_execute(self, event: FunctionEvent) -> None:
        """Logs that a handler has returned.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_function_after_execute(self, event):
                        logger.info("job %s: %r", event.job.handle, event.result)
        """
        self._logger.info("I successfully finished my work on job %s", event.job.get_job_name())

    def on_function_failure(self, event: FunctionFailureEvent) -> None:
        """Logs that a job has failed.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_function_failure(self, event):
                        super().on_function_failure(event)
                        alert(f"{event.job.get_job_name()}: {event.exception}")
        """
        self._logger.critical(
            "Something unexpected happened in job %s... Message %s , Trace:",
            event.job.get_job_name(),
            event.exception,
            exc_info=event.exception,
        )

    def on_after_run(self, event: WorkerEvent) -> None:
        """Logs that a job was answered.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_after_run(self, event):
                        pass  # no line for each job
        """
        self._logger.info("Finished work.")

    def on_io_wait(self, event: WorkerEvent) -> None:
        """Logs that the worker waits for an answer.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_io_wait(self, event):
                        pass  # no line for each wait
        """
        self._logger.debug("I`m idling.")

    def on_no_jobs(self, event: WorkerEvent) -> None:
        """Logs that no server has a job.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_no_jobs(self, event):
                        logger.debug("%s has no jobs", event.worker.servers)
        """
        self._logger.debug("Got no jobs to do.")

    def on_before_destroy(self, event: WorkerEvent) -> None:
        """Logs that the worker ends.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_before_destroy(self, event):
                        super().on_before_destroy(event)
                        database.close()
        """
        self._logger.log(NOTICE, "Destroying worker.")

    def on_worker_failure(self, event: WorkerExceptionEvent) -> None:
        """Logs a failure outside a job, with a traceback if it was raised.

        Args:
            event: The event.

        Example:
                class Log(LoggingSubscriber):
                    def on_worker_failure(self, event):
                        super().on_worker_failure(event)
                        if isinstance(event.exception, ConnectionFailed):
                            alert("no job server can be reached")
        """
        error = event.exception
        self._was_lost = self._was_lost or isinstance(error, ConnectionFailed)
        self._logger.critical(
            'Something unexpected happened. Message was "%s"', error, exc_info=error if error.__traceback__ else None
        )
