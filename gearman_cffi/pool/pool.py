"""Pool: the parent of the worker processes. It has no connection to a server and imports nothing of the user's.

It starts a fork server for each generation of code, which forks the worker processes (see forkserver.py). The pool
replaces processes that end, and acts on signals. Everything happens in one loop, in one thread.
"""

from __future__ import annotations

import logging
import signal
import time

from gearman_cffi.exit_code import ExitCode
from gearman_cffi.pool.backoff import Backoff, FunctionBackoffs
from gearman_cffi.pool.deaths import describe_death, describe_status, ended_itself, was_killed
from gearman_cffi.pool.event_loop import EventLoop
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.ipc import Message
from gearman_cffi.pool.limits import GracePeriods, JobTimeouts
from gearman_cffi.pool.logs import split_details
from gearman_cffi.pool.metrics import remove_live_gauges
from gearman_cffi.pool.options import PoolOptions, ProcessOptions
from gearman_cffi.pool.readiness import Readiness
from gearman_cffi.pool.rolling_reload import RollingReload
from gearman_cffi.pool.scoreboard import BusyRecord
from gearman_cffi.pool.shutdown import Shutdown
from gearman_cffi.pool.slots import ChildProcess, Slot, process_exists

_log = logging.getLogger("gearman_cffi.pool")


