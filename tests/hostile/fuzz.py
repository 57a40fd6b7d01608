"""script/fuzz: hostile conversations for some minutes.

Each conversation that fails is had again with fewer and fewer spoiled answers. What is left is printed, with the
command that runs it again. The exit code is 1 then.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from gearman_cffi.testing import Gearmand
from tests.hostile.conversations import PROGRAMS, VALGRIND, ConversationError, converse
from tests.hostile.hostile_server import Mode, Place

IN_ONE_PROCESS = 25


class Fuzzer:
    """Counts conversations and collects failures, in several threads."""

    def __init__(self, programs: list[str], first: int, until: float, under: Sequence[str]) -> None:
        self.conversations: Counter[str] = Counter()
        self.failures: list[ConversationError] = []
        self._until = until
        self._under = under
        self._groups = ((start, name) for start in itertools.count(first, IN_ONE_PROCESS) for name in programs)
        self._lock = threading.Lock()

    def run(self) -> None:
        """Has conversations until the time is over. Several threads may call it."""
        with Gearmand() as real:
            while time.monotonic() < self._until:
                with self._lock:
                    first, name = next(self._groups)
                self._run_group(name, list(range(first, first + IN_ONE_PROCESS)), real)

    def _run_group(self, name: str, seeds: list[int], real: Gearmand) -> None:
        while seeds and time.monotonic() < self._until:
            try:
                for _ in converse(name, iter(self._in_time(seeds)), real, under=self._under):
                    with self._lock:
                        self.conversations[name] += 1
                return
            except ConversationError as error:
                with self._lock:
                    self.conversations[name] += 1
                    self.failures.append(error)
                print(f"FAILED {error}", flush=True)
                seeds = seeds[seeds.index(error.seed) + 1 :]

    def _in_time(self, seeds: list[int]) -> Iterator[int]:
        return (seed for seed in seeds if time.monotonic() < self._until)


def fails(
    name: str, seed: int, only: Collection[Place] | None = None, under: Sequence[str] = ()
) -> ConversationError | None:
    """Has a conversation alone. Returns the error if it fails."""
    with Gearmand() as real:
        try:
            for _ in converse(name, [seed], real, only, under):
                pass
        except ConversationError as error:
            return error
    return None


def shrink(error: ConversationError, under: Sequence[str]) -> ConversationError | None:
    """Returns the failure with as few spoiled answers as possible. None if the conversation alone does not fail."""
    smallest = fails(error.name, error.seed, under=under)
    if smallest is None:
        return None
    for place in sorted(smallest.spoiled, reverse=True):
        smaller = fails(error.name, error.seed, set(smallest.spoiled) - {place}, under)
        smallest = smaller or smallest
    return smallest


def explain(error: ConversationError, under: Sequence[str]) -> None:
    """Prints a failure, and what the server sent."""
    options = f"{'--valgrind ' if under else ''}--program {error.name} {error.seed}"
    print(f"\n{error}\nagain: script/fuzz {options}   ({Mode.of(error.seed).value})")
    smallest = shrink(error, under)
    if smallest is None:
        print("alone it does not fail")
        return
    for place, (answer, steps) in sorted(smallest.spoiled.items()):
        print(f"  connection {place.connection}, answer {place.answer}: {answer[:80]!r} ({len(answer)} bytes)")
        for step in steps[:6]:
            print(f"    {step[:120]!r} ({len(step)} bytes)" if isinstance(step, bytes) else f"    {step}")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1)")
    parser.add_argument("--first", type=int, metavar="SEED", help="the first seed (default: another one each time)")
    cpus = os.cpu_count() or 1
    parser.add_argument("--processes", type=int, default=cpus, help="at a time (default: one for each CPU)")
    parser.add_argument("--program", choices=PROGRAMS, action="append", help="only this one; may be repeated")
    parser.add_argument("--valgrind", action="store_true", help="run the programs under valgrind; much slower")
    parser.add_argument("seed", type=int, nargs="?", help="have only the conversation with this seed")
    options = parser.parse_args()
    programs = options.program or list(PROGRAMS)
    under = VALGRIND if options.valgrind else []
    if options.seed is not None:
        failures = [error for name in programs if (error := fails(name, options.seed, under=under)) is not None]
        conversations = Counter(programs)
    else:
        first = int(time.time()) % 1_000_000 * 1000 if options.first is None else options.first
        print(f"script/fuzz --first {first}", flush=True)
        fuzzer = Fuzzer(programs, first, time.monotonic() + options.minutes * 60, under)
        with ThreadPoolExecutor(options.processes) as pool:
            for future in [pool.submit(fuzzer.run) for _ in range(options.processes)]:
                future.result()
        failures, conversations = fuzzer.failures, fuzzer.conversations
    for error in failures:
        explain(error, under)
    print(f"\n{conversations.total()} conversations, {len(failures)} failed: {dict(conversations)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
