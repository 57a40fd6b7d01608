"""Keys of jobs with retries that clients of other libraries choose: too long for the mark, or not text."""

from __future__ import annotations

import hashlib

import pytest

from gearman_cffi import Job, JobCollection
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import client_of, queued, wait_until

FULL = b"k" * 63


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b"k" * 54 + b"~try9/11", id="no room for the tenth attempt"),
        pytest.param(b"k" * 56 + b"~try1/9", id="63 bytes with the mark"),
        pytest.param(b"k" * 55 + b"~try8/10", id="63 bytes, and the number gets longer"),
        pytest.param(FULL, id="63 bytes without a mark"),
        pytest.param(b"\xff\xfek~try1/3", id="not text"),
        pytest.param(b"\xff\xfek", id="not text, without a mark"),
        pytest.param(b"k~try1/2~try1/3", id="two marks"),
        pytest.param("é".encode() * 28 + b"~try2/3", id="two bytes a letter"),
        pytest.param(b"~try1/3", id="only a mark"),
    ],
)
def test_no_attempt_is_lost(gearmand: Gearmand, key: bytes) -> None:
    """The handler gets all attempts, with one key or at most its digest; a similar key gets its own."""
    made: dict[str, list[tuple[int, int | None]]] = {}
    jobs = JobCollection()

    @jobs.handler("flaky", retries=2, backoff=0)
    def flaky(job: Job) -> None:
        made.setdefault(job.get_workload(), []).append((job.attempt, job.last_attempt))
        keys.setdefault(job.get_workload(), []).append(job.unique or "")
        raise OSError("again")

    keys: dict[str, list[str]] = {}
    client = client_of(gearmand)
    other = b"o" + key[1:]
    client.doBackground("flaky", b's:3:"one";', key)
    client.doBackground("flaky", b's:3:"two";', other)
    with running(gearmand, jobs):
        wait_until(lambda: not queued(gearmand, "flaky"), "all attempts are made")
    first, last = made["one"][0]
    assert last is not None
    assert made["one"] == made["two"] == [(number, last) for number in range(first, last + 1)]
    plain = key.decode("utf-8", "surrogateescape").rpartition("~try")[0] or key.decode("utf-8", "surrogateescape")
    digest = hashlib.sha256(plain.encode("utf-8", "surrogateescape")).hexdigest()[:40]
    assert set(keys["one"]) <= {plain, digest}
    assert not set(keys["one"]) & set(keys["two"])
