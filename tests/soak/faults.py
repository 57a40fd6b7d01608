"""The faults of a soak: what happens to servers, connections and workers, and for how long."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tests.soak.fleet import PROCESSES, SupervisedPool
from tests.soak.ledger import Ledger
from tests.soak.plan import TCP_TIMEOUT, TIMEOUT
from tests.soak.proxy import Cut
from tests.soak.servers import SoakServer
from tests.support import frozen


@dataclass
class Fault:
    """A fault that has happened. The times are those of time.monotonic().

    recovered: when everything worked again; None if it did not. recovery: how many seconds that took, after the end of
    this fault and of the one beside it.
    """

    kind: str
    detail: str
    begin: float
    end: float
    recovered: float | None = None
    recovery: float = 0.0


@dataclass(frozen=True)
class Stage:
    """What faults can happen to. brief: none of them takes long."""

    servers: Mapping[str, SoakServer]
    pools: list[SupervisedPool]
    ledger: Ledger
    brief: bool


def kill_server(name: str, stage: Stage, chance: random.Random) -> str:
    """gearmand is killed, and started again a little later."""
    server, away = stage.servers[name], chance.uniform(0, 0.3 if stage.brief else 2)
    with server.busy:
        begin = time.monotonic()
        server.gearmand.kill()
        if not server.is_persistent:
            stage.ledger.note_stop(name, begin, time.monotonic())
        time.sleep(away)
        server.gearmand.start()
    return f"{name}, away for {away:.1f} s"


def restart_server(stage: Stage, chance: random.Random) -> str:
    """gearmand is ended by SIGTERM, and started again."""
    server = chance.choice(list(stage.servers.values()))
    with server.busy:
        begin = time.monotonic()
        server.gearmand.stop()
        if not server.is_persistent:
            stage.ledger.note_stop(server.name, begin, time.monotonic())
        server.gearmand.start()
    return server.name


def stop_server(stage: Stage, chance: random.Random) -> str:
    """gearmand stands still (SIGSTOP), sometimes for longer than the clients wait."""
    server = chance.choice(list(stage.servers.values()))
    seconds = chance.uniform(0.1, 0.4) if stage.brief else chance.choice((0.2, 1.0, 3.0, TIMEOUT + 2))
    with server.busy, frozen(server.gearmand):
        time.sleep(seconds)
    return f"{server.name}, for {seconds:.1f} s"


def hide_server(stage: Stage, chance: random.Random) -> str:
    """All packets to and from gearmand are dropped, sometimes for longer than a connection survives."""
    server = chance.choice(list(stage.servers.values()))
    seconds = chance.uniform(0.1, 0.4) if stage.brief else chance.choice((0.5, 2.0, TCP_TIMEOUT + 2.0))
    with server.busy, server.vanished():
        time.sleep(seconds)
    return f"{server.name}, for {seconds:.1f} s"


def cut_connections(stage: Stage, chance: random.Random) -> str | None:
    """The proxy of a server ends all connections. None if it has none."""
    server, how = chance.choice(list(stage.servers.values())), chance.choice([Cut.CLOSED, Cut.RESET, Cut.TRUNCATED])
    number = server.proxy.cut(how)
    if how is Cut.TRUNCATED:
        time.sleep(0.2 if stage.brief else 1)
        server.proxy.cut(Cut.CLOSED, only_pending=True)
    return f"{number} of {server.name}, {how.value}" if number else None


def refuse_connections(stage: Stage, chance: random.Random) -> str:
    """The proxy of a server refuses connections, and ends the others when the server answers what it has taken."""
    server, seconds = chance.choice(list(stage.servers.values())), chance.uniform(0.1, 0.4 if stage.brief else 2)
    with server.proxy.busy:
        server.proxy.refuse()
        number = server.proxy.cut(Cut.UNANSWERED)
        time.sleep(seconds)
        server.proxy.cut(Cut.CLOSED, only_pending=True)
        server.proxy.listen()
    return f"{number} of {server.name} cut before the next answer, for {seconds:.1f} s"


def kill_worker(stage: Stage, chance: random.Random) -> str | None:
    """One or all worker processes of a pool are killed. None if it has none."""
    pool = chance.choice(stage.pools)
    workers = pool.workers()
    count = min(chance.choice((1, PROCESSES)), len(workers))
    killed = _kill(chance.sample(workers, count))
    return f"{killed} of the pool {pool.name}" if killed else None


def kill_template(stage: Stage, chance: random.Random) -> str | None:
    """The process is killed from which the worker processes of a pool are forked. None if there is none."""
    pool = chance.choice(stage.pools)
    killed = _kill(pool.templates())
    return f"{killed} of the pool {pool.name}" if killed else None


def kill_parent(stage: Stage, chance: random.Random) -> str:
    """The parent of a pool is killed; its supervisor starts another one."""
    pool = chance.choice(stage.pools)
    pool.kill_parent()
    return f"of the pool {pool.name}"


def _kill(processes: list[int]) -> int:
    """Kills processes. Returns how many there were."""
    killed = 0
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            killed += 1
    return killed


# What causes each kind of fault. It returns the details, or None if there was nothing to which it could happen.
KINDS: dict[str, Callable[[Stage, random.Random], str | None]] = {
    "server killed": partial(kill_server, "memory"),
    "stored server killed": partial(kill_server, "stored"),
    "server restarted": restart_server,
    "server stopped": stop_server,
    "host vanished": hide_server,
    "connections cut": cut_connections,
    "connections refused": refuse_connections,
    "worker killed": kill_worker,
    "template killed": kill_template,
    "parent killed": kill_parent,
}
