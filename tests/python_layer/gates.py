"""Handlers that wait, for tests of workers that run several jobs at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import Client, FunctionHandler, Job
from gearman_cffi.testing import Gearmand

KINDS = pytest.mark.parametrize("kind", ["plain", "coroutine"])


class Gate:
    """Handlers that wait until the gate is open. most: how many of them have waited at the same time."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.waiting = 0
        self.most = 0
        self.began: list[Any] = []
        self._lock = threading.Lock()

    def _change(self, by: int, job: Job) -> None:
        with self._lock:
            self.waiting += by
            self.most = max(self.most, self.waiting)
            if by > 0:
                self.began.append(job.get_workload())

    def plain(self, job: Job) -> Any:
        self._change(1, job)
        assert self.opened.wait(20)
        self._change(-1, job)
        return job.get_workload()

    async def coroutine(self, job: Job) -> Any:
        self._change(1, job)
        while not self.opened.is_set():
            await asyncio.sleep(0.002)
        self._change(-1, job)
        return job.get_workload()

    def handler(self, kind: str, name: str = "gate", **options: Any) -> FunctionHandler:
        return FunctionHandler(name, getattr(self, kind), **options)


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Makes a call in another thread. The list gets the result, or the exception."""
    results: list[Any] = []

    def target() -> None:
        try:
            results.append(call())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread, results


def submit(server: Gearmand, function: str, count: int) -> tuple[threading.Thread, list[Any]]:
    """Submits jobs with the numbers from 0; the list gets a list of their answers."""
    client = Client(server.address, timeout=30)
    return in_thread(lambda: client.execute_jobs([Job(function, number) for number in range(count)]))
