"""Pool: the parent of the worker processes. It has no connection to a server and imports nothing of the user's.

It starts a fork server for each generation of code, which forks the worker processes (see forkserver.py). The pool
replaces processes that end, and acts on signals. Everything happens in one loop, in one thread. It never waits long for
another process, which could be stopped or hang.
"""

from __future__ import annotations

import logging
import os
import signal
import time

from gearman_cffi import __version__
from gearman_cffi._worker.server_states import ServerLog
from gearman_cffi.exit_code import ExitCode
from gearman_cffi.messages import count
from gearman_cffi.pool.child_process import ChildProcess, ExitNotice, ProcessState
from gearman_cffi.pool.code_loader import CodeLoader, log_failure
from gearman_cffi.pool.deaths import describe_status
from gearman_cffi.pool.event_loop import EventLoop
from gearman_cffi.pool.generation import Generation, GenerationState
from gearman_cffi.pool.ipc import Message
from gearman_cffi.pool.limits import ForkServerTimeouts, GracePeriods, JobTimeouts
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.processes import Processes
from gearman_cffi.pool.readiness import Readiness
from gearman_cffi.pool.shutdown import Shutdown

_MAX_FAILED_STARTS = 5  # in a row, with burst
_log = logging.getLogger("gearman_cffi.pool")


