"""When a job that has failed is tried again: Retry, which a handler raises, and the RetryPolicy of a handler."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from gearman_cffi.attempts import MAX_RETRIES
from gearman_cffi.durations import to_span
from gearman_cffi.exceptions import InvalidArgument
from gearman_cffi.messages import short_repr

if TYPE_CHECKING:
    from gearman_cffi.jobs import Job

MAX_BACKOFF = 3600.0  # seconds
# Backoff: seconds or a timedelta, or a function that returns them for the number of the attempt that has failed.
GaveUp: TypeAlias = Callable[["Job", BaseException], object]
RetryOn: TypeAlias = type[Exception] | tuple[type[Exception], ...]
Backoff: TypeAlias = float | timedelta | Callable[[int], float | timedelta]


class Retry(Exception):  # noqa: N818
    """Raised by a handler: this attempt has failed, and another one may succeed, whatever retry_on says.

    The job fails with this exception if there is no attempt left.

    Args:
        reason: The text of the exception.
        delay: Before the next attempt, in seconds or as a timedelta; None for the handler's backoff.

    Example:
            @jobs.handler("geocode", retries=5)
            def geocode(job):
                answer = look_up(job.get_workload())
                if answer == "quota exceeded":
                    raise Retry("the quota is used up", delay=3600)
                return answer
    """

    def __init__(self, reason: str = "", *, delay: float | timedelta | None = None) -> None:
        super().__init__(reason or "the handler asks for another attempt")
        self.delay = None if delay is None else _seconds(delay, "delay")


@dataclass(frozen=True)
class RetryPolicy:
    """Which failures of a handler's jobs are tried again, and when.

    Only what the handler raises: a result that cannot be serialized or sent, or a listener that raises, fails the job.

    Args:
        retries: For jobs whose client did not set retries; None for never. They are submitted again in the background,
            so that a client that waits gets the failure of the first attempt.
        retry_on: The exceptions after which there is another attempt.
        backoff: Seconds or a timedelta before the second attempt, which doubles with each further one up to an hour,
            less a random part of up to a half; or a function that is called with the number of the attempt that has
            failed, from 1, and returns the delay. A worker that makes the next attempt itself, because a client waits
            or no server takes the job, waits for a minute at most. If the function raises, the exception is logged, and
            the delay is the default.
        max_attempts: How many processes of a pool may die of one job, before it fails; None for no limit. If they ran
            other jobs too, the job then runs alone once more.
        gave_up: Called with the Job and the exception when the last attempt has failed, before the job is answered.

    Raises:
        InvalidArgument: A number is out of range.
        TypeError: A value has a wrong type.

    Example:
            retry_policy = RetryPolicy(retries=3, retry_on=(OSError,), backoff=10)
    """

    retries: int | None = None
    retry_on: RetryOn = Exception
    backoff: Backoff = 1.0
    max_attempts: int | None = None
    gave_up: GaveUp | None = None

    def __post_init__(self) -> None:
        """Raises InvalidArgument or TypeError for values that cannot be used."""
        kinds: tuple[Any, ...] = self.retry_on if isinstance(self.retry_on, tuple) else (self.retry_on,)
        if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
            raise TypeError(f"retry_on must be subclasses of Exception, not {short_repr(self.retry_on)}")
        for name, least, most in (("retries", 0, MAX_RETRIES), ("max_attempts", 1, 255)):
            number = getattr(self, name)
            if number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int):
                raise TypeError(f"{name} must be an int or None, not {type(number).__name__}")
            if not least <= number <= most:
                raise InvalidArgument(f"{name} must be from {least} to {most}, not {short_repr(number)}")
        gave_up: Any = self.gave_up
        if gave_up is not None and (inspect.iscoroutinefunction(gave_up) or not callable(gave_up)):
            raise TypeError(f"gave_up must be a plain function, not {short_repr(gave_up)}")
        if not callable(self.backoff):
            _seconds(self.backoff, "backoff")

    def applies_to(self, error: BaseException) -> bool:
        """Whether there may be another attempt after this failure.

        Args:
            error: What the handler has raised.

        Returns:
            True or False.

        Example:
                policy = RetryPolicy(retries=3, retry_on=OSError)
                assert policy.applies_to(ConnectionResetError())
                assert not policy.applies_to(ValueError())
        """
        return isinstance(error, (Retry, self.retry_on))

    def delay_after(self, attempt: int, error: BaseException) -> float:
        """How long to wait before the next attempt.

        Args:
            attempt: The number of the attempt that has failed, from 1.
            error: What the handler has raised.

        Returns:
            The seconds from the failure to the next attempt.

        Example:
                policy = RetryPolicy(retries=3, backoff=10)
                assert 5 <= policy.delay_after(1, OSError()) <= 10
                assert 10 <= policy.delay_after(2, OSError()) <= 20
        """
        if isinstance(error, Retry) and error.delay is not None:
            return error.delay
        if callable(self.backoff):
            return _seconds(self.backoff(attempt), "the result of backoff")
        longest = min(_seconds(self.backoff, "backoff") * 2.0 ** (attempt - 1), MAX_BACKOFF)
        return longest * random.uniform(0.5, 1)


def policy_of(handler: object) -> RetryPolicy:
    """Returns the policy of a handler, whose class may know nothing of policies."""
    policy = getattr(handler, "retry_policy", None)
    return policy if isinstance(policy, RetryPolicy) else RetryPolicy()


def _seconds(duration: float | timedelta, name: str) -> float:
    """Raises TypeError for other types, InvalidArgument for a negative duration."""
    if isinstance(duration, (bool, str)):
        raise TypeError(f"{name} must be seconds or a timedelta, not {type(duration).__name__}")
    seconds = to_span(duration).total_seconds()
    if seconds < 0:
        raise InvalidArgument(f"{name} must be at least 0 seconds, not {short_repr(duration)}")
    return seconds
