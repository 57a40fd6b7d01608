"""Loads the user's code: at the start, for a reload, and after the death of a fork server."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from gearman_cffi.exit_code import ExitCode
from gearman_cffi.pool.backoff import Backoff
from gearman_cffi.pool.banner import describe_program, settings_of
from gearman_cffi.pool.child_process import ChildProcess
from gearman_cffi.pool.deaths import describe_status, was_killed
from gearman_cffi.pool.generation import Generation, GenerationState
from gearman_cffi.pool.logs import split_details
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.processes import Processes
from gearman_cffi.pool.readiness import Readiness
from gearman_cffi.pool.rolling_reload import Change, RollingReload
from gearman_cffi.pool.shutdown import Shutdown

_EXIT_TIME = 2.0  # seconds that the fork servers have at the end of the pool
_log = logging.getLogger("gearman_cffi.pool")


class CodeLoader:
    """The generations of code: the current one, one that is being loaded, and those whose processes still run.

    Iterate over it for the generations. Once a generation is loaded, all processes are changed to it.
    """

    def __init__(
        self,
        options: PoolOptions,
        metrics_directory: str | None,
        processes: Processes,
        readiness: Readiness,
        shutdown: Shutdown,
    ) -> None:
        self.current: Generation | None = None
        self._options = options
        self._metrics_directory = metrics_directory
        self._processes = processes
        self._rolling_reload = RollingReload(processes)
        self._readiness = readiness
        self._shutdown = shutdown
        self._generations: list[Generation] = []
        self._closed: list[Generation] = []
        self._loading: Generation | None = None
        self._load_at: float | None = None  # when to load next; not before the import that is running has ended
        self._backoff = Backoff()

    def __iter__(self) -> Iterator[Generation]:
        return iter(list(self._generations))

    def request(self) -> None:
        """Loads the code as soon as possible. The old processes keep running."""
        self._load_at = time.monotonic()

    def cancel(self) -> None:
        """Ends an import that is running."""
        if self._loading is not None:
            self._loading.kill()

    def due_times(self) -> list[float]:
        """When step() should be called. Times of time.monotonic()."""
        return [self._load_at] if self._load_at is not None and self._loading is None else []

    def step(self, now: float) -> None:
        """Starts to load a generation if that is due, and continues to change the processes to a loaded one."""
        if self._load_at is not None and self._loading is None and now >= self._load_at:
            self._load()
        finished = self._rolling_reload.step(self.current)
        if finished is Change.RELOAD and self._readiness.was_ready:
            _log.info("reload finished: all processes run the new code")
            self._readiness.set_ready(after_reload=True)

    def on_change(self, generation: Generation) -> None:
        """The state of the generation has changed."""
        if generation is self._loading:
            self._loading = None
            self._on_loaded(generation)
        elif generation is self.current and not self._shutdown.has_begun:
            death = describe_status(generation.exit_code)
            if self._loading is not None:
                _log.error("the fork server %s; the next one is loading the code", death)
            else:
                _log.error("the fork server %s; restarting it in %.1f s", death, self._retry(generation.loaded_at))

    def discard_unused(self) -> None:
        """Closes the generations that can start no process any more and have none."""
        for generation in self:
            is_used = generation is self._loading or (generation is self.current and generation.is_loaded)
            if not is_used and not self._processes.of_generation(generation):
                self._discard(generation)

    def close(self) -> None:
        """Ends all fork servers."""
        self.cancel()
        for generation in self:
            self._discard(generation)
        deadline = time.monotonic() + _EXIT_TIME
        for generation in self._closed:
            generation.wait(deadline - time.monotonic())

    def log_program(self, generation: Generation, description: str) -> None:
        """Logs once what was loaded. Without preload, the first process that has imported the program says it."""
        if not generation.is_logged:
            generation.is_logged = True
            _log.info("loaded %s: %s", self._options.target, description)

    def roll_back(self, process: ChildProcess) -> bool:
        """Changes all processes back to the earlier code if the process cannot start with the new code.

        Returns False if there is no earlier code that can be used.
        """
        earlier = [one for one in self._generations if one.is_loaded and one is not self.current]
        if process.generation is not self.current or not earlier:
            return False
        log_failure(process.failure)
        self.current = earlier[-1]
        self._rolling_reload.begin(Change.ROLLBACK)
        self._keep_old_code()
        return True

    def _load(self) -> None:
        self._load_at = None
        if self.current is not None:
            _log.info("reloading %s", self._options.target)
            self._readiness.set_reloading()
        self._loading = Generation(self._options, self._metrics_directory)
        self._generations.append(self._loading)

    def _on_loaded(self, generation: Generation) -> None:
        """The import has ended, successfully or not."""
        named = self._options.named_functions()
        missing = sorted(named - set(generation.functions or named))
        if not generation.is_loaded:
            self._on_failure(generation, generation.failure)
        elif missing:
            self._on_failure(generation, f"no handler for the function {', '.join(map(repr, missing))}")
        else:
            is_first, self.current = self.current is None, generation
            if generation.functions is not None:
                settings = settings_of(self._options), generation.settings
                self.log_program(generation, describe_program(generation.functions, generation.most_jobs, *settings))
            self._processes.function_backoffs.clear()
            if not is_first:
                self._rolling_reload.begin(Change.RELOAD)

    def _on_failure(self, generation: Generation, reason: str) -> None:
        """The code cannot be used. reason: empty if the fork server has ended without a message."""
        generation.wait(0 if generation.is_loaded else 1.0)
        if self._shutdown.has_begun:
            return
        status = generation.exit_code
        if not reason and was_killed(status):
            seconds = self._retry(time.monotonic())
            _log.error("the import %s; retrying it in %.1f s", describe_status(status), seconds)
            return
        log_failure(reason or f"the import {describe_status(status)}")
        has_lost_code = self.current is not None and self.current.state is GenerationState.LOST
        if self.current is None or (has_lost_code and not self._processes):
            self._shutdown.fail(ExitCode.NOT_LOADED)
        elif has_lost_code:
            _log.error("retrying the import in %.1f s", self._retry(time.monotonic()))
        else:
            self._keep_old_code()

    def _retry(self, started_at: float) -> float:
        """Loads again after a while. Returns the seconds until then."""
        seconds = self._backoff.record_death(started_at)
        if self._load_at is None:  # no reload was requested meanwhile
            self._load_at = self._backoff.not_before
        return seconds

    def _keep_old_code(self) -> None:
        _log.error("reload failed, keeping the old code")
        self._readiness.set_ready(after_reload=True)

    def _discard(self, generation: Generation) -> None:
        generation.close()
        self._generations.remove(generation)
        self._closed = [one for one in (*self._closed, generation) if one.exit_code is None]


def log_failure(text: str) -> None:
    """Logs why the code cannot be used: the first line, and a traceback below it."""
    line, extra = split_details(text)
    _log.error("%s", line, extra=extra)