class Pool:
    """Runs worker processes until it is asked to stop; with options.burst until the queues are empty.

    metrics_directory: for the multiprocess files of prometheus_client; None for no metrics.
    """

    def __init__(self, options: PoolOptions, metrics_directory: str | None = None) -> None:
        self.options = options
        self._processes = Processes(options, metrics_directory)
        self._readiness = Readiness(options.ready_file)
        self._shutdown = Shutdown(options.shutdown_timeout, self._processes)
        self._code = CodeLoader(options, metrics_directory, self._processes, self._readiness, self._shutdown)
        self._job_timeouts = JobTimeouts(options)
        self._grace_periods = GracePeriods(options)
        self._forkserver_timeouts = ForkServerTimeouts()
        self._server_log = ServerLog(lambda: _log)

    def run(self) -> int:
        """Runs the pool and handles signals, which requires the main thread. Returns the exit code."""
        with EventLoop(self.options.reload_directories) as events, self._readiness:
            _log.info(
                "gearman-cffi %s: %s, %s, pid %d; Ctrl-C or SIGTERM stops, SIGHUP reloads the code",
                __version__,
                self.options.target,
                count(len(self.options.roles()), "process", "processes"),
                os.getpid(),
            )
            self._code.request()
            try:
                while not self._is_over():
                    descriptors = [descriptor for generation in self._code for descriptor in generation.descriptors]
                    events.wait(descriptors, self._seconds_to_wait())
                    for generation in self._code:
                        self._receive(generation)
                    for number in events.take_signals():
                        self._on_signal(number)
                    self._step()
                if not self._shutdown.has_begun:
                    _log.info("the queues are empty: stopping")
            finally:
                self._code.close()
        return self._shutdown.exit_code

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._code.request()
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._code.cancel()
            self._readiness.set_stopping()
            self._shutdown.advance(signal.Signals(number).name)

    def _step(self) -> None:
        """Does what is due."""
        now = time.monotonic()
        self._code.discard_unused()
        self._readiness.step()
        self._job_timeouts.enforce(self._processes, now)
        self._forkserver_timeouts.enforce(self._processes, now)
        if self._shutdown.has_begun:
            self._shutdown.enforce(now)
            return
        self._grace_periods.enforce(self._processes, now)
        self._code.step(now)
        self._processes.stop_expired(now)
        self._processes.fill_slots(self._code.current)
        self._readiness.set_problem(self._problem())

    def _problem(self) -> str:
        """Why the pool does not serve its functions, as far as it knows; empty if it does."""
        if any(process.is_disconnected and not process.is_exiting for process in self._processes):
            return "a process cannot reach any server"
        if not self._processes.any_serves() and any(slot.backoff.has_begun for slot in self._processes.slots):
            return "the processes have died"
        return ""

    def _seconds_to_wait(self) -> float | None:
        """Seconds until something is due; None if nothing is."""
        now = time.monotonic()
        due = [] if self._shutdown.has_begun else [*self._processes.due_times(now), *self._code.due_times()]
        intervals = [
            self._job_timeouts.interval,
            self._grace_periods.interval(self._processes),
            self._forkserver_timeouts.interval(self._processes),
            self._shutdown.interval,
            self._readiness.interval,
            *(generation.interval for generation in self._code),
        ]
        due += [now + interval for interval in intervals if interval is not None]
        return max(0.0, min(due) - now) if due else None

    def _is_over(self) -> bool:
        if self._shutdown.has_begun:
            return not self._processes
        is_finished = all(slot.is_finished for slot in self._processes.slots)
        return self.options.burst and is_finished and not self._processes

    def _receive(self, generation: Generation) -> None:
        """Handles the messages of a generation, and its end."""
        state = generation.state
        for message in generation.receive():
            process = self._processes.find(message["id"], generation)
            if process is not None:
                self._handle(process, message)
        if generation.state is not state:
            self._code.on_change(generation)
        if generation.state is GenerationState.LOST:
            for process in self._processes.of_generation(generation):
                if not process.exists():
                    self._on_end(process, None)  # without a fork server the status is unknown

    def _handle(self, process: ChildProcess, message: Message) -> None:
        """Handles a message about a process."""
        if message["event"] == "ended":
            self._on_end(process, message["status"])
            return
        if message["event"] == "gave_up":  # the job that has killed processes is no more
            self._processes.function_backoffs.reset(message["function"])
            return
        if message["event"] == "server":
            self._server_log.record(message["server"], message["is_reachable"])
            return
        process.receive(message)
        if message["event"] == "ready":
            self._code.log_program(process.generation, message["program"])
        if self._processes.all_serve():
            self._readiness.set_ready()

    def _on_end(self, process: ChildProcess, status: int | None) -> None:
        """A process has ended. status: its exit code, or minus the number of a signal; None if unknown."""
        slot, jobs, notice = process.slot, process.jobs(), process.notice
        is_killed = process.killed_at is not None
        is_asked = process.state is ProcessState.STOPPING or (notice is ExitNotice.LIMIT and not status)  # to exit
        late = [] if process.killed_at is None else self._job_timeouts.late(jobs, process.killed_at)
        self._processes.remove(process)
        if jobs and not self._shutdown.has_begun:
            self._processes.suspect(late if is_killed else jobs, are_guilty=is_killed)
        if self._shutdown.has_begun:
            self._shutdown.record_end(jobs, status)
        elif notice is ExitNotice.NO_JOBS and not jobs:
            slot.is_finished = slot.process is None
            if status and not is_killed:
                _log.error("process %s %s", process.pid, describe_status(status))
                self._shutdown.exit_code = ExitCode.FAILED
        elif status == ExitCode.UNREACHABLE and self.options.burst and not jobs:
            _log.error("no server can be reached: shutting down, because of burst")
            self._shutdown.fail(ExitCode.UNREACHABLE)
        elif notice is ExitNotice.FAILURE and self._code.roll_back(process):
            pass
        elif notice is ExitNotice.FAILURE and not (self._readiness.was_ready and self._processes.any_serves()):
            log_failure(process.failure)
            self._shutdown.fail(ExitCode.NOT_LOADED)
        elif is_killed or (is_asked and not jobs):
            if process.reason:
                _log.info("process %s exits: %s", process.pid, process.reason)
            slot.backoff.reset()
            self._processes.record_timeout(process, late)
        elif self.options.burst and slot.count_failed_start(process) >= _MAX_FAILED_STARTS:
            text = "process %s %s; %d processes have died before they were ready: shutting down, because of burst"
            _log.error(text, process.pid, describe_status(status), _MAX_FAILED_STARTS)
            self._shutdown.fail(ExitCode.FAILED)
        else:
            self._processes.record_death(process, jobs, status)
