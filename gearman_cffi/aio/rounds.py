"""Limits how many jobs end in one iteration of the event loop."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from typing import Protocol

# Python's garbage collector begins when some hundred objects more exist than before. If thousands of jobs end at once,
# it moves them to its oldest generation, which it then searches again and again. Other tasks would wait too.
MOST_ENDED = 100


class Receiver(Protocol):
    """Receives what has come over a connection."""

    def receive(self) -> int:
        """Returns how many jobs have ended."""


class Rounds:
    """Lets receivers that are ready receive in turn, each of them all that has come."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._left = MOST_ENDED
        self._waiting: dict[Receiver, None] = {}  # in their order

    def receive(self, receiver: Receiver) -> None:
        """Receives now, or in the next iteration of the loop."""
        if self._left <= 0:
            self._waiting[receiver] = None
            return
        self._left -= receiver.receive()
        if self._left <= 0:
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._left = MOST_ENDED
        waiting, self._waiting = self._waiting, {}
        for receiver in waiting:
            self.receive(receiver)
