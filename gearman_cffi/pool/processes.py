"""The worker processes of a pool: starts them in slots, and has them replaced when their time is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from gearman_cffi.pool.backoff import FunctionBackoffs
from gearman_cffi.pool.child_process import ChildProcess, ProcessState
from gearman_cffi.pool.deaths import describe_death
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.metrics import remove_live_gauges
from gearman_cffi.pool.options import PoolOptions, ProcessOptions
from gearman_cffi.pool.scoreboard import BusyRecord
from gearman_cffi.pool.slots import Slot
from gearman_cffi.pool.suspects import Suspects

_log = logging.getLogger("gearman_cffi.pool")


class Processes:
    """The worker processes of all generations, and the slots. Iterate over it for the processes."""

    def __init__(self, options: PoolOptions, metrics_directory: str | None) -> None:
        self.slots = [Slot(function) for function in options.roles()]
        self.function_backoffs = FunctionBackoffs()
        self._suspects = Suspects()
        self._options = options
        self._metrics_directory = metrics_directory
        self._by_id: dict[int, ChildProcess] = {}

    def __iter__(self) -> Iterator[ChildProcess]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, id: int, generation: Generation) -> ChildProcess | None:
        """The process with this id, if it is of this generation."""
        process = self._by_id.get(id)
        return process if process is not None and process.generation is generation else None

    def of_generation(self, generation: Generation) -> list[ChildProcess]:
        """The processes with this code."""
        return [process for process in self if process.generation is generation]

    def all_serve(self) -> bool:
        """Whether each slot has a process that serves."""
        return all(slot.process is not None and slot.process.state is ProcessState.SERVING for slot in self.slots)

    def any_serves(self) -> bool:
        """Whether a process can run jobs now."""
        return any(process.state is ProcessState.SERVING for process in self)

    def fill_slots(self, generation: Generation | None) -> None:
        """Starts a process in each empty slot, as far as that is possible now."""
        for slot in self.slots:
            if slot.process is None and not slot.is_finished and slot.replacement is None:
                slot.process = self.start(slot, generation)

    def start(self, slot: Slot, generation: Generation | None) -> ChildProcess | None:
        """Starts a process of the generation for the slot; None if that must wait."""
        now = time.monotonic()
        if generation is None or not generation.is_loaded or now < slot.backoff.not_before:
            return None
        id = next(number for number in range(len(self._by_id) + 1) if number not in self._by_id)
        process = ChildProcess(id, slot, generation)
        if self._options.max_runtime is not None:
            process.expires_at = now + self._options.lower_at_random(self._options.max_runtime)
        if slot.function is None:
            left_out = self.function_backoffs.left_out()
            process.left_out = tuple(left_out)
            process.left_out_seconds = min(left_out.values()) - now if left_out else None
        self._by_id[id] = process
        self._suspects.write(generation.scoreboard)
        generation.start(
            ProcessOptions.of_pool(self._options, id, generation.concurrency, slot.function, process.left_out)
        )
        return process

    def stop_expired(self, now: float) -> None:
        """Asks the processes whose time is over to exit after their jobs."""
        for process in self:
            reason = process.replacement_reason(now)
            if reason:
                process.stop(reason)

    def due_times(self, now: float) -> list[float]:
        """When a process may be started, or is to be replaced. Times of time.monotonic()."""
        starts = [slot.backoff.not_before for slot in self.slots if slot.backoff.not_before > now]
        return starts + [at for process in self for at in process.due_times()]

    def remove(self, process: ChildProcess) -> None:
        """The process has ended."""
        del self._by_id[process.id]
        remove_live_gauges(self._metrics_directory, process.id)
        process.slot.remove(process)

    def suspect(self, jobs: Sequence[BusyRecord], are_guilty: bool) -> None:
        """Counts the end of a process that ran these jobs, and shows the numbers to the others. See Suspects.record."""
        self._suspects.record(jobs, are_guilty)
        for scoreboard in {process.generation.scoreboard for process in self}:
            self._suspects.write(scoreboard)

    def record_death(self, process: ChildProcess, jobs: Sequence[BusyRecord], status: int | None) -> None:
        """Logs that a process has died. New ones leave out the function whose job it died of.

        If that is not known, or if it is the only function, the slot gets another process after a while.
        """
        death = describe_death(status, jobs, process.failure)
        culprit = self._suspects.culprit(jobs)
        if culprit is not None and self._can_leave_out(culprit.function, process):
            seconds = self._leave_out(culprit, process)
            text = "process %s %s; new processes leave out %s for %.1f s"
            _log.error(text, process.pid, death, culprit.function, seconds)
        else:
            seconds = process.slot.backoff.record_death(process.started_at)
            _log.error("process %s %s; restarting it in %.1f s", process.pid, death, seconds)

    def record_timeout(self, process: ChildProcess, late: Sequence[BusyRecord]) -> None:
        """A process was killed because these jobs took too long. New ones leave out the function if one does again."""
        culprit = self._suspects.culprit([job for job in late if self._suspects.deaths(job) > 1])
        if culprit is not None and self._can_leave_out(culprit.function, process):
            seconds = self._leave_out(culprit, process)
            text = "job timeout exceeded again; new processes leave out %s for %.1f s"
            _log.error(text, culprit.function, seconds, extra=culprit.log_attributes())

    def _leave_out(self, culprit: BusyRecord, process: ChildProcess) -> float:
        """Returns for how many seconds."""
        return self.function_backoffs.record_death(culprit.function, process.started_at, culprit.started_at)

    def _can_leave_out(self, function: str, process: ChildProcess) -> bool:
        """Whether a new process has other functions to serve."""
        if process.slot.function is not None or self._options.burst:
            return False
        return len({function, *self.function_backoffs.left_out()}) < process.function_count
