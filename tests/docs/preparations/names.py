"""The names that the examples of the Python layer use, and the handlers of the workers that serve them."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

import gearman_cffi
from gearman_cffi import Job, JobCollection, JobHandlerInterface, Worker, admin, aio, events, subscribers, testing
from gearman_cffi.events import EventName, EventSubscriber
from tests.python_layer.workers import handlers

_STANDARD = {module.__name__: module for module in (asyncio, gc, logging, os, signal, time)}
_TIMES = {"datetime": datetime, "timedelta": timedelta}
_MSGPACK = SimpleNamespace(packb=lambda value: json.dumps(value).encode(), unpackb=json.loads)


class EndingWorker(Worker):
    """Ends when no server has a job."""

    def run(self) -> None:
        self.dispatcher.add_listener(EventName.NO_JOBS, lambda event: self.stop())  # type: ignore[attr-defined]
        super().run()


class Reverse(JobHandlerInterface):
    def listens_to_job(self) -> str:
        return "reverse"

    def execute(self, job: Job) -> Any:
        return job.get_workload()[::-1]


class Audit(EventSubscriber):
    def get_subscribed_events(self) -> dict[str, str]:
        return {}


def names(**own: Any) -> dict[str, Any]:
    """The public names, some modules, and what programs have. own: further names."""
    modules = (gearman_cffi, admin, events, subscribers, testing)
    return {
        **{name: getattr(module, name) for module in modules for name in module.__all__},
        **_STANDARD,
        **_TIMES,
        "aio": aio,
        "msgpack": _MSGPACK,
        "pytest": pytest,
        "gearman_cffi": gearman_cffi,
        **{name: Mock() for name in ("alert", "count_job", "database", "load_model", "look_up")},
        "Audit": Audit,
        "Reverse": Reverse,
        "Worker": EndingWorker,
        "handler": logging.StreamHandler(),
        "jobs": handlers(upper=_upper),
        "logger": logging.getLogger("example"),
        "name": "a.png",
        "names": ["a.png", "b.png"],
        "paths": ["a.png", "b.png"],
        "rows": ["first", "second"],
        **own,
    }


def _upper(job: Job) -> Any:
    return job.get_workload().upper()


def _reverse(job: Job) -> Any:
    return job.get_workload()[::-1]


def _resize(job: Job) -> Any:
    """Sends all that a job can send before its result."""
    job.send_status(1, 2)
    job.send_warning("the picture has no colour profile")
    return "resized"


def _divide(job: Job) -> Any:
    return 1 / job.get_workload()


def served() -> JobCollection:
    """The handlers of the worker that serves the client of an example."""
    return handlers(reverse=_reverse, resize=_resize, mail=_reverse, divide=_divide, fetch=_resize)
