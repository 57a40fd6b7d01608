"""Many jobs, a limited number of them at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from gearman_cffi.aio.lanes import Lanes
from gearman_cffi.aio.submission import Submission
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.ext import ReturnCode
from gearman_cffi.job_encoder import EncodedJob
from gearman_cffi.jobs import JobInterface

T = TypeVar("T")
Encoded = tuple[JobInterface, EncodedJob | GearmanError]
# How many jobs are taken from an iterable before the event loop runs again.
_SLICE = 50


class Ended(NamedTuple):
    """A job that has ended: its error if it could not be sent, otherwise its Submission."""

    job: JobInterface
    position: int
    result: Submission | GearmanError

    @property
    def data(self) -> bytes:
        """Its result."""
        return b"" if isinstance(self.result, GearmanError) else self.result.data

    @property
    def handle(self) -> str:
        """Its handle."""
        return "" if isinstance(self.result, GearmanError) else self.result.handle


class Source(Generic[T]):
    """Takes items from an iterable, or from an asynchronous one, in a task of its own."""

    def __init__(self, items: Iterable[T] | AsyncIterable[T], wake_up: asyncio.Event) -> None:
        self._items: Iterator[T] | None = None
        self._later: AsyncIterator[T] | None = None
        if isinstance(items, AsyncIterable):
            self._later = aiter(items)
        else:
            self._items = iter(items)
        self._wake_up = wake_up
        self._pulling: asyncio.Future[T] | None = None
        self.error: Exception | None = None  # that the iterable raised
        self.is_exhausted = False

    def take(self, most: int) -> list[T]:
        """Returns the items that are there, at most so many. Sets the event when there is another one."""
        taken: list[T] = []
        try:
            while len(taken) < most and not self.is_exhausted:
                if self._items is not None:
                    taken.append(next(self._items))
                elif self._pull():
                    assert self._pulling is not None
                    pulled, self._pulling = self._pulling, None
                    taken.append(pulled.result())
                else:
                    break
        except (StopIteration, StopAsyncIteration):
            self.is_exhausted = True
        except Exception as error:
            self.is_exhausted = True
            self.error = error
        return taken

    async def close(self) -> None:
        """Takes no more items."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)

    def _pull(self) -> bool:
        """Whether there is an item, or the end."""
        if self._pulling is None:
            self._pulling = asyncio.ensure_future(self._next())
            self._pulling.add_done_callback(lambda _: self._wake_up.set())
        return self._pulling.done()

    async def _next(self) -> T:
        assert self._later is not None
        return await anext(self._later)


class Stream(Generic[T]):
    """Submits the jobs of an iterable, and yields them as they end.

    encode: called with an item of the iterable and its index; returns the job, and what is sent or why that is not
    possible. Raises InvalidJob to end the stream. window: how many jobs are outstanding at most. servers: over how
    many to spread the jobs without a unique key. job_timeout bounds each job from its submission, timeout the whole,
    in seconds.
    """

    def __init__(
        self,
        lanes: Lanes,
        encode: Callable[[T, int], Encoded],
        window: int,
        servers: int,
        job_timeout: float | None = None,
        timeout: float | None = None,
    ) -> None:
        self._lanes = lanes
        self._encode = encode
        self._window = window
        self._servers = servers
        self._job_timeout = job_timeout
        self._deadline = None if timeout is None else lanes.loop.time() + timeout
        self._outstanding: dict[Submission, tuple[JobInterface, int]] = {}
        self._ended: deque[Ended] = deque()
        self._wake_up = asyncio.Event()
        self._count = 0

    async def run(self, jobs: Iterable[T] | AsyncIterable[T]) -> AsyncGenerator[Ended, None]:
        """Yields each job when it has ended. Raises what the iterable raises, and InvalidJob, after that.

        If the lanes are closed, it takes no more items, and raises ConnectionLost at the end.
        """
        source = Source(jobs, self._wake_up)
        error: Exception | None = None
        try:
            while True:
                self._wake_up.clear()
                room = self._window - len(self._outstanding) - len(self._ended)
                if self._lanes.is_closed and error is None:
                    error = self._lanes.closed_error()
                taken = source.take(min(room, _SLICE)) if error is None and room > 0 else []
                try:
                    for job in taken:
                        self._submit(job)
                except Exception as invalid:
                    error = invalid
                is_exhausted = source.is_exhausted or error is not None
                if self._ended:
                    while self._ended:
                        yield self._ended.popleft()
                    continue  # there is room again
                if is_exhausted and not self._outstanding:
                    break
                if is_exhausted or len(taken) < _SLICE:
                    await self._wake_up.wait()
                else:
                    await asyncio.sleep(0)
        finally:
            for submission in list(self._outstanding):
                self._lanes.abandon(submission)
            await source.close()
        if error or source.error:
            raise error or source.error  # type: ignore[misc]

    def _submit(self, item: T) -> None:
        index, self._count = self._count, self._count + 1
        job, encoded = self._encode(item, index)
        if isinstance(encoded, GearmanError):
            self._ended.append(Ended(job, index, encoded))
            self._wake_up.set()
            return
        submission = self._submission(encoded)
        self._outstanding[submission] = job, index
        now = self._lanes.loop.time()
        deadline = self._deadline if self._job_timeout is None else now + self._job_timeout
        if deadline is not None and now >= deadline:
            submission.end(ReturnCode.TIMEOUT)
            return
        if deadline is not None:
            submission.seconds = deadline - now
            submission.timer = self._lanes.loop.call_at(deadline, self._lanes.expire, submission)
        self._lanes.add(submission)

    def _submission(self, encoded: EncodedJob) -> Submission:
        submission = Submission.of(encoded)
        submission.on_end = self._end
        submission.retries = self._servers - 1
        submission.with_handle = True
        if not encoded.key:
            submission.rotation = encoded.position % self._servers
        return submission

    def _end(self, submission: Submission) -> None:
        self._ended.append(Ended(*self._outstanding.pop(submission), submission))
        self._wake_up.set()
