"""The events of a worker, with dmank's names, and a dispatcher for their listeners."""

from __future__ import annotations

from gearman_cffi.events.connect_to_server_event import ConnectToServerEvent
from gearman_cffi.events.dispatcher import EventDispatcher
from gearman_cffi.events.event import Event
from gearman_cffi.events.function_event import FunctionEvent
from gearman_cffi.events.function_failure_event import FunctionFailureEvent
from gearman_cffi.events.function_retry_event import FunctionRetryEvent
from gearman_cffi.events.names import EventName
from gearman_cffi.events.protocols import Dispatcher, EventSubscriber, Listener
from gearman_cffi.events.register_function_event import RegisterFunctionEvent
from gearman_cffi.events.worker_event import WorkerEvent
from gearman_cffi.events.worker_exception_event import WorkerExceptionEvent

__all__ = [
    "ConnectToServerEvent",
    "Dispatcher",
    "Event",
    "EventDispatcher",
    "EventName",
    "EventSubscriber",
    "FunctionEvent",
    "FunctionFailureEvent",
    "FunctionRetryEvent",
    "Listener",
    "RegisterFunctionEvent",
    "WorkerEvent",
    "WorkerExceptionEvent",
]
