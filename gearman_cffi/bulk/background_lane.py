"""The lane of background jobs: it submits them a window at a time."""

from __future__ import annotations

from collections.abc import Sequence

from gearman_cffi.bulk.lane import ServerLane, milliseconds_until
from gearman_cffi.bulk.results import Results
from gearman_cffi.bulk.window import WINDOW_JOBS, columns
from gearman_cffi.connection_pool import Original
from gearman_cffi.error_mapping import failure
from gearman_cffi.ext import ReturnCode
from gearman_cffi.ext.batch import BatchSubmitter
from gearman_cffi.job_encoder import EncodedJob


class BackgroundLane(ServerLane[EncodedJob]):
    """Submits background jobs, a window at a time. The results get the handles and errors."""

    client: BatchSubmitter

    def __init__(self, original: Original, rotation: int, servers: str, results: Results) -> None:
        super().__init__(original, rotation, servers)
        self._results = results
        self._window: Sequence[EncodedJob] = ()
        self._deadline: float | None = None
        self._loaded: int = ReturnCode.SUCCESS
        self._taken = 0

    def _connect(self) -> None:
        self.client = self._original.copied(lambda client: BatchSubmitter(client, self._rotation))

    @property
    def outstanding(self) -> int:
        """The jobs of the window."""
        return len(self._window)

    @property
    def load(self) -> int:
        """How many jobs the lane has taken in all: they are spread evenly over servers of one speed."""
        return self._taken

    @property
    def deadline(self) -> float | None:
        """The deadline of the window."""
        return self._deadline

    @property
    def room(self) -> int:
        """A window, if the last one is done."""
        return 0 if self._window else WINDOW_JOBS

    def add(self, jobs: Sequence[EncodedJob], deadline: float | None) -> None:
        """Loads a window."""
        self._window = jobs
        self._deadline = deadline
        self._taken += len(jobs)
        self._loaded = self.client.load(*columns(jobs), milliseconds_until(deadline) or 1)

    def step(self, timeout_ms: int, poll: bool) -> int:
        """Sends and receives; poll() is always called here."""
        return self._loaded or self._run(False, timeout_ms)

    def wait(self, timeout_ms: int) -> int:
        """Waits until the whole window is answered."""
        return self._run(True, timeout_ms)

    def step_unconnected(self, timeout_ms: int) -> int:
        """Tries all servers."""
        return self._run(True, timeout_ms)

    def _run(self, waits: bool, timeout_ms: int) -> int:
        rc = self.client.run(waits, timeout_ms)
        return ReturnCode.COULD_NOT_CONNECT if rc == ReturnCode.NO_ACTIVE_FDS else rc

    def finish(self, rc: int) -> list[tuple[EncodedJob, int]]:
        """Puts handles and errors into the results."""
        window, self._window = self._window, ()
        handles, codes = self.client.unload(len(window), rc)
        self._results.set_handles(window, handles)
        if rc != ReturnCode.SUCCESS:
            self._reconnect()
        if not any(codes):
            return []
        return [(job, code) for job, code in zip(window, codes, strict=True) if code]

    def expire(self, now: float) -> list[tuple[EncodedJob, int]]:
        """Ends the window if it is late."""
        if not self._window or self._deadline is None or now < self._deadline:
            return []
        return self.finish(ReturnCode.TIMEOUT)

    def fail(self, job: EncodedJob, rc: int, detail: str | None) -> None:
        """Puts the error into the results."""
        function = job.function.decode()
        self._results.errors[job.position] = failure(rc, server=self._servers, function=function, detail=detail)
