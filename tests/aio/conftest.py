"""Fixtures of the tests of gearman_cffi.aio: they run in the event loops of asyncio and of uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest
import uvloop

SECONDS = 50
Run: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "uvloop":
        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine in a new event loop. Fails if a callback of the loop raised.

    uvloop swallows the exception by which pytest-timeout ends a test: so the coroutine has a timeout itself.
    """

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        problems: list[dict[str, Any]] = []
        loop = new_loop(request.param)
        loop.set_exception_handler(lambda _, context: problems.append(context))
        try:
            result = loop.run_until_complete(asyncio.wait_for(main, SECONDS))
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
        assert problems == []
        return result

    return run
