"""Timeouts last as long as they were set to: for connecting, for an answer, for an idle worker."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext

import pytest

from gearman_cffi.testing import Gearmand
from tests._libgearman.blocking import CALLS, DEFINITIONS, silent_host
from tests.support import Child, frozen

TIMEOUT = 200
TRIES = 4

# All calls at once, each in a thread; then some in the main thread, which also checks for signals.
PROGRAM = (
    f"TIMEOUT = {TIMEOUT}\n"
    + DEFINITIONS
    + """
def measure(name, made):
    client, worker = made
    begin = time.monotonic()
    try: CALLS[name](client, worker)
    except GearmanException: pass
    took[name] = time.monotonic() - begin
while True:
    took = {}
    made = {name: make(TIMEOUT, CONNECTS) for name in NAMES}
    say("made")
    sys.stdin.readline()
    if THREADS:
        threads = [threading.Thread(target=measure, args=item) for item in made.items()]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    else:
        for item in made.items(): measure(*item)
    for name in NAMES: say(name, took[name])
    sys.stdin.readline()
"""
)


def assert_lasts(child: Child, names: list[str], server: Gearmand | None) -> None:
    """Each call ends within 50 ms after its timeout in one of a few tries, and never before it."""
    wrong = set(names)
    seen: list[tuple[str, float]] = []
    for _ in range(TRIES):
        child.expect("made")
        with frozen(server) if server else nullcontext():
            child.go_on()
            for _name in names:
                name, seconds = child.line().split()
                late = float(seconds) - TIMEOUT / 1000
                seen.append((name, late))
                assert -0.002 < late < 2, (name, late)
                if late < 0.05:
                    wrong.discard(name)
        if not wrong:
            return
        child.go_on()
    pytest.fail(f"late by: {[pair for pair in seen if pair[0] in wrong]}")


@pytest.mark.parametrize(
    ("names", "threads"),
    [
        (list(CALLS), True),
        (["GearmanClient.doNormal", "GearmanClient.wait", "GearmanWorker.work", "GearmanWorker.addServer"], False),
    ],
    ids=["threads", "main thread"],
)
class TestTimeouts:
    """setTimeout() of client and worker, in blocking and (wait()) in non-blocking mode."""

    @pytest.mark.parametrize("servers", [1, 2])
    def test_an_answer(self, gearmand: Gearmand, names: list[str], threads: bool, servers: int) -> None:
        """gearmand is stopped. With two servers, it is the one that gets the jobs."""
        with Gearmand() as other:
            ports = [gearmand.port] if servers == 1 else [other.port, gearmand.port]
            program = f"NAMES, THREADS, CONNECTS = {names}, {threads}, True\n{PROGRAM}"
            with Child(program, *ports) as child:
                assert_lasts(child, names, gearmand)

    @pytest.mark.parametrize("hosts", [1, 2])
    def test_connecting(self, names: list[str], threads: bool, hosts: int) -> None:
        """The host does not answer."""
        with ExitStack() as stack:
            ports = [stack.enter_context(silent_host()) for _ in range(hosts)]
            program = f"NAMES, THREADS, CONNECTS = {names}, {threads}, False\n{PROGRAM}"
            with Child(program, *ports) as child:
                assert_lasts(child, names, None)


class TestIdle:
    """A worker with a timeout that has no job."""

    @pytest.mark.parametrize("servers", [1, 2])
    def test_it_waits_until_its_timeout(self, gearmand: Gearmand, servers: int) -> None:
        """work() in blocking mode; wait() after GEARMAN_NO_JOBS in non-blocking mode."""
        program = f"""
def late(work):
    begin = time.monotonic()
    assert work() is False
    assert worker.returnCode() == 47, worker.returnCode()
    return time.monotonic() - begin - {TIMEOUT / 1000}
worker = worker_of(*PORTS, echo=echo)
worker.setTimeout({TIMEOUT})
blocking = [late(worker.work) for _ in range(2)]
worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
while worker.work() or worker.returnCode() != GEARMAN_NO_JOBS: pass
steps = [late(worker.wait) for _ in range(2)]
say(min(blocking), max(blocking), min(steps), max(steps))
"""
        with Gearmand() as other:
            ports = [gearmand.port] if servers == 1 else [other.port, gearmand.port]
            with Child(program, *ports) as child:
                times = [float(late) for late in child.line().split()]
        assert -0.002 < times[0] < 0.05, times
        assert -0.002 < times[2] < 0.05, times
        assert max(times) < 2, times
