"""The Python layer with a real gearmand and with LocalGearman: calls have the same results, jobs and events."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from operator import itemgetter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gearman_cffi import (
    Job,
    JobUpdate,
    JsonSerializer,
    PhpSerializer,
    PickleSerializer,
    Priority,
    RawSerializer,
)
from gearman_cffi.testing import Gearmand
from tests.model.layer_systems import LATER, LONELY, SERVED, UNSERVED, System
from tests.testing.local_and_real import LocalEnvironment, RealEnvironment, events, shown

SERIALIZERS = [
    PhpSerializer(),
    PhpSerializer(dmank_results=True),
    PhpSerializer(pass_serialized=False, strict=True),
    JsonSerializer(),
    PickleSerializer(),
    RawSerializer(),
]
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
)
values = st.recursive(
    scalars | st.sampled_from(["i:5;", "N;", "\udcff", b'a:1:{i:0;s:1:"x";}', "~try1/2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=4,
)
priorities = st.sampled_from([*Priority, 0, 7])
keys = st.none() | st.sampled_from(["a", "b", "-", "#", "x" * 63, "x" * 64, "x" * 58, "a\0", "", "a~try1/6", "é"])
retries = st.none() | st.sampled_from([0, 1, 3, 98, 99, -1, True, "1"])
bad_names = st.sampled_from(["", "a\0b", "x" * 513, "\udcff"])


class LayerLikeLocal(RuleBasedStateMachine):
    """Each rule does the same on both systems, and then compares what was returned, raised and run."""

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.systems: list[System] = []
        self.is_held = False
        self.differs = False

    @initialize(serializer=st.sampled_from(SERIALIZERS), is_async=st.booleans())
    def begin(self, serializer: Any, is_async: bool) -> None:
        gearmand = self.cleanup.enter_context(Gearmand())
        for make in (lambda *what, **how: RealEnvironment(gearmand, *what, **how), LocalEnvironment):
            self.systems.append(System(make, serializer, is_async))
        self.execute_job(LONELY[0], "w", 1, None, None, False)  # LocalGearman's worker starts with the first job

    def do(self, act: Callable[[System], object]) -> None:
        """Acts on both systems, and compares."""
        for system in self.systems:
            act(system)
            if not self.is_held:
                system.settle()
        self.compare(*(system.seen() for system in self.systems))

    def compare(self, real: Sequence[Any], local: Sequence[Any]) -> None:
        """Fails with the first difference."""
        if real != local:
            self.differs = True
            one, other = first_difference(real, local)
            raise AssertionError(f"with a server: {one!r}\nwith LocalGearman: {other!r}")

    # ---------------------------------------------------------------------------------------------- one job

    @precondition(lambda self: not self.is_held)
    @rule(
        function=st.sampled_from(SERVED),
        value=values,
        priority=priorities,
        key=keys,
        retries=retries,
        watches=st.booleans(),
    )
    def execute_job(self, function: str, value: Any, priority: Any, key: Any, retries: Any, watches: bool) -> None:
        def act(system: System) -> None:
            updates: list[Any] = []
            system.environment.record_call(
                system.client.execute_job,
                function,
                value,
                priority,
                key,
                on_update=(lambda update: updates.append(fields(update))) if watches else None,
                retries=retries,
            )
            system.environment.record(updates)

        self.do(act)

    @rule(function=bad_names, value=values)
    def execute_job_of_a_bad_name(self, function: str, value: Any) -> None:
        self.do(lambda system: system.environment.record_call(system.client.execute_job, function, value))

    @precondition(lambda self: not self.is_held)
    @rule(function=st.sampled_from(LONELY), workload=st.binary(max_size=8) | st.just(b"a:9:{i:0;"))
    def execute_raw_job(self, function: str, workload: bytes) -> None:
        """From a client with another serializer."""

        def act(system: System) -> None:
            with system.environment.client(RawSerializer()) as client:
                system.environment.record_call(client.execute_job, function, workload)

        self.do(act)

    @rule(
        function=st.sampled_from([*SERVED, UNSERVED]) | bad_names,
        value=values,
        priority=priorities,
        key=keys,
        retries=retries,
    )
    def execute_in_background(self, function: str, value: Any, priority: Any, key: Any, retries: Any) -> None:
        def act(system: System) -> None:
            system.submit(system.client.execute_in_background, function, value, priority, key, retries=retries)

        self.do(act)

    @rule(delay=st.sampled_from([3600, -1, "1"]), priority=priorities, key=keys)
    def execute_later(self, delay: Any, priority: Any, key: Any) -> None:
        def act(system: System) -> None:
            system.submit(system.client.execute_in_background, LATER, "w", priority, key, delay=delay)

        self.do(act)

    # -------------------------------------------------------------------------------------------- many jobs

    @precondition(lambda self: not self.is_held)
    @rule(
        function=st.sampled_from(LONELY),
        jobs=st.lists(values, max_size=5),
        bad=st.none() | bad_names,
        on_error=st.sampled_from(["raise", "return", "ignore"]),
    )
    def execute_jobs(self, function: str, jobs: list[Any], bad: str | None, on_error: Any) -> None:
        """Of one function: the order of jobs of several depends on when the server gets them."""

        def act(system: System) -> None:
            given = [Job(function, value, f"key {number}") for number, value in enumerate(jobs)]
            given += [] if bad is None else [Job(bad, 1)]
            system.environment.record_call(system.client.execute_jobs, given, on_error=on_error)

        self.do(act)

    @precondition(lambda self: not self.is_held)
    @rule(function=st.sampled_from(LONELY), jobs=st.lists(values, max_size=5), in_flight=st.sampled_from([1, 2, 0]))
    def stream_jobs(self, function: str, jobs: list[Any], in_flight: int) -> None:
        def act(system: System) -> None:
            given = [Job(function, value) for value in jobs]

            def answers() -> list[Any]:
                """In the order of the jobs: one that cannot be sent is answered first."""
                places = {id(job): place for place, job in enumerate(given)}
                pairs = system.client.stream_jobs(given, in_flight=in_flight)
                return sorted(((places[id(job)], answer) for job, answer in pairs), key=itemgetter(0))

            system.environment.record_call(answers)

        self.do(act)

    @precondition(lambda self: self.is_held)
    @rule(
        jobs=st.lists(st.tuples(st.sampled_from([*SERVED, UNSERVED]) | bad_names, values, keys), max_size=5),
        on_error=st.sampled_from(["raise", "return"]),
    )
    def execute_jobs_in_background(self, jobs: list[tuple[str, Any, str | None]], on_error: Any) -> None:
        def act(system: System) -> None:
            given = [Job(*job) for job in jobs]
            system.submit(system.client.execute_jobs_in_background, given, on_error=on_error)

        self.do(act)

    # ----------------------------------------------------------------------------------------------- status

    @rule(number=st.integers(0, 30))
    def get_job_status(self, number: int) -> None:
        def act(system: System) -> None:
            handle = system.handles[number % len(system.handles)] if system.handles else "H:never:1"
            system.environment.record_call(lambda: dataclasses.astuple(system.client.get_job_status(handle)))

        self.do(act)

    @rule(key=keys)
    def get_job_status_by_unique(self, key: Any) -> None:
        self.do(
            lambda system: system.environment.record_call(
                lambda: dataclasses.astuple(system.client.get_job_status_by_unique(key))
            )
        )

    # --------------------------------------------------------------------------------------------- the worker

    @precondition(lambda self: not self.is_held)
    @rule()
    def hold(self) -> None:
        """The worker is busy, and what is submitted waits in the queue."""
        self.is_held = True
        self.do(System.hold)

    @precondition(lambda self: self.is_held)
    @rule()
    def open(self) -> None:
        """The worker runs what has queued up, by function and priority."""
        self.is_held = False
        self.do(System.open)

    def teardown(self) -> None:
        with self.cleanup:
            if self.is_held and not self.differs:
                self.open()
            for system in self.systems:
                system.end()
            if not self.differs:
                self.compare(*(events(system.environment.trace) for system in self.systems))


def first_difference(one: Any, other: Any) -> tuple[Any, Any]:
    """The first parts of two different values that differ."""
    if type(one) is type(other) and isinstance(one, list):
        pairs = zip_longest(one, other, fillvalue="nothing")
        return next(first_difference(*pair) for pair in pairs if pair[0] != pair[1])
    return one, other


def fields(update: JobUpdate) -> Any:
    """An update without what differs between servers."""
    return shown(list(dataclasses.asdict(update).values()))
