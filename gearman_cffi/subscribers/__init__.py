"""Subscribers for the events of a worker: a log, and limits of time and memory."""

from __future__ import annotations

from gearman_cffi.subscribers.logging import LoggerAware, LoggingSubscriber
from gearman_cffi.subscribers.max_runtime import MaxRuntime
from gearman_cffi.subscribers.memory_limit import MemoryLimit

__all__ = ["LoggerAware", "LoggingSubscriber", "MaxRuntime", "MemoryLimit"]
