"""An aio.Client behind the methods of Client, so that the scenarios of clients run with both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Iterator
from typing import Any

from gearman_cffi import aio


class AwaitedClient:
    """Has the methods of Client. Each runs its coroutine of an aio.Client in an event loop of this object."""

    def __init__(self, client: aio.Client) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> AwaitedClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the client and the event loop."""
        if not self._loop.is_closed():
            self._await(self._client.close())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def __del__(self) -> None:
        self._loop.close()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*what: Any, **how: Any) -> Any:
            given = method(*what, **how)
            if inspect.iscoroutine(given):
                return self._await(given)
            return _Awaited(given, self._await)

        # The same object each time: a scenario compares methods.
        self.__dict__[name] = call
        return call

    def _await(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(what)


class _Awaited:
    """An asynchronous iterator as an iterator. result() and handle are those of a watch."""

    def __init__(self, given: Any, run: Any) -> None:
        self._given = given
        self._run = run

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._run(anext(self._given))
        except StopAsyncIteration:
            raise StopIteration from None

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._given, name)
        return (lambda *what: self._run(value(*what))) if callable(value) else value
