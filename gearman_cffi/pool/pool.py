"""Pool: the parent of worker processes. It connects to nothing and imports nothing of the user's.

It starts a template process for each generation of code (see forkserver.py), has it fork children, replaces those that
end, and passes on what it is told by signals. Everything happens in one loop, in one thread.
"""

from __future__ import annotations

import logging
import signal
import time

from gearman_cffi.pool.backoff import Backoff, FunctionBackoffs
from gearman_cffi.pool.event_loop import Signals
from gearman_cffi.pool.generation import Generation
from gearman_cffi.pool.ipc import Message
from gearman_cffi.pool.limits import JobTimeouts, Leaving
from gearman_cffi.pool.logs import split_details
from gearman_cffi.pool.metrics import forget
from gearman_cffi.pool.options import ChildOptions, ExitCode, PoolOptions
from gearman_cffi.pool.readiness import Readiness
from gearman_cffi.pool.rolling_reload import Renewal
from gearman_cffi.pool.shutdown import Ending, describe_death, describe_status, ended_itself, was_killed
from gearman_cffi.pool.slots import Child, Place, is_there

_log = logging.getLogger("gearman_cffi.pool")


class Pool:
    """Runs processes that work, until it is told to stop; with options.burst until the queues are empty.

    metrics_directory: where prometheus_client's multiprocess files go, if anywhere.
    """

    def __init__(self, options: PoolOptions, metrics_directory: str | None = None) -> None:
        self.options = options
        self.children: dict[int, Child] = {}
        self._metrics_directory = metrics_directory
        self._places = [Place(function) for function in options.roles()]
        self._generations: list[Generation] = []
        self._current: Generation | None = None
        self._next: Generation | None = None
        self._load_again = False
        self._renewal = Renewal(self._start, self._retire)
        self._readiness = Readiness(options.ready_file)
        self._ending = Ending(options.shutdown_timeout)
        self._timeouts, self._leaving = JobTimeouts(options), Leaving(options)
        self._backoff = Backoff()  # for templates
        self._lacks_template = False
        self._import_was_killed = False
        self._is_rolling_back = False
        self._function_backoffs = FunctionBackoffs()

    def run(self) -> int:
        """Works; the exit code. To be called in the main thread, whose signals it takes meanwhile."""
        with Signals(self.options.reload_directories) as signals, self._readiness:
            self._load()
            try:
                while not self._is_over():
                    signals.wait(self._streams(), self._next_deadline())
                    for number in signals.arrived():
                        self._on_signal(number)
                    self._look()
            finally:
                self._close()
        return self._ending.code

    # ---------------------------------------------------------------------------------- signals

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            if not self._ending.has_begun:
                self._load()
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self._next is not None and not self._next.is_loaded:
                self._next.kill()
            self._readiness.stopping()
            self._ending.advance(self.children.values(), signal.Signals(number).name)

    # --------------------------------------------------------------------------------- one round

    def _look(self) -> None:
        """Takes what was told, and does what is due."""
        now = time.monotonic()
        for generation in list(self._generations):
            for message in generation.receive():
                self._take(generation, message)
            self._look_after(generation)
        self._timeouts.enforce(self.children.values(), now)
        if self._ending.has_begun:
            self._ending.enforce(self.children.values(), now)
            return
        self._leaving.enforce(self.children.values(), now)
        wants_template = self._lacks_template or self._import_was_killed
        if wants_template and self._next is None and now >= self._backoff.not_before:
            self._load()
        for child in self.children.values():
            if child.is_told:
                continue
            if child.expires_at is not None and now >= child.expires_at:
                self._retire(child, f"it has run for {now - child.began:.0f} s")
            elif child.until is not None and now >= child.until:
                self._retire(child, f"the next process serves {', '.join(child.without)} again")
        if self._renewal.step(self._current) and self._readiness.was_ready and not self._is_rolling_back:
            _log.info("all processes have the new code")
            self._readiness.ready(again=True)
        for place in self._places:
            if place.child is None and not place.is_done and place.replacement is None:
                place.child = self._start(place)

    def _take(self, generation: Generation, message: Message) -> None:
        """A message about a child."""
        (what, id), *_ = message.items()
        child = self.children.get(id)
        if child is None or child.generation is not generation:
            return
        if what == "started":
            child.pid = message["pid"]
        elif what == "ready":
            child.is_ready, child.function_count = True, message["functions"]
            if all(place.child is not None and place.child.is_ready for place in self._places):
                self._readiness.ready()
        elif what == "leaving":
            child.leaving = message["why"]
        elif what == "empty":
            child.is_empty = True
        elif what == "failed":
            child.failure = message["why"]
        elif what == "ended":
            self._ended(child, message["status"])

    def _ended(self, child: Child, status: int | None) -> None:
        """A child is gone. status None: nobody knows how."""
        del self.children[child.id]
        forget(self._metrics_directory, child.id)
        place, job, name = child.place, child.job(), f"process {child.pid}"
        place.lost(child)
        if self._ending.has_begun:
            self._ending.ended(child, job, status)
        elif child.is_empty and not status:
            place.is_done = place.child is None
        elif status == ExitCode.UNREACHABLE and self.options.burst:
            self._ending.fail(self.children.values(), ExitCode.UNREACHABLE)
        elif child.failure and self._roll_back(child):
            return
        elif child.failure and not (self._readiness.was_ready and any(one.is_ready for one in self.children.values())):
            self._log_failure(child.failure)
            self._ending.fail(self.children.values(), ExitCode.NOT_LOADED)
        elif child.is_told or child.was_timed_out or (child.leaving and not status):
            if child.leaving:
                _log.info("%s leaves: %s", name, child.leaving)
            place.backoff.reset()
        elif job is not None and self._can_leave_out(child, job.function, status):
            death, seconds = describe_death(child, job, status), self._function_backoffs.died(job.function, child.began)
            _log.error("%s %s; other processes serve %s again in %.1f s", name, death, job.function, seconds)
        else:
            seconds = place.backoff.died(child.began)
            _log.error("%s %s; another one starts in %.1f s", name, describe_death(child, job, status), seconds)

    def _can_leave_out(self, child: Child, function: str, status: int | None) -> bool:
        """Whether the next process can serve other functions while the one that ended this process has to wait."""
        if child.place.function is not None or self.options.burst or not ended_itself(status):
            return False
        return len({function, *self._function_backoffs.waiting()}) < child.function_count

    # ------------------------------------------------------------------------------ generations

    def _load(self) -> None:
        """Begins a new generation; the children stay meanwhile. One that is being imported already comes first."""
        self._load_again = self._next is not None
        if self._load_again:
            return
        self._import_was_killed = False
        number = 1 + max((generation.number for generation in self._generations), default=0)
        if self._current is not None:
            _log.info("imports %s anew", self.options.target)
            self._readiness.reloading()
        self._next = Generation(self.options, number, self._metrics_directory)
        self._generations.append(self._next)

    def _look_after(self, generation: Generation) -> None:
        if generation is self._next and (generation.is_loaded or generation.is_silent):
            self._next = None
            named = self.options.named_functions()
            unknown = sorted(named - set(generation.functions or named))
            if generation.is_loaded and not unknown:
                self._current, self._lacks_template, self._is_rolling_back = generation, False, False
                self._function_backoffs.clear()
                if generation.number > 1:
                    self._renewal.begin(place for place in self._places if place.child is not None)
            else:
                missing = f"there is no handler for the function {', '.join(map(repr, unknown))}" if unknown else ""
                self._not_loaded(generation, missing or generation.failure)
            if self._load_again and not self._ending.has_begun:
                self._load()
        elif generation.is_silent and not generation.is_lost and generation is not self._next:
            self._lost(generation)
        used = generation in (self._current, self._next) and not generation.is_lost
        its = [child for child in self.children.values() if child.generation is generation]
        for child in [child for child in its if generation.is_lost and not is_there(child.pid)]:
            self._ended(child, None)  # without a template nobody tells how
        if not used and not its:
            self._drop(generation)

    def _not_loaded(self, generation: Generation, failure: str) -> None:
        generation.await_end(0 if generation.is_loaded else 1.0)
        if self._ending.has_begun:
            return
        if not failure and was_killed(generation.exit_code):
            self._import_was_killed = True
            killed, seconds = describe_status(generation.exit_code), self._backoff.died(time.monotonic())
            _log.error("the import of %s %s; it is tried again in %.1f s", self.options.target, killed, seconds)
            return
        self._log_failure(failure or f"the import {describe_status(generation.exit_code)}")
        if self._current is None or (self._lacks_template and not self.children):
            self._ending.fail(self.children.values(), ExitCode.NOT_LOADED)
        elif self._lacks_template:
            _log.error("the import is tried again in %.1f s", self._backoff.died(time.monotonic()))
        else:
            _log.error("the processes of the code before go on")
            self._readiness.ready(again=True)

    def _roll_back(self, child: Child) -> bool:
        """After a reload: whether the processes of the generation before go on, because new ones cannot start."""
        before = [one for one in self._generations if one.is_loaded and not one.is_lost and one is not child.generation]
        if child.generation is not self._current or not before or self._ending.has_begun:
            return False
        self._log_failure(child.failure)
        _log.error("the processes of the code before go on")
        self._current, self._is_rolling_back = before[-1], True
        self._renewal.begin(place for place in self._places if place.child is not None)
        self._readiness.ready(again=True)
        return True

    def _log_failure(self, failure: str) -> None:
        line, extra = split_details(failure)
        _log.error("%s", line, extra=extra)

    def _lost(self, generation: Generation) -> None:
        """Somebody has killed the template. Its children work on until others have taken their places."""
        generation.is_lost = True
        if generation is self._current and not self._ending.has_begun:
            self._lacks_template, seconds = True, self._backoff.died(generation.loaded_at)
            ended = describe_status(generation.exit_code)
            _log.error("the process that starts the others %s; another one starts in %.1f s", ended, seconds)

    def _start(self, place: Place) -> Child | None:
        generation, now = self._current, time.monotonic()
        if generation is None or generation.is_lost or now < place.backoff.not_before:
            return None
        id = next(number for number in range(len(self.children) + 1) if number not in self.children)
        runtime = self.options.max_runtime
        child = Child(id, place, generation, None if runtime is None else now + self.options.splayed(runtime))
        left_out = self._function_backoffs.waiting() if place.function is None else {}
        child.without, child.until = tuple(left_out), min(left_out.values(), default=None)
        self.children[id] = child
        generation.start(ChildOptions.of(self.options, id, place.function, child.without))
        return child

    def _retire(self, child: Child, why: str = "") -> None:
        child.is_told, child.leaving = True, why
        child.tell(signal.SIGTERM)

    def _drop(self, generation: Generation) -> None:
        generation.close()
        self._generations.remove(generation)
        self._ending.await_later(generation)

    # ------------------------------------------------------------------------------------ waiting

    def _streams(self) -> list[int]:
        return [stream for one in self._generations if not one.is_lost for stream in (one.control.fileno(), one.events)]

    def _next_deadline(self) -> float | None:
        """Seconds until something is due; None for never."""
        now = time.monotonic()
        backoffs = [self._backoff, *(place.backoff for place in self._places)]
        due = [backoff.not_before for backoff in backoffs if backoff.not_before > now]
        staying = [child for child in self.children.values() if not child.is_told]
        due += [when for child in staying for when in (child.expires_at, child.until) if when is not None]
        intervals = self._timeouts.interval, self._ending.interval, self._leaving.interval(self.children.values())
        due += [now + wait for wait in intervals if wait is not None]
        if any(generation.is_lost for generation in self._generations):
            due.append(now + 0.2)
        return max(0.0, min(due) - now) if due else None

    def _is_over(self) -> bool:
        if self._ending.has_begun:
            return not self.children
        return self.options.burst and all(place.is_done for place in self._places) and not self.children

    def _close(self) -> None:
        for generation in list(self._generations):
            if generation.number and not generation.is_loaded:
                generation.kill()
            self._drop(generation)
        self._ending.await_templates()
