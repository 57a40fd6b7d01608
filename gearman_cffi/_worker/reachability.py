"""Whether any server can be reached, as far as the answers to requests for jobs show."""

from __future__ import annotations

from enum import Enum

from gearman_cffi._worker.reconnect_delay import ReconnectDelay


class _ServerState(Enum):
    UNTRIED = "untried"  # or lost just now: the next try decides
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"  # which was reported


class Reachability:
    """The state of the connections to the servers. A lost connection is reported after one more try only."""

    def __init__(self) -> None:
        self._state = _ServerState.UNTRIED
        self._reconnect_delay = ReconnectDelay()

    @property
    def is_confirmed(self) -> bool:
        """Whether a server has answered since the last failure."""
        return self._state is _ServerState.REACHABLE

    @property
    def is_lost(self) -> bool:
        """Whether no server can be reached."""
        return self._state is _ServerState.UNREACHABLE

    def reset(self) -> None:
        """Forgets everything."""
        self._state = _ServerState.UNTRIED
        self._reconnect_delay.reset()

    def record_answer(self) -> bool:
        """A server has answered. Returns whether servers are back, after none could be reached."""
        if self._reconnect_delay.last_succeeded:
            return False
        self._reconnect_delay.record_success()
        was_lost = self.is_lost
        self._state = _ServerState.REACHABLE
        return was_lost

    def record_failure(self) -> float:
        """A request has failed, but not for want of a connection. Returns the seconds until the next try."""
        return self._reconnect_delay.record_failure()

    def record_loss(self) -> bool | None:
        """No server is connected. Returns whether to report that; None if the next try should be made at once."""
        if self._state is _ServerState.REACHABLE:
            self.reset()
            return None
        is_new = self._state is _ServerState.UNTRIED
        self._state = _ServerState.UNREACHABLE
        return is_new
