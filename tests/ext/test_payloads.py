"""Workloads and results arrive as the same bytes."""

from __future__ import annotations

import array
import random
from collections.abc import Iterator
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanJob, GearmanWarning, JobKind
from gearman_cffi.testing import Gearmand
from tests.support import Serving, client_of, serving, shown

MIB = 1024 * 1024
# Sizes around limits: one byte, libgearman's buffers of 8 KiB, socket buffers of 32 KiB, replies that are reused up to
# 64 KiB.
SIZES = [1, 2, 255, 256, 8179, 8180, 8191, 8192, 8193, 32768, 65535, 65536, 65537, 300_000, MIB, 4 * MIB + 1, 16 * MIB]
EVERY_BYTE = bytes(range(256))


def noise(size: int) -> bytes:
    """Returns random bytes, so that a lost or moved piece is detected."""
    return random.Random(size).randbytes(size)


def echo(job: GearmanJob, context: Any) -> bytes:
    return job.workload()


def facts(job: GearmanJob, context: Any) -> bytes:
    return repr((job.workload(), job.workloadSize())).encode()


def in_pieces(job: GearmanJob, context: Any) -> bytes:
    """Sends all but the last quarter as data, in three pieces."""
    data = job.workload()
    quarter = max(1, len(data) // 4)
    for start in range(0, 3 * quarter, quarter):
        job.sendData(data[start : start + quarter])
    return data[3 * quarter :]


RESULTS: dict[str, Any] = {}


def as_told(job: GearmanJob, context: Any) -> Any:
    """Returns the object that the test stored for the workload."""
    return RESULTS[job.workload().decode()]


def complete_as_told(job: GearmanJob, context: Any) -> None:
    job.sendComplete(RESULTS[job.workload().decode()])


@pytest.fixture(scope="module")
def worker(shared_gearmand: Gearmand) -> Iterator[Serving]:
    functions = {
        "payload_echo": echo,
        "payload_facts": facts,
        "payload_pieces": in_pieces,
        "payload_result": as_told,
        "payload_complete": complete_as_told,
    }
    with serving(shared_gearmand, **functions) as thread:
        yield thread


@pytest.fixture
def client(shared_gearmand: Gearmand, worker: Serving) -> GearmanClient:
    return client_of(shared_gearmand)


class TestRoundTrip:
    """A worker that returns its workload."""

    @pytest.mark.parametrize("size", SIZES)
    def test_it_comes_back_identical(self, client: GearmanClient, size: int) -> None:
        """A workload of any size comes back unchanged."""
        data = noise(size)
        assert client.doNormal("payload_echo", data) == data
        assert client.returnCode() == 0

    @pytest.mark.parametrize("size", [4, 1000, 65536, 300_000, 16 * MIB])
    def test_it_comes_back_identical_in_pieces(self, client: GearmanClient, size: int) -> None:
        """Data that was sent before the result stands before it, complete and in order."""
        data = noise(size)
        assert client.doNormal("payload_pieces", data) == data

    def test_every_byte_value(self, client: GearmanClient) -> None:
        """No byte is special at any position."""
        for value in range(256):
            data = bytes([value])
            assert client.doNormal("payload_echo", data) == data
        for data in (EVERY_BYTE, EVERY_BYTE[::-1], b"a\0b\0\0c", b"\0", b"\0" * 100, b"\xff\xfe\0\x80"):
            assert client.doNormal("payload_echo", data) == data

    def test_the_worker_sees_it_whole(self, client: GearmanClient) -> None:
        """workload() and workloadSize() include NUL bytes."""
        assert client.doNormal("payload_facts", EVERY_BYTE) == repr((EVERY_BYTE, 256)).encode()

    @pytest.mark.parametrize("method", ["doNormal", "doHigh", "doLow"])
    def test_every_priority(self, client: GearmanClient, method: str) -> None:
        """doNormal(), doHigh() and doLow() transfer the same bytes."""
        assert getattr(client, method)("payload_echo", EVERY_BYTE) == EVERY_BYTE

    def test_results_do_not_change_afterwards(self, client: GearmanClient) -> None:
        """A result is a copy that later calls on the client do not change."""
        sent = [noise(size) for size in (10, 70_000, 11, 70_001, 12)]
        received = [client.doNormal("payload_echo", data) for data in sent]
        assert received == sent

    def test_a_workload_may_be_given_as_any_bytes(self, client: GearmanClient) -> None:
        """bytes-like objects, str as UTF-8, numbers and bools are sent as bytes."""
        workloads: list[tuple[Any, bytes]] = [
            (bytearray(EVERY_BYTE), EVERY_BYTE),
            (memoryview(EVERY_BYTE)[::2], EVERY_BYTE[::2]),
            (memoryview(EVERY_BYTE)[3:9], EVERY_BYTE[3:9]),
            (memoryview(array.array("H", [1, 2])), array.array("H", [1, 2]).tobytes()),
            (array.array("I", [7]), array.array("I", [7]).tobytes()),
            ("grüße ☃ \0", "grüße ☃ \0".encode()),
            (0, b"0"),
            (-17, b"-17"),
            (10**30, b"1" + b"0" * 30),
            (1.5, b"1.5"),
            (True, b"1"),
        ]
        for given, sent in workloads:
            assert client.doNormal("payload_echo", given) == sent


class TestEmpty:
    """Empty data, which PHP refuses as a workload only."""

    @pytest.mark.parametrize("empty", [b"", "", bytearray(), memoryview(b""), False])
    @pytest.mark.parametrize(
        ("method", "result"),
        [
            ("doNormal", b""),
            ("doHigh", b""),
            ("doLow", b""),
            ("doBackground", ""),
            ("doHighBackground", ""),
            ("doLowBackground", ""),
        ],
    )
    def test_an_empty_workload_is_refused(
        self, client: GearmanClient, method: str, result: bytes | str, empty: Any
    ) -> None:
        """An empty workload gives the neutral result, libgearman's warning and return code 49 (INVALID_ARGUMENT)."""
        with pytest.warns(GearmanWarning, match=rf"GearmanClient::{method}\(\): .*invalid workload"):
            assert getattr(client, method)("payload_echo", empty) == result
        assert client.returnCode() == 49
        assert client.doNormal("payload_echo", "0") == b"0"

    def test_the_python_layer_may_send_an_empty_one(self, client: GearmanClient) -> None:
        """The layer's _submit() sends it; the worker sees b"" and the size 0."""
        reply = client._submit(JobKind.NORMAL, b"payload_facts", b"")
        assert (reply.rc, reply.data, reply.exception) == (0, b"(b'', 0)", None)

    @pytest.mark.parametrize("result", [b"", "", None, False, bytearray()], ids=shown)
    def test_an_empty_result(self, client: GearmanClient, result: Any) -> None:
        """An empty result is a success: b"", return code 0, no warning."""
        RESULTS["empty"] = result
        assert client.doNormal("payload_result", "empty") == b""
        assert client.returnCode() == 0


class TestResults:
    """Results that a function returns or gives to sendComplete() arrive as bytes."""

    @pytest.mark.parametrize(
        ("given", "received"),
        [
            (EVERY_BYTE, EVERY_BYTE),
            ("grüße ☃", "grüße ☃".encode()),
            (bytearray(EVERY_BYTE), EVERY_BYTE),
            (memoryview(EVERY_BYTE), EVERY_BYTE),
            (memoryview(EVERY_BYTE)[::-3], EVERY_BYTE[::-3]),
            (0, b"0"),
            (42, b"42"),
            (24, b"24"),
            (-(2**70), str(-(2**70)).encode()),
            (1.5, b"1.5"),
            (100000.0, b"100000"),
            (1e25, b"1.0E+25"),
            (True, b"1"),
        ],
        ids=lambda value: type(value).__name__,
    )
    @pytest.mark.parametrize("function", ["payload_result", "payload_complete"])
    def test_every_type(self, client: GearmanClient, function: str, given: Any, received: bytes) -> None:
        """bytes-like objects are sent as they are, str as UTF-8, numbers and bools as PHP writes them."""
        RESULTS["typed"] = given
        assert client.doNormal(function, "typed") == received
        assert client.returnCode() == 0
