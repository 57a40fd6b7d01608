"""Conversations of a program with the hostile server, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from gearman_cffi.ext import GearmanJob
from gearman_cffi.testing import Gearmand
from tests.hostile.hostile_server import HostileServer, Mode, Place, hostile_server
from tests.hostile.programs import CLIENTS, WORKERS
from tests.support import Child, client_of, serving

PROGRAMS = {**CLIENTS, **WORKERS}
# Ends a program at its first wrong access to memory, also in libgearman's code, which a compiler's sanitizer does not
# see. Uninitialised memory is not looked for: CPython computes with some, and all that follows would be reported.
VALGRIND = ["env", "PYTHONMALLOC=malloc", "valgrind", "--quiet", "--exit-on-first-error=yes", "--error-exitcode=99"]
VALGRIND += ["--undef-value-errors=no"]


class ConversationError(AssertionError):
    """A conversation that failed. name: of the program. spoiled: what the server had sent."""

    def __init__(self, name: str, seed: int, server: HostileServer, text: str) -> None:
        super().__init__(f"{name}, seed {seed}: {text}")
        self.name = name
        self.seed = seed
        self.spoiled = dict(server.spoiled)


def converse(
    name: str,
    seeds: Iterable[int],
    real: Gearmand,
    only: Collection[Place] | None = None,
    under: Sequence[str] = (),
) -> Iterator[int]:
    """Runs the program of this name in a child process; yields each seed when its conversation is over.

    only: the answers that are spoiled. under: a command that runs the program, such as VALGRIND. Raises
    ConversationError for the first conversation that fails.
    """
    with (
        _reversing(real, name in CLIENTS),
        hostile_server(real.port) as server,
        Child(PROGRAMS[name], server.port, under=under) as child,
    ):
        for seed in seeds:
            try:
                _converse_once(child, server, real, name, seed, only, patience=300 if under else 30)
            except AssertionError as error:
                text = f"exit code {child.process.poll()}: {error}"
                raise ConversationError(name, seed, server, text) from error
            yield seed
        child.close_input()
        assert child.end() == 0, child.errors()


def _converse_once(
    child: Child,
    server: HostileServer,
    real: Gearmand,
    name: str,
    seed: int,
    only: Collection[Place] | None,
    patience: int,
) -> None:
    """One conversation. Afterwards the program must get the right answer from the real server.

    patience: how many seconds the program may take for each half.
    """
    word = f"{name}-{seed}"
    mode = Mode.of(seed)
    if name in WORKERS and mode is not Mode.INVENTED:
        for number in range(2):
            client_of(real).doBackground("reverse", f"{word}, before: {number}")
    server.spoil(seed, only)
    child.write(f"{seed} {'truthful' if mode is Mode.TRUTHFUL else ''}\n")
    said = child.line(patience)
    assert said == "talked", f"{said} {child.errors()}"
    server.forward()
    if name in WORKERS:
        client_of(real).doBackground("reverse", word)
    child.write(f"{word}\n")
    said = child.line(patience)
    assert said == "right", f"{said} {child.errors()}"


@contextmanager
def _reversing(server: Gearmand, for_clients: bool) -> Iterator[None]:
    """Runs a worker for clients that reverses workloads."""

    def reverse(job: GearmanJob, context: object) -> bytes:
        return job.workload()[::-1]

    if not for_clients:
        yield
        return
    with serving(server, reverse=reverse):
        yield
