"""One soak: starts servers, workers, clients and faults, watches them, and ends them in an orderly way."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.soak import aio_load, loads, workers
from tests.soak.chaos import Chaos
from tests.soak.faults import Stage
from tests.soak.fleet import SupervisedPool
from tests.soak.ledger import Ledger
from tests.soak.memory import Series
from tests.soak.plan import BULK_TIMEOUT, CALLERS, READY, TCP_TIMEOUT, Plan
from tests.soak.servers import NAMES, QueueWatch, SoakServer, is_idle
from tests.support import INSTALLED, ROOT, Child, wait_until

TICK = 0.1  # seconds between two looks at the ledger
SAMPLE_SECONDS = 1.0  # between two looks at the memory
EACH_KIND_SECONDS = 300.0  # a soak of this length must have each kind of fault
SAY_SECONDS = 10.0  # between two lines of output
BUCKETS = 150  # of latencies
START_SECONDS = 40.0  # in which pools and clients must be ready
DRAIN_SECONDS = 60.0  # in which all jobs must be done at the end
PROGRAMS = {kind: aio_load.PROGRAM if kind == "aio" else loads.PROGRAM for kind in CALLERS}


class Run:
    """Everything that a soak has started. The end of the block ends it."""

    def __init__(self, seed: int, seconds: float, load: float, kinds: Sequence[str], folder: Path) -> None:
        self.problems: list[str] = []
        self._stack = ExitStack()
        self._seed = seed
        self._seconds = seconds
        self._load = load
        self._kinds = kinds
        self._folder = folder

    def __enter__(self) -> Run:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        self._start_servers(stack)
        self._start_workers(stack)
        self._loads = {
            kind: stack.enter_context(Child(program, SOAK_LOAD=kind, **self._environment()))
            for kind, program in PROGRAMS.items()
        }
        self.series = [
            *(Series(f"load {kind}", "client", child.process.pid) for kind, child in self._loads.items()),
            *(Series(kind, "worker", child.process.pid) for kind, child in self._workers.items()),
            *(Series(f"pool {pool.name}", "worker", pool.processes) for pool in self._pools),
        ]
        wait_until(lambda: all(pool.is_complete for pool in self._pools), "the pools are ready", START_SECONDS)
        for load in self._loads.values():
            assert load.line(START_SECONDS) == READY
        self._begin()

    def _start_servers(self, stack: ExitStack) -> None:
        """Starts gearmands and proxies."""
        chance = random.Random(self._seed)
        self._servers = {name: stack.enter_context(SoakServer(name, self._folder, chance)) for name in NAMES}
        self._direct = [server.gearmand.address for server in self._servers.values()]
        self._proxied = [server.proxy.address for server in self._servers.values()]
        self._watches = [QueueWatch(server) for server in self._servers.values()]
        for watch in self._watches:
            stack.callback(watch.end)
            watch.start()

    def _start_workers(self, stack: ExitStack) -> None:
        """Starts pools, and workers that are left alone."""
        direct, proxied = ",".join(self._direct), ",".join(self._proxied)
        self._pools = [
            SupervisedPool("direct", self._folder, direct, "tests.soak.tasks:jobs", self._environment()),
            SupervisedPool("proxied", self._folder, proxied, "tests.soak.tasks:coroutines", self._environment()),
        ]
        for pool in self._pools:
            stack.callback(pool.kill)
        self._workers = {
            kind: stack.enter_context(
                Child(workers.PROGRAM, SOAK_WORKER=kind, SOAK_SERVERS=direct, **self._environment())
            )
            for kind in workers.KINDS
        }

    def _begin(self) -> None:
        """Gives the clients their plan."""
        (memory, stored), (proxied_memory, proxied_stored) = self._direct, self._proxied
        routes = (memory, proxied_stored, f"{memory},{stored}", stored, proxied_memory, f"{proxied_stored},{memory}")
        self.plan = Plan(self._seed, time.monotonic() + 0.1, self._seconds, self._load, routes, str(self._folder))
        for load in self._loads.values():
            load.write(f"{self.plan.to_json()}\n")
        bucket_seconds = max(1.0, self._seconds / BUCKETS)
        self.ledger = Ledger(self._folder, CALLERS, self.plan.begin, bucket_seconds)
        stage = Stage(self._servers, self._pools, self.ledger, self.plan.is_brief)
        self._chaos = Chaos(stage, self.plan, self._kinds, self.say)
        self.faults = self._chaos.faults

    def _environment(self) -> dict[str, str]:
        """What all clients and workers have in their environment."""
        return {
            "PYTHONPATH": f"{ROOT}:{INSTALLED}",
            "GEARMAN_CFFI_TCP_TIMEOUT": str(TCP_TIMEOUT),
            "SOAK_FOLDER": str(self._folder),
        }

    def say(self, text: str) -> None:
        """Prints a line with the time."""
        print(f"{time.monotonic() - self.plan.begin:7.1f} s  {text}", flush=True)

    def run(self) -> None:
        """Runs until the plan ends, all clients have ended, and all jobs are done."""
        self._chaos.start()
        sampled = said = self.plan.begin
        give_up = self.plan.end + 3 * BULK_TIMEOUT
        while self._clients_run(give_up):
            self._tick()
            now = time.monotonic()
            if now >= sampled and now < self.plan.end:
                sampled = max(sampled + SAMPLE_SECONDS, now)
                for series in self.series:
                    series.take(now - self.plan.begin)
            if now >= said + SAY_SECONDS:
                said += SAY_SECONDS
                self.say(self._progress(now))
            time.sleep(TICK)
        self._chaos.join()
        self._drain()
        for pool in self._pools:
            pool.end()
        self.ledger.read()
        for kind, worker in self._workers.items():
            if worker.process.poll() is not None:
                self.problems.append(f"the worker {kind} has ended: {worker.errors()}")
        self.problems += self._chaos.problems
        if self._seconds >= EACH_KIND_SECONDS:
            happened = {fault.kind for fault in self.faults}
            self.problems += [f"no fault of the kind '{kind}'" for kind in self._kinds if kind not in happened]
        self.problems += [problem for pool in self._pools for problem in pool.problems]
        rounds = list(self.plan.rounds())
        self.problems += [problem for series in self.series for problem in series.problems(rounds)]

    @property
    def pool_starts(self) -> int:
        """How many parents of pools were started."""
        return sum(pool.starts for pool in self._pools)

    def _clients_run(self, give_up: float) -> bool:
        """Whether a client still runs. One that does not end is a problem, and so is one that fails."""
        running = False
        for kind, child in list(self._loads.items()):
            code = child.process.poll()
            if code is None and time.monotonic() > give_up:
                child.process.kill()
                self.problems.append(f"the load {kind} did not end in time")
            elif code is None:
                running = True
                continue
            elif code != 0:
                self.problems.append(f"the load {kind} ended with exit code {code}: {child.errors()}")
            del self._loads[kind]
        return running

    def _tick(self) -> None:
        for pool in self._pools:
            pool.supervise()
        empty = []
        for watch in self._watches:
            while not watch.empty.empty():
                empty.append((watch.server.name, watch.empty.get()))
        self.ledger.read()
        for server, asked in empty:
            self.ledger.settle(server, asked)

    def _drain(self) -> None:
        """Waits until no job is left, and the pools are complete."""

        def drained() -> bool:
            self._tick()
            everything = [*map(is_idle, self._servers.values()), *(pool.is_complete for pool in self._pools)]
            return all(everything) and not self.ledger.unfinished

        try:
            wait_until(drained, "all jobs are done", DRAIN_SECONDS)
        except AssertionError:
            left = [f"{kind}-{number}" for kind, number in self.ledger.unfinished]
            self.problems.append(f"after {DRAIN_SECONDS:.0f} s jobs were not done, or pools not complete: {left[:20]}")

    def _progress(self, now: float) -> str:
        total = self.ledger.totals()
        return (
            f"step {self.plan.step(now)}: {total['answered']} answered, {total['acknowledged']} acknowledged, "
            f"{total['failed'] + total['refused']} failed, {len(self.ledger.lost)} lost, {total['wrong']} wrong"
        )
