"""The names of the events: dmank's, with dmank's string values, and those of retries, which dmank does not have."""

from __future__ import annotations

from enum import Enum


class EventName(str, Enum):
    """The names of the events. A member equals its string: listeners can be added with either.

    Example:
            dispatcher.add_listener(EventName.BEFORE_RUN, lambda event: print("the worker starts"))
            assert EventName.BEFORE_RUN == "worker.before_run"
    """

    BEFORE_RUN = "worker.before_run"
    CONNECT_TO_SERVER = "worker.server_on_connect"
    CONNECTED_TO_SERVER = "worker.server_on_connected"
    BEFORE_REGISTER_FUNCTIONS = "worker.on_before_register_functions"
    AFTER_REGISTER_FUNCTIONS = "worker.on_after_register_functions"
    FUNCTION_BEFORE_EXECUTE = "worker.function.before_execute"
    FUNCTION_AFTER_EXECUTE = "worker.function.after_execute"
    FUNCTION_FAILURE = "worker.function.on_failure"
    FUNCTION_RETRY = "worker.function.on_retry"
    FUNCTION_GAVE_UP = "worker.function.gave_up"
    AFTER_RUN = "worker.after_run"
    IO_WAIT = "worker.on_io_wait"
    NO_JOBS = "worker.on_no_jobs"
    WORK = "worker.on_work"
    BEFORE_DESTROY = "worker.on_before_destroy"
    WORKER_FAILURE = "worker.on_failure"

    def __str__(self) -> str:
        return self.value