class Pool:
    """Runs worker processes until it is asked to stop; with options.burst until the queues are empty.

    metrics_directory: for the multiprocess files of prometheus_client; None for no metrics.
    """

    def __init__(self, options: PoolOptions, metrics_directory: str | None = None) -> None:
        self.options = options
        self.processes: dict[int, ChildProcess] = {}
        self._metrics_directory = metrics_directory
        self._slots = [Slot(function) for function in options.roles()]
        self._function_backoffs = FunctionBackoffs()
        self._generations: list[Generation] = []
        self._current: Generation | None = None
        self._loading: Generation | None = None
        self._load_again = False  # a reload was requested while another one was loading
        self._lacks_forkserver = False  # the current generation's fork server died
        self._import_was_killed = False
        self._load_backoff = Backoff()
        self._rolling_reload = RollingReload(self._start, self._stop)
        self._is_rolling_back = False
        self._readiness = Readiness(options.ready_file)
        self._shutdown = Shutdown(options.shutdown_timeout)
        self._job_timeouts = JobTimeouts(options)
        self._grace_periods = GracePeriods(options)

    def run(self) -> int:
        """Runs the pool and handles signals, which requires the main thread. Returns the exit code."""
        with EventLoop(self.options.reload_directories) as events, self._readiness:
            self._load()
            try:
                while not self._is_over():
                    events.wait(self._descriptors(), self._seconds_to_wait())
                    for number in events.take_signals():
                        self._on_signal(number)
                    self._step()
            finally:
                self._close()
        return self._shutdown.exit_code

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            if not self._shutdown.has_begun:
                self._load()
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self._loading is not None and not self._loading.is_loaded:
                self._loading.kill()
            self._readiness.set_stopping()
            self._shutdown.advance(self.processes.values(), signal.Signals(number).name)

    # ------------------------------------------------------------------------------- the main loop

    def _step(self) -> None:
        """Handles the messages that have arrived, and does what is due."""
        now = time.monotonic()
        for generation in list(self._generations):
            for message in generation.receive():
                self._handle(generation, message)
            self._check(generation)
        self._job_timeouts.enforce(self.processes.values(), now)
        if self._shutdown.has_begun:
            self._shutdown.enforce(self.processes.values(), now)
            return
        self._grace_periods.enforce(self.processes.values(), now)
        must_load = self._lacks_forkserver or self._import_was_killed
        if must_load and self._loading is None and now >= self._load_backoff.not_before:
            self._load()
        self._stop_expired(now)
        if self._rolling_reload.step(self._current) and self._readiness.was_ready and not self._is_rolling_back:
            _log.info("reload finished: all processes run the new code")
            self._readiness.set_ready(after_reload=True)
        for slot in self._slots:
            if slot.process is None and not slot.is_finished and slot.replacement is None:
                slot.process = self._start(slot)

    def _descriptors(self) -> list[int]:
        return [fd for one in self._generations if not one.is_lost for fd in (one.control.fileno(), one.events)]

    def _seconds_to_wait(self) -> float | None:
        """Seconds until something is due; None if nothing is."""
        now = time.monotonic()
        backoffs = [self._load_backoff, *(slot.backoff for slot in self._slots)]
        due = [backoff.not_before for backoff in backoffs if backoff.not_before > now]
        for process in self.processes.values():
            if not process.stop_requested:
                due += [at for at in (process.expires_at, process.left_out_until) if at is not None]
        grace_interval = self._grace_periods.interval(self.processes.values())
        intervals = self._job_timeouts.interval, self._shutdown.interval, grace_interval
        due += [now + interval for interval in intervals if interval is not None]
        if any(generation.is_lost for generation in self._generations):
            due.append(now + 0.2)
        return max(0.0, min(due) - now) if due else None

    def _is_over(self) -> bool:
        if self._shutdown.has_begun:
            return not self.processes
        return self.options.burst and all(slot.is_finished for slot in self._slots) and not self.processes

    def _close(self) -> None:
        for generation in list(self._generations):
            if not generation.is_loaded:
                generation.kill()
            self._discard(generation)
        self._shutdown.wait_for_forkservers()

    # --------------------------------------------------------------------------- worker processes

    def _start(self, slot: Slot) -> ChildProcess | None:
        """Starts a process of the current generation for the slot; None if that must wait."""
        generation, now = self._current, time.monotonic()
        if generation is None or generation.is_lost or now < slot.backoff.not_before:
            return None
        id = next(number for number in range(len(self.processes) + 1) if number not in self.processes)
        process = ChildProcess(id, slot, generation)
        if self.options.max_runtime is not None:
            process.expires_at = now + self.options.lower_at_random(self.options.max_runtime)
        if slot.function is None:
            left_out = self._function_backoffs.left_out()
            process.left_out = tuple(left_out)
            process.left_out_seconds = min(left_out.values()) - now if left_out else None
        self.processes[id] = process
        generation.start(ProcessOptions.of_pool(self.options, id, slot.function, process.left_out))
        return process

    def _stop(self, process: ChildProcess, reason: str = "") -> None:
        """Asks a process to exit after its job."""
        process.stop_requested, process.exit_reason = True, reason
        process.send_signal(signal.SIGTERM)

    def _stop_expired(self, now: float) -> None:
        for process in self.processes.values():
            if process.stop_requested:
                continue
            if process.expires_at is not None and now >= process.expires_at:
                self._stop(process, f"it has run for {now - process.started_at:.0f} s")
            elif process.left_out_until is not None and now >= process.left_out_until:
                self._stop(process, f"its replacement will serve {', '.join(process.left_out)} again")

    def _handle(self, generation: Generation, message: Message) -> None:
        """Handles a message about a process."""
        event = message["event"]
        process = self.processes.get(message["id"])
        if process is None or process.generation is not generation:
            return
        if event == "started":
            process.pid = message["pid"]
        elif event == "ready":
            process.is_ready, process.function_count = True, message["function_count"]
            if process.left_out_seconds is not None:
                process.left_out_until = time.monotonic() + process.left_out_seconds
            if all(slot.process is not None and slot.process.is_ready for slot in self._slots):
                self._readiness.set_ready()
        elif event == "exiting":
            process.exit_reason = message["reason"]
        elif event == "found_no_jobs":
            process.found_no_jobs = True
        elif event == "failed":
            process.failure = message["reason"]
        elif event == "ended":
            self._on_end(process, message["status"])

    def _on_end(self, process: ChildProcess, status: int | None) -> None:
        """A process has ended. status: its exit code, or minus the number of a signal; None if unknown."""
        slot, job = process.slot, process.job()
        del self.processes[process.id]
        remove_live_gauges(self._metrics_directory, process.id)
        slot.remove(process)
        if self._shutdown.has_begun:
            self._shutdown.record_end(job, status)
        elif process.found_no_jobs and not status:
            slot.is_finished = slot.process is None
        elif status == ExitCode.UNREACHABLE and self.options.burst and job is None:
            _log.error("no server can be reached: shutting down, because of burst")
            self._shutdown.fail(self.processes.values(), ExitCode.UNREACHABLE)
        elif process.failure and self._can_roll_back(process):
            self._roll_back(process)
        elif process.failure and not self._is_serving():
            self._log_failure(process.failure)
            self._shutdown.fail(self.processes.values(), ExitCode.NOT_LOADED)
        elif process.stop_requested or process.was_killed or (process.exit_reason and not status):
            if process.exit_reason:
                _log.info("process %s exits: %s", process.pid, process.exit_reason)
            slot.backoff.reset()
        else:
            self._on_death(process, job, status)

    def _on_death(self, process: ChildProcess, job: BusyRecord | None, status: int | None) -> None:
        """A process has died. Its slot gets another one, after a while if it died young."""
        death = describe_death(status, job, process.failure)
        if job is not None and self._can_leave_out(job.function, process, status):
            seconds = self._function_backoffs.record_death(job.function, process.started_at)
            text = "process %s %s; new processes leave out %s for %.1f s"
            _log.error(text, process.pid, death, job.function, seconds)
        else:
            seconds = process.slot.backoff.record_death(process.started_at)
            _log.error("process %s %s; restarting it in %.1f s", process.pid, death, seconds)

    def _can_leave_out(self, function: str, process: ChildProcess, status: int | None) -> bool:
        """Whether the function ended its process, and a new process has other functions to serve."""
        if process.slot.function is not None or self.options.burst or not ended_itself(status):
            return False
        return len({function, *self._function_backoffs.left_out()}) < process.function_count

    def _is_serving(self) -> bool:
        """Whether the pool was ready once, and a process can run jobs now."""
        return self._readiness.was_ready and any(process.is_ready for process in self.processes.values())

    # -------------------------------------------------------------------------- generations of code

    def _load(self) -> None:
        """Starts to load a new generation, or does so later if one is being loaded. The old processes keep running."""
        self._load_again = self._loading is not None
        if self._load_again:
            return
        self._import_was_killed = False
        if self._current is not None:
            _log.info("reloading %s", self.options.target)
            self._readiness.set_reloading()
        number = 1 + max((generation.number for generation in self._generations), default=0)
        self._loading = Generation(self.options, number, self._metrics_directory)
        self._generations.append(self._loading)

    def _check(self, generation: Generation) -> None:
        """Handles the end of an import and the death of a fork server; discards a generation that is not used."""
        if generation is self._loading and (generation.is_loaded or generation.is_closed):
            self._loading = None
            self._on_loaded(generation)
            if self._load_again and not self._shutdown.has_begun:
                self._load()
        elif generation.is_closed and not generation.is_lost and generation is not self._loading:
            self._on_forkserver_death(generation)
        processes = [process for process in self.processes.values() if process.generation is generation]
        if generation.is_lost:
            for process in [process for process in processes if not process_exists(process.pid)]:
                self._on_end(process, None)  # without a fork server the status is unknown
        is_used = generation in (self._current, self._loading) and not generation.is_lost
        if not is_used and not processes:
            self._discard(generation)

    def _on_loaded(self, generation: Generation) -> None:
        """The import has ended, successfully or not."""
        named = self.options.named_functions()
        missing = sorted(named - set(generation.functions or named))
        if not generation.is_loaded:
            self._on_load_failure(generation, generation.failure)
        elif missing:
            self._on_load_failure(generation, f"no handler for the function {', '.join(map(repr, missing))}")
        else:
            self._current, self._lacks_forkserver, self._is_rolling_back = generation, False, False
            self._function_backoffs.clear()
            if generation.number > 1:
                self._rolling_reload.begin(slot for slot in self._slots if slot.process is not None)

    def _on_load_failure(self, generation: Generation, reason: str) -> None:
        generation.wait(0 if generation.is_loaded else 1.0)
        if self._shutdown.has_begun:
            return
        status = generation.exit_code
        if not reason and was_killed(status):
            self._import_was_killed, seconds = True, self._load_backoff.record_death(time.monotonic())
            _log.error("the import %s; retrying it in %.1f s", describe_status(status), seconds)
            return
        self._log_failure(reason or f"the import {describe_status(status)}")
        if self._current is None or (self._lacks_forkserver and not self.processes):
            self._shutdown.fail(self.processes.values(), ExitCode.NOT_LOADED)
        elif self._lacks_forkserver:
            _log.error("retrying the import in %.1f s", self._load_backoff.record_death(time.monotonic()))
        else:
            self._keep_old_code()

    def _can_roll_back(self, process: ChildProcess) -> bool:
        """Whether the process cannot start after a reload, and there is an earlier generation that can."""
        return process.generation is self._current and self._earlier_generation() is not None

    def _roll_back(self, process: ChildProcess) -> None:
        """Changes all processes back to the earlier generation."""
        self._log_failure(process.failure)
        self._current, self._is_rolling_back = self._earlier_generation(), True
        self._rolling_reload.begin(slot for slot in self._slots if slot.process is not None)
        self._keep_old_code()

    def _earlier_generation(self) -> Generation | None:
        usable = [one for one in self._generations if one.is_loaded and not one.is_lost and one is not self._current]
        return usable[-1] if usable else None

    def _keep_old_code(self) -> None:
        _log.error("reload failed, keeping the old code")
        self._readiness.set_ready(after_reload=True)

    def _log_failure(self, text: str) -> None:
        line, extra = split_details(text)
        _log.error("%s", line, extra=extra)

    def _on_forkserver_death(self, generation: Generation) -> None:
        """Its processes continue until others have replaced them."""
        generation.is_lost = True
        if generation is self._current and not self._shutdown.has_begun:
            self._lacks_forkserver, seconds = True, self._load_backoff.record_death(generation.loaded_at)
            _log.error("the fork server %s; restarting it in %.1f s", describe_status(generation.exit_code), seconds)

    def _discard(self, generation: Generation) -> None:
        generation.close()
        self._generations.remove(generation)
        self._shutdown.add_closed(generation)
