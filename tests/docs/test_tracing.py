"""The OpenTelemetry page with a worker: spans nest, and each job has its spans however it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gearman_cffi import Client, EventDispatcher, EventName, Job, JobCollection, Retry
from gearman_cffi.testing import Gearmand
from tests.docs.blocks import blocks
from tests.python_layer.workers import running
from tests.support import ROOT, wait_until

PAGE = ROOT / "docs/how-to/tracing.md"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """The spans that have ended."""
    return InMemorySpanExporter()


@pytest.fixture
def page(exporter: InMemorySpanExporter, tmp_path: Path) -> ModuleType:
    """The module shop.tracing of the page. Its spans go to the exporter."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    module = ModuleType("shop.tracing")
    (source,) = (block.source for block in blocks(PAGE) if block.title == "shop/tracing.py")
    exec(compile(source, str(PAGE), "exec"), module.__dict__)
    module.tracer = provider.get_tracer("gearman")  # type: ignore[attr-defined]
    return module


def _handlers(page: ModuleType, with_coroutine: bool) -> JobCollection:
    jobs = JobCollection()

    @jobs.handler("plain")
    def plain(job: Job) -> None:
        with page.tracer.start_as_current_span("in plain"):
            pass

    @jobs.handler("again", retries=1)
    def again(job: Job) -> None:
        if job.attempt == 1:
            raise Retry(delay=0)

    jobs.handler("odd")(lambda job: object())
    jobs.handler("refused")(lambda job: None)
    if with_coroutine:

        @jobs.handler("coroutine")
        async def coroutine(job: Job) -> None:
            with page.tracer.start_as_current_span("in coroutine"):
                await asyncio.sleep(0.01)

    return jobs


def _refuse(event: Any) -> None:
    if event.job.get_job_name() == "refused":
        raise ValueError("refused")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_spans(
    gearmand: Gearmand, page: ModuleType, exporter: InMemorySpanExporter, concurrency: int, caplog: Any
) -> None:
    """Nested spans; jobs that are tried again, in place or not; an unusable result; a listener that raises."""
    dispatcher = EventDispatcher()
    dispatcher.add_listener(EventName.FUNCTION_BEFORE_EXECUTE, _refuse, priority=1)
    dispatcher.add_subscriber(page.Tracing())
    names = ["plain", "coroutine"][:concurrency]
    handlers = _handlers(page, with_coroutine=concurrency > 1)
    with running(gearmand, handlers, dispatcher, signals=(), concurrency=concurrency):
        client = Client(gearmand.address, timeout=20)
        good = [*map(Job, names), Job("again", retries=1)]
        bad = [Job("again"), Job("odd"), Job("refused")]
        answers = client.execute_jobs([*good, *bad], on_error="return")
        wait_until(lambda: len(exporter.get_finished_spans()) == 2 * len(names) + 6, "all spans have ended")
    assert [type(answer).__name__ for answer in answers] == ["NoneType"] * len(good) + ["JobException"] * len(bad)
    ended = exporter.get_finished_spans()
    ids = {span.context.span_id: span.name for span in ended if span.context}
    nested = [(span.name, ids.get(span.parent.span_id)) for span in ended if span.parent]
    assert sorted(nested) == sorted((f"in {name}", f"process {name}") for name in names)
    jobs = [(span.name, span.status.is_ok, len(span.events)) for span in ended if not span.parent]
    assert sorted(jobs) == sorted(
        [
            *((f"process {name}", True, 0) for name in names),
            ("process again", True, 1),  # in place
            ("process again", False, 1),  # submitted again
            ("process again", True, 0),
            ("process odd", True, 0),
            ("process odd", False, 1),
            ("process refused", False, 1),
        ]
    )
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]
