"""When objects are freed: by the last reference, the garbage collector, the end of the interpreter."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.support import Child, client_of, connections, serving, wait_until, worker_of


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


@contextmanager
def without_gc() -> Iterator[None]:
    """Disables the garbage collector during the block, so that objects are freed by their last reference."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class TestDropping:
    """The last reference is dropped."""

    @pytest.mark.parametrize("make", [client_of, worker_of])
    def test_it_closes_the_connection_at_once(self, gearmand: Gearmand, make: Callable[..., Any]) -> None:
        """The server sees it, without the garbage collector."""
        with without_gc():
            made = [make(gearmand) for _ in range(3)]
            assert connections(gearmand) == 3
            del made[0]
            wait_until(lambda: connections(gearmand) == 2, "one connection is closed")
            made.clear()
            wait_until(lambda: connections(gearmand) == 0, "the others are closed")

    def test_a_worker_that_has_worked(self, gearmand: Gearmand) -> None:
        """Functions, contexts and the worker are freed; the package makes no cycle that holds them."""

        class Context:
            pass

        context = Context()
        seen = weakref.ref(context)
        with without_gc():
            worker = worker_of(gearmand)
            worker.addFunction("f", lambda job, context: None, context)
            client_of(gearmand).doBackground("f", "x")
            assert worker.work() is True
            gone = weakref.ref(worker)
            del worker, context
            assert gone() is None
            assert seen() is None
            wait_until(lambda: connections(gearmand) == 0, "its connection is closed")

    def test_a_cycle_through_its_own_function(self, gearmand: Gearmand) -> None:
        """A worker whose function refers to it is collected."""

        def make() -> weakref.ref[GearmanWorker]:
            worker = worker_of(gearmand)
            worker.addFunction("f", lambda job, context: worker.returnCode())
            return weakref.ref(worker)

        gone = make()
        assert gone() is not None
        gc.collect()
        assert gone() is None
        wait_until(lambda: connections(gearmand) == 0, "its connection is closed")

    def test_in_the_middle_of_its_own_job(self, gearmand: Gearmand) -> None:
        """The last other reference is dropped and the collector runs during work(), which ends as usual."""
        kept: list[Any] = []

        def drop(job: GearmanJob, context: Any) -> bytes:
            kept.clear()
            gc.collect()
            return job.workload()

        kept.append(worker_of(gearmand, f=drop))
        client = client_of(gearmand)
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client.doNormal, "f", "x")
            assert kept[0].work() is True
            assert future.result(20) == b"x"
        wait_until(lambda: connections(gearmand) == 1, "only the client is left")

    def test_the_collector_at_every_step(self, shared_gearmand: Gearmand) -> None:
        """Everything works with a collection at every allocation."""
        thresholds = gc.get_threshold()
        with serving(shared_gearmand, collected=echo) as worker:
            client = client_of(shared_gearmand)
            gc.set_threshold(1, 1, 1)
            try:
                for number in range(20):
                    assert client.doNormal("collected", f"{number}") == b"%d" % number
                    client_of(shared_gearmand).jobStatus("H:test:1")
            finally:
                gc.set_threshold(*thresholds)
        assert worker.raised == []


class TestEnd:
    """The interpreter ends while objects are alive."""

    @pytest.mark.parametrize(
        "program",
        [
            "keep = [client_of(*PORTS), worker_of(*PORTS, echo=echo)]",
            "keep = [client_of(*PORTS), worker_of(*PORTS, echo=echo)]; keep.append(keep)",
            "import builtins; builtins.keep = client_of(*PORTS), worker_of(*PORTS, echo=echo)",
            "worker = worker_of(*PORTS, echo=lambda job, _: worker.work()); worker.setTimeout(1); worker.work()",
            "client = client_of(*PORTS); client._submit(JobKind.NORMAL, b'f', b'x', timeout_ms=1)",
            "worker = worker_of(*PORTS, echo=echo); threading.Thread(target=worker.work, daemon=True).start()",
            "client = client_of(*PORTS); threading.Thread(target=client.doNormal, args='fx', daemon=True).start()",
        ],
    )
    def test_it_is_silent(self, gearmand: Gearmand, program: str) -> None:
        """Exit code 0 and nothing on stderr in Python's development mode, whatever refers to the objects."""
        with Child(program, gearmand.port, options=["-X", "dev"]) as child:
            assert child.end() == 0
            assert child.errors() == ""
        wait_until(lambda: connections(gearmand) == 0, "the connections are closed")


class TestPickling:
    """Objects that have or use a connection cannot be pickled or copied."""

    @pytest.mark.parametrize("make", [GearmanClient, GearmanWorker, GearmanJob])
    def test_pickling_is_refused(self, make: type[Any]) -> None:
        """Every protocol raises TypeError, and the object still works."""
        made = make()
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=r"cannot be pickled|neither copied nor pickled"):
                pickle.dumps(made, protocol)
        assert made.returnCode() == 0

    @pytest.mark.parametrize("make", [GearmanClient, GearmanWorker, GearmanJob])
    def test_copying_is_refused(self, make: type[Any]) -> None:
        """copy and deepcopy raise TypeError."""
        for way in (copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=r"cannot be copied|neither copied nor pickled"):
                way(make())
